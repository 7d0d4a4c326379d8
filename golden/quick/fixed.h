// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "golden/quick/double2.h"

// Numbers with 192 bits behind the point and 64 before it, as sign and magnitude: what is left of
// an enclosure once it is known to be narrow enough, and two orders faster to multiply.
namespace plumbline::quick {

struct Fixed {
  std::array<std::uint64_t, 4> limbs{};  // magnitude in units of 2^-192, least significant first
  bool negative = false;
};
inline constexpr int kFixedFraction = 192;

// Exact while the magnitude stays below 2^64.
Fixed operator+(const Fixed& a, const Fixed& b);
Fixed operator-(const Fixed& a, const Fixed& b);
// Toward zero: off by less than 2^-190 where the product is below 2^64: three partial products of
// at most 2^128, 2^192 and 2^192 in units of 2^-384 are left out, and what is below 2^-192 is cut.
Fixed operator*(const Fixed& a, const Fixed& b);

// high is x rounded to nearest, |low| <= 2^-53 |high|, and high + low is off by at most 2^-106 |x|.
// At a tie of x's first 64 bits high is rounded away from zero.
Double2 to_double2(const Fixed& x);

}  // namespace plumbline::quick
