// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/quick/coefficients.h"
#include "golden/quick/kernels.h"

// The arithmetic of certified rows, once, for any lane type V: V::kWidth doubles with + - *,
// fma(a, b, c) = a b + c, fms = a b - c, fnma = -a b + c, each rounded once. Every instruction set
// runs this sequence of operations, so that all give the same bits. A lane type belongs to an
// unnamed namespace: no code of one instruction set may be shared with another.
namespace plumbline::quick {

template <class V>
struct Turn {
  V cos_high, cos_low, sin_high, sin_low;
};

// high + low, not normalised.
template <class V>
struct Sum {
  V high, low;
};

// r = near 2^-64 + third 2^-96 + fourth 2^-128 turns past index / kTable, |near| <= 2^53: position
// times chunks modulo 1, but for less than 2^-128 that the last product's lower half is worth and
// 2^-160 |position| that the chunks leave out. size = |position|; sign carries its sign bit.
template <class V>
struct Phase {
  V near, third, fourth, size, sign;
  typename V::Index index;
};

// a b for double-doubles with |high| <= 1 + 2^-40 and |low| <= 2^-53, without low times low.
template <class V>
Sum<V> product(V a, V a_low, V b, V b_low) {
  const V p = a * b;
  return {p, V::fma(a_low, b, V::fma(a, b_low, V::fms(a, b, p)))};
}

// p - q and p + q for two such products, within 2^-100 of the exact value for operands within
// 2^-105 of theirs: proof/product.g. high + low - exact is what RN loses in the products of highs
// and lows, in the sum of the lows, and in low times low, which is left out.
template <class V>
Sum<V> difference(const Sum<V>& p, const Sum<V>& q) {
  const V s = p.high - q.high, part = s - p.high;
  return {s, (p.low - q.low) + ((p.high - (s - part)) - (q.high + part))};
}
template <class V>
Sum<V> sum(const Sum<V>& p, const Sum<V>& q) {
  const V s = p.high + q.high, part = s - p.high;
  return {s, (p.low + q.low) + ((p.high - (s - part)) + (q.high - part))};
}

// What turning a by b, and by b backwards, is made of.
template <class V>
struct Products {
  Sum<V> cos_cos, sin_sin, sin_cos, cos_sin;
  Products(const Turn<V>& a, const Turn<V>& b)
      : cos_cos(product(a.cos_high, a.cos_low, b.cos_high, b.cos_low)),
        sin_sin(product(a.sin_high, a.sin_low, b.sin_high, b.sin_low)),
        sin_cos(product(a.sin_high, a.sin_low, b.cos_high, b.cos_low)),
        cos_sin(product(a.cos_high, a.cos_low, b.sin_high, b.sin_low)) {}
  Sum<V> cos() const { return difference(cos_cos, sin_sin); }
  Sum<V> sin() const { return sum(sin_cos, cos_sin); }
  Sum<V> cos_back() const { return sum(cos_cos, sin_sin); }
  Sum<V> sin_back() const { return difference(sin_cos, cos_sin); }
};

// The binary64 nearest to every real number within `bound` of x, and which lanes have none. `bound`
// has room for the rounding of low +- bound, at most 2^-103: proof/product.g.
template <class V>
V nearest(const Sum<V>& x, V bound, unsigned& doubtful) {
  const V up = x.high + (x.low + bound), down = x.high + (x.low - bound);
  doubtful = V::unequal(up, down);
  return up;
}

// Stores up to eight values of one group. Where a binary64 lies on no midpoint of a narrower
// format, the real number that it is nearest to lies on the same side of every midpoint, so that
// one rounding of the binary64 is the rounding of the real number.
template <Dtype kTo, class V>
unsigned store(std::byte* to, int lane, int pairs, V value) {
  unsigned midpoints = 0;
  if constexpr (kTo != Dtype::f64) midpoints = V::all_zero(value, midpoint_mask(kTo));
  V::template put<kTo>(to, lane, pairs, value);
  return midpoints;
}

// A turn, certified and stored; kSigned: the sine takes the sign bits of `sign`.
template <Dtype kTo, bool kSigned, class V>
[[gnu::always_inline]] inline unsigned finish(const Sum<V>& cos_sum, const Sum<V>& sin_sum, V bound,
                                              std::byte* cos, std::byte* sin, int lane, int pairs,
                                              V sign) {
  unsigned doubt_cos = 0, doubt_sin = 0;
  const V c = nearest(cos_sum, bound, doubt_cos);
  V s = nearest(sin_sum, bound, doubt_sin);
  doubt_cos |= store<kTo>(cos, lane, pairs, c);
  if constexpr (kSigned) s = V::flip(s, sign);
  doubt_sin |= store<kTo>(sin, lane, pairs, s);
  return doubt_cos << lane | doubt_sin << (8 + lane);
}

template <class V>
Turn<V> load_turn(const double* group, int lane) {
  return {V::load(group + lane), V::load(group + kGroup + lane), V::load(group + 2 * kGroup + lane),
          V::load(group + 3 * kGroup + lane)};
}

template <Dtype kTo, class V>
bool product_rows(const ProductJob& job, const Output& up, const Output& down) noexcept {
  const int groups = (job.pairs + kGroup - 1) / kGroup;
  const V bound = V::all(job.bound);
  unsigned any = 0;
  for (int row = 0; row < job.rows; ++row) {
    const double* fine = job.fine + static_cast<std::ptrdiff_t>(row) * groups * kTurnGroup;
    for (int g = 0; g < groups; ++g) {
      unsigned bits_up = 0, bits_down = 0;
      const std::ptrdiff_t at = (row * up.stride + g * kGroup) * kBytes<kTo>,
                           at_down = (row * down.stride + g * kGroup) * kBytes<kTo>;
      const int pairs = job.pairs - g * kGroup;
      for (int lane = 0; lane < kGroup; lane += V::kWidth) {
        const Products<V> turn(load_turn<V>(job.coarse + g * kTurnGroup, lane),
                               load_turn<V>(fine + g * kTurnGroup, lane));
        bits_up |= finish<kTo, false>(turn.cos(), turn.sin(), bound, up.cos + at, up.sin + at, lane,
                                      pairs, bound);
        bits_down |= finish<kTo, false>(turn.cos_back(), turn.sin_back(), bound, down.cos + at_down,
                                        down.sin + at_down, lane, pairs, bound);
      }
      up.doubtful[row * groups + g] = static_cast<std::uint16_t>(bits_up);
      down.doubtful[row * groups + g] = static_cast<std::uint16_t>(bits_down);
      any |= bits_up | bits_down;
    }
  }
  return any != 0;
}

// c + z v for |z v| < |c|, as a double-double with a low part that may reach 2^-40 of the high one:
// proof/polynomial.g.
template <class V>
Sum<V> step(Double2 c, const Sum<V>& z, const Sum<V>& v) {
  const V p = z.high * v.high;
  const V p_low = V::fma(z.low, v.high, V::fma(z.high, v.low, V::fms(z.high, v.high, p)));
  const V high = V::all(c.high) + p;
  return {high, (p - (high - V::all(c.high))) + (V::all(c.low) + p_low)};
}

// cos(2 pi r) and sin(2 pi r), r = r.high + r.low turns, |r| <= 2^-11 + 2^-60, |r.low| <= 2^-61:
// within 2^-104, lows within 2^-53: proof/polynomial.g.
template <class V>
[[gnu::always_inline]] inline Turn<V> small_turn(const Sum<V>& r) {
  const V squared = r.high * r.high;
  const Sum<V> z{squared, V::fma(r.high + r.high, r.low, V::fms(r.high, r.high, squared))};
  const V c6 = V::fma(z.high, V::fma(z.high, V::all(kCos10), V::all(kCos8)), V::all(kCos6));
  const Sum<V> c4{V::all(kCos4.high), V::fma(z.high, c6, V::all(kCos4.low))};
  const Sum<V> cos = step(Double2{1, 0}, z, step(kCos2, z, c4));

  const V s7 = V::fma(z.high, V::all(kSin9), V::all(kSin7));
  const Sum<V> s5{V::all(kSin5.high), V::fma(z.high, s7, V::all(kSin5.low))};
  const Sum<V> s1 = step(kSin1, z, step(kSin3, z, s5));
  const V p = r.high * s1.high;
  const V p_low = V::fma(r.low, s1.high, V::fma(r.high, s1.low, V::fms(r.high, s1.high, p)));
  const V sin = p + p_low;
  return {cos.high, cos.low, sin, p_low - (sin - p)};
}

// Sums of two turns' product and their exact rests.
template <class V>
Sum<V> normalised(const Sum<V>& x) {
  const V s = x.high + x.low, part = s - x.high;
  return {s, (x.high - (s - part)) + (x.low - part)};
}

template <class V>
[[gnu::always_inline]] inline void store_turn(const Sum<V>& cos_sum, const Sum<V>& sin_sum, V sign,
                                              double* group, int lane) {
  const Sum<V> cos = normalised(cos_sum), sin = normalised(sin_sum);
  const V parts[] = {cos.high, cos.low, V::flip(sin.high, sign), V::flip(sin.low, sign)};
  for (int i = 0; i < 4; ++i) V::store(group + i * kGroup + lane, parts[i]);
}

template <class V>
void product_turns(const ProductJob& job, const TurnsOut& up, const TurnsOut& down) noexcept {
  const int size = (job.pairs + kGroup - 1) / kGroup * kTurnGroup;
  for (int row = 0; row < job.rows; ++row)
    for (int g = 0; g < size; g += kTurnGroup)
      for (int lane = 0; lane < kGroup; lane += V::kWidth) {
        const Products<V> turn(
            load_turn<V>(job.coarse + g, lane),
            load_turn<V>(job.fine + static_cast<std::ptrdiff_t>(row) * size + g, lane));
        store_turn(turn.cos(), turn.sin(), V::all(1), up.turns + row * up.stride + g, lane);
        store_turn(turn.cos_back(), turn.sin_back(), V::all(1), down.turns + row * down.stride + g,
                   lane);
      }
}

template <class V>
Sum<V> remainder(const Phase<V>& phase) {
  return {phase.near * V::all(0x1p-64),
          V::fma(phase.third, V::all(0x1p-96), phase.fourth * V::all(0x1p-128))};
}

template <class V>
void phase_turns(const PhaseJob& job, double* turns) noexcept {
  const std::ptrdiff_t groups = (job.pairs + kGroup - 1) / kGroup;
  for (std::ptrdiff_t i = 0; i < job.rows * groups; ++i)
    for (int lane = 0; lane < kGroup; lane += V::kWidth) {
      const Phase<V> phase =
          V::phase(job.positions + i * kGroup + lane, job.chunks + i % groups * kChunkGroup + lane);
      const Products<V> turn(V::gather(job.table, phase.index), small_turn(remainder(phase)));
      store_turn(turn.cos(), turn.sin(), phase.sign, turns + i * kTurnGroup, lane);
    }
}

template <Dtype kTo, class V>
bool phase_rows(const PhaseJob& job, const Output& out) noexcept {
  const int groups = (job.pairs + kGroup - 1) / kGroup;
  unsigned any = 0;
  for (int row = 0; row < job.rows; ++row) {
    const std::ptrdiff_t at = row * out.stride * kBytes<kTo>;
    for (int g = 0; g < groups; ++g) {
      unsigned bits = 0;
      for (int lane = 0; lane < kGroup; lane += V::kWidth) {
        const Phase<V> phase = V::phase(
            job.positions + (static_cast<std::ptrdiff_t>(row) * groups + g) * kGroup + lane,
            job.chunks + g * kChunkGroup + lane);
        const V bound = V::fma(phase.size, V::all(job.bound_per_position), V::all(job.bound));
        const Products<V> turn(V::gather(job.table, phase.index), small_turn(remainder(phase)));
        bits |= finish<kTo, true>(
            turn.cos(), turn.sin(), bound, out.cos + at + g * kGroup * kBytes<kTo>,
            out.sin + at + g * kGroup * kBytes<kTo>, lane, job.pairs - g * kGroup, phase.sign);
      }
      out.doubtful[row * groups + g] = static_cast<std::uint16_t>(bits);
      any |= bits;
    }
  }
  return any != 0;
}

}  // namespace plumbline::quick
