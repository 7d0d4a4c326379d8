// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "fast/fast.h"

namespace plumbline::fast {

inline constexpr double kMaxPosition = 0x1p31;
inline constexpr double kMaxInvFreq = 0x1p20;

// Throws std::invalid_argument, naming the field of the case that is wrong.
void check(const RotaryCase& c);

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
