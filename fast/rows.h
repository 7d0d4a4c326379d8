// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Rows of cos and sin made on the fly. With p = 64 a + b,
//   e^(i p inv_freq) = e^(i 64 a inv_freq) e^(i b inv_freq) = coarse[a] fine[b],
// one product in binary64. Its result is off by less than `guard`; if adding and subtracting the
// guard gives one binary32, that is the correctly rounded value, else the column is reported as
// doubtful and decided elsewhere. So the bits depend neither on the instruction set nor on the
// order of operations. A column is one pair of one map.
namespace plumbline::fast {

inline constexpr int kFineRows = 64;
inline constexpr int kColumnGroup = 16;  // columns come in groups of 16, padded with still ones

// In a group, the columns of one axis.
struct GroupPart {
  std::uint16_t columns;  // bit i: column 16 * group + i
  std::uint8_t axis;
};

struct RowSeeds {
  int columns = 0, axes = 1;
  // [columns]. 6 * 2^-53 * A: seeds are good to 1.7 and 1.1 ulp, the moduli are A and 1, and four
  // operations round once each. 0 where the pair does not turn: its row is exact.
  const double* guard = nullptr;
  const std::uint8_t* axis = nullptr;  // [columns]
  // Parts of group g: parts[part_begin[g]] .. parts[part_begin[g + 1] - 1].
  const GroupPart* parts = nullptr;
  const int* part_begin = nullptr;
};

// row [2][columns]: cos, then sin; coarse and fine [2][columns] alike, a fine row for each axis.
// Sets bit i of doubtful[g] for column 16 g + i; returns whether any is set.
using RowFunction = bool(const RowSeeds& seeds, const double* coarse, const double* const* fine,
                         float* row, std::uint16_t* doubtful) noexcept;

RowFunction row_scalar, row_avx2, row_avx512;

// The same put together from ready rows, in groups begin .. end - 1: column i from table[axis[i]],
// [2][columns] each.
using MergeFunction = void(const RowSeeds& seeds, const float* const* table, int begin, int end,
                           float* row) noexcept;

MergeFunction merge_scalar, merge_avx512;

}  // namespace plumbline::fast
