// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "fast/fast.h"
#include "fast/refuse.h"

namespace plumbline::fast {

inline constexpr double kMaxPosition = 0x1p31;
inline constexpr double kMaxInvFreq = 0x1p20;

// Throws std::invalid_argument, naming the field of the case that is wrong.
void check(const RotaryCase& c);

// The same for the shape of one head and their number, of a case or a plan.
template <class Shape>
void check_heads(const Shape& c) {
  require(c.head_dim >= 2, "head_dim", c.head_dim, "must be at least 2");
  require(c.rotary_dim >= 2 && c.rotary_dim <= c.head_dim && c.rotary_dim % 2 == 0, "rotary_dim",
          c.rotary_dim, "must be even and lie in [2, head_dim]");
  require(c.num_key_value_heads >= 1, "num_key_value_heads", c.num_key_value_heads,
          "must be at least 1");
  require(c.num_heads >= 1 && c.num_heads % c.num_key_value_heads == 0, "num_heads", c.num_heads,
          "must be a positive multiple of num_key_value_heads");
  require(c.maps == 1 || c.maps == c.num_key_value_heads, "maps", c.maps,
          "must be 1 or num_key_value_heads");
}

// What drives one pair of one map. turns is false for kNoAxis and for frequency zero, whatever the
// position.
struct Driver {
  std::size_t spectrum = 0, axis = 0, rung = 0;
  bool turns = false;
};

// [maps][pairs]. `inv_freq(spectrum, rung)` is the frequency as a double, at most kMaxInvFreq.
template <class InvFreq>
std::vector<Driver> drivers(const RotaryCase& c, const InvFreq& inv_freq);

// Throws for positions outside the domain and for a wrong number of them.
void check_positions(const RotaryCase& c, std::size_t size, int tokens);
void check_position(double position);
template <class Position>
[[noreturn]] void refuse_position(Position position) {
  refuse("position_ids", position, "must lie in [-2^31, 2^31]");
}

void check_frequency(double inv_freq);

template <class InvFreq>
std::vector<Driver> drivers(const RotaryCase& c, const InvFreq& inv_freq) {
  std::vector<Driver> result(c.axis_map.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (c.axis_map[i] == kNoAxis) continue;
    Driver& driver = result[i];
    driver.axis = c.axis_map[i];
    driver.spectrum = c.spectra.size() == 1 ? 0 : driver.axis;
    driver.rung = static_cast<std::size_t>(c.rung[i]);
    const double frequency = inv_freq(driver.spectrum, driver.rung);
    check_frequency(frequency);
    driver.turns = frequency != 0;
  }
  return result;
}

}  // namespace plumbline::fast
