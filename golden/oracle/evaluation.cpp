// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/evaluation.h"

#include <algorithm>

namespace plumbline::oracle {
namespace {

const Coordinate kZero;

}  // namespace

bool lists(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::size_t Evaluation::map_of_query_head(std::size_t head) const {
  if (allocated.maps == 1) return 0;
  return head / static_cast<std::size_t>(given.num_heads / given.num_key_value_heads);
}

const Coordinate& Evaluation::position(std::size_t row, std::size_t map, std::size_t pair) const {
  const std::uint8_t axis = allocated.axis[map * pairs() + pair];
  return axis == kStill ? kZero : coordinates[row * axes + axis];
}

bool is_known_dataset(const std::string& path) {
  static const std::vector<std::string> kTop = {
      "token_index", "position_ids", "position_numerator", "position_denominator", "axis_map",
      "rung",        "inv_freq"};
  static const std::vector<std::string> kBelow = {"cos",   "sin",   "q_out", "k_out",
                                                  "q_adj", "k_adj", "logits"};
  const auto slash = path.find('/');
  if (slash == std::string::npos) return lists(kTop, path);
  const bool format = std::any_of(std::begin(kFormats), std::end(kFormats), [&](const Format& f) {
    return info(f.dtype).name == path.substr(0, slash);
  });
  return format && lists(kBelow, path.substr(slash + 1));
}

std::string below(Dtype format, const std::string& name) {
  return std::string(info(format).name) + "/" + name;
}

Place Evaluation::place(std::size_t row, std::size_t map, std::size_t pair) const {
  const Coordinate& where = position(row, map, pair);
  const std::size_t w = frequency(map, pair);
  return {&where, w, turns.still(where, w) ? nullptr : &turns.at_first_bits(where, w)};
}

}  // namespace plumbline::oracle
