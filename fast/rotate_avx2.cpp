// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include <cstring>

#include "fast/rotate_blocks.h"

// AVX2, FMA and F16C. A partial vector goes through a buffer: AVX2 has no masks for words.
namespace plumbline::fast {
namespace {

template <class Element, int lanes>
struct Buffer {
  alignas(32) Element lane[lanes] = {};
  Buffer() = default;
  Buffer(const Element* from, int n) { std::memcpy(lane, from, sizeof(Element) * bytes(n)); }
  void copy_to(Element* to, int n) const { std::memcpy(to, lane, sizeof(Element) * bytes(n)); }
  static std::size_t bytes(int n) { return static_cast<std::size_t>(n < lanes ? n : lanes); }
};

struct Avx2 {
  static constexpr int kRegisters = 16;
  using Words = __m256i;
  struct F32 {
    using Element = float;
    using Vector = __m256;
    static constexpr int kLanes = 8;
    template <bool full>
    static Vector load(const float* from, int n) {
      return full ? _mm256_loadu_ps(from) : _mm256_load_ps(Buffer<float, 8>(from, n).lane);
    }
    template <bool full>
    static void store(float* to, Vector v, int n) {
      if constexpr (full) {
        _mm256_storeu_ps(to, v);
      } else {
        Buffer<float, 8> buffer;
        _mm256_store_ps(buffer.lane, v);
        buffer.copy_to(to, n);
      }
    }
    static Vector all(float x) { return _mm256_set1_ps(x); }
    static Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
    static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
    static Vector fms(Vector a, Vector b, Vector c) { return _mm256_fmsub_ps(a, b, c); }
    static Vector even(Vector v) { return _mm256_moveldup_ps(v); }
    static Vector odd(Vector v) { return _mm256_movehdup_ps(v); }
    static Vector zip_low(Vector a, Vector b) {
      return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
    }
    static Vector zip_high(Vector a, Vector b) {
      return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
    }
    // shuffle_ps works within 128-bit halves; the permutation puts the four quarters in order.
    static Vector in_order(Vector v) {
      return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xd8));
    }
    static Vector unzip_even(Vector a, Vector b) { return in_order(_mm256_shuffle_ps(a, b, 0x88)); }
    static Vector unzip_odd(Vector a, Vector b) { return in_order(_mm256_shuffle_ps(a, b, 0xdd)); }
  };

  struct F64 {
    using Element = double;
    using Vector = __m256d;
    static constexpr int kLanes = 4;
    template <bool full>
    static Vector load(const double* from, int n) {
      return full ? _mm256_loadu_pd(from) : _mm256_load_pd(Buffer<double, 4>(from, n).lane);
    }
    template <bool full>
    static void store(double* to, Vector v, int n) {
      if constexpr (full) {
        _mm256_storeu_pd(to, v);
      } else {
        Buffer<double, 4> buffer;
        _mm256_store_pd(buffer.lane, v);
        buffer.copy_to(to, n);
      }
    }
    static Vector all(double x) { return _mm256_set1_pd(x); }
    static Vector mul(Vector a, Vector b) { return _mm256_mul_pd(a, b); }
    static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_pd(a, b, c); }
    static Vector fms(Vector a, Vector b, Vector c) { return _mm256_fmsub_pd(a, b, c); }
    static Vector even(Vector v) { return _mm256_movedup_pd(v); }
    static Vector odd(Vector v) { return _mm256_permute_pd(v, 0xf); }
    static Vector zip_low(Vector a, Vector b) {
      return _mm256_permute2f128_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b), 0x20);
    }
    static Vector zip_high(Vector a, Vector b) {
      return _mm256_permute2f128_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b), 0x31);
    }
  };

  template <bool full>
  static __m256 load_f16(const std::uint16_t* from, int n) {
    if constexpr (full) {
      return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    } else {
      const Buffer<std::uint16_t, 8> buffer(from, n);
      return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(buffer.lane)));
    }
  }
  template <bool full>
  static void store_f16(std::uint16_t* to, __m256 v, int n) {
    const __m128i words = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    if constexpr (full) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), words);
    } else {
      Buffer<std::uint16_t, 8> buffer;
      _mm_store_si128(reinterpret_cast<__m128i*>(buffer.lane), words);
      buffer.copy_to(to, n);
    }
  }
  template <bool full>
  static __m256i load_words(const std::uint16_t* from, int n) {
    if constexpr (full) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    } else {
      const Buffer<std::uint16_t, 16> buffer(from, n);
      return _mm256_load_si256(reinterpret_cast<const __m256i*>(buffer.lane));
    }
  }
  template <bool full>
  static void store_words(std::uint16_t* to, __m256i words, int n) {
    if constexpr (full) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), words);
    } else {
      Buffer<std::uint16_t, 16> buffer;
      _mm256_store_si256(reinterpret_cast<__m256i*>(buffer.lane), words);
      buffer.copy_to(to, n);
    }
  }
  static __m256 even_bf16(__m256i words) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
  }
  static __m256 odd_bf16(__m256i words) {
    return _mm256_castsi256_ps(
        _mm256_and_si256(words, _mm256_set1_epi32(static_cast<int>(0xffff0000U))));
  }
  // To nearest, ties to even. A NaN here has a zero lower half, so that no carry can reach its
  // exponent.
  static __m256i rounded(__m256 v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    return _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  }
  static constexpr bool kSplitsInOrder = false;
  static void split_bf16(__m256i words, __m256 to[2]) {
    to[0] = even_bf16(words), to[1] = odd_bf16(words);
  }
  static __m256i join_bf16(__m256 even, __m256 odd) { return to_bf16(even, odd); }
  static __m256i to_bf16(__m256 even, __m256 odd) {
    return _mm256_blend_epi16(_mm256_srli_epi32(rounded(even), 16), rounded(odd), 0xaa);
  }
};

}  // namespace

void rotate_avx2(const RotateJob& job) noexcept { rotate_blocks<Avx2>(job); }
TokenFunction* token_avx2(Storage storage, bool neox, int rotary_dim) noexcept {
  return token_blocks<Avx2>(storage, neox, rotary_dim);
}

}  // namespace plumbline::fast
