// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "golden/golden.h"
#include "golden/recipe.h"
#include "reference/rotation.h"

// A golden case decoded for the judge, and what a recipe allows at each of its entries.
namespace plumbline {

// Elements of a float tensor as doubles, exactly.
std::vector<double> values_of(const Tensor& tensor);
// Distance between neighbours of `format` in the binade of x; in the highest one where x is not
// finite.
double ulp_at(double x, const Format& format);

// Arrays are [rows][maps][pairs] where nothing else is said.
class Truth {
 public:
  // Throws Refused naming the dataset or attribute that the case lacks.
  explicit Truth(const StoredCase& golden);
  std::size_t rows() const { return token.size(); }
  std::size_t slot(int map, int pair) const { return static_cast<std::size_t>(map * pairs + pair); }
  std::size_t entry(std::size_t row, int map, int pair) const {
    return row * static_cast<std::size_t>(maps * pairs) + slot(map, pair);
  }
  int map_of(int kv_head) const { return maps == 1 ? 0 : kv_head; }
  bool turns(int map, int pair) const { return axis_map[slot(map, pair)] != index(Axis::none); }
  // Coordinate on the axis that drives the pair; 0 where it does not turn.
  double position(std::size_t row, int map, int pair) const;
  char letter_of(int map, int pair) const {
    const std::uint8_t axis = axis_map[slot(map, pair)];
    return axis == index(Axis::none) ? '-' : design_of(*c.scheme, c.parameters).letters[axis];
  }

  Case c;
  std::vector<double> cos, sin;
  std::vector<double> inv_freq;        // [maps][pairs]
  std::vector<double> position_ids;    // [axes][rows]
  std::vector<std::uint8_t> axis_map;  // [maps][pairs]
  std::vector<int> rung;               // [maps][pairs]
  std::vector<std::int64_t> token;     // [rows]
  std::vector<bool> exact_position;    // [axes][rows]: position_ids holds the coordinate exactly
  int maps = 1, pairs = 0;
  double attention_factor = 1;

 private:
  void check_shapes(const StoredCase& golden) const;
};

// |phi^ - phi| that the recipe allows, [rows][maps][pairs]; at most pi, beyond which nothing is
// known of the angle.
std::vector<double> phase_budgets(const Truth& truth, const Recipe& recipe);

}  // namespace plumbline
