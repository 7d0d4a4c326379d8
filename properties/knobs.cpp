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
