// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include <cstddef>

#include "fast/rows.h"

namespace plumbline::fast {
namespace {

// Four columns of a fine row, each from the row of its own axis.
__m256d mixed(const std::uint8_t* axis, const double* const* fine, std::ptrdiff_t at) {
  return _mm256_setr_pd(fine[axis[0]][at], fine[axis[1]][at + 1], fine[axis[2]][at + 2],
                        fine[axis[3]][at + 3]);
}

}  // namespace

bool row_avx2(const RowSeeds& seeds, const double* coarse, const double* const* fine, float* row,
              std::uint16_t* doubtful) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  unsigned any = 0;
  for (std::ptrdiff_t group = 0; group < n / kColumnGroup; ++group) {
    unsigned bits = 0;
    const bool one_axis = seeds.part_begin[group + 1] - seeds.part_begin[group] == 1;
    for (int part = 0; part < kColumnGroup / 4; ++part) {
      const std::ptrdiff_t at = group * kColumnGroup + part * 4;
      const std::uint8_t* axis = seeds.axis + at;
      const double* b = fine[axis[0]];
      const __m256d bc = one_axis ? _mm256_loadu_pd(b + at) : mixed(axis, fine, at);
      const __m256d bs = one_axis ? _mm256_loadu_pd(b + n + at) : mixed(axis, fine, n + at);
      const __m256d ac = _mm256_loadu_pd(coarse + at), as = _mm256_loadu_pd(coarse + n + at);
      const __m256d guard = _mm256_loadu_pd(seeds.guard + at);
      const __m128 cos_up =
          _mm256_cvtpd_ps(_mm256_fmsub_pd(ac, bc, _mm256_fmsub_pd(as, bs, guard)));
      const __m128 cos_down =
          _mm256_cvtpd_ps(_mm256_fmsub_pd(ac, bc, _mm256_fmadd_pd(as, bs, guard)));
      const __m128 sin_up =
          _mm256_cvtpd_ps(_mm256_fmadd_pd(as, bc, _mm256_fmadd_pd(ac, bs, guard)));
      const __m128 sin_down =
          _mm256_cvtpd_ps(_mm256_fmadd_pd(as, bc, _mm256_fmsub_pd(ac, bs, guard)));
      _mm_storeu_ps(row + at, cos_up);
      _mm_storeu_ps(row + n + at, sin_up);
      const int differ = _mm_movemask_ps(
          _mm_or_ps(_mm_cmpneq_ps(cos_up, cos_down), _mm_cmpneq_ps(sin_up, sin_down)));
      bits |= static_cast<unsigned>(differ) << (4 * part);
    }
    doubtful[group] = static_cast<std::uint16_t>(bits);
    any |= bits;
  }
  return any != 0;
}

}  // namespace plumbline::fast
