// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <string>

#include "fast/cuda/turn.h"

// The phase that a kernel forms for itself, against the C library's long double functions.
namespace plumbline::test {

struct Worst {
  double ulp = 0;
  std::uint64_t phase = 0;
};

// Error of one value in ulp at the exact one, after the 2^-60 A that the phase is allowed.
inline double error_in_ulp(float got, long double exact, long double factor) {
  const long double size = std::fabs(exact);
  const int exponent = size < 0x1p-126L ? -126 : std::ilogb(static_cast<double>(size));
  const long double error = std::fabs(static_cast<long double>(got) - exact) - 0x1p-60L * factor;
  return error <= 0 ? 0 : static_cast<double>(error / std::ldexp(1.0L, exponent - 23));
}

// cos_sin of the binary64 A at one phase. The library's values are good to 2^-62 of themselves, so
// that they do not matter here. The quarter is cut off by integers and the angle is at most an
// eighth of a turn.
template <class Machine>
void compare_cos_sin(std::uint64_t phase, double factor, Worst& worst) {
  const long double two_pi = 6.283185307179586476925286766559L;
  const auto high = static_cast<float>(factor);
  const auto got = fast::cuda::cos_sin<Machine>(phase, high, static_cast<float>(factor - high));
  const unsigned eighth = static_cast<unsigned>(phase >> 61);
  const unsigned quarter = (eighth + 1) / 2 % 4;
  const auto rest = static_cast<std::int64_t>(phase - (std::uint64_t{quarter} << 62));
  const long double angle = static_cast<long double>(rest) * 0x1p-64L * two_pi;
  const long double c = std::cos(angle), s = std::sin(angle);
  const long double cos = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
  const long double sin = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  const double ulp = std::max(error_in_ulp(got.cos, factor * cos, factor),
                              error_in_ulp(got.sin, factor * sin, factor));
  if (ulp > worst.ulp) worst = {ulp, phase};
}

// Digit by digit: position * turn modulo 2^96 in base 2^16, then its leading 64 bits. `off` is how
// many units the kernel is away.
inline std::int64_t phase_off(std::int64_t position, const fast::cuda::Turn& turn) {
  std::uint32_t digits[6], product[6] = {};
  const std::uint32_t words[3] = {turn.low, turn.middle, turn.high};
  for (int i = 0; i < 6; ++i) digits[i] = words[i / 2] >> 16 * (i % 2) & 0xffffU;
  const bool negative = position < 0;
  std::uint64_t rest =
      negative ? 0 - static_cast<std::uint64_t>(position) : static_cast<std::uint64_t>(position);
  for (int shift = 0; shift < 4; ++shift, rest >>= 16) {
    std::uint64_t carry = 0;
    for (int i = 0; i + shift < 6; ++i) {
      carry += product[i + shift] + digits[i] * (rest & 0xffffU);
      product[i + shift] = static_cast<std::uint32_t>(carry & 0xffffU);
      carry >>= 16;
    }
  }
  std::uint64_t exact = 0;
  for (int i = 5; i >= 2; --i) exact = exact << 16 | product[i];
  if (negative) exact = 0 - exact;
  const auto off = static_cast<std::int64_t>(fast::cuda::phase(position, turn) - exact);
  return off < 0 ? -off : off;
}

}  // namespace plumbline::test
