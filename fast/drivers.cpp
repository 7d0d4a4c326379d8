// SPDX-License-Identifier: Apache-2.0
#include "fast/drivers.h"

#include <cmath>
#include <string>

namespace plumbline::fast {
namespace {

void check_shape(const RotaryCase& c) {
  check_heads(c);
  require(c.axes >= 1 && c.axes < kNoAxis, "axes", c.axes, "must lie in [1, 254]");
  require(c.spectra.size() == 1 || c.spectra.size() == static_cast<std::size_t>(c.axes),
          "number of spectra", c.spectra.size(), "must be 1 or the number of axes");
  const std::size_t entries =
      static_cast<std::size_t>(c.maps) * static_cast<std::size_t>(c.rotary_dim / 2);
  require(c.axis_map.size() == entries, "size of axis_map", c.axis_map.size(),
          "must be maps * rotary_dim / 2");
  require(c.rung.size() == entries, "size of rung", c.rung.size(), "must be maps * rotary_dim / 2");
}

void check_allocation(const RotaryCase& c) {
  std::vector<int> available;
  for (const Spectrum& spectrum : c.spectra) available.push_back(rungs(spectrum));
  for (std::size_t i = 0; i < c.axis_map.size(); ++i) {
    const int axis = c.axis_map[i];
    if (axis == kNoAxis) continue;
    require(axis < c.axes, "axis_map[" + std::to_string(i) + "]", axis,
            "must be below axes, or 255");
    require(c.rung[i] >= 0 &&
                c.rung[i] < available[c.spectra.size() == 1 ? 0 : static_cast<std::size_t>(axis)],
            "rung[" + std::to_string(i) + "]", c.rung[i], "is not on the ladder of its axis");
  }
}

}  // namespace

void check(const RotaryCase& c) {
  check_shape(c);
  check_allocation(c);
}

void check_positions(const RotaryCase& c, std::size_t size, int tokens) {
  require(tokens >= 0, "tokens", tokens, "must not be negative");
  require(size == static_cast<std::size_t>(c.axes) * static_cast<std::size_t>(tokens),
          "size of position_ids", size, "must be axes * tokens");
}

void check_position(double position) {
  if (!(std::abs(position) <= kMaxPosition)) refuse_position(position);
}

void check_frequency(double inv_freq) {
  require(inv_freq <= kMaxInvFreq, "inv_freq", inv_freq, "must not exceed 2^20");
}

}  // namespace plumbline::fast
