// SPDX-License-Identifier: Apache-2.0
// Where tokens stand: laws of the walk over segments, on exact coordinates.
#include <fmt/format.h>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"

namespace plumbline::laws {
namespace {

Json nothing(Random&, const Case&) { return Json::object(); }

Json draw_segment(Random& random, const Case&) {
  return Json{{"segment", random.between(0, 1000)}};
}

Json draw_far(Random& random, const Case&) {
  return Json{{"far", random.between(1, std::int64_t{1} << random.between(1, 30))}};
}

std::string tuple_text(const PositionTable& ids, std::size_t row) {
  std::string out;
  for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a)
    out += (a == 0 ? "(" : ", ") + shown(ids.at(a, row));
  return out + ")";
}

// Row `i` of a equals row `j` of b moved by `shift`.
bool same_row(const PositionTable& a, std::size_t i, const PositionTable& b, std::size_t j) {
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(a.axes); ++axis)
    if (!same(a.at(axis, i), b.at(axis, j))) return false;
  return true;
}

void expect_same_rows(const PositionTable& a, std::size_t count, const PositionTable& b,
                      std::string_view what) {
  for (std::size_t row = 0; row < count; ++row) {
    if (!same_row(a, row, b, row))
      throw Broken{fmt::format("{}: token {}: {} against {}", what, row, tuple_text(a, row),
                               tuple_text(b, row))};
  }
}

// Diffusion and towers: text that stays at the origin, or starts beyond every image to come.
void expect_running_text(const Case& c) {
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  if (design.text == TextRule::origin) throw Silent{"text stays at the origin here"};
  if (design.start != StartRule::zero) throw Silent{"text starts beyond every image to come"};
}

// Text ids rise strictly from token to token of text, and by one step inside a run; the cursor
// rises with every segment that is not empty.
void check_growth(const Trial& t) {
  const Case c = bare(t.c);
  expect_running_text(c);
  const PositionTable ids = t.subject.positions(c);
  std::optional<Rational> last;
  Rational cursor = 0;
  Case prefix = c;
  prefix.sequence.clear();
  for (std::size_t i = 0; i < c.sequence.size(); ++i) {
    const auto [first, end] = span_of(c.sequence, i);
    if (std::holds_alternative<Text>(c.sequence[i])) {
      for (std::size_t row = first; row < end; ++row) {
        const Rational x = nearest_rational(ids.at(0, row));
        if (last && x <= *last)
          throw Broken{fmt::format("text token {} stands at {}, not beyond {}", row, to_text(x),
                                   to_text(*last))};
        last = x;
      }
      for (std::size_t row = first + 2; row < end; ++row) {
        const auto at = [&](std::size_t r) { return nearest_rational(ids.at(0, r)); };
        if (is_exact(ids.at(0, row)) && at(row) - at(row - 1) != at(first + 1) - at(first))
          throw Broken{fmt::format("a text run has two steps, at token {}", row)};
      }
    }
    prefix.sequence.push_back(c.sequence[i]);
    Rational next;
    try {
      next =
          nearest_rational(t.subject.positions(prefix).rope_delta_cursor) + prefix.padded_length();
    } catch (const std::invalid_argument&) {
      return;  // a list parameter fits the whole sequence only
    }
    if (end > first && next <= cursor)
      throw Broken{fmt::format("the cursor goes from {} to {} over segment {}", to_text(cursor),
                               to_text(next), i)};
    cursor = next;
  }
}

// A token's tuple depends on nothing that comes after it.
void check_causal(const Trial& t) {
  Case c = bare(t.c);
  if (c.sequence.empty()) throw Silent{"no segment"};
  expect_running_text(c);
  const PositionTable whole = t.subject.positions(c);
  const auto keep = static_cast<std::size_t>(integer(t.aux, "segment")) % c.sequence.size();
  c.sequence.resize(keep);
  const PositionTable prefix = t.subject.positions(c);
  expect_same_rows(prefix, prefix.rows(), whole, "without the future");
}

