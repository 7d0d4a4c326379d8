// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "fast/cuda/parameters.h"
#include "fast/cuda/shim.h"

// cos and sin of position * inv_freq without table, without binary64, and without an argument
// reduction that could fail: the phase is an integer, and turns that are full wrap away.
namespace plumbline::fast::cuda {

// A phase, in turns: high 2^-64 + low 2^-96.
struct Fraction {
  std::uint64_t high = 0;
  std::uint32_t low = 0;
};

// distance * turn modulo 1: exact.
PLUMBLINE_BOTH Fraction phase(std::uint64_t distance, const Turn& turn) {
  const auto near = static_cast<std::uint32_t>(distance);
  const auto far = static_cast<std::uint32_t>(distance >> 32);
  const std::uint64_t leading = std::uint64_t{turn.high} << 32 | turn.middle;
  const std::uint64_t last = std::uint64_t{turn.low} * near;
  return {leading * distance + std::uint64_t{turn.low} * far + (last >> 32),
          static_cast<std::uint32_t>(last)};
}

// A phase, in turns: quarter / 4 + rest 2^-64, or quarter / 4 + rest 2^-96 where `fine`. The rest
// is an eighth of a turn at most.
struct FromQuarter {
  std::uint32_t quarter = 0;  // modulo 4
  std::int64_t rest = 0;
  bool fine = false;
};

// The phase of `distance`. A rest that is not fine has lost its last word, up to 2^-30 of itself. A
// rest of at most distance * 2^-96, which a turn that is off by one unit leaves beside a whole
// quarter, is taken for none, so that a spectrum in turns is exact there.
PLUMBLINE_BOTH FromQuarter from_quarter(const Fraction& phase, std::uint64_t distance) {
  const std::uint64_t quarter = (phase.high + (std::uint64_t{1} << 61)) >> 62;
  const std::uint64_t rest = phase.high - (quarter << 62);
  const bool fine = (rest + (std::uint64_t{1} << 30)) >> 31 == 0;
  const std::uint64_t finer = rest << 32 | phase.low;
  const bool negative = rest >> 63 != 0;
  const bool whole = (negative ? 0 - finer : finer) <= distance;
  const std::uint64_t units = fine ? (whole ? 0 : finer) : rest;
  return {static_cast<std::uint32_t>(quarter & 3U), static_cast<std::int64_t>(units), fine};
}

struct CosSin {
  float cos, sin;
};

// A cos and A sin of the angle, each within 1.25 ulp.
//
// The angle within an eighth of a turn is hi + lo, in radians; with z = hi^2 and Taylor's series
//   sin = hi + (lo (1 - z / 2) + hi z S(z)),  cos = 1 - z / 2 + (z^2 C(z) - hi lo).
// With u = 2^-24, the roundings in hi z S sum up to 4.4 u of at most a tenth of sin, and the
// series' rest is 0.05 u: before the last rounding sin is good to 0.55 u. In cos the large part 1 -
// z / 2 is kept as a sum, so only z^2 C < 0.016 is rounded, 4 u of it, and cos > 0.7: 0.1 u. The
// product with A is kept as a sum as well, whose small part, a tenth of the whole, is rounded
// twice: 0.2 u. A value's u is at most one of its ulps, and the last rounding is half a one. What a
// rest has lost is 2^-6 u at most, and less than 2^-20 u from 2^-20 of a turn on; the 0.55 u and
// the tenth are next to nothing below.
template <class Machine>
PLUMBLINE_BOTH CosSin cos_sin(const FromQuarter& at, float factor, float factor_low) {
  using M = Machine;
  const float unit = at.fine ? 0x1p-32F : 1.0F;
  const float rest = M::real(at.rest);
  const float rest_high = M::multiply(rest, unit);
  const float rest_low = M::multiply(M::real(at.rest - M::whole(rest)), unit);

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
  const bool odd = (at.quarter & 1U) != 0;
  const float x = odd ? sin : cos, y = odd ? cos : sin;
  const bool cos_negative = at.quarter == 1 || at.quarter == 2;
  return {cos_negative ? -x : x, (at.quarter & 2U) != 0 ? -y : y};
}

// A cos and A sin of position * inv_freq, each within 1.25 ulp and 2^-92.3 |position| A, for a turn
// within 2^-96 of inv_freq / (2 pi): that is 2 pi 2^-96 a position in the angle, and as much again
// where from_quarter takes a rest for none. At a whole quarter 0 and A rounded.
template <class Machine>
PLUMBLINE_BOTH CosSin cos_sin(std::int64_t position, const Turn& turn, float factor,
                              float factor_low) {
  const auto bits = static_cast<std::uint64_t>(position);
  const std::uint64_t distance = position < 0 ? 0 - bits : bits;
  const CosSin value =
      cos_sin<Machine>(from_quarter(phase(distance, turn), distance), factor, factor_low);
  return {value.cos, position < 0 ? -value.sin : value.sin};
}

}  // namespace plumbline::fast::cuda
