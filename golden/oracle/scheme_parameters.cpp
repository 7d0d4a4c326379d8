// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/scheme_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace plumbline::oracle {
namespace {

Rational above_zero(Rational value, const char* key) {
  if (value.sign() <= 0) throw std::invalid_argument(fmt::format("{}: must be above zero", key));
  return value;
}

void read_layout(const Case& c, Design& design, const char* key,
                 std::initializer_list<std::pair<const char*, const Layout*>> words) {
  if (!has(c.params, key)) return;
  const std::string given = c.params.at(key);
  for (const auto& [word, layout] : words) {
    if (given != word) continue;
    design.layout = *layout;
    return;
  }
  throw std::invalid_argument(fmt::format("{}: \"{}\" is not known", key, given));
}

void read_three(const Case& c, Design& design, const char* key) {
  if (!has(c.params, key)) return;
  const Json& list = c.params.at(key);
  if (!list.is_array() || list.size() != 3) {
    throw std::invalid_argument(fmt::format("{}: needs three numbers", key));
  }
  for (std::size_t a = 0; a < 3; ++a) design.scale[a] = above_zero(number(list[a]), key);
}

}  // namespace

void read_visual_stride(const Case& c, Design& design) {
  design.span = above_zero(number(c.params, "visual_stride", 16), "visual_stride");
}

void read_tile_stride(const Case& c, Design& design) {
  const char* key = "rope_pos_id_stride";
  design.steps.clear();
  if (has(c.params, key) && c.params.at(key).is_array()) {
    for (const Json& stride : c.params.at(key))
      design.steps.push_back(above_zero(number(stride), key));
    const auto visual = std::count_if(c.sequence.begin(), c.sequence.end(),
                                      [](const Segment& s) { return s.is_visual(); });
    if (design.steps.size() != 1 && design.steps.size() != static_cast<std::size_t>(visual))
      throw std::invalid_argument(
          fmt::format("{}: needs one entry, or one per visual segment", key));
  } else {
    design.steps.push_back(above_zero(number(c.params, key), key));
  }
  design.span =
      Rational(1) / above_zero(number(c.params, "num_image_token", 256), "num_image_token");
  design.span_of_token = true;
}

void read_padding_two(const Case&, Design& design) { design.padding = 2; }

std::vector<Rational> seconds_of_videos(const Case& c) {
  Json given;
  for (const char* key : {"second_per_grid_t", "second_per_grid", "second_per_grid_ts"}) {
    if (given.is_null() && has(c.params, key)) given = c.params.at(key);
  }
  std::vector<Rational> all;
  for (const Segment& segment : c.sequence) {
    if (!segment.native_video) continue;
    Rational seconds = 1;
    if (given.is_array() && all.size() < given.size()) seconds = number(given[all.size()]);
    if (!given.is_array() && !given.is_null()) seconds = number(given);
    if (seconds.sign() < 0) throw std::invalid_argument("second_per_grid_t: is negative");
    all.push_back(std::move(seconds));
  }
  return all;
}

void read_seconds(const Case& c, Design& design) {
  const Rational rate = number(c.params, "tokens_per_second", 2);
  design.steps_of_videos = true;
  design.steps = seconds_of_videos(c);
  for (Rational& step : design.steps) step = step * rate;
}

void read_spatial_reset(const Case& c, Design& design) {
  if (c.params.value("spatial_reset", false)) design.layout = kReset;
}

void read_always_reset(const Case& c, Design&) {
  if (!c.params.value("spatial_reset", true)) {
    throw std::invalid_argument("spatial_reset: must be true");
  }
}

// One stride for every visual segment, or one each; without several frames strides are not used.
void read_stride_list(const Case& c, Design& design) {
  const char* key = "temporal_stride_lst";
  std::size_t visual = 0;
  bool frames = false;
  for (const Segment& segment : c.sequence) {
    visual += segment.is_visual() ? 1 : 0;
    frames = frames || (segment.is_visual() && segment.grid[0] > 1);
  }
  design.steps.clear();
  if (!has(c.params, key)) {
    if (frames) throw std::invalid_argument(fmt::format("{}: is missing", key));
    design.steps.emplace_back(1);
    return;
  }
  const Json& given = c.params.at(key);
  if (!given.is_array()) {
    design.steps.push_back(above_zero(number(given), key));
    return;
  }
  for (const Json& stride : given) design.steps.push_back(above_zero(number(stride), key));
  if (design.steps.empty()) throw std::invalid_argument(fmt::format("{}: is empty", key));
  if (design.steps.size() == 1 || design.steps.size() == visual) return;
  if (frames) {
    throw std::invalid_argument(fmt::format("{}: needs one entry, or one per visual segment", key));
  }
  design.steps.resize(1);
}

void read_advance_extent(const Case& c, Design& design) {
  read_layout(c, design, "advance", {{"extent", &kResetExtent}, {"one", &kResetOne}});
}

void read_advance_typed(const Case& c, Design& design) {
  read_layout(c, design, "advance",
              {{"one", &kTypedOne}, {"max", &kTypedMax}, {"count", &kTypedCount}});
}

void read_spacing(const Case& c, Design& design) {
  read_layout(c, design, "spacing", {{"integer", &kTie}, {"fractional", &kTieFractional}});
}

void read_scale(const Case& c, Design& design) { read_three(c, design, "position_scale"); }

void read_lumos_stride(const Case& c, Design& design) {
  design.scale = {4, 8, 8};
  read_three(c, design, "stride");
}

}  // namespace plumbline::oracle