// A run of text may be cut anywhere, and a segment without tokens is as good as none.
void check_cut_text(const Trial& t) {
  const Case c = bare(t.c);
  Case cut = c;
  cut.sequence.clear();
  for (const Segment& segment : c.sequence) {
    if (const auto* text = std::get_if<Text>(&segment)) {
      Text half = *text;
      half.length = text->length / 2;
      Text rest = *text;
      rest.length -= half.length;
      cut.sequence.insert(cut.sequence.end(), {half, rest, Text{0, {}}});
    } else {
      cut.sequence.push_back(segment);
    }
  }
  const PositionTable a = t.subject.positions(cut), b = t.subject.positions(c);
  expect_same_rows(a, b.rows(), b, "text cut in two");
  if (!same(a.rope_delta_cursor, b.rope_delta_cursor) ||
      a.rope_delta.has_value() != b.rope_delta.has_value() ||
      (a.rope_delta && !same(*a.rope_delta, *b.rope_delta)))
    throw Broken{"a delta changes where text is cut in two"};
}

// Text before everything moves every coordinate by what it moves text, or not at all.
void check_far(const Trial& t) {
  const Case c = bare(t.c);
  Case moved = c;
  moved.sequence.insert(moved.sequence.begin(), Text{integer(t.aux, "far"), {}});
  Case text = c;
  text.sequence = {Text{integer(t.aux, "far") + 1, {}}};
  const PositionTable ends = t.subject.positions(with_rows(text, {0, integer(t.aux, "far")}));
  const Rational shift = nearest_rational(ends.at(0, 1)) - nearest_rational(ends.at(0, 0));
  const auto count = tokens(c.sequence);
  moved.windows = {{integer(t.aux, "far"), count}};
  const PositionTable a = t.subject.positions(moved), b = t.subject.positions(c);
  for (std::size_t row = 0; row < b.rows(); ++row) {
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(b.axes); ++axis) {
      const Coordinate &there = a.at(axis, row), &here = b.at(axis, row);
      if (!is_exact(there) || !is_exact(here)) continue;
      if (same(there, here) || nearest_rational(there) == Rational(nearest_rational(here) + shift))
        continue;
      throw Broken{fmt::format("token {}, axis {}: {} becomes {} behind {} tokens of text", row,
                               axis, shown(here), shown(there), integer(t.aux, "far"))};
    }
  }
}

// The second of two calls gives what the first gave, and no row of a window differs from the whole.
void check_repeatable(const Trial& t) {
  const Case c = bare(t.c);
  const PositionTable a = t.subject.positions(c), b = t.subject.positions(c);
  expect_same_rows(a, a.rows(), b, "a second call");
  if (a.rows() != static_cast<std::size_t>(tokens(c.sequence)))
    throw Broken{fmt::format("{} rows for {} tokens", a.rows(), tokens(c.sequence))};
  for (std::size_t row = 0; row < a.rows(); ++row) {
    if (a.token_index[row] != static_cast<std::int64_t>(row))
      throw Broken{fmt::format("row {} says that it is token {}", row, a.token_index[row])};
  }
}

constexpr Law kLaws[] = {
    {"growth", "text ids and the cursor rise strictly, by one step inside a run of text", "nothing",
     Reach::near, false, nothing, check_growth},
    {"causal", "a tuple depends on nothing that comes after its token", "where to cut", Reach::near,
     false, draw_segment, check_causal},
    {"cut_text", "a run of text may be cut anywhere; empty text changes nothing", "nothing",
     Reach::near, false, nothing, check_cut_text},
    {"far_text", "text before everything moves a coordinate as far as it moves text, or not at all",
     "a length of text to 2^30", Reach::near, false, draw_far, check_far},
    {"repeatable", "one row a token, in order, and the same on every call", "nothing", Reach::near,
     false, nothing, check_repeatable},
};

}  // namespace

std::span<const Law> walk_laws() { return kLaws; }

}  // namespace plumbline::laws
