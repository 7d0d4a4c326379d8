// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "properties/properties.h"

// Records of the authors' own code, and how near our exact values must come to their float32 ones.
namespace plumbline::test {

inline std::string id_of(const Json& record) { return record["case"]["scheme"].get<std::string>(); }

// The float32 that a number of a record was printed from; integers below 2^24 are themselves.
inline Rational recorded(const Json& number) {
  return decode(round_to(exact_number(number, "a recorded number"), binary32), binary32);
}

inline double recorded_double(const Json& number) { return to_double(recorded(number)); }

inline std::vector<double> hex_list(const Json& text) {
  std::istringstream words(text.get<std::string>());
  std::vector<double> out;
  for (std::string word; words >> word;) out.push_back(float_of_hex(word));
  return out;
}

// |value - exact| <= 1e-7 + 3 * 2^-24 |angle|: the tolerance stated for the authors' float32
// tables.
inline void expect_close(double value, double exact, double angle, const std::string& where) {
  ASSERT_LE(std::abs(value - exact), 1e-7 + 3 * 0x1p-24 * std::abs(angle)) << where;
}

// position_ids of a record, [axis][real token]; {"axes": n, "all_axes": [...]} is n equal lists.
inline std::vector<std::vector<Rational>> recorded_positions(const Json& record) {
  const auto list = [](const Json& numbers) {
    std::vector<Rational> out;
    for (const Json& number : numbers) out.push_back(recorded(number));
    return out;
  };
  const Json& ids = record["position_ids"];
  if (ids.is_object()) {
    const auto axes = static_cast<std::size_t>(integer_in(ids["axes"], "axes", 1, kMostAxes));
    return {axes, list(ids["all_axes"])};
  }
  std::vector<std::vector<Rational>> out;
  for (const Json& numbers : ids) out.push_back(list(numbers));
  return out;
}

// cos and sin of a case at tuples of our choice, rounded once.
class Tables {
 public:
  // tuples[axis][row]
  Tables(const Case& c, const std::vector<std::vector<Rational>>& tuples) : map_(allocation(c)) {
    ids_.axes = static_cast<int>(tuples.size());
    for (std::size_t row = 0; row < tuples.front().size(); ++row)
      ids_.token_index.push_back(static_cast<std::int64_t>(row));
    for (const auto& axis : tuples)
      ids_.position_ids.insert(ids_.position_ids.end(), axis.begin(), axis.end());
    tensors_ = evaluate(c, ids_, {binary64}, {}, false, 1);
  }
  const FrequencyAllocation& map() const { return map_; }

  // The recorded cosine and sine of one pair of one KV head's map.
  void expect_pair(std::size_t row, int kv_head, int pair, double cosine, double sine,
                   const std::string& where) const {
    const int map = map_.map_of(kv_head);
    const auto column = static_cast<std::size_t>(map * map_.pairs + pair);
    const std::size_t at = row * map_.of.size() + column;
    const Axis axis = map_.at(map, pair).axis;
    const double position =
        axis == Axis::none ? 0 : to_double(std::get<Rational>(ids_.at(index(axis), row)));
    const double angle = position * decode_double(tensors_.inv_freq[column], binary64);
    const Table& table = tensors_.tables.front();
    const std::string pair_text = where + " pair " + std::to_string(pair);
    expect_close(cosine, decode_double(table.cos[at], binary64), angle, pair_text + " cos");
    expect_close(sine, decode_double(table.sin[at], binary64), angle, pair_text + " sin");
  }

 private:
  FrequencyAllocation map_;
  PositionTable ids_;
  Tensors tensors_;
};

}  // namespace plumbline::test
