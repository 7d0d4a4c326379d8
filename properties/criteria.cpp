// SPDX-License-Identifier: Apache-2.0
// Schemes made to break one criterion each, at a place that is known beforehand: the search must
// find it, name the smallest sequence, and find nothing on the scheme that is left alone.
#include "reference/criteria.h"

#include "properties/properties.h"
#include "reference/planes.h"

namespace plumbline::test {
namespace {

using Placed = Point<Rational>;
using Where = Block<Rational>;
using At = Cell<Rational>;

Placed grid(const Where& b, const At& c, const Knobs&) {
  return {b.cursor + c.t, b.cursor + c.h, b.cursor + c.w, 0};
}
Rational past_extent(const Where& b, const Knobs&) {
  return b.cursor + std::max({b.t_count, b.h_count, b.w_count});
}

// Thirds of the pairs, one axis after the other around.
FrequencyAllocation round_robin(const HeadShape& shape, const Parameters&) {
  FrequencyAllocation out;
  out.pairs = shape.pairs();
  for (int i = 0; i < out.pairs; ++i) out.of.push_back({static_cast<Axis>(i % 3), i});
  return out;
}
FrequencyAllocation every_head(const HeadShape& shape, const Parameters&) {
  FrequencyAllocation out;
  out.maps = 3;
  out.pairs = shape.pairs();
  for (int m = 0; m < 3; ++m) {
    for (int i = 0; i < out.pairs; ++i) out.of.push_back({static_cast<Axis>(m), i});
  }
  return out;
}

Scheme clean() {
  Scheme s{};
  s.name = "toy";
  s.source = "this test";
  s.design = {.layout = {"grid", {grid, nullptr, nullptr}, {}, nullptr},
              .advance = {"past_extent", past_extent, nullptr}};
  s.allocation = {"every_head", every_head};
  s.rope_theta = "10000";
  s.shape = {128, 128, 3, 3};
  return s;
}

using Change = void (*)(Scheme&);
struct Planted {
  std::string_view criterion, counterexample;
  Change change;
};

#define LAYOUT(...) [](const Where& b, const At& c, const Knobs& k) -> Placed { __VA_ARGS__ }
#define ADVANCE(...) [](const Where& b, const Knobs& k) -> Rational { __VA_ARGS__ }
// Planted at 64 pairs; at other sizes the map is left alone.
#define MAP(START, ...)                                                    \
  [](const HeadShape& shape, const Parameters& p) -> FrequencyAllocation { \
    FrequencyAllocation out = START(shape, p);                             \
    if (shape.pairs() == 64) {                                             \
      __VA_ARGS__                                                          \
    }                                                                      \
    return out;                                                            \
  }

const Planted kPlanted[] = {
    {"REL", "pair 5 of map 0: R(x)^T R(y) is not R(y - x)",
     [](Scheme& s) {
       s.allocation.allocate =
           MAP(round_robin, out.partner = out.of; out.partner[5].axis = Axis::t;);
     }},
    {"ISO", "pair 5 of map 0 changes lengths at (1, 0, 0)",
     [](Scheme& s) {
       s.allocation.allocate =
           MAP(round_robin, out.partner = out.of; out.partner[5].axis = Axis::t;);
     }},
    {"TEXT0", "[2 text]: text token 1: pair 5 of map 0 reads h = 1, which turns it otherwise",
     [](Scheme& s) {
       s.allocation.allocate = MAP(round_robin, out.of[5] = {Axis::h, 6};);
     }},
    {"TEXT0", "[2 text]: text token 1: pair 63 of map 0 does not turn",
     [](Scheme& s) {
       s.allocation.allocate = MAP(round_robin, out.of[63] = {Axis::none, 63};);
     }},
    {"TEXT1", "[2 text]: text token 1 has h = 0, not 1",
     [](Scheme& s) { s.design.text = TextRule::temporal_only; }},
    {"FUT", "[0; 1x3x1; 1]: visual w = 9, later text w = 3",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(auto x = grid(b, c, k); if (b.h_count == 3) x[2] += 9; return x;);
     }},
    {"PAST", "[1; 1x1x2]: visual w = 0, earlier text w = 0",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(auto x = grid(b, c, k); if (b.w_count == 2) x[2] -= 1; return x;);
     }},
    {"TUP", "[1; 2x1x1]: token (0,0,0) and a text token both at (0, 0, 0)",
     [](Scheme& s) {
       s.design.layout.exact.vis = LAYOUT(auto x = grid(b, c, k); if (b.t_count == 2) {
         for (auto& a : x) a -= 1;
       } return x;);
     }},
    {"INJ", "[0; 1x3x2]: tokens (0,0,0) and (0,2,1) both at (0, 0, 0)",
     [](Scheme& s) {
       s.design.layout.exact.vis = LAYOUT(
           auto x = grid(b, c, k); if (b.h_count == 3 && b.w_count == 2 && c.h == 2 && c.w == 1) {
             x[1] -= 2;
             x[2] -= 1;
           } return x;);
     }},
    {"RINJ",
     "[0; 1x1x2]: tokens (0,0,0) at (0, 0, 0) and (0,0,1) at (0, 0, 1) turn every pair alike",
     [](Scheme& s) {
       s.allocation.allocate = MAP(
           round_robin, for (auto& a
                             : out.of) {
             if (a.axis == Axis::w) a.axis = Axis::none;
           });
     }},
    {"POS", "[0; 2x1x1]: token 0 has h = -1",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(auto x = grid(b, c, k); if (b.t_count == 2) x[1] -= 1; return x;);
     }},
    {"LIN", "[0; 1x1x7]: one column moves by (0, 0, 2)",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(auto x = grid(b, c, k); if (c.w == 6) x[2] += 1; return x;);
     }},
    {"LIN",
     "[0; 1x2x1]: dependent steps: one row moves by (0, 1, 1), one column moves by (0, 1, 1)",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(const Rational row = b.cursor + c.h + c.w; return {b.cursor + c.t, row, row, 0};
                  static_cast<void>(k););
     }},
    {"DECN", "[0; 2x1x1]: tokens of one cell, two frames, move by (1, 0, 1)",
     [](Scheme& s) {
       s.design.layout.exact.vis = LAYOUT(auto x = grid(b, c, k); x[2] += c.t; return x;);
     }},
    {"DECF", "[0; 1x1x1; 0; 1x1x1]: tokens of one cell in both frames move by (1, 1, 0)",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(return {b.cursor + c.t, b.cursor + c.h, c.w, 0}; static_cast<void>(k););
     }},
    {"SHIFT",
     "[0; 1x2x1; 1]: one text token inserted at the start moves token 0 by (1, 2, 1), token 2",
     [](Scheme& s) {
       s.design.layout.exact.vis =
           LAYOUT(auto x = grid(b, c, k); if (b.h_count == 2) x[1] += b.cursor; return x;);
     }},
    {"SYM", "[1; 1x1x1; 1]: (1, 1, 1) before, (2, 2, 2) after",
     [](Scheme& s) { s.design.advance.exact = ADVANCE(return past_extent(b, k) + 1;); }},
    {"GROW", "[0; 1x4x1]: advances 5 > 4",
     [](Scheme& s) {
       s.design.advance.exact = ADVANCE(return past_extent(b, k) + (b.h_count == 4 ? 1 : 0););
     }},
    {"FULL", "axis t starts at e = 9/64",
     [](Scheme& s) {
       s.allocation.allocate =
           MAP(every_head, for (std::size_t i = 0; i < 9; ++i) out.of[i].axis = Axis::none;);
     }},
    {"FULL", "axis h ends at e = 55/64",
     [](Scheme& s) {
       s.allocation.allocate = MAP(
           every_head, for (std::size_t i = 64 + 56; i < 128; ++i) out.of[i].axis = Axis::none;);
     }},
    {"FULL", "axis w has nothing between e = 19/64 and 7/16",
     [](Scheme& s) {
       s.allocation.allocate =
           MAP(every_head,
               for (std::size_t i = 128 + 20; i < 128 + 28; ++i) out.of[i].axis = Axis::none;);
     }},
    {"GRAN", "axis t has 63 frequencies of 64",
     [](Scheme& s) { s.allocation.allocate = MAP(every_head, out.of[7].rung = 6;); }},
    {"DELTA", "[0; 1x3x1]: delta + length = 3, cursor 4",
     [](Scheme& s) {
       s.design.advance.exact = ADVANCE(return past_extent(b, k) + (b.h_count == 3 ? 1 : 0););
     }},
};

