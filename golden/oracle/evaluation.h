// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "golden/oracle/comparison.h"
#include "golden/oracle/positions.h"
#include "golden/oracle/rotation.h"

namespace plumbline::oracle {

// What a pair of a row turns by, once positions, allocation and spectrum are known.
struct Evaluation {
  const StoredCase& stored;
  const Case& given;
  std::size_t rows = 0, axes = 0;
  std::vector<Coordinate> coordinates;  // [rows][axes]
  const Allocation& allocated;
  Turns& turns;

  std::size_t pairs() const { return static_cast<std::size_t>(given.pairs()); }
  // The map that KV head floor(head / (num_heads / num_key_value_heads)) uses.
  std::size_t map_of_query_head(std::size_t head) const;
  // Of a row on the axis that drives a pair; 0 for a pair that no axis drives.
  const Coordinate& position(std::size_t row, std::size_t map, std::size_t pair) const;
  std::size_t frequency(std::size_t map, std::size_t pair) const {
    return allocated.frequency(map * pairs() + pair);
  }
  // Valid until turns.forget_if_many().
  Place place(std::size_t row, std::size_t map, std::size_t pair) const;
};

bool lists(const std::vector<std::string>& words, std::string_view word);
// A path of FORMAT.md, section 3, that is not an input.
bool is_known_dataset(const std::string& path);
// "f32/cos"
std::string below(Dtype format, const std::string& name);

// Compare cos, sin, q_out, k_out, q_adj and k_adj in every format that has them; and the logits.
void compare_rows(const Evaluation& e, Report& report);
void compare_logits(const Evaluation& e, Report& report);

}  // namespace plumbline::oracle
