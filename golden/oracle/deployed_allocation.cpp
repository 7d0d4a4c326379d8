// SPDX-License-Identifier: Apache-2.0
// The maps of deployed models that no scheme of the papers shares.
#include <stdexcept>

#include "golden/oracle/allocation_parts.h"

namespace plumbline::oracle {
namespace {

// Both halves read one ladder that has a rung for each pair of a half.
Allocation halves(const Case& c, int first, bool two_pi) {
  const std::int64_t half = even_pairs(c);
  Allocation map = by_pair(c, [&](std::int64_t i) { return i < half ? first : 1 - first; });
  for (std::int32_t& rung : map.rung) rung = static_cast<std::int32_t>(rung % half);
  map.ladders = {{.rungs = half, .two_pi = two_pi}};
  return map;
}

constexpr int kHeight = 0, kWidth = 1;  // of two axes

}  // namespace

Allocation ernie(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  must_fill(s, c.pairs());
  return by_pair(c, [&](std::int64_t i) { return i < s[0] + s[1] ? 1 + i % 2 : 0; });
}

Allocation height_half(const Case& c, const Section&) { return halves(c, kHeight, false); }
Allocation width_half(const Case& c, const Section&) { return halves(c, kWidth, false); }
Allocation height_half_turns(const Case& c, const Section&) { return halves(c, kHeight, true); }

Allocation pixtral(const Case& c, const Section&) {
  const std::int64_t even = (c.pairs() + 1) / 2;
  Allocation map = by_pair(c, [&](std::int64_t i) { return i < even ? kHeight : kWidth; });
  for (std::int32_t& rung : map.rung) {
    const std::int64_t pair = rung;
    rung = static_cast<std::int32_t>(pair < even ? 2 * pair : 2 * (pair - even) + 1);
  }
  return map;
}

Allocation moonvit(const Case& c, const Section&) {
  Allocation map = by_pair(c, [](std::int64_t i) { return i % 2 == 0 ? kWidth : kHeight; });
  for (std::int32_t& rung : map.rung) rung -= rung % 2;
  return map;
}

Allocation wan(const Case& c, const Section&) {
  const std::int64_t side = c.rotary_dim / 6;
  return axial(c, {c.pairs() - 2 * side, side, side}, std::nullopt);
}

Allocation cogvideox(const Case& c, const Section&) {
  if (c.rotary_dim % 16 != 0) {
    throw std::invalid_argument("rotary_dim: must be a multiple of 16");
  }
  const std::int64_t sixteenth = c.rotary_dim / 16;
  return axial(c, {2 * sixteenth, 3 * sixteenth, 3 * sixteenth}, std::nullopt);
}

}  // namespace plumbline::oracle
