// SPDX-License-Identifier: Apache-2.0
// Laws of the position walk, for every scheme of the registry; those of splits and padding are in
// laws/.
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

// (p + st t + sh h + sw w) on every axis: the largest coordinate may stand in any corner.
template <int st, int sh, int sw>
struct SlantedLayout {
  static constexpr std::string_view name = "slanted";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    const auto along = [](const S& x, int sign) { return sign > 0 ? S(x) : S(-x); };
    const S x = b.cursor + along(c.t, st) + along(c.h, sh) + along(c.w, sw);
    return {x, x, x, x};
  }
};
template <int st, int sh, int sw>
Rational largest_of_block(const Parameters& parameters) {
  static constexpr PositionDesign kDesign{.layout = layout_of<SlantedLayout<st, sh, sw>>(),
                                          .advance = advance_of<PastCount>()};
  return Walk<Rational>(kDesign, parameters, {Visual{{3, 5, 7}, Medium::video, 0}}).maximum();
}

TEST(Positions, TheMaximumMayStandInAnyCorner) {
  const Parameters parameters(find_scheme("vanilla").parameters);
  EXPECT_EQ((largest_of_block<1, 1, 1>(parameters)), 2 + 4 + 6);
  EXPECT_EQ((largest_of_block<1, 1, -1>(parameters)), 2 + 4);
  EXPECT_EQ((largest_of_block<1, -1, 1>(parameters)), 2 + 6);
  EXPECT_EQ((largest_of_block<1, -1, -1>(parameters)), 2);
  EXPECT_EQ((largest_of_block<-1, 1, 1>(parameters)), 4 + 6);
  EXPECT_EQ((largest_of_block<-1, 1, -1>(parameters)), 4);
  EXPECT_EQ((largest_of_block<-1, -1, 1>(parameters)), 6);
  EXPECT_EQ((largest_of_block<-1, -1, -1>(parameters)), 0);
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
