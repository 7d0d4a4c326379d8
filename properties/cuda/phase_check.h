// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "fast/cuda/turn.h"
#include "properties/cuda/draw.h"

// The phase that a kernel forms for itself: its reduction against integers of 128 bits, its cos and
// sin against the C library's long double functions.
namespace plumbline::test {

__extension__ using Signed = __int128;

// Modulo a turn, at most half a turn.
inline Signed shorter(Units units) { return static_cast<Signed>(units << 32) >> 32; }
inline Units magnitude(Signed x) { return static_cast<Units>(x < 0 ? -x : x); }

// What the kernel's own steps to a phase break; empty where nothing.
inline std::string reduction_fault(std::uint64_t distance, const fast::cuda::Turn& turn) {
  const Units exact = units_of(turn) * distance % kWholeTurn;
  const fast::cuda::Fraction phase = fast::cuda::phase(distance, turn);
  if ((Units{phase.high} << 32 | phase.low) != exact) return "the phase";
  const fast::cuda::FromQuarter at = fast::cuda::from_quarter(phase, distance);
  const Signed rest = shorter(exact - (Units{at.quarter} << 94));
  if (at.quarter > 3 || magnitude(rest) > kWholeTurn / 8) return "the quarter";
  if (at.rest == 0) return magnitude(rest) > distance ? "a quarter that is not whole" : "";
  if (magnitude(rest) <= distance && distance <= Units{1} << 31) return "a whole quarter";
  if (at.fine) return rest != at.rest ? "a small rest" : "";
  const Signed cut = rest - (Signed{at.rest} << 32);
  const bool cut_off = cut >= 0 && cut < Signed{1} << 32;
  return cut_off && magnitude(at.rest) >= Units{1} << 30 ? "" : "a large rest";
}

struct Worst {
  double ulp = 0;
  Units phase = 0;

  std::string text() const {
    std::string out = std::to_string(ulp) + " ulp at phase 0x";
    for (int shift = 92; shift >= 0; shift -= 4)
      out += "0123456789abcdef"[static_cast<unsigned>(phase >> shift) & 15U];
    return out + " 2^-96";
  }
};

// Errors in ulp at A cos and A sin of a phase in 2^-96 turns, beyond `allowed`. The library's
// values are good to 2^-62 of themselves, so that they do not matter here: the quarter is cut off
// by integers and the angle is at most an eighth of a turn.
inline void compare(const fast::cuda::CosSin& got, Units phase, double factor, long double allowed,
                    Worst& worst) {
  const long double two_pi = 6.283185307179586476925286766559L;
  const unsigned quarter = (static_cast<unsigned>(phase >> 93) + 1) / 2 % 4;
  const auto rest = static_cast<long double>(shorter(phase - (Units{quarter} << 94)));
  const long double angle = rest * 0x1p-96L * two_pi;
  const long double c = std::cos(angle), s = std::sin(angle);
  const long double cos = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
  const long double sin = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  for (const auto& [value, one] : {std::pair(got.cos, cos), std::pair(got.sin, sin)}) {
    const long double exact = factor * one, size = std::fabs(exact);
    const int exponent = size < 0x1p-126L ? -126 : std::ilogb(size);
    const long double error = std::fabs(static_cast<long double>(value) - exact) - allowed;
    const double ulp =
        std::isfinite(value) ? static_cast<double>(std::ldexp(error, 23 - exponent)) : HUGE_VAL;
    if (ulp > worst.ulp) worst = {ulp, phase};
  }
}

// cos_sin at a phase in 2^-96 turns.
template <class Machine>
void compare_cos_sin(Units phase, double factor, Worst& worst) {
  const auto high = static_cast<float>(factor);
  const fast::cuda::Fraction words{static_cast<std::uint64_t>(phase >> 32),
                                   static_cast<std::uint32_t>(phase)};
  compare(fast::cuda::cos_sin<Machine>(fast::cuda::from_quarter(words, 0), high,
                                       static_cast<float>(factor - high)),
          phase, factor, 0, worst);
}

// The same at position * turn, where a unit of 2^-96 turns is allowed for each position.
template <class Machine>
void compare_turned(std::int64_t position, const fast::cuda::Turn& turn, double factor,
                    Worst& worst) {
  const auto high = static_cast<float>(factor);
  const Units phase = units_of(turn) * static_cast<Units>(position) % kWholeTurn;
  const long double allowed = 0x1.921fb6p-94L * static_cast<long double>(std::abs(position));
  compare(fast::cuda::cos_sin<Machine>(position, turn, high, static_cast<float>(factor - high)),
          phase, factor, allowed * factor, worst);
}

}  // namespace plumbline::test
