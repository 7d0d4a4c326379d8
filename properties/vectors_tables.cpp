// SPDX-License-Identifier: Apache-2.0
// Axis maps, cosines and sines that the authors' own code produced.
#include "properties/vectors.h"

namespace plumbline::test {
namespace {

int kv_head_of(const Json& sample) {
  if (!sample.contains("kv_head")) return 0;
  return static_cast<int>(integer_in(sample["kv_head"], "kv_head", 0, 64));
}

// The angles are taken at the authors' own float32 positions: how far those lie from the exact
// ones is judged with the positions.
TEST(Vectors, RegressionTablesAreReproduced) {
  std::size_t records = 0, samples = 0;
  const Json file = read_vectors("regression_tables.json");
  for (const Json& record : file["records"]) {
    const Tables tables(case_from_json(record["case"]), recorded_positions(record));
    for (const Json& sample : record["cos_sin"]) {
      const auto row = static_cast<std::size_t>(integer_in(sample["token"], "token", 0, 1 << 20));
      const auto cosines = hex_list(sample["cos_hex"]), sines = hex_list(sample["sin_hex"]);
      ASSERT_EQ(cosines.size(), sample["channels"].size());
      ASSERT_EQ(sines.size(), sample["channels"].size());
      for (std::size_t i = 0; i < cosines.size(); ++i) {
        const auto pair = static_cast<int>(
            integer_in(sample["channels"][i], "channel", 0, tables.map().pairs - 1));
        tables.expect_pair(row, kv_head_of(sample), pair, cosines[i], sines[i],
                           id_of(record) + " token " + std::to_string(row));
        ++samples;
      }
    }
    ++records;
  }
  EXPECT_EQ(records, 13U);
  EXPECT_EQ(samples, 2672U);
}

// [axis][row] from the tuples of a record's samples.
std::vector<std::vector<Rational>> tuples_of(const Json& samples) {
  std::vector<std::vector<Rational>> out(3);
  for (const Json& sample : samples) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      out[axis].push_back(exact_number(sample["position"][axis], "position"));
  }
  return out;
}

// The authors' HoPE sets positive times to zero and leaves negative ones alone, which its own
// positions never produce: there it turns as VideoRoPE.
Json turning_where_time_is_negative(Json object) {
  if (object["scheme"] == "hope") object["scheme"] = "videorope";
  return object;
}

void expect_axis_map(const Json& record, const FrequencyAllocation& map, const std::string& name) {
  if (record.contains("kv_head_axis")) {
    const std::string heads = record["kv_head_axis"].get<std::string>();
    ASSERT_EQ(static_cast<std::size_t>(map.maps), heads.size()) << name;
    for (std::size_t g = 0; g < heads.size(); ++g) {
      EXPECT_EQ(map.axis_map(static_cast<int>(g)),
                std::string(static_cast<std::size_t>(map.pairs), heads[g]))
          << name;
    }
    return;
  }
  EXPECT_EQ(map.axis_map(0), record["axis_map"].get<std::string>()) << name;
  int counted = 0;
  constexpr std::pair<const char*, Axis> kLetters[] = {
      {"T", Axis::t}, {"H", Axis::h}, {"W", Axis::w}, {"-", Axis::none}};
  for (const auto& [key, axis] : kLetters) {
    const bool listed = record["counts"].contains(key);
    const auto count =
        listed ? static_cast<int>(integer_in(record["counts"][key], "count", 1, map.pairs)) : 0;
    EXPECT_EQ(map.count(0, axis), count) << name << " " << key;
    counted += count;
  }
  EXPECT_EQ(counted, map.pairs) << name;
}

TEST(Vectors, AllocationsAreTheAuthorsOwn) {
  std::size_t records = 0, samples = 0;
  const Json file = read_vectors("allocations.json");
  for (const Json& record : file["records"]) {
    const Case c = case_from_json(record["case"]);
    const std::string name = id_of(record) + " record " + std::to_string(records++);
    expect_axis_map(record, allocation(c), name);
    if (record.contains("inv_freq_hex")) {
      // At position 1 an angle is the inverse frequency, and so is its share of the tolerance.
      const auto recorded_list = hex_list(record["inv_freq_hex"]);
      const auto ours = evaluate(c, PositionTable{}, {}, {}, false, 1).inv_freq;
      ASSERT_EQ(recorded_list.size(), ours.size()) << name;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const double exact = decode_double(ours[i], binary64);
        EXPECT_LE(std::abs(recorded_list[i] - exact), 3 * 0x1p-24 * exact) << name << " " << i;
      }
    }
    if (!record.contains("cos_sin")) continue;
    const auto tuples = tuples_of(record["cos_sin"]);
    const Tables tables(c, tuples);
    const Tables before_origin(case_from_json(turning_where_time_is_negative(record["case"])),
                               tuples);
    for (std::size_t row = 0; row < record["cos_sin"].size(); ++row) {
      const Json& sample = record["cos_sin"][row];
      const auto cosines = hex_list(sample["cos_hex"]), sines = hex_list(sample["sin_hex"]);
      ASSERT_EQ(cosines.size(), static_cast<std::size_t>(tables.map().pairs)) << name;
      ASSERT_EQ(sines.size(), cosines.size()) << name;
      const Tables& expected = tuples[0][row] < 0 ? before_origin : tables;
      for (int pair = 0; pair < tables.map().pairs; ++pair) {
        const auto i = static_cast<std::size_t>(pair);
        expected.expect_pair(row, kv_head_of(sample), pair, cosines[i], sines[i],
                             name + " row " + std::to_string(row));
        ++samples;
      }
    }
  }
  EXPECT_EQ(records, 36U);
  EXPECT_EQ(samples, 8544U);
}

}  // namespace
}  // namespace plumbline::test