Subject subject_of(const Scheme& s) { return subjects_of(s).front(); }

const Finding& on(const std::vector<Finding>& findings, std::string_view criterion) {
  for (const Finding& f : findings) {
    if (f.criterion == criterion) return f;
  }
  throw std::logic_error("no criterion " + std::string(criterion));
}

// The criteria that a grid with whole heads per axis breaks: frames as blocks of their own move on
// every axis, and a block that is no cube is not symmetric.
TEST(Criteria, TheCleanToyBreaksNothingElse) {
  const Scheme s = clean();
  for (const Finding& f : judge(subject_of(s))) {
    const bool expected = f.criterion == "DECF" || f.criterion == "SYM";
    EXPECT_EQ(f.verdict, expected ? Verdict::violated : Verdict::holds)
        << f.criterion << ": " << (f.refuted ? f.refuted->text : "");
    EXPECT_GT(f.cases, 0) << f.criterion;
  }
}

// Fractions of different denominators are compared as numbers. The cursor still moves by whole
// extents, so that it is no longer the next number after the largest coordinate.
TEST(Criteria, FractionsOfAStepBreakNothingElse) {
  Scheme s = clean();
  s.design.layout.exact.vis =
      LAYOUT(return {b.cursor + c.t / 3, b.cursor + c.h / 5, b.cursor + c.w / 7, 0};
             static_cast<void>(k););
  for (const Finding& f : judge(subject_of(s))) {
    const bool expected = f.criterion == "DECF" || f.criterion == "SYM" || f.criterion == "DELTA";
    EXPECT_EQ(f.verdict, expected ? Verdict::violated : Verdict::holds)
        << f.criterion << ": " << (f.refuted ? f.refuted->text : "");
  }
}

