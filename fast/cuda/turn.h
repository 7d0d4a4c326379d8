// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "fast/cuda/parameters.h"
#include "fast/cuda/shim.h"

// cos and sin of position * inv_freq without table, without binary64, and without an argument
// reduction that could fail: the phase is an integer, and turns that are full wrap away.
namespace plumbline::fast::cuda {

// position * inv_freq / (2 pi) modulo 1, in units of 2^-64. The product is exact; dropping its last
// 32 bits costs less than one unit, and the rounding of `turn` |position| * 2^-32 units: below 1.5
// units for |position| <= 2^31.
PLUMBLINE_BOTH std::uint64_t phase(std::int64_t position, const Turn& turn) {
  const auto bits = static_cast<std::uint64_t>(position);
  const std::uint64_t distance = position < 0 ? 0 - bits : bits;
  const auto low = static_cast<std::uint32_t>(distance);
  const auto high = static_cast<std::uint32_t>(distance >> 32);
  const std::uint64_t leading = std::uint64_t{turn.high} << 32 | turn.middle;
  const std::uint64_t result =
      leading * distance + (std::uint64_t{turn.low} * low >> 32) + std::uint64_t{turn.low} * high;
  return position < 0 ? 0 - result : result;
}

struct CosSin {
  float cos, sin;
};

// A cos and A sin of 2 pi `phase` / 2^64, each within 1.25 ulp, and of the exact angle within
// 2^-60 A more, which is what a phase of 1.5 units of 2^-64 turn can do.
//
// The angle within an eighth of a turn is hi + lo, in radians; with z = hi^2 and Taylor's series
//   sin = hi + (lo (1 - z / 2) + hi z S(z)),  cos = 1 - z / 2 + (z^2 C(z) - hi lo).
// With u = 2^-24, the roundings in hi z S sum up to 4.4 u of at most a tenth of sin, and the
// series' rest is 0.05 u: before the last rounding sin is good to 0.55 u. In cos the large part 1 -
// z / 2 is kept as a sum, so only z^2 C < 0.016 is rounded, 4 u of it, and cos > 0.7: 0.1 u. The
// product with A is kept as a sum as well, whose small part, a tenth of the whole, is rounded
// twice: 0.2 u. A value's u is at most one of its ulps, and the last rounding is half a one.
template <class Machine>
PLUMBLINE_BOTH CosSin cos_sin(std::uint64_t phase, float factor, float factor_low) {
  using M = Machine;
  const std::uint64_t quarter = (phase + (std::uint64_t{1} << 61)) >> 62;
  const auto rest = static_cast<std::int64_t>(phase - (quarter << 62));
  const float rest_high = M::real(rest);
  const float rest_low = M::real(rest - M::whole(rest_high));

  // 2 pi / 2^64 as a sum.
  constexpr float kScale = 0x1.921fb6p-62F, kScaleLow = -0x1.777a5cp-87F;
  const float hi = M::multiply(rest_high, kScale);
  const float lo = M::add(M::fused(rest_high, kScale, -hi),
                          M::fused(rest_high, kScaleLow, M::multiply(rest_low, kScale)));

  const float z = M::multiply(hi, hi);
  const float z_low = M::fused(hi, hi, -z);
  const float half_z = M::multiply(z, 0.5F);

  float s = M::fused(z, 0x1.71de3ap-19F, -0x1.a01a02p-13F);
  s = M::fused(z, s, 0x1.111112p-7F);
  s = M::fused(z, s, -0x1.555556p-3F);
  const float sin_low = M::fused(M::multiply(hi, z), s, M::fused(-half_z, lo, lo));

  float c = M::fused(z, -0x1.27e4fcp-22F, 0x1.a01a02p-16F);
  c = M::fused(z, c, -0x1.6c16c2p-10F);
  c = M::fused(z, c, 0x1.555556p-5F);
  const float one = M::subtract(1.0F, half_z);
  const float dropped = M::subtract(M::subtract(1.0F, one), half_z);
  const float correction = M::fused(hi, lo, M::multiply(z_low, 0.5F));
  const float cos_low = M::add(dropped, M::fused(M::multiply(z, z), c, -correction));

  const auto scaled = [factor, factor_low](float large, float small) {
    const float product = M::multiply(large, factor);
    const float error = M::fused(large, factor, -product);
    return M::add(product, M::add(error, M::fused(small, factor, M::multiply(large, factor_low))));
  };
  const float cos = scaled(one, cos_low), sin = scaled(hi, sin_low);
  const bool odd = (quarter & 1) != 0;
  const float x = odd ? sin : cos, y = odd ? cos : sin;
  const bool cos_negative = quarter == 1 || quarter == 2;
  return {cos_negative ? -x : x, (quarter & 2) != 0 ? -y : y};
}

}  // namespace plumbline::fast::cuda
