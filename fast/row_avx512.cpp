// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include <cstddef>

#include "fast/rows.h"

namespace plumbline::fast {

namespace {

struct Rounded {
  __m256 up, down;
};

// Eight of a group's sixteen fine values, each from the row of its axis.
__m512d pick(const GroupPart* part, const GroupPart* end, const double* const* fine,
             std::ptrdiff_t at, int shift) {
  __m512d out = _mm512_loadu_pd(fine[part->axis] + at);
  for (++part; part < end; ++part)
    out = _mm512_mask_loadu_pd(out, static_cast<__mmask8>(part->columns >> shift),
                               fine[part->axis] + at);
  return out;
}

__m512 join(__m256 low, __m256 high) {
  return _mm512_castpd_ps(
      _mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(low)), _mm256_castps_pd(high), 1));
}

}  // namespace

bool row_avx512(const RowSeeds& seeds, const double* coarse, const double* const* fine, float* row,
                std::uint16_t* doubtful) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  unsigned any = 0;
  for (std::ptrdiff_t group = 0; group < n / kColumnGroup; ++group) {
    const GroupPart* part = seeds.parts + seeds.part_begin[group];
    const GroupPart* end = seeds.parts + seeds.part_begin[group + 1];
    Rounded cos[2], sin[2];
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const std::ptrdiff_t at = group * kColumnGroup + 8 * half;
      const __m512d bc = pick(part, end, fine, at, 8 * half);
      const __m512d bs = pick(part, end, fine, n + at, 8 * half);
      const __m512d ac = _mm512_loadu_pd(coarse + at), as = _mm512_loadu_pd(coarse + n + at);
      const __m512d guard = _mm512_loadu_pd(seeds.guard + at);
      // x - (y - guard) and x - (y + guard): the guard rides on one of the two products.
      cos[half].up = _mm512_cvtpd_ps(_mm512_fmsub_pd(ac, bc, _mm512_fmsub_pd(as, bs, guard)));
      cos[half].down = _mm512_cvtpd_ps(_mm512_fmsub_pd(ac, bc, _mm512_fmadd_pd(as, bs, guard)));
      sin[half].up = _mm512_cvtpd_ps(_mm512_fmadd_pd(as, bc, _mm512_fmadd_pd(ac, bs, guard)));
      sin[half].down = _mm512_cvtpd_ps(_mm512_fmadd_pd(as, bc, _mm512_fmsub_pd(ac, bs, guard)));
    }
    // Whole lines are stored: a kernel loads them at once, and a load that spans two stores waits.
    const __m512 cos_up = join(cos[0].up, cos[1].up), sin_up = join(sin[0].up, sin[1].up);
    _mm512_storeu_ps(row + group * kColumnGroup, cos_up);
    _mm512_storeu_ps(row + n + group * kColumnGroup, sin_up);
    const unsigned bits = _mm512_cmp_ps_mask(cos_up, join(cos[0].down, cos[1].down), _CMP_NEQ_UQ) |
                          _mm512_cmp_ps_mask(sin_up, join(sin[0].down, sin[1].down), _CMP_NEQ_UQ);
    doubtful[group] = static_cast<std::uint16_t>(bits);
    any |= bits;
  }
  return any != 0;
}

void merge_avx512(const RowSeeds& seeds, const float* const* table, int begin, int end,
                  float* row) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  for (int group = begin; group < end; ++group) {
    const std::ptrdiff_t at = std::ptrdiff_t{group} * kColumnGroup;
    const GroupPart* part = seeds.parts + seeds.part_begin[group];
    const GroupPart* last = seeds.parts + seeds.part_begin[group + 1];
    __m512 cos = _mm512_loadu_ps(table[part->axis] + at);
    __m512 sin = _mm512_loadu_ps(table[part->axis] + n + at);
    for (++part; part < last; ++part) {
      cos = _mm512_mask_loadu_ps(cos, part->columns, table[part->axis] + at);
      sin = _mm512_mask_loadu_ps(sin, part->columns, table[part->axis] + n + at);
    }
    _mm512_storeu_ps(row + at, cos);
    _mm512_storeu_ps(row + n + at, sin);
  }
}

}  // namespace plumbline::fast
