// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "golden/quick/lane_rows.h"

// The arithmetic of certified rotated pairs, for any lane type; as lane_rows.h.
namespace plumbline::quick {

// x c - y s and y c + x s for binary64 x and y and a double-double turn: proof/rotation.g.
template <class V>
Sum<V> rotated_minus(V x, V c, V c_low, V y, V s, V s_low) {
  const V p = x * c, p_low = V::fms(x, c, p);
  const V q = y * s, minus_q_low = V::fnma(y, s, q);
  const V sum = p - q, part = sum - p;
  const V rest = (p - (sum - part)) - (q + part);
  return {sum, (V::fnma(y, s_low, V::fma(x, c_low, p_low)) + minus_q_low) + rest};
}
template <class V>
Sum<V> rotated_plus(V x, V c, V c_low, V y, V s, V s_low) {
  const V p = x * c, p_low = V::fms(x, c, p);
  const V q = y * s, q_low = V::fms(y, s, q);
  const V sum = p + q, part = sum - p;
  const V rest = (p - (sum - part)) + (q - part);
  return {sum, (V::fma(y, s_low, V::fma(x, c_low, p_low)) + q_low) + rest};
}

// Below this the errors of products may themselves underflow; pairs of zeros, and NaN and infinity
// above, are left out as well.
inline constexpr double kLeastBound = 0x1p-1000;

// x rounded to eight bits, to a neighbour of a tie where x is one (S. Boldo, IJCAR 2006, on
// Veltkamp's splitting): as bfloat16 where |x| is normal in it, 2^-125 at least. Ties need no rule
// here: a real number strictly between two ends that both round to one number rounds to it too.
template <class V>
V eight_bits(V x) {
  const V scaled = x * V::all(0x1p45 + 1);
  return scaled - (scaled - x);
}

// Stores the lanes and returns which of them are doubtful. In binary64 as rows are. Below, both
// ends of the interval are rounded to the format, straight from binary64, and their bits compared,
// so that zeros of two signs differ: proof/filter.g.
template <Dtype kTo, class V>
unsigned rotate_pairs(V x, V y, const Turn<V>& t, V bound, std::byte* to_x, std::byte* to_y,
                      int lane, int pairs) {
  unsigned doubt_x = 0, doubt_y = 0;
  if constexpr (kTo == Dtype::f64) {
    const V first =
        nearest(rotated_minus(x, t.cos_high, t.cos_low, y, t.sin_high, t.sin_low), bound, doubt_x);
    const V second =
        nearest(rotated_plus(y, t.cos_high, t.cos_low, x, t.sin_high, t.sin_low), bound, doubt_y);
    V::template put<kTo>(to_x, lane, pairs, first);
    V::template put<kTo>(to_y, lane, pairs, second);
  } else if constexpr (kTo == Dtype::bf16) {
    const V first = V::fms(x, t.cos_high, y * t.sin_high);
    const V second = V::fma(y, t.cos_high, x * t.sin_high);
    const V up_x = eight_bits(first + bound), up_y = eight_bits(second + bound);
    doubt_x =
        V::unequal(up_x, eight_bits(first - bound)) | V::not_above(V::size(up_x), V::all(0x1p-125));
    doubt_y = V::unequal(up_y, eight_bits(second - bound)) |
              V::not_above(V::size(up_y), V::all(0x1p-125));
    V::template put_code<kTo>(to_x, lane, pairs, V::upper_half(up_x));
    V::template put_code<kTo>(to_y, lane, pairs, V::upper_half(up_y));
  } else {
    const V first = V::fms(x, t.cos_high, y * t.sin_high);
    const V second = V::fma(y, t.cos_high, x * t.sin_high);
    const auto up_x = V::template encode<kTo>(first + bound),
               up_y = V::template encode<kTo>(second + bound);
    doubt_x = V::codes_differ(up_x, V::template encode<kTo>(first - bound));
    doubt_y = V::codes_differ(up_y, V::template encode<kTo>(second - bound));
    V::template put_code<kTo>(to_x, lane, pairs, up_x);
    V::template put_code<kTo>(to_y, lane, pairs, up_y);
  }
  const unsigned outside =
      V::not_above(bound, V::all(kLeastBound)) | V::not_above(V::all(HUGE_VAL), bound);
  doubt_x |= outside;
  doubt_y |= outside;
  return doubt_x << lane | doubt_y << (8 + lane);
}

template <Dtype kTo, class V>
bool rotate_heads(const RotateJob& job) noexcept {
  const int groups = (job.pairs + kGroup - 1) / kGroup;
  const V factor = V::all(job.bound), sign = V::all(job.adjoint ? -1.0 : 1.0);
  const std::ptrdiff_t half = job.pairs * kBytes<kTo>;
  unsigned any = 0;
  for (int g = 0; g < groups; ++g) {
    const int pairs = job.pairs - g * kGroup;
    const unsigned there = pairs >= kGroup ? 0xffff : ((1U << pairs) - 1) * 0x101;
    for (int lane = 0; lane < kGroup; lane += V::kWidth) {
      Turn<V> turn = load_turn<V>(job.turns + g * kTurnGroup, lane);
      turn.sin_high = V::flip(turn.sin_high, sign);
      turn.sin_low = V::flip(turn.sin_low, sign);
      for (int head = 0; head < job.heads; ++head) {
        const std::ptrdiff_t at = g * kGroup * kBytes<kTo>;
        const std::byte* in = job.in + head * job.in_stride * kBytes<kTo> + at;
        std::byte* out = job.out + head * job.out_stride * kBytes<kTo> + at;
        const V x = V::template get<kTo>(in, lane, pairs),
                y = V::template get<kTo>(in + half, lane, pairs);
        const V bound = factor * (V::size(x) + V::size(y));
        const unsigned bits =
            rotate_pairs<kTo>(x, y, turn, bound, out, out + half, lane, pairs) & there;
        std::uint16_t& doubtful = job.doubtful[head * groups + g];
        doubtful = static_cast<std::uint16_t>(lane == 0 ? bits : doubtful | bits);
        any |= bits;
      }
    }
  }
  return any != 0;
}

}  // namespace plumbline::quick
