// SPDX-License-Identifier: Apache-2.0
#include "reference/frequency_maps.h"

#include <algorithm>
#include <stdexcept>

namespace plumbline {
namespace {

std::string triple(std::int64_t a, std::int64_t b, std::int64_t c) {
  return "[" + std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(c) + "]";
}

}  // namespace

std::string widths(const HeadShape& shape) {
  const std::string head = "head_dim = " + std::to_string(shape.head_dim);
  if (shape.rotary_dim == shape.head_dim) return head;
  return "rotary_dim = " + std::to_string(shape.rotary_dim) + " of " + head;
}

void need_multiple(const HeadShape& shape, int lanes) {
  if (shape.rotary_dim % lanes == 0) return;
  throw std::invalid_argument(widths(shape) + ": must be a multiple of " + std::to_string(lanes) +
                              ", so that every axis has an even number of lanes");
}

void need_full_section(const HeadShape& shape, const std::vector<std::int64_t>& s) {
  if (s[0] + s[1] + s[2] == shape.pairs()) return;
  throw std::invalid_argument("mrope_section = " + triple(s[0], s[1], s[2]) + " at " +
                              widths(shape) +
                              ": must sum to rotary_dim / 2 = " + std::to_string(shape.pairs()) +
                              ", sums to " + std::to_string(s[0] + s[1] + s[2]));
}

void warn_unless_honoured(FrequencyAllocation& map, const std::vector<std::int64_t>& s) {
  const int t = map.count(0, Axis::t), h = map.count(0, Axis::h), w = map.count(0, Axis::w);
  if (t == s[0] && h == s[1] && w == s[2]) return;
  map.warnings.push_back("mrope_section = " + triple(s[0], s[1], s[2]) +
                         " cannot be honoured by this map of " + std::to_string(map.pairs) +
                         " pairs; effective counts are " + triple(t, h, w));
}

FrequencyAllocation in_chunks(const HeadShape& shape, const std::vector<std::int64_t>& s) {
  return one_map(shape, [&](int i) {
    return i < s[0] ? Axis::t : i < s[0] + s[1] ? Axis::h : Axis::w;
  });
}

FrequencyAllocation in_threes(const HeadShape& shape, std::int64_t h, std::int64_t w) {
  return one_map(shape, [=](int i) {
    if (i % 3 == 1 && i < 3 * h) return Axis::h;
    if (i % 3 == 2 && i < 3 * w) return Axis::w;
    return Axis::t;
  });
}

FrequencyAllocation in_twos(const HeadShape& shape, std::int64_t count, Axis even, Axis odd) {
  return one_map(shape, [=](int i) { return i >= count ? Axis::t : i % 2 == 0 ? even : odd; });
}

FrequencyAllocation round_robin(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int i) { return static_cast<Axis>(i % 3); });
}

FrequencyAllocation videorope_official(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  auto map = one_map(shape, [&](int i) {
    if (i % 2 == 1 && i < 2 * s[1]) return Axis::h;
    if (i % 2 == 0 && i >= 2 && i < 2 * s[2]) return Axis::w;
    return Axis::t;
  });
  // The defaults themselves come out as 17, 24, 23; only a request deserves a line.
  if (parameters.was_given("mrope_section")) warn_unless_honoured(map, s);
  return map;
}

FrequencyAllocation videorope_original(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  need_full_section(shape, s);
  auto map = in_twos(shape, s[1] + s[2], Axis::h, Axis::w);
  warn_unless_honoured(map, s);
  return map;
}

FrequencyAllocation videorope_paper(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  need_full_section(shape, s);
  auto map = in_twos(shape, s[1] + s[2], Axis::w, Axis::h);
  warn_unless_honoured(map, s);
  return map;
}

FrequencyAllocation il_rope(const HeadShape& shape, const Parameters& parameters) {
  const auto* knob = parameters.find("m");
  std::int64_t m = shape.pairs() / 4;
  if (knob != nullptr && parameters.has("m")) {
    const Rational asked = parameters.number("m");
    if (denominator(asked) != 1 || 3 * asked > shape.pairs()) {
      throw std::invalid_argument(
          "m = " + to_text(asked) +
          ": must be an integer with 3 m <= rotary_dim / 2 = " + std::to_string(shape.pairs()));
    }
    m = parameters.integers("m")[0];
  }
  return in_threes(shape, m, m);
}

FrequencyAllocation silence_time(FrequencyAllocation map) {
  for (Assignment& a : map.of) {
    if (a.axis == Axis::t) a.axis = Axis::none;
  }
  return map;
}

FrequencyAllocation axial(const HeadShape& shape, const std::vector<AxisBlock>& blocks,
                          std::string_view knob) {
  FrequencyAllocation out;
  out.pairs = shape.pairs();
  int lanes = 0;
  std::size_t axes = 0;
  for (const AxisBlock& block : blocks) {
    if (block.lanes % 2 != 0) {
      throw std::invalid_argument(std::string(knob) + " = " +
                                  std::to_string(block.lanes * static_cast<int>(blocks.size())) +
                                  ": must give every axis an even number of lanes");
    }
    lanes += block.lanes;
    axes = std::max(axes, index(block.axis) + 1);
  }
  if (lanes != shape.rotary_dim) {
    throw std::invalid_argument(std::string(knob) +
                                ": must sum to rotary_dim = " + std::to_string(shape.rotary_dim) +
                                ", sums to " + std::to_string(lanes));
  }
  out.ladders.assign(axes, Ladder{});
  for (const AxisBlock& block : blocks) {
    out.ladders[index(block.axis)].dim = block.lanes;
    for (int j = 0; j < block.lanes / 2; ++j) out.of.push_back({block.axis, j});
  }
  return out;
}

}  // namespace plumbline
