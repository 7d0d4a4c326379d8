// SPDX-License-Identifier: Apache-2.0
// Numbers that the authors' own code produced, re-expressed as cases of this project: positions,
// and the spectra of an implementation that is not this one.
#include "properties/vectors.h"

#include <numeric>

namespace plumbline::test {
namespace {

struct File {
  const char* name;
  std::size_t records;
};
void PrintTo(const File& file, std::ostream* out) { *out << file.name; }
constexpr File kOfficial[] = {{"positions_official_flat.json", 105},
                              {"positions_official_grid.json", 228},
                              {"positions_official_diagonal.json", 147},
                              {"positions_official_circle.json", 222},
                              {"positions_official_reset.json", 147}};
constexpr File kOriginal[] = {{"positions_original_flat.json", 28},
                              {"positions_original_grid.json", 97},
                              {"positions_original_diagonal.json", 119},
                              {"positions_original_circle.json", 74}};
constexpr File kRegression = {"regression_tables.json", 13};

// How far the authors' float32 may lie from the exact coordinate. Everything but these three is
// exact: the authors compute it in integers, or in float32 where every step is dyadic.
struct Tolerance {
  Rational position, rope_delta;
};
Tolerance tolerance_of(std::string_view scheme) {
  const Rational circle(1, 20000), steps(3, 100000);
  if (scheme == "circlerope" || scheme == "circlerope-original") return {circle, circle};
  if (scheme == "v2pe") return {steps, 0};  // its rope_delta is a ceiling
  return {0, 0};
}

// Proven: |ours - theirs| <= tolerance; tolerance 0 asks for the same rational number.
void expect_number(const Coordinate& ours, const Rational& theirs, const Rational& tolerance,
                   const std::string& where) {
  if (tolerance == 0) {
    const auto* exact = std::get_if<Rational>(&ours);
    ASSERT_NE(exact, nullptr) << where;
    ASSERT_EQ(*exact, theirs) << where;
    return;
  }
  const bool near = at_rising_precision(
      [&] {
        const Interval difference = enclose(ours) - enclose(theirs), bound = enclose(tolerance);
        return std::optional(sign(bound - difference) >= 0 && sign(bound + difference) >= 0);
      },
      where);
  ASSERT_TRUE(near) << where << ": not within " << tolerance << " of " << to_decimal(theirs);
}

void expect_positions(const Json& record, const Case& c, const Tolerance& tolerance,
                      const std::string& name) {
  const std::string where = name + " \"" + notation(c.sequence) + "\"";
  const auto theirs = recorded_positions(record);
  const PositionTable ids = positions(c);
  ASSERT_EQ(static_cast<std::size_t>(ids.axes), theirs.size()) << where;
  const auto length = static_cast<std::int64_t>(ids.rows());
  ASSERT_EQ(length, c.padded_length()) << where;
  for (std::size_t axis = 0; axis < theirs.size(); ++axis) {
    std::size_t token = 0;
    for (std::int64_t row = 0; row < length; ++row) {
      const auto i = static_cast<std::size_t>(row);
      const std::string here =
          where + " axis " + std::to_string(axis) + " row " + std::to_string(row);
      const bool real = c.attention_mask.empty() ? row >= c.pad_left && row < length - c.pad_right
                                                 : c.attention_mask[i] != 0;
      if (real) {
        ASSERT_LT(token, theirs[axis].size()) << here;
        expect_number(ids.at(axis, i), theirs[axis][token++], tolerance.position, here);
      } else {
        expect_number(ids.at(axis, i), recorded(record["pad"]), 0, here + ", padding");
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(token, theirs[axis].size()) << where;
  }
  ASSERT_EQ(ids.rope_delta.has_value(), !record["rope_delta"].is_null()) << where;
  if (ids.rope_delta) {
    expect_number(*ids.rope_delta, recorded(record["rope_delta"]), tolerance.rope_delta,
                  where + " rope_delta");
  }
}

class AuthorsPositions : public testing::TestWithParam<File> {};

TEST_P(AuthorsPositions, AreReproduced) {
  const Json file = read_vectors(GetParam().name);
  std::size_t i = 0;
  for (const Json& record : file["records"]) {
    const std::string where = id_of(record) + " record " + std::to_string(i++);
    Case c = case_from_json(record["case"]);
    expect_positions(record, c, tolerance_of(c.scheme->name), where);
    if (HasFatalFailure()) return;
    // In the authors' own arithmetic nothing is left to tolerate.
    if (c.scheme->name != "v2pe" && c.scheme->name != "mrope-abs-time") continue;
    c.float32 = true;
    expect_positions(record, c, {0, 0}, where + " in float32");
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(i, GetParam().records);
}

const auto kName = [](const auto& info) {
  const std::string name = info.param.name;
  return name.substr(0, name.find('.'));
};
INSTANTIATE_TEST_SUITE_P(Official, AuthorsPositions, testing::ValuesIn(kOfficial), kName);
INSTANTIATE_TEST_SUITE_P(Original, AuthorsPositions, testing::ValuesIn(kOriginal), kName);
INSTANTIATE_TEST_SUITE_P(Regression, AuthorsPositions, testing::Values(kRegression), kName);

TEST(Vectors, NoRecordIsMissing) {
  const auto total = [](const auto& files) {
    return std::accumulate(std::begin(files), std::end(files), std::size_t{0},
                           [](std::size_t sum, const File& f) { return sum + f.records; });
  };
  EXPECT_EQ(total(kOfficial), 849U);
  EXPECT_EQ(total(kOriginal), 318U);
}

TEST(Vectors, SpectraAreRightToAllThirtyDigits) {
  const Json file = read_vectors("spectra.json");
  std::set<std::string> scalings;
  for (const Json& entry : file["entries"]) {
    Json normal;
    const ResolvedSpectrum spectrum(spectrum_from_json(
        Json{{"scheme", entry["scheme"]}, {"params", entry["params"]}}, std::nullopt, normal));
    const auto digits = [](const std::optional<Rational>& exact,
                           const std::function<Interval()>& enclosure) {
      if (exact) return to_digits(*exact, 30);
      return at_rising_precision([&] { return std::optional(to_digits(enclosure(), 30)); },
                                 "digits");
    };
    ASSERT_EQ(entry["inv_freq"].size(), static_cast<std::size_t>(spectrum.rungs())) << entry["id"];
    for (int k = 0; k < spectrum.rungs(); ++k) {
      EXPECT_EQ(digits(spectrum.exact_inv_freq(k), [&] { return spectrum.inv_freq(k); }),
                entry["inv_freq"][static_cast<std::size_t>(k)].get<std::string>())
          << entry["id"] << " pair " << k;
    }
    EXPECT_EQ(
        digits(spectrum.exact_attention_factor(), [&] { return spectrum.attention_factor(); }),
        entry["attention_factor"].get<std::string>())
        << entry["id"];
    scalings.insert(entry["scheme"].get<std::string>());
  }
  EXPECT_EQ(scalings.size(), 9U);
}

}  // namespace
}  // namespace plumbline::test
