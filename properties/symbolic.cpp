// SPDX-License-Identifier: Apache-2.0
// The same layout code on other scalars: enclosures, and symbolic terms from which proofs can be
// emitted.
#include "properties/properties.h"

namespace plumbline {

// An s-expression that also carries its value, so that the text and the number cannot drift apart.
struct Term {
  std::string text = "0";
  Rational value = 0;
};
Term operator+(const Term& a, const Term& b) {
  return {"(+ " + a.text + " " + b.text + ")", a.value + b.value};
}
Term operator-(const Term& a, const Term& b) {
  return {"(- " + a.text + " " + b.text + ")", a.value - b.value};
}
Term operator*(const Term& a, const Term& b) {
  return {"(* " + a.text + " " + b.text + ")", a.value * b.value};
}

template <>
struct Scalar<Term> {
  static Term integer(std::int64_t n) { return {std::to_string(n), Rational(n)}; }
  static Term parameter(std::string_view name, const Rational& value) {
    return {std::string(name), value};
  }
  static Term max(const Term& a, const Term& b) {
    return {"(max " + a.text + " " + b.text + ")", std::max(a.value, b.value)};
  }
};

namespace test {
namespace {

const Block<Term> kBlock{{"p", 11}, {"T", 3}, {"H", 4}, {"W", 6}, 0, 0, -1};
const Cell<Term> kCell{{"t", 2}, {"h", 1}, {"w", 5}};

struct Expected {
  std::string t, h, w, next;
};

template <class L, class A>
void expect(const Expected& text) {
  const Parameters parameters(find_scheme("mrope").parameters);
  const Knobs knobs(parameters);
  const Point<Term> point = L::vis(kBlock, kCell, knobs);
  EXPECT_EQ(point[0].text, text.t);
  EXPECT_EQ(point[1].text, text.h);
  EXPECT_EQ(point[2].text, text.w);
  const Term next = A::next(kBlock, knobs);
  EXPECT_EQ(next.text, text.next);
  // The exact instance of the same templates gives the terms' values.
  const Block<Rational> block{11, 3, 4, 6, 0, 0, -1};
  const Point<Rational> exact = layout_of<L>().exact.vis(block, {2, 1, 5}, knobs);
  for (std::size_t a = 0; a < 3; ++a) EXPECT_EQ(exact[a], point[a].value) << L::name;
  EXPECT_EQ(advance_of<A>().exact(block, knobs), next.value) << A::name;
}

TEST(Symbolic, LayoutsRunOnTerms) {
  expect<FlatLayout, PastCount>({"(+ (+ p (* (+ (* t H) h) W)) w)",
                                 "(+ (+ p (* (+ (* t H) h) W)) w)",
                                 "(+ (+ p (* (+ (* t H) h) W)) w)", "(+ p (* (* T H) W))"});
  const std::string extent = "(+ (+ p (max (max (* temporal_stride (- T 1)) (- H 1)) (- W 1))) 1)";
  expect<GridLayout, PastExtent>({"(+ p (* temporal_stride t))", "(+ p h)", "(+ p w)", extent});
  expect<SpatialResetLayout, PastExtent>({"(+ p (* temporal_stride t))", "h", "w", extent});
}

// The walk on enclosures contains the exact walk, at every token and for the cursor.
RC_GTEST_PROP(Symbolic, EnclosuresContainTheExactWalk, (Drawn drawn)) {
  const WorkingPrecision scope(kFirstPrecision);
  for_each_scheme([&](const Scheme& scheme) {
    const Case c = small_case(scheme, 9, drawn.sequence);
    const PositionDesign& design = design_of(scheme, c.parameters);
    if (design.transcendental()) return;
    const Walk<Rational> exact(design, c.parameters, c.sequence);
    const Walk<Interval> wide(design, c.parameters, c.sequence);
    const auto holds = [](const Interval& x, const Rational& r) { return subset(enclose(r), x); };
    for (std::int64_t i = 0; i < exact.tokens(); i += 1 + exact.tokens() / 20) {
      for (std::size_t a = 0; a < static_cast<std::size_t>(design.axes); ++a)
        RC_ASSERT(holds(wide.at(i)[a], exact.at(i)[a]));
    }
    RC_ASSERT(holds(wide.cursor(), exact.cursor()));
    RC_ASSERT(holds(wide.maximum(), exact.maximum()));
  });
}

}  // namespace
}  // namespace test
}  // namespace plumbline
