// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "golden/oracle/rounding.h"
#include "golden/oracle/scheme_parameters.h"

namespace plumbline::oracle {
namespace {

Rational above_zero(const Case& c, const char* key, std::int64_t otherwise) {
  Rational value = number(c.params, key, otherwise);
  if (value.sign() <= 0) throw std::invalid_argument(fmt::format("{}: must be above zero", key));
  return value;
}

bool counts_sides_only(const Case& c) {
  const std::string rule = c.params.value("position_rule", std::string("original"));
  if (rule != "original" && rule != "vllm" && rule != "hf-2026") {
    throw std::invalid_argument(fmt::format("position_rule: \"{}\" is not known", rule));
  }
  return rule == "hf-2026";
}

// An image counts every frame as a second.
Rational read_positions_per_second(const Case& c, Design& design, std::int64_t otherwise) {
  Rational rate = above_zero(c, "position_id_per_seconds", otherwise);
  design.steps_of_videos = true;
  design.still_step = rate;
  design.steps = seconds_of_videos(c);
  for (Rational& step : design.steps) step = step * rate;
  return rate;
}

}  // namespace

void read_position_rule(const Case& c, Design& design) {
  if (!counts_sides_only(c)) return;
  design.layout = kGridSides;
  design.padding = 0;
  design.delta_of_real_tokens = true;
}

void read_seconds_rule(const Case& c, Design& design) {
  read_seconds(c, design);
  read_position_rule(c, design);
  if (c.params.value("position_rule", std::string("original")) == "vllm") {
    design.layout = kSecondsInBinary64;
    const Rational rate = in_binary64(number(c.params, "tokens_per_second", 2));
    design.steps = seconds_of_videos(c);
    for (Rational& step : design.steps) step = in_binary64(step) * rate;
  }
  if (!counts_sides_only(c)) return;
  // The seconds lose their fraction before the product, not after it.
  const Rational rate = number(c.params, "tokens_per_second", 2);
  design.steps = seconds_of_videos(c);
  for (Rational& step : design.steps) step = floor(step) * rate;
}

void read_tmrope(const Case& c, Design& design) {
  const Rational rate = read_positions_per_second(c, design, 25);
  design.spoken = {.one_by_one = false, .chunk = rate * above_zero(c, "seconds_per_chunk", 2)};
}

void read_tmrope_merged(const Case& c, Design& design) {
  read_positions_per_second(c, design, 13);
  design.spoken = {.one_by_one = true};
}

void read_merge_size(const Case& c, Design& design) {
  design.merge = integer(c.params, "merge_size", 2);
  if (design.merge < 1 || design.merge > (1 << 20)) {
    throw std::invalid_argument("merge_size: is out of range");
  }
  for (const Segment& segment : c.sequence) {
    if (segment.is_visual() &&
        (segment.grid[1] % design.merge != 0 || segment.grid[2] % design.merge != 0)) {
      throw std::invalid_argument("grid: height and width must be multiples of merge_size");
    }
  }
}

void read_ref(const Case& c, Design& design) { design.side = above_zero(c, "ref", 16); }

void read_scale_rope(const Case& c, Design& design) {
  const bool centred = c.params.value("scale_rope", true);
  if (centred) design.layout = kOrdinalCentred;
  std::int64_t start = 0;
  for (const Segment& segment : c.sequence) {
    if (!segment.is_visual()) continue;
    const std::int64_t side = std::max(segment.grid[1], segment.grid[2]);
    start = std::max(start, centred ? side / 2 : side);
  }
  design.start = start;
}

}  // namespace plumbline::oracle
