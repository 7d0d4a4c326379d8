// SPDX-License-Identifier: Apache-2.0
// Laws of the position walk, for every scheme of the registry.
#include "properties/properties.h"

namespace plumbline::test {
namespace {

using Rows = std::vector<std::vector<Rational>>;

Rows rows_of(const Case& c) {
  const PositionTable ids = positions(c);
  Rows out(ids.rows());
  for (std::size_t row = 0; row < ids.rows(); ++row) {
    for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a)
      out[row].push_back(value_of(ids.at(a, row)));
  }
  return out;
}

// Chunked prefill and decoding: any cut of the rows gives the rows of the whole.
RC_GTEST_PROP(Positions, AnyWindowEqualsTheWhole, (Drawn drawn)) {
  const auto where = *rc::gen::inRange<std::int64_t>(0, 1000);
  const auto left = *rc::gen::inRange<std::int64_t>(0, 4),
             right = *rc::gen::inRange<std::int64_t>(0, 4);
  for_each_scheme([&](const Scheme& scheme) {
    Case c = small_case(scheme, 9, drawn.sequence);
    const std::int64_t total = tokens(c.sequence), cut = where % (total + 1);
    c.pad_left = left;
    c.pad_right = right;
    const Rows whole = rows_of(c);
    c.windows = {{0, cut}, {cut, total + left + right - cut}};
    RC_ASSERT(rows_of(c) == whole);
    for (std::int64_t row = 0; row < total + left + right; row += 1 + total / 7) {
      c.windows = {{row, 1}};
      RC_ASSERT(rows_of(c).front() == whole[static_cast<std::size_t>(row)]);
    }
  });
}

// Real rows do not move under padding, padding rows hold the pad value, and deltas shrink by the
// rows added.
RC_GTEST_PROP(Positions, PaddingMovesNothing, (Drawn drawn)) {
  const auto left = *rc::gen::inRange<std::int64_t>(0, 5),
             right = *rc::gen::inRange<std::int64_t>(0, 5);
  for_each_scheme([&](const Scheme& scheme) {
    Case c = small_case(scheme, 9, drawn.sequence);
    const Rows bare = rows_of(c);
    const PositionTable before = positions(c);
    c.pad_left = left;
    c.pad_right = right;
    const Rows padded = rows_of(c);
    const PositionTable after = positions(c);
    for (std::size_t row = 0; row < padded.size(); ++row) {
      const auto real = static_cast<std::int64_t>(row) - left;
      const bool pad = real < 0 || real >= static_cast<std::int64_t>(bare.size());
      for (std::size_t a = 0; a < padded[row].size(); ++a) {
        RC_ASSERT(padded[row][a] ==
                  (pad ? Rational(scheme.design.pad) : bare[static_cast<std::size_t>(real)][a]));
      }
    }
    const WorkingPrecision scope(kFirstPrecision);
    const auto less_rows = [&](const Coordinate& now, const Coordinate& then) {
      if (now.index() == 0) return value_of(now) == value_of(then) - (left + right);
      return vanishes(enclose(then) - enclose(Rational(left + right)) - enclose(now), 20);
    };
    RC_ASSERT(less_rows(after.rope_delta_cursor, before.rope_delta_cursor));
    if (before.rope_delta) RC_ASSERT(less_rows(*after.rope_delta, *before.rope_delta));
    Case masked = small_case(scheme, 9, drawn.sequence);
    const std::int64_t real = tokens(c.sequence);
    for (std::int64_t i = 0; i < left + real + right; ++i)
      masked.attention_mask.push_back(i >= left && i < left + real ? 1 : 0);
    RC_ASSERT(rows_of(masked) == padded);
  });
}

// A token's tuple depends on nothing that comes after it.
RC_GTEST_PROP(Positions, TheFutureChangesNothing, (Drawn before, Drawn after)) {
  for_each_scheme([&](const Scheme& scheme) {
    const Rows prefix = rows_of(small_case(scheme, 9, before.sequence));
    Sequence longer = before.sequence;
    longer.insert(longer.end(), after.sequence.begin(), after.sequence.end());
    Rows whole = rows_of(small_case(scheme, 9, longer));
    whole.resize(prefix.size());
    RC_ASSERT(whole == prefix);
  });
}

// A segment of no tokens is as good as none, and a run of text may be cut anywhere.
RC_GTEST_PROP(Positions, EmptyTextAndCutTextChangeNothing, (Drawn drawn)) {
  for_each_scheme([&](const Scheme& scheme) {
    Sequence cut;
    for (const Segment& s : drawn.sequence) {
      cut.push_back(Text{0, {}});
      if (const auto* text = std::get_if<Text>(&s)) {
        cut.push_back(Text{text->length / 2, {}});
        cut.push_back(Text{text->length - text->length / 2, {}});
      } else {
        cut.push_back(s);
      }
    }
    const Case a = small_case(scheme, 9, drawn.sequence), b = small_case(scheme, 9, cut);
    RC_ASSERT(rows_of(a) == rows_of(b));
    const PositionTable x = positions(a), y = positions(b);
    RC_ASSERT(x.rope_delta.has_value() == y.rope_delta.has_value());
    if (x.rope_delta) RC_ASSERT(value_of(*x.rope_delta) == value_of(*y.rope_delta));
    RC_ASSERT(value_of(x.rope_delta_cursor) == value_of(y.rope_delta_cursor));
  });
}

// The official delta, found the slow way: one past the largest coordinate of all rows, less the
// padded length. Schemes whose coordinates are cut to integers are compared before the cut.
RC_GTEST_PROP(Positions, RopeDeltaIsOnePastTheMaximum, (Drawn drawn)) {
  for_each_scheme([&](const Scheme& scheme) {
    Case c = small_case(scheme, 9, drawn.sequence);
    if (scheme.design.delta != DeltaRule::every_axis || scheme.design.transcendental()) return;
    if (c.parameters.has("integer_output")) c.parameters.set("integer_output", "none");
    const PositionTable ids = positions(c);
    Rational top = -1;
    for (const auto& row : rows_of(c)) {
      for (const Rational& x : row) top = std::max(top, x);
    }
    RC_ASSERT(value_of(*ids.rope_delta) == top + 1 - Rational(c.padded_length()));
  });
}

// Far out: a huge text before a block only moves what the scheme's own cursor moves.
RC_GTEST_PROP(Positions, HugeTextBeforeABlockIsExact, ()) {
  const auto far = *coordinate();
  for_each_scheme([&](const Scheme& scheme) {
    if (scheme.design.transcendental()) return;
    Case c =
        small_case(scheme, 9, {Text{far, {}}, Visual{{2, 3, 5}, Medium::video, 0}, Text{1, {}}});
    const std::int64_t rows = tokens(c.sequence) - far;
    c.windows = {{far, rows}};
    Case near = small_case(scheme, 9, {Visual{{2, 3, 5}, Medium::video, 0}, Text{1, {}}});
    const Rows a = rows_of(c), b = rows_of(near);
    for (std::size_t row = 0; row < a.size(); ++row) {
      for (std::size_t x = 0; x < a[row].size(); ++x) {
        // Each coordinate rides on the cursor, restarts in the block, or adds the token index too.
        const Rational moved = a[row][x] - b[row][x];
        RC_ASSERT(moved == far || moved == 0 || moved == 2 * far);
      }
    }
    RC_ASSERT(value_of(positions(c).rope_delta_cursor) ==
              value_of(positions(near).rope_delta_cursor));
  });
}

RC_GTEST_PROP(Positions, NotationReadsBack, (Drawn drawn)) {
  RC_ASSERT(parse_notation(notation(drawn.sequence)) == drawn.sequence);
}

RC_GTEST_PROP(Positions, CaseJsonReadsBack, (Drawn drawn)) {
  for_each_scheme([&](const Scheme& scheme) {
    const Case c = small_case(scheme, 9, drawn.sequence);
    const Json object = case_to_json(c);
    const Case back = case_from_json(parse_json(object.dump()));
    RC_ASSERT(case_to_json(back) == object);
    RC_ASSERT(back.sequence == c.sequence);
  });
}

}  // namespace
}  // namespace plumbline::test
