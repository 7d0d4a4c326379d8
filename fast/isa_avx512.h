// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <cstdint>

// AVX-512 F, BW, VL, DQ. Partial vectors by masks: nothing outside the view is touched. Internal
// linkage, as rotate_blocks.h.
namespace plumbline::fast {
namespace {

// Lane l takes element index[l] of one vector, or index[l] - 16 of another.
struct alignas(64) Order {
  std::int32_t index[16];
};
constexpr Order zip(int first) {
  Order order{};
  for (int l = 0; l < 16; ++l) order.index[l] = first + l / 2 + 16 * (l % 2);
  return order;
}
constexpr Order unzip(int first) {
  Order order{};
  for (int l = 0; l < 16; ++l) order.index[l] = first + 2 * l;
  return order;
}
constexpr Order kZipLow = zip(0), kZipHigh = zip(8), kEven = unzip(0), kOdd = unzip(1);

struct Avx512 {
  static constexpr int kRegisters = 32;
  using Words = __m512i;
  static __mmask16 first16(int n) { return static_cast<__mmask16>((1U << n) - 1U); }
  static __mmask32 first32(int n) { return static_cast<__mmask32>((std::uint64_t{1} << n) - 1U); }

  struct F32 {
    using Element = float;
    using Vector = __m512;
    static constexpr int kLanes = 16;
    template <bool full>
    static Vector load(const float* from, int n) {
      return full ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(first16(n), from);
    }
    template <bool full>
    static void store(float* to, Vector v, int n) {
      full ? _mm512_storeu_ps(to, v) : _mm512_mask_storeu_ps(to, first16(n), v);
    }
    // Lanes of `mask` from memory, the others as they are.
    static Vector replace(Vector v, std::uint16_t mask, const float* from) {
      return _mm512_mask_loadu_ps(v, mask, from);
    }
    static Vector all(float x) { return _mm512_set1_ps(x); }
    static Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
    static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
    static Vector fms(Vector a, Vector b, Vector c) { return _mm512_fmsub_ps(a, b, c); }
    static Vector even(Vector v) { return _mm512_moveldup_ps(v); }
    static Vector odd(Vector v) { return _mm512_movehdup_ps(v); }
    static Vector pick(Vector a, const Order& order, Vector b) {
      return _mm512_permutex2var_ps(a, _mm512_load_si512(order.index), b);
    }
    static Vector zip_low(Vector a, Vector b) { return pick(a, kZipLow, b); }
    static Vector zip_high(Vector a, Vector b) { return pick(a, kZipHigh, b); }
    static Vector unzip_even(Vector a, Vector b) { return pick(a, kEven, b); }
    static Vector unzip_odd(Vector a, Vector b) { return pick(a, kOdd, b); }
  };

  struct F64 {
    using Element = double;
    using Vector = __m512d;
    static constexpr int kLanes = 8;
    template <bool full>
    static Vector load(const double* from, int n) {
      return full ? _mm512_loadu_pd(from)
                  : _mm512_maskz_loadu_pd(static_cast<__mmask8>(first16(n)), from);
    }
    template <bool full>
    static void store(double* to, Vector v, int n) {
      full ? _mm512_storeu_pd(to, v)
           : _mm512_mask_storeu_pd(to, static_cast<__mmask8>(first16(n)), v);
    }
    static Vector all(double x) { return _mm512_set1_pd(x); }
    static Vector mul(Vector a, Vector b) { return _mm512_mul_pd(a, b); }
    static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_pd(a, b, c); }
    static Vector fms(Vector a, Vector b, Vector c) { return _mm512_fmsub_pd(a, b, c); }
    static Vector even(Vector v) { return _mm512_movedup_pd(v); }
    static Vector odd(Vector v) { return _mm512_permute_pd(v, 0xff); }
    static Vector zip_low(Vector a, Vector b) {
      return _mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), b);
    }
    static Vector zip_high(Vector a, Vector b) {
      return _mm512_permutex2var_pd(a, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), b);
    }
  };

  template <bool full>
  static __m512 load_f16(const std::uint16_t* from, int n) {
    const __m256i words = full ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))
                               : _mm256_maskz_loadu_epi16(first16(n), from);
    return _mm512_cvtph_ps(words);
  }
  template <bool full>
  static void store_f16(std::uint16_t* to, __m512 v, int n) {
    const __m256i words = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    full ? _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), words)
         : _mm256_mask_storeu_epi16(to, first16(n), words);
  }
  template <bool full>
  static __m512i load_words(const std::uint16_t* from, int n) {
    return full ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi16(first32(n), from);
  }
  template <bool full>
  static void store_words(std::uint16_t* to, __m512i words, int n) {
    full ? _mm512_storeu_si512(to, words) : _mm512_mask_storeu_epi16(to, first32(n), words);
  }
  static __m512 even_bf16(__m512i words) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
  }
  static __m512 odd_bf16(__m512i words) {
    return _mm512_castsi512_ps(
        _mm512_and_si512(words, _mm512_set1_epi32(static_cast<int>(0xffff0000U))));
  }
  // To nearest, ties to even, in integers: the conversion instruction would flush subnormals. A NaN
  // here has a zero lower half, so that no carry can reach its exponent.
  static __m512i rounded(__m512 v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  }
  static constexpr bool kSplitsInOrder = false;
  static void split_bf16(__m512i words, __m512 to[2]) {
    to[0] = even_bf16(words), to[1] = odd_bf16(words);
  }
  static __m512i join_bf16(__m512 even, __m512 odd) { return to_bf16(even, odd); }
  static __m512i to_bf16(__m512 even, __m512 odd) {
    // (odd & mask) | even
    return _mm512_ternarylogic_epi32(rounded(odd), _mm512_set1_epi32(static_cast<int>(0xffff0000U)),
                                     _mm512_srli_epi32(rounded(even), 16), 0xea);
  }
};

}  // namespace
}  // namespace plumbline::fast
