// SPDX-License-Identifier: Apache-2.0
#include "fast/isa_avx512.h"
#include "fast/rotate_blocks.h"

namespace plumbline::fast {
namespace {

constexpr struct alignas(64) {
  std::uint16_t index[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                             8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
} kZipWords;

// The conversion instruction of AVX512_BF16 instead of integers: 2 operations for 10. It takes
// subnormals for zeros, in and out, which is what the recipe's `flush` declares.
struct Avx512Bf16 : Avx512 {
  static __m512i to_bf16(__m512 even, __m512 odd) {
    const auto words = _mm512_cvtne2ps_pbh(odd, even);
    return _mm512_permutexvar_epi16(_mm512_load_si512(kZipWords.index),
                                    reinterpret_cast<__m512i>(words));
  }
  // The instruction puts one vector behind the other, and quarters of a line in this order unpack
  // to that.
  static constexpr bool kSplitsInOrder = true;
  static void split_bf16(__m512i words, __m512 to[2]) {
    const __m512i zero = _mm512_setzero_si512();
    words = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), words);
    to[0] = _mm512_castsi512_ps(_mm512_unpacklo_epi16(zero, words));
    to[1] = _mm512_castsi512_ps(_mm512_unpackhi_epi16(zero, words));
  }
  static __m512i join_bf16(__m512 first, __m512 second) {
    return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
  }
};

}  // namespace

void rotate_avx512bf16(const RotateJob& job) noexcept { rotate_blocks<Avx512Bf16>(job); }
TokenFunction* token_avx512bf16(Storage storage, bool neox, int rotary_dim) noexcept {
  return token_blocks<Avx512Bf16>(storage, neox, rotary_dim);
}

}  // namespace plumbline::fast
