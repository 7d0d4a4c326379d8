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
      std::min({rule.ratio * (budget + 0x1p-53 * power), rule.scale * power, rule.limit});
  return std::abs(value - exact) <= allowed;  // false for NaN
}

template <Dtype kFrom>
__attribute__((target("avx512f,avx512dq,avx512vl"))) bool all_near_avx512(
    const std::byte* exact, const std::byte* candidate, std::size_t rows, std::size_t columns,
    const NearRule& rule) {
  const __m512d ratio = _mm512_set1_pd(rule.ratio), scale = _mm512_set1_pd(rule.scale),
                limit = _mm512_set1_pd(rule.limit), half = _mm512_set1_pd(0x1p-53);
  const __m512i exponent = _mm512_set1_epi64(static_cast<std::int64_t>(kExponent));
  for (std::size_t row = 0; row < rows; ++row) {
    unsigned far = 0;
    for (std::size_t j = 0; j < columns; j += 8) {
      const std::size_t at = row * columns + j;
      const auto there = static_cast<__mmask8>(columns - j >= 8 ? 0xff : (1U << (columns - j)) - 1);
      const __m512d e = _mm512_maskz_loadu_pd(there, exact + at * 8);
      __m512d c;
      if constexpr (kFrom == Dtype::f64)
        c = _mm512_maskz_loadu_pd(there, candidate + at * 8);
      else
        c = _mm512_cvtps_pd(_mm256_maskz_loadu_ps(there, candidate + at * 4));
      const __m512d distance = _mm512_abs_pd(_mm512_sub_pd(c, e));
      const __m512d power = _mm512_castsi512_pd(_mm512_and_si512(_mm512_castpd_si512(e), exponent));
      const __m512d budget =
          _mm512_add_pd(_mm512_maskz_loadu_pd(there, rule.budget + j), _mm512_mul_pd(half, power));
      const __m512d allowed = _mm512_min_pd(
          _mm512_min_pd(_mm512_mul_pd(ratio, budget), _mm512_mul_pd(scale, power)), limit);
      far |= _mm512_mask_cmp_pd_mask(there, distance, allowed, _CMP_NLE_UQ);
    }
    if (far != 0) return false;
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
