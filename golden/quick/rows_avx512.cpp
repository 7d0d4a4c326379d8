// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "golden/quick/lane_kernels.h"

namespace plumbline::quick {
namespace {

struct Eight {
  using Index = __m512i;
  static constexpr int kWidth = 8;
  __m512d x;

  static Eight load(const double* at) { return {_mm512_loadu_pd(at)}; }
  static Eight all(double x) { return {_mm512_set1_pd(x)}; }
  static Eight fma(Eight a, Eight b, Eight c) { return {_mm512_fmadd_pd(a.x, b.x, c.x)}; }
  static Eight fms(Eight a, Eight b, Eight c) { return {_mm512_fmsub_pd(a.x, b.x, c.x)}; }
  static Eight fnma(Eight a, Eight b, Eight c) { return {_mm512_fnmadd_pd(a.x, b.x, c.x)}; }
  friend Eight operator+(Eight a, Eight b) { return {_mm512_add_pd(a.x, b.x)}; }
  friend Eight operator-(Eight a, Eight b) { return {_mm512_sub_pd(a.x, b.x)}; }
  friend Eight operator*(Eight a, Eight b) { return {_mm512_mul_pd(a.x, b.x)}; }
  static unsigned unequal(Eight a, Eight b) { return _mm512_cmp_pd_mask(a.x, b.x, _CMP_NEQ_UQ); }
  static unsigned all_zero(Eight a, std::uint64_t mask) {
    return _mm512_testn_epi64_mask(_mm512_castpd_si512(a.x),
                                   _mm512_set1_epi64(static_cast<std::int64_t>(mask)));
  }
  static Eight flip(Eight a, Eight sign) {
    return {_mm512_xor_pd(a.x, _mm512_and_pd(sign.x, _mm512_set1_pd(-0.0)))};
  }

  // Rounded to odd: toward zero, and the last bit set where anything was dropped. A format of at
  // most 22 bits rounds that as it would have rounded x.
  static __m256i odd_binary32(Eight a) {
    const __m256i toward_zero =
        _mm256_castps_si256(_mm512_cvt_roundpd_ps(a.x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    const __mmask8 dropped =
        _mm512_test_epi64_mask(_mm512_castpd_si512(a.x), _mm512_set1_epi64(0x1fffffff));
    return _mm256_mask_or_epi32(toward_zero, dropped, toward_zero, _mm256_set1_epi32(1));
  }

  static void store(double* at, Eight a) { _mm512_storeu_pd(at, a.x); }
  static Eight size(Eight a) { return {_mm512_abs_pd(a.x)}; }
  static unsigned not_above(Eight a, Eight b) { return _mm512_cmp_pd_mask(a.x, b.x, _CMP_NGT_UQ); }
  static __mmask8 there(int pairs) {
    return static_cast<__mmask8>(pairs >= kGroup ? 0xff : (1U << pairs) - 1);
  }

  // Encodings of eight values in 32-bit lanes.
  template <Dtype kTo>
  static __m256i encode(Eight value) {
    if constexpr (kTo == Dtype::f32) return _mm256_castps_si256(_mm512_cvtpd_ps(value.x));
    const __m256i odd = odd_binary32(value);
    if constexpr (kTo == Dtype::f16)
      return _mm256_cvtepu16_epi32(
          _mm256_cvtps_ph(_mm256_castsi256_ps(odd), _MM_FROUND_TO_NEAREST_INT));
    // The instruction for bfloat16 flushes subnormals.
    const __m256i even = _mm256_and_si256(_mm256_srli_epi32(odd, 16), _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(_mm256_add_epi32(odd, even), _mm256_set1_epi32(0x7fff));
    return _mm256_srli_epi32(up, 16);
  }
  // The bfloat16 of a value that is one.
  static __m256i upper_half(Eight a) {
    return _mm256_srli_epi32(_mm256_castps_si256(_mm512_cvtpd_ps(a.x)), 16);
  }
  static unsigned codes_differ(__m256i a, __m256i b) { return _mm256_cmpneq_epi32_mask(a, b); }
  template <Dtype kTo>
  static void put_code(std::byte* to, int /*lane*/, int pairs, __m256i code) {
    if constexpr (kTo == Dtype::f32) {
      _mm256_mask_storeu_epi32(to, there(pairs), code);
    } else {
      _mm_mask_storeu_epi16(to, there(pairs), _mm256_cvtepi32_epi16(code));
    }
  }
  template <Dtype kTo>
  static void put(std::byte* to, int lane, int pairs, Eight value) {
    if constexpr (kTo == Dtype::f64) {
      _mm512_mask_storeu_pd(to, there(pairs), value.x);
    } else {
      put_code<kTo>(to, lane, pairs, encode<kTo>(value));
    }
  }
  template <Dtype kTo>
  static Eight get(const std::byte* from, int /*lane*/, int pairs) {
    if constexpr (kTo == Dtype::f64) return {_mm512_maskz_loadu_pd(there(pairs), from)};
    if constexpr (kTo == Dtype::f32)
      return {_mm512_cvtps_pd(_mm256_maskz_loadu_ps(there(pairs), from))};
    const __m128i words = _mm_maskz_loadu_epi16(there(pairs), from);
    if constexpr (kTo == Dtype::f16) return {_mm512_cvtps_pd(_mm256_cvtph_ps(words))};
    return {
        _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(words), 16)))};
  }

