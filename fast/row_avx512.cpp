// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include <cstddef>

#include "fast/rows.h"

namespace plumbline::fast {

bool row_avx512(const RowSeeds& seeds, const double* coarse, const double* const* fine, float* row,
                std::uint8_t* doubtful) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  unsigned any = 0;
  const GroupPart* part = seeds.parts;
  for (std::ptrdiff_t at = 0; at < n; at += kColumnGroup) {
    const GroupPart* end = seeds.parts + seeds.part_begin[at / kColumnGroup + 1];
    __m512d bc = _mm512_loadu_pd(fine[part->axis] + at);
    __m512d bs = _mm512_loadu_pd(fine[part->axis] + n + at);
    for (++part; part < end; ++part) {
      const auto mask = static_cast<__mmask8>(part->columns);
      bc = _mm512_mask_loadu_pd(bc, mask, fine[part->axis] + at);
      bs = _mm512_mask_loadu_pd(bs, mask, fine[part->axis] + n + at);
    }
    const __m512d ac = _mm512_loadu_pd(coarse + at), as = _mm512_loadu_pd(coarse + n + at);
    const __m512d guard = _mm512_loadu_pd(seeds.guard + at);
    // x - (y - guard) and x - (y + guard): the guard rides on the product that is subtracted.
    const __m256 cos_up = _mm512_cvtpd_ps(_mm512_fmsub_pd(ac, bc, _mm512_fmsub_pd(as, bs, guard)));
    const __m256 cos_down =
        _mm512_cvtpd_ps(_mm512_fmsub_pd(ac, bc, _mm512_fmadd_pd(as, bs, guard)));
    const __m256 sin_up = _mm512_cvtpd_ps(_mm512_fmadd_pd(as, bc, _mm512_fmadd_pd(ac, bs, guard)));
    const __m256 sin_down =
        _mm512_cvtpd_ps(_mm512_fmadd_pd(as, bc, _mm512_fmsub_pd(ac, bs, guard)));
    _mm256_storeu_ps(row + at, cos_up);
    _mm256_storeu_ps(row + n + at, sin_up);
    const unsigned bits = _mm256_cmp_ps_mask(cos_up, cos_down, _CMP_NEQ_UQ) |
                          _mm256_cmp_ps_mask(sin_up, sin_down, _CMP_NEQ_UQ);
    doubtful[at / kColumnGroup] = static_cast<std::uint8_t>(bits);
    any |= bits;
  }
  return any != 0;
}

void merge_avx512(const RowSeeds& seeds, const float* const* table, float* row) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  const GroupPart* part = seeds.parts;
  for (std::ptrdiff_t at = 0; at < n; at += kColumnGroup) {
    const GroupPart* end = seeds.parts + seeds.part_begin[at / kColumnGroup + 1];
    __m256 cos = _mm256_loadu_ps(table[part->axis] + at);
    __m256 sin = _mm256_loadu_ps(table[part->axis] + n + at);
    for (++part; part < end; ++part) {
      const auto mask = static_cast<__mmask8>(part->columns);
      cos = _mm256_mask_loadu_ps(cos, mask, table[part->axis] + at);
      sin = _mm256_mask_loadu_ps(sin, mask, table[part->axis] + n + at);
    }
    _mm256_storeu_ps(row + at, cos);
    _mm256_storeu_ps(row + n + at, sin);
  }
}

}  // namespace plumbline::fast