TEST(Criteria, EveryPlantedViolationIsFoundAtItsSmallest) {
  for (const Planted& planted : kPlanted) {
    Scheme s = clean();
    planted.change(s);
    const auto findings = judge(subject_of(s));
    const Finding& f = on(findings, planted.criterion);
    EXPECT_EQ(f.verdict, Verdict::violated) << planted.criterion << " " << planted.counterexample;
    ASSERT_TRUE(f.refuted) << planted.counterexample;
    EXPECT_TRUE(f.refuted->text.starts_with(planted.counterexample))
        << planted.criterion << ": got " << f.refuted->text << "\nwant " << planted.counterexample;
  }
}

// A scheme cannot see padding or later segments; an implementation that does is found.
TEST(Criteria, AnotherImplementationIsJudgedAsItIs) {
  const Scheme s = clean();
  Subject padded = subject_of(s);
  padded.positions = [](const Case& c) {
    PositionTable out = positions(c);
    for (Coordinate& x : out.position_ids) x = Rational(std::get<Rational>(x) + c.pad_left);
    return out;
  };
  const auto pad = judge(padded);
  EXPECT_EQ(on(pad, "PAD").verdict, Verdict::violated);
  EXPECT_EQ(on(pad, "PAD").refuted->text,
            "[1 text]: padding 2 left, 0 right moves a coordinate from 0 to 2");
  EXPECT_EQ(on(pad, "CAUSAL").verdict, Verdict::holds);

  Subject ahead = subject_of(s);
  ahead.positions = [](const Case& c) {
    PositionTable out = positions(c);
    if (tokens(c.sequence) == 5) {
      for (Coordinate& x : out.position_ids) x = Rational(std::get<Rational>(x) + 1);
    }
    return out;
  };
  const auto causal = judge(ahead);
  EXPECT_EQ(on(causal, "CAUSAL").verdict, Verdict::violated);
  EXPECT_EQ(on(causal, "CAUSAL").refuted->tokens, 5);
  EXPECT_EQ(on(causal, "PAD").verdict, Verdict::holds);
}

// Planes (lane 0, lane 1) and (lane `shared`, lane 2) that turn with t and with h.
template <int shared>
std::vector<PlaneBank> two_planes(const HeadShape& shape, const Parameters&, int) {
  const auto unit = [&](int lane) {
    std::vector<Rational> out(static_cast<std::size_t>(shape.rotary_dim));
    out[static_cast<std::size_t>(lane)] = 1;
    return out;
  };
  return {{{{.a = unit(0), .b = unit(1), .direction = {1, 0, 0}, .rung = 0},
            {.a = unit(shared), .b = unit(2), .direction = {0, 1, 0}, .rung = 1}}}};
}

TEST(Criteria, PlanesThatShareALaneAreNoRotation) {
  Scheme s = clean();
  s.shape = {16, 16, 1, 1};
  s.planes = two_planes<3>;
  const auto apart = judge(subject_of(s));
  EXPECT_EQ(on(apart, "REL").verdict, Verdict::holds);
  EXPECT_EQ(on(apart, "ISO").verdict, Verdict::holds);
  EXPECT_EQ(on(apart, "FULL").verdict, Verdict::not_applicable);
  // Nothing turns with w, nor any other lane.
  EXPECT_TRUE(on(apart, "RINJ").refuted->text.starts_with("[0; 1x1x2]"));
  EXPECT_EQ(on(apart, "TEXT0").refuted->text,
            "[2 text]: text token 1 at (1, 1, 1) is not turned as the base model turns 1");
  s.planes = two_planes<0>;
  const auto shared = judge(subject_of(s));
  EXPECT_EQ(on(shared, "REL").verdict, Verdict::violated);
  EXPECT_EQ(on(shared, "ISO").verdict, Verdict::violated);
  EXPECT_TRUE(on(shared, "ISO").refuted->text.starts_with("lane 0 changes lengths"));
}

