// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "fast/rows.h"

namespace plumbline::fast {

bool row_scalar(const RowSeeds& seeds, const double* coarse, const double* const* fine, float* row,
                std::uint16_t* doubtful) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  bool any = false;
  for (std::ptrdiff_t group = 0; group < n / kColumnGroup; ++group) {
    unsigned bits = 0;
    for (std::ptrdiff_t i = 0; i < kColumnGroup; ++i) {
      const std::ptrdiff_t at = group * kColumnGroup + i;
      const double* b = fine[seeds.axis[at]];
      const double cos = coarse[at] * b[at] - coarse[n + at] * b[n + at];
      const double sin = coarse[n + at] * b[at] + coarse[at] * b[n + at];
      const double guard = seeds.guard[at];
      row[at] = static_cast<float>(cos + guard);
      row[n + at] = static_cast<float>(sin + guard);
      const bool sure = row[at] == static_cast<float>(cos - guard) &&
                        row[n + at] == static_cast<float>(sin - guard);
      bits |= (sure ? 0U : 1U) << i;
    }
    doubtful[group] = static_cast<std::uint16_t>(bits);
    any |= bits != 0;
  }
  return any;
}

void merge_scalar(const RowSeeds& seeds, const float* const* table, int begin, int end,
                  float* row) noexcept {
  const std::ptrdiff_t n = seeds.columns;
  for (std::ptrdiff_t at = begin * kColumnGroup; at < end * kColumnGroup; ++at) {
    const float* from = table[seeds.axis[at]];
    row[at] = from[at];
    row[n + at] = from[n + at];
  }
}

}  // namespace plumbline::fast
