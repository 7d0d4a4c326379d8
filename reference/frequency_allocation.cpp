// SPDX-License-Identifier: Apache-2.0
#include "reference/frequency_allocation.h"

#include <stdexcept>

#include "reference/frequency_maps.h"

namespace plumbline {
namespace {

std::string triple(const std::vector<std::int64_t>& s) {
  return "[" + std::to_string(s[0]) + ", " + std::to_string(s[1]) + ", " + std::to_string(s[2]) +
         "]";
}

void append(std::string& out, const std::vector<Assignment>& all) {
  for (const Assignment& a : all)
    out += " " + std::to_string(index(a.axis)) + ":" + std::to_string(a.rung);
}

}  // namespace

std::string to_text(const FrequencyAllocation& map) {
  std::string out = std::to_string(map.maps);
  append(out, map.of);
  for (const Ladder& l : map.ladders)
    out += "|" + (l.rope_theta ? to_text(*l.rope_theta) : "") + " " + std::to_string(l.dim) + " " +
           to_text(l.exponent) + (l.turns ? " turns" : "");
  if (!map.partner.empty()) out += " and";
  append(out, map.partner);
  return out;
}

std::string FrequencyAllocation::axis_map(int map) const {
  std::string axes;
  for (int i = 0; i < pairs; ++i) axes += letter(at(map, i).axis);
  return axes;
}

char FrequencyAllocation::letter(Axis axis) const {
  return axis == Axis::none ? '-' : letters[index(axis)];
}

int FrequencyAllocation::count(int map, Axis axis) const {
  int n = 0;
  for (int i = 0; i < pairs; ++i) n += at(map, i).axis == axis ? 1 : 0;
  return n;
}

FrequencyAllocation first_axis(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int) { return Axis::t; });
}

FrequencyAllocation chunked(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  need_full_section(shape, s);
  return in_chunks(shape, s);
}

FrequencyAllocation interleaved(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  auto out = in_threes(shape, s[1], s[2]);
  warn_unless_honoured(out, s);
  return out;
}

FrequencyAllocation per_head(const HeadShape& shape, const Parameters& parameters) {
  if (!parameters.was_given("mrope_section") && shape.num_key_value_heads != 8) {
    throw std::invalid_argument("mrope_section: must be given for num_key_value_heads = " +
                                std::to_string(shape.num_key_value_heads) +
                                "; only 8 heads have a default, [2, 3, 3]");
  }
  const auto s = parameters.integers("mrope_section");
  if (s[0] + s[1] + s[2] > shape.num_key_value_heads) {
    throw std::invalid_argument(
        "mrope_section = " + triple(s) +
        ": must sum to at most num_key_value_heads = " + std::to_string(shape.num_key_value_heads));
  }
  if (std::int64_t{shape.num_key_value_heads} * shape.pairs() > (1 << 24)) {
    throw std::invalid_argument(
        "num_key_value_heads = " + std::to_string(shape.num_key_value_heads) +
        " with rotary_dim = " + std::to_string(shape.rotary_dim) +
        ": must not make more than 2^24 assignments");
  }
  FrequencyAllocation out;
  out.maps = shape.num_key_value_heads;
  out.pairs = shape.pairs();
  for (int g = 0; g < out.maps; ++g) {
    const Axis axis = g < s[0]                 ? Axis::t
                      : g < s[0] + s[1]        ? Axis::h
                      : g < s[0] + s[1] + s[2] ? Axis::w
                                               : Axis::none;
    for (int i = 0; i < out.pairs; ++i) out.of.push_back({axis, i});
  }
  return out;
}

}  // namespace plumbline
