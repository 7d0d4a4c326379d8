// SPDX-License-Identifier: Apache-2.0
#include "golden/near.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "golden/quick/kernels.h"

namespace plumbline {
namespace {

constexpr std::uint64_t kExponent = std::uint64_t{0x7ff} << 52;

double value_at(Dtype dtype, const std::byte* values, std::size_t i) {
  std::uint64_t bits = 0;
  const std::size_t bytes = info(dtype).bytes;
  std::memcpy(&bits, values + i * bytes, bytes);
  return quick::widen(bits, dtype);
}

bool near(double exact, double value, double budget, const NearRule& rule) {
  const double power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(exact) & kExponent);
  const double allowed =
      std::min({std::fma(rule.slope, power, budget), rule.scale * power, rule.limit});
  return std::abs(value - exact) <= allowed;  // false for NaN
}

#define PLUMBLINE_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))

struct Rule512 {
  __m512d slope, scale, limit;
};

template <Dtype kFrom>
PLUMBLINE_AVX512 inline __m512d widened(__mmask8 there, const std::byte* values, std::size_t at) {
  if constexpr (kFrom == Dtype::f64) return _mm512_maskz_loadu_pd(there, values + at * 8);
  return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(there, values + at * 4));
}

// Of eight values those that do not keep to the rule.
PLUMBLINE_AVX512 inline unsigned far(__mmask8 there, __m512d exact, __m512d value, __m512d budget,
                                     const Rule512& rule) {
  const __m512i exponent = _mm512_set1_epi64(static_cast<std::int64_t>(kExponent));
  const __m512d distance = _mm512_abs_pd(_mm512_sub_pd(value, exact));
  const __m512d power = _mm512_castsi512_pd(_mm512_and_si512(_mm512_castpd_si512(exact), exponent));
  const __m512d allowed = _mm512_min_pd(
      _mm512_min_pd(_mm512_fmadd_pd(rule.slope, power, budget), _mm512_mul_pd(rule.scale, power)),
      rule.limit);
  return _mm512_mask_cmp_pd_mask(there, distance, allowed, _CMP_NLE_UQ);
}

template <Dtype kFrom>
PLUMBLINE_AVX512 bool all_near_avx512(const std::byte* exact, const std::byte* candidate,
                                      std::size_t rows, std::size_t columns, const NearRule& rule) {
  const Rule512 all{_mm512_set1_pd(rule.slope), _mm512_set1_pd(rule.scale),
                    _mm512_set1_pd(rule.limit)};
  const std::size_t whole = columns / 8 * 8;
  const auto tail = static_cast<__mmask8>((1U << (columns - whole)) - 1);
  for (std::size_t row = 0; row < rows; ++row) {
    unsigned some = 0;
    const std::size_t at = row * columns;
    // All lanes, so that no mask has to be made.
    for (std::size_t j = 0; j < whole; j += 8)
      some |= far(0xff, _mm512_loadu_pd(exact + (at + j) * 8),
                  widened<kFrom>(0xff, candidate, at + j), _mm512_loadu_pd(rule.budget + j), all);
    if (tail != 0)
      some |= far(tail, _mm512_maskz_loadu_pd(tail, exact + (at + whole) * 8),
                  widened<kFrom>(tail, candidate, at + whole),
                  _mm512_maskz_loadu_pd(tail, rule.budget + whole), all);
    if (some != 0) return false;
  }
  return true;
}

}  // namespace

bool all_near(const std::byte* exact, Dtype dtype, const std::byte* candidate, std::size_t rows,
              std::size_t columns, const NearRule& rule) {
  if (quick::kAvx512.supported()) {
    if (dtype == Dtype::f64)
      return all_near_avx512<Dtype::f64>(exact, candidate, rows, columns, rule);
    if (dtype == Dtype::f32)
      return all_near_avx512<Dtype::f32>(exact, candidate, rows, columns, rule);
  }
  for (std::size_t i = 0; i < rows * columns; ++i)
    if (!near(value_at(Dtype::f64, exact, i), value_at(dtype, candidate, i),
              rule.budget[i % columns], rule))
      return false;
  return true;
}

}  // namespace plumbline
