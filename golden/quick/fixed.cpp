// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/fixed.h"

#include <bit>

namespace plumbline::quick {
namespace {

using Limbs = std::array<std::uint64_t, 4>;
__extension__ using Signed = __int128;

int bit_length(const Limbs& a) {
  for (std::size_t i = a.size(); i-- > 0;)
    if (a[i] != 0) return static_cast<int>(i) * 64 + std::bit_width(a[i]);
  return 0;
}

// a / 2^shift, its last 64 bits; of a below 2^(64 + shift) where shift is negative.
std::uint64_t shifted(const Limbs& a, int shift) {
  if (shift < 0) return shift <= -64 ? 0 : a[0] << -shift;
  const auto limb = static_cast<std::size_t>(shift / 64);
  const int bits = shift % 64;
  std::uint64_t out = limb < a.size() ? a[limb] >> bits : 0;
  if (bits != 0 && limb + 1 < a.size()) out |= a[limb + 1] << (64 - bits);
  return out;
}

// 2^exponent, of a normal binary64.
double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52);
}

}  // namespace

Double2 to_double2(const Fixed& x) {
  const int length = bit_length(x.limbs);
  if (length == 0) return {0, 0};
  // x = (first 2^64 + second + less than 1) 2^(length - 128).
  const std::uint64_t first = shifted(x.limbs, length - 64),
                      second = shifted(x.limbs, length - 128);
  const std::uint64_t kept = (first >> 11) + (first >> 10 & 1);
  // What is left of 2^128 wraps around with it: |rest| <= 2^74, cut to 64 bits.
  const Wide rest = (static_cast<Wide>(first - (kept << 11)) << 64) | second;
  const auto low = static_cast<std::int64_t>(static_cast<Signed>(rest) >> 11);
  const double sign = x.negative ? -1 : 1;
  return {sign * static_cast<double>(kept) * power_of_two(length - 53 - kFixedFraction),
          sign * static_cast<double>(low) * power_of_two(length - 117 - kFixedFraction)};
}

}  // namespace plumbline::quick