  static Phase<Eight> phase(const std::int64_t* position, const std::uint64_t* chunks) {
    const __m512i given = _mm512_loadu_si512(position), n = _mm512_abs_epi64(given);
    __m512i product[kChunks];
#pragma GCC unroll 5
    for (int i = 0; i < kChunks; ++i)
      product[i] = _mm512_mul_epu32(n, _mm512_loadu_si512(chunks + i * kGroup));
    const __m512i lower_half = _mm512_set1_epi64(0xffffffff);
    const auto limb = [&](__m512i low, __m512i high) {
      return _mm512_add_epi64(_mm512_and_si512(low, lower_half), _mm512_srli_epi64(high, 32));
    };
    // The upper half of `first` leaves by the shift.
    const __m512i first = _mm512_add_epi64(product[0], _mm512_srli_epi64(product[1], 32));
    const __m512i fraction =
        _mm512_add_epi64(_mm512_slli_epi64(first, 32), limb(product[1], product[2]));
    const __m512i index = _mm512_srli_epi64(
        _mm512_add_epi64(fraction, _mm512_set1_epi64(std::int64_t{1} << (63 - kTableBits))),
        64 - kTableBits);
    const __m512i near = _mm512_sub_epi64(fraction, _mm512_slli_epi64(index, 64 - kTableBits));
    return {{_mm512_cvtepi64_pd(near)},
            {_mm512_cvtepi64_pd(limb(product[2], product[3]))},
            {_mm512_cvtepi64_pd(limb(product[3], product[4]))},
            {_mm512_cvtepi64_pd(n)},
            {_mm512_castsi512_pd(given)},
            index};
  }
  // Eight rows of four doubles, turned round: an instruction that gathers takes longer.
  static Turn<Eight> gather(const double* table, __m512i index) {
    alignas(64) std::int64_t at[kGroup];
    _mm512_store_si512(at, index);
    const auto rows = [&](int i) {
      return _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(table + 4 * at[i])),
                                _mm256_loadu_pd(table + 4 * at[i + 4]), 1);
    };
    const __m512d a = rows(0), b = rows(1), c = rows(2), d = rows(3);
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13),
                  second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    const __m512d even_ab = _mm512_unpacklo_pd(a, b), even_cd = _mm512_unpacklo_pd(c, d),
                  odd_ab = _mm512_unpackhi_pd(a, b), odd_cd = _mm512_unpackhi_pd(c, d);
    return {{_mm512_permutex2var_pd(even_ab, first, even_cd)},
            {_mm512_permutex2var_pd(odd_ab, first, odd_cd)},
            {_mm512_permutex2var_pd(even_ab, second, even_cd)},
            {_mm512_permutex2var_pd(odd_ab, second, odd_cd)}};
  }
};

bool runs_here() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

}  // namespace

constinit const Kernels kAvx512 = kernels_of<Eight>("avx512", runs_here);

}  // namespace plumbline::quick
