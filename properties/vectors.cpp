// SPDX-License-Identifier: Apache-2.0
// Numbers that the authors' own code produced, re-expressed as cases of this project.
#include <cmath>

#include "properties/properties.h"

namespace plumbline::test {
namespace {

std::string id_of(const Json& record) {
  return record["case"].contains("scheme") ? record["case"]["scheme"].get<std::string>() : "?";
}

Json case_object(const Json& record) { return record["case"]; }

void expect_positions(const Json& record, const std::string& name) {
  const Case c = case_from_json(case_object(record));
  const PositionTable ids = positions(c);
  ASSERT_EQ(record["position_ids"].size(), static_cast<std::size_t>(ids.axes)) << name;
  for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a) {
    ASSERT_EQ(record["position_ids"][a].size(), ids.rows()) << name;
    for (std::size_t row = 0; row < ids.rows(); ++row) {
      ASSERT_EQ(std::get<Rational>(ids.at(a, row)),
                exact_number(record["position_ids"][a][row], "position"))
          << name << " \"" << notation(c.sequence) << "\" axis " << a << " row " << row;
    }
  }
  EXPECT_EQ(ids.rope_delta.value(), exact_number(record["rope_delta"], "rope_delta"))
      << name << " " << notation(c.sequence);
}

TEST(Vectors, PositionsAreTheAuthorsOwn) {
  const Json file = read_vectors("positions.json");
  std::size_t i = 0;
  for (const Json& record : file["records"])
    expect_positions(record, id_of(record) + " record " + std::to_string(i++));
  EXPECT_EQ(i, 282U);
}

// |float32 value - exact| <= 1e-7 + 3 * 2^-24 |angle|: the tolerance stated for the authors'
// float32 tables.
void expect_close(double value, double exact, double angle, const std::string& where) {
  ASSERT_LE(std::abs(value - exact), 1e-7 + 3 * 0x1p-24 * std::abs(angle)) << where;
}

std::vector<double> hex_list(const Json& text) {
  std::istringstream words(text.get<std::string>());
  std::vector<double> out;
  for (std::string word; words >> word;) out.push_back(float_of_hex(word));
  return out;
}

// cos and sin of one pair at an exact coordinate.
void expect_pair(const ResolvedSpectrum& spectrum, const Assignment& a, const Rational& position,
                 double cosine, double sine, const std::string& where) {
  const WorkingPrecision scope(kFirstPrecision);
  const Rational p = a.axis == Axis::none ? Rational(0) : position;
  const Interval w = spectrum.inv_freq(a.rung);
  const CosSin exact = cos_sin(p, w, spectrum.attention_factor());
  const auto as_double = [](const Interval& x) {
    return decode_double(round_to(x, binary64).value(), binary64);
  };
  const double angle = as_double(enclose(p) * w);
  expect_close(cosine, as_double(exact.cos), angle, where + " cos");
  expect_close(sine, as_double(exact.sin), angle, where + " sin");
}

TEST(Vectors, RegressionTablesAreReproduced) {
  std::size_t samples = 0;
  const Json file = read_vectors("regression_tables.json");
  for (const Json& record : file["records"]) {
    expect_positions(record, id_of(record));
    const Case c = case_from_json(case_object(record));
    const PositionTable ids = positions(c);
    const FrequencyAllocation map = allocation(c);
    const ResolvedSpectrum spectrum(c.spectrum);
    for (const Json& sample : record["cos_sin"]) {
      const auto row = static_cast<std::size_t>(integer_in(sample["token"], "token", 0, 1 << 20));
      const int head = sample.contains("kv_head")
                           ? static_cast<int>(integer_in(sample["kv_head"], "kv_head", 0, 64))
                           : 0;
      const auto cosines = hex_list(sample["cos_hex"]), sines = hex_list(sample["sin_hex"]);
      for (std::size_t i = 0; i < cosines.size(); ++i) {
        const auto pair = static_cast<int>(integer_in(sample["channels"][i], "channel", 0, 4096));
        const Assignment& a = map.at(map.map_of(head), pair);
        const Rational p =
            a.axis == Axis::none ? Rational(0) : std::get<Rational>(ids.at(index(a.axis), row));
        expect_pair(
            spectrum, a, p, cosines[i], sines[i],
            id_of(record) + " token " + std::to_string(row) + " pair " + std::to_string(pair));
        ++samples;
      }
    }
  }
  EXPECT_GT(samples, 500U);
}

TEST(Vectors, AllocationsAreTheAuthorsOwn) {
  const Json file = read_vectors("allocations.json");
  for (const Json& record : file["records"]) {
    const Case c = case_from_json(case_object(record));
    const FrequencyAllocation map = allocation(c);
    const std::string name = record["case"].dump();
    if (record.contains("axis_map")) {
      EXPECT_EQ(map.axis_map(0), record["axis_map"].get<std::string>()) << name;
    } else {
      const std::string heads = record["kv_head_axis"].get<std::string>();
      ASSERT_EQ(static_cast<std::size_t>(map.maps), heads.size()) << name;
      for (int g = 0; g < map.maps; ++g) {
        EXPECT_EQ(map.axis_map(g), std::string(static_cast<std::size_t>(map.pairs),
                                               heads[static_cast<std::size_t>(g)]))
            << name;
      }
    }
    if (!record.contains("cos_sin")) continue;
    const ResolvedSpectrum spectrum(c.spectrum);
    for (const Json& sample : record["cos_sin"]) {
      const int head = sample.contains("kv_head")
                           ? static_cast<int>(integer_in(sample["kv_head"], "kv_head", 0, 64))
                           : 0;
      const auto cosines = hex_list(sample["cos_hex"]), sines = hex_list(sample["sin_hex"]);
      ASSERT_EQ(cosines.size(), static_cast<std::size_t>(map.pairs));
      for (int pair = 0; pair < map.pairs; ++pair) {
        const Assignment& a = map.at(map.map_of(head), pair);
        const Rational p = a.axis == Axis::none
                               ? Rational(0)
                               : exact_number(sample["position"][index(a.axis)], "position");
        const auto i = static_cast<std::size_t>(pair);
        expect_pair(spectrum, a, p, cosines[i], sines[i], name + " pair " + std::to_string(pair));
      }
    }
  }
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