// Three banks in one plane: it turns by t + h + w, which the diagonal neighbours of a cell share.
std::vector<PlaneBank> one_plane(const HeadShape& shape, const Parameters&, int) {
  std::vector<PlaneBank> banks;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Plane plane{.a = std::vector<Rational>(static_cast<std::size_t>(shape.rotary_dim)),
                .b = std::vector<Rational>(static_cast<std::size_t>(shape.rotary_dim)),
                .direction = {0, 0, 0},
                .rung = 0};
    plane.a[0] = plane.b[1] = plane.direction[axis] = 1;
    banks.push_back({{plane}});
  }
  return banks;
}

TEST(Criteria, BanksInOnePlaneAddUp) {
  Scheme s = clean();
  s.shape = {16, 16, 1, 1};
  s.planes = one_plane;
  const auto findings = judge(subject_of(s));
  EXPECT_EQ(on(findings, "REL").verdict, Verdict::holds);
  EXPECT_EQ(on(findings, "INJ").verdict, Verdict::holds);
  EXPECT_EQ(on(findings, "RINJ").refuted->text,
            "[0; 1x2x2]: tokens (0,0,1) at (0, 0, 1) and (0,1,0) at (0, 1, 0) turn every pair "
            "alike");
}

// Equal numbers under unequal names: no precision tells them apart, and nothing says that they are
// equal.
TEST(Criteria, WhatIsNotSeparatedStaysUndecided) {
  const auto judged = [](bool one_name) {
    Subject subject = subject_of(clean());
    subject.positions = [one_name](const Case& c) {
      PositionTable out = positions(c);
      const auto* block = std::get_if<Visual>(&c.sequence.front());
      if (block == nullptr || !(block->grid == Grid{1, 1, 2})) return out;
      for (std::size_t i = 0; i < out.position_ids.size(); ++i) {
        const auto atom = std::make_shared<const Atom>(
            Atom{one_name ? "root" : "root " + std::to_string(i % out.rows()),
                 [] { return sqrt(enclose(Rational(2))); }});
        out.position_ids[i] = Irrational(atom, 1);
      }
      return out;
    };
    return on(judge(subject), "INJ");
  };
  EXPECT_EQ(judged(false).verdict, Verdict::undecided);
  EXPECT_EQ(judged(true).verdict, Verdict::violated);
  EXPECT_TRUE(judged(true).refuted->text.starts_with("[0; 1x1x2]"));
}

// A violation that only a turned knob shows, that only a large random shape shows, and a condition
// that is true, false, and idle.
constexpr ParameterSpec kStride[] = {temporal_stride("1")};

TEST(Criteria, KnobsAreTurnedAndConditionsTested) {
  Scheme s = clean();
  s.parameters = kStride;
  s.design.layout.exact.vis =
      LAYOUT(auto x = grid(b, c, k); if (k.get<Rational>("temporal_stride") < 1) x[0] = b.cursor;
             return x;);
  const auto verdict = [&](std::string_view declared) {
    s.verdicts = declared;
    return on(judge(subject_of(s)), "INJ");
  };
  const Finding plain = verdict("");
  EXPECT_EQ(plain.verdict, Verdict::violated);
  EXPECT_EQ(plain.refuted->params, "temporal_stride=1/2");
  EXPECT_TRUE(plain.refuted->text.starts_with("[0; 2x1x1]")) << plain.refuted->text;
  EXPECT_FALSE(plain.as_declared());
  EXPECT_EQ(verdict("INJ?stride_at_least_one").verdict, Verdict::conditional);
  EXPECT_TRUE(verdict("INJ?stride_at_least_one").as_declared());
  EXPECT_EQ(verdict("INJ?odd_extents").verdict, Verdict::violated)
      << "a failure meets the condition";
  EXPECT_EQ(verdict("INJ?scales_at_most_one").verdict, Verdict::violated) << "always true";
  EXPECT_EQ(verdict("INJ?advance_one").verdict, Verdict::violated) << "never true";
  s.design.layout.exact.vis = grid;
  EXPECT_EQ(verdict("INJ?stride_at_least_one").verdict, Verdict::holds) << "nothing fails";
  EXPECT_FALSE(verdict("INJ?stride_at_least_one").as_declared());
}

TEST(Criteria, RandomShapesReachWhatSmallOnesDoNotAndShrink) {
  Scheme s = clean();
  s.design.layout.exact.vis =
      LAYOUT(auto x = grid(b, c, k); if (b.w_count > 9) x[1] = -1; return x;);
  const auto findings = judge(subject_of(s));
  EXPECT_EQ(on(findings, "POS").verdict, Verdict::violated);
  EXPECT_TRUE(on(findings, "POS").refuted->text.starts_with("[0; 1x1x10]"))
      << on(findings, "POS").refuted->text;
}

}  // namespace
}  // namespace plumbline::test
