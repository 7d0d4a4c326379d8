// SPDX-License-Identifier: Apache-2.0
#include "reference/frequency_allocation.h"

#include <stdexcept>

namespace plumbline {
namespace {

std::string triple(std::int64_t a, std::int64_t b, std::int64_t c) {
  return "[" + std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(c) + "]";
}

template <class AxisOf>
FrequencyAllocation one_map(const HeadShape& shape, AxisOf axis_of) {
  FrequencyAllocation out;
  out.pairs = shape.pairs();
  for (int i = 0; i < out.pairs; ++i) out.of.push_back({axis_of(i), i, out.pairs});
  return out;
}

}  // namespace

std::string FrequencyAllocation::axis_map(int map) const {
  std::string letters;
  for (int i = 0; i < pairs; ++i) letters += letter(at(map, i).axis);
  return letters;
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
  if (s[0] + s[1] + s[2] != shape.pairs()) {
    throw std::invalid_argument("mrope_section = " + triple(s[0], s[1], s[2]) +
                                ": must sum to rotary_dim / 2 = " + std::to_string(shape.pairs()) +
                                ", sums to " + std::to_string(s[0] + s[1] + s[2]));
  }
  return one_map(shape, [&](int i) {
    return i < s[0] ? Axis::t : i < s[0] + s[1] ? Axis::h : Axis::w;
  });
}

FrequencyAllocation interleaved(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  auto out = one_map(shape, [&](int i) {
    if (i % 3 == 1 && i < 3 * s[1]) return Axis::h;
    if (i % 3 == 2 && i < 3 * s[2]) return Axis::w;
    return Axis::t;
  });
  const int t = out.count(0, Axis::t), h = out.count(0, Axis::h), w = out.count(0, Axis::w);
  if (t != s[0] || h != s[1] || w != s[2]) {
    out.warnings.push_back("mrope_section = " + triple(s[0], s[1], s[2]) +
                           " cannot be honoured by the interleaved map of " +
                           std::to_string(out.pairs) + " pairs; effective counts are " +
                           triple(t, h, w));
  }
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
        "mrope_section = " + triple(s[0], s[1], s[2]) +
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
    for (int i = 0; i < out.pairs; ++i) out.of.push_back({axis, i, out.pairs});
  }
  return out;
}

}  // namespace plumbline
