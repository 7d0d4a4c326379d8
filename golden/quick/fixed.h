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

__extension__ using Wide = unsigned __int128;

// Exact while the magnitude stays below 2^64. Without branches: signs of turns are as good as
// random.
inline Fixed operator+(const Fixed& a, const Fixed& b) {
  // Of signs that differ a - b, and its negative where that borrowed.
  const std::uint64_t differ = a.negative != b.negative ? ~std::uint64_t{0} : 0;
  Fixed out;
  Wide carry = differ & 1;
  for (std::size_t i = 0; i < out.limbs.size(); ++i) {
    carry += static_cast<Wide>(a.limbs[i]) + (b.limbs[i] ^ differ);
    out.limbs[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  const std::uint64_t borrowed = carry == 0 ? differ : 0;
  carry = borrowed & 1;
  for (std::uint64_t& limb : out.limbs) {
    carry += limb ^ borrowed;
    limb = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  out.negative = a.negative != (borrowed != 0);
  return out;
}
inline Fixed operator-(const Fixed& a, const Fixed& b) { return a + Fixed{b.limbs, !b.negative}; }

// Toward zero: off by less than 2^-190 where the product is below 2^64: three partial products of
// at most 2^128, 2^192 and 2^192 in units of 2^-384 are left out, and what is below 2^-192 is cut.
inline Fixed operator*(const Fixed& a, const Fixed& b) {
  const auto times = [&](std::size_t i, std::size_t j) {
    return static_cast<Wide>(a.limbs[i]) * b.limbs[j];
  };
  const auto low = [](Wide x) { return static_cast<std::uint64_t>(x); };
  const auto high = [](Wide x) { return static_cast<std::uint64_t>(x >> 64); };
  const Wide p02 = times(0, 2), p11 = times(1, 1), p20 = times(2, 0), p12 = times(1, 2),
             p21 = times(2, 1), p22 = times(2, 2);
  Fixed out;
  Wide column = static_cast<Wide>(low(p02)) + low(p11) + low(p20);
  column =
      static_cast<Wide>(high(column)) + high(p02) + high(p11) + high(p20) + low(p12) + low(p21);
  out.limbs[0] = low(column);
  column = static_cast<Wide>(high(column)) + high(p12) + high(p21) + low(p22);
  out.limbs[1] = low(column);
  column = static_cast<Wide>(high(column)) + high(p22);
  out.limbs[2] = low(column);
  out.limbs[3] = high(column);
  // Most numbers are below 1.
  const auto add_whole = [&](std::uint64_t whole, const Fixed& to) {
    Wide carry = 0;
    for (std::size_t i = 0; i < out.limbs.size(); ++i) {
      carry += static_cast<Wide>(whole) * to.limbs[i] + out.limbs[i];
      out.limbs[i] = low(carry);
      carry >>= 64;
    }
  };
  if (a.limbs[3] != 0) add_whole(a.limbs[3], b);
  if (b.limbs[3] != 0) add_whole(b.limbs[3], {{a.limbs[0], a.limbs[1], a.limbs[2], 0}, false});
  out.negative = a.negative != b.negative;
  return out;
}

// high is x rounded to nearest, |low| <= 2^-53 |high|, and high + low is off by at most 2^-106 |x|.
// At a tie of x's first 64 bits high is rounded away from zero.
Double2 to_double2(const Fixed& x);

}  // namespace plumbline::quick
