// SPDX-License-Identifier: Apache-2.0
// Knobs that are words or numbers: the ends of what each accepts, and what a word stands for.
#include "properties/properties.h"

namespace plumbline::test {
namespace {

// `means` is what the resolved case says instead; empty: refused.
struct Setting {
  const char *knob, *value, *means;
};
constexpr Setting kRing[] = {
    {"radius", "-7/2", "-7/2"},
    {"radius", "0", "0"},
    {"radius", "auto", "auto"},
    {"radius", "auto-1", "auto"},
    {"radius", "auto-1/2", "auto-1/2"},
    {"radius", "auto-3", "auto-3"},
    {"radius", "auto-l2", "auto-l2"},
    {"radius", "auto-l2-1", "auto-l2"},
    {"radius", "auto-l2-1/2", "auto-l2-1/2"},
    {"radius", "auto-0", ""},
    {"radius", "auto--1", ""},
    {"radius", "auto1", ""},
    {"radius", "auto-l2-0", ""},
    {"radius", "far", ""},
    {"alpha", "-1", "-1"},
    {"alpha", "0", "0"},
    {"alpha", "1/2", "1/2"},
    {"alpha", "1", "1"},
    {"alpha", "-1/2", ""},
    {"alpha", "-2", ""},
    {"alpha", "3/2", ""},
    {"alpha", "2", ""},
    {"dff_rate", "false", "0"},
    {"dff_rate", "true", "1"},
    {"dff_rate", "0", "0"},
    {"dff_rate", "1/10", "1/10"},
    {"dff_rate", "1", "1"},
    {"dff_rate", "-1/10", ""},
    {"dff_rate", "3/2", ""},
    {"dff_rate", "2", ""},
    {"move_to_positive", "false", "false"},
    {"move_to_positive", "true", "1"},
    {"move_to_positive", "auto", "0"},
    {"move_to_positive", "-5/2", "-5/2"},
    {"move_to_positive", "3", "3"},
    {"move_to_positive", "up", ""},
};

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

TEST(Knobs, OfARingEndWhereTheirSourceSays) {
  for (const Setting& s : kRing) {
    SCOPED_TRACE(std::string(s.knob) + " = " + s.value);
    Json object{{"scheme", "circlerope"}, {"sequence", "v1x2x3"}};
    object["params"] = Json{{s.knob, s.value}};
    if (s.means[0] == '\0') {
      EXPECT_THROW(case_from_json(object), std::invalid_argument);
      continue;
    }
    Case c;
    ASSERT_NO_THROW(c = case_from_json(object));
    EXPECT_EQ(text_of(case_to_json(c)["params"][s.knob]), s.means);
  }
}

// IL-RoPE of the paper: in threes, m pairs for H and m for W, the rest for T.
TEST(Knobs, OfIlRopeCountsPairsOfAnAxis) {
  const auto asked = [](const char* m) {
    return allocation(case_from_json(Json{{"scheme", "ilrope-paper"},
                                          {"shape", {{"head_dim", 24}, {"rotary_dim", 24}}},
                                          {"params", {{"m", m}}}}));
  };
  for (const char* m : {"1", "2", "4"}) {
    const FrequencyAllocation map = asked(m);
    EXPECT_EQ(map.count(0, Axis::h), std::atoi(m)) << m;
    EXPECT_EQ(map.count(0, Axis::w), std::atoi(m)) << m;
  }
  for (const char* m : {"5", "1/2", "3/2"}) EXPECT_THROW(asked(m), std::invalid_argument) << m;
}

// Whoever asks for a section that a map cannot give is told what was asked and what there is.
TEST(Knobs, ASectionThatIsNotHonouredIsTold) {
  const FrequencyAllocation map =
      allocation(case_from_json(Json{{"scheme", "mrope-interleave"},
                                     {"shape", {{"head_dim", 16}, {"rotary_dim", 16}}},
                                     {"params", {{"mrope_section", {1, 3, 4}}}}}));
  // ERNIE names H, W and T in this order, and gives H and W the same number of pairs.
  const FrequencyAllocation ernie =
      allocation(case_from_json(Json{{"scheme", "mrope-ernie4.5vl"},
                                     {"shape", {{"head_dim", 16}, {"rotary_dim", 16}}},
                                     {"params", {{"mrope_section", {1, 3, 4}}}}}));
  ASSERT_EQ(ernie.warnings.size(), 1U);
  EXPECT_EQ(ernie.warnings[0],
            "mrope_section = [4, 1, 3] cannot be honoured by this map of 8 pairs; effective counts "
            "are [4, 2, 2]");
  ASSERT_EQ(map.warnings.size(), 1U);
  // Pairs 1, 4, 7 for H and 2, 5 for W are all that there is room for in threes.
  EXPECT_EQ(
      map.warnings[0],
      "mrope_section = [1, 3, 4] cannot be honoured by this map of 8 pairs; effective counts are "
      "[3, 3, 2]");
}

// Which media a scheme places beside text, images and videos.
TEST(Knobs, MediaAreRefusedByThoseThatHaveNoRuleForThem) {
  constexpr struct {
    const char* sequence;
    std::string_view placed_by, and_by;
  } kMedia[] = {{"t1 k2x4 t1", "v2pe-original", {}},
                {"t1 l2x3 t1", "mmrope-original", {}},
                {"t1 s2x1x1+3 t1", "tmrope", "tmrope-qwen3-omni"}};
  for (const auto& [sequence, placed_by, and_by] : kMedia) {
    for (const Scheme& scheme : schemes()) {
      Json object{{"scheme", scheme.name}, {"sequence", sequence}};
      if (scheme.name == "v2pe-original") object["params"] = Json{{"rope_pos_id_stride", 64}};
      const bool known = scheme.name == placed_by || scheme.name == and_by;
      bool placed = true;
      try {
        positions(case_from_json(object));
      } catch (const std::invalid_argument&) {
        placed = false;
      }
      EXPECT_EQ(placed, known) << scheme.name << " " << sequence;
    }
  }
}

// A ring looks at every cell of a frame: 2^26 of them at most, and any number of frames.
TEST(Knobs, ARingHasAnEndOfCells) {
  const auto placed = [](const char* sequence) {
    positions(
        case_from_json(Json{{"scheme", "circlerope"}, {"sequence", sequence}, {"window", {0, 1}}}));
  };
  for (const char* sequence : {"v1x67108864x2", "v1x2x67108864", "v1x8193x8192", "v1x8192x8193"})
    EXPECT_THROW(placed(sequence), std::invalid_argument) << sequence;
}

TEST(Knobs, TokensBehindTheSequenceHaveNoPosition) {
  const Case c = case_from_json(Json{{"scheme", "mrope"}, {"sequence", "t2 v1x2x2"}});
  const Walk<Rational> walk(design_of(*c.scheme, c.parameters), c.parameters, c.sequence);
  EXPECT_NO_THROW(walk.at(5));
  EXPECT_THROW(walk.at(6), std::out_of_range);
  EXPECT_THROW(walk.at(-1), std::out_of_range);
}

// The ring of a single row lies on one ray; text goes on one past its largest coordinate, whichever
// cell has it.
TEST(Knobs, TextGoesOnPastTheLargestCoordinateOfARing) {
  for (const char* alpha : {"0", "1/3", "1/2", "9/10", "1"}) {
    for (const auto& [sequence, cells] :
         {std::pair("v1x1x5 t1", 5U), std::pair("v1x5x1 t1", 5U), std::pair("v1x3x4 t1", 12U)}) {
      Json object{{"scheme", "circlerope"}, {"sequence", sequence}};
      object["params"] = Json{{"alpha", alpha}, {"radius", 10}};
      const PositionTable ids = positions(case_from_json(object));
      const WorkingPrecision scope(256);
      Interval largest = enclose(ids.at(0, 0));
      for (std::size_t row = 0; row < cells; ++row) {
        for (std::size_t axis = 0; axis < 3; ++axis)
          largest = Scalar<Interval>::max(largest, enclose(ids.at(axis, row)));
      }
      // Coordinates below 2^5 lose five bits beside 1, a hundred operations on them seven more.
      const Interval rest = enclose(ids.at(0, cells)) - largest - 1;
      EXPECT_TRUE(vanishes(rest, 12)) << sequence << " alpha " << alpha;
    }
  }
}

// Of three lengths, the automatic radius is the largest: half of it where the grid is centred.
TEST(Knobs, TheAutomaticRadiusReachesTheFarthestCell) {
  struct Reach {
    const char *sequence, *radius;
    bool centred;
    const char* number;
  };
  constexpr Reach kReaches[] = {
      {"v1x3x7", "auto", false, "6"},       {"v1x7x3", "auto", false, "6"},
      {"v1x3x7", "auto", true, "3"},        {"v1x7x3", "auto-3", true, "9"},
      {"v9x3x5", "auto", false, "8"},       {"v9x3x5", "auto", true, "4"},
      {"v1x4x5", "auto-l2", false, "5"},    {"v1x4x5", "auto-l2", true, "5/2"},
      {"v1x4x5", "auto-l2-3", true, "15/2"}};
  for (const Reach& r : kReaches) {
    SCOPED_TRACE(std::string(r.sequence) + " " + r.radius);
    Json object{{"scheme", "circlerope"}, {"sequence", r.sequence}};
    object["params"] = Json{{"alpha", "1/2"}, {"move_to_origin", r.centred}, {"radius", r.radius}};
    const PositionTable automatic = positions(case_from_json(object));
    object["params"]["radius"] = r.number;
    const PositionTable given = positions(case_from_json(object));
    for (std::size_t row = 0; row < given.rows(); ++row) {
      for (std::size_t axis = 0; axis < 3; ++axis)
        EXPECT_EQ(compare(automatic.at(axis, row), given.at(axis, row), 256), 0) << row;
    }
  }
}

}  // namespace
}  // namespace plumbline::test
