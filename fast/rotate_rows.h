// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/prefetch.h"
#include "fast/rotate.h"
#include "fast/rows.h"

// Where a block's cos and sin come from. Internal linkage, as rotate_blocks.h.
namespace plumbline::fast {
namespace {

// A row of cos and sin as it stands.
template <class Real>
struct StandingRow {
  const Real* cosines;
  std::ptrdiff_t sin_offset;
  template <class V, bool full>
  auto cos(std::ptrdiff_t at, int n) const {
    return V::template load<full>(cosines + at, n);
  }
  template <class V, bool full>
  auto sin(std::ptrdiff_t at, int n) const {
    return V::template load<full>(cosines + sin_offset + at, n);
  }
};

// A row that is put together from those of several axes, a group of columns at a time.
struct MergedRow {
  const void* const* rows;
  const MergedRows& merged;
  int group;
  std::ptrdiff_t sin_offset;
  template <class V, bool full>
  auto cos(std::ptrdiff_t at, int /*n*/) const {
    return load<V>(at, 0);
  }
  template <class V, bool full>
  auto sin(std::ptrdiff_t at, int /*n*/) const {
    return load<V>(at, sin_offset);
  }

 private:
  template <class V>
  auto load(std::ptrdiff_t at, std::ptrdiff_t offset) const {
    const int here = group + static_cast<int>(at / kColumnGroup);
    const GroupPart* part = merged.parts + merged.part_begin[here];
    const GroupPart* end = merged.parts + merged.part_begin[here + 1];
    offset += std::ptrdiff_t{here} * kColumnGroup;
    auto out = V::template load<true>(static_cast<const float*>(rows[part->axis]) + offset, 0);
    for (++part; part < end; ++part)
      out = V::replace(out, part->columns, static_cast<const float*>(rows[part->axis]) + offset);
    return out;
  }
};

// The columns of one axis: bit i % 64 of word i / 64. Named words, as g++ would leave an array in
// memory.
template <std::size_t columns>
struct AxisColumns {
  static_assert(columns <= 128);
  AxisColumns() = default;
  AxisColumns(const MergedRows& merged, int axis) {
    for (std::size_t g = 0; g < columns / kColumnGroup; ++g)
      for (int p = merged.part_begin[g]; p < merged.part_begin[g + 1]; ++p)
        if (const GroupPart& part = merged.parts[p]; part.axis == axis)
          (g < 4 ? low : high) |= std::uint64_t{part.columns} << g % 4 * kColumnGroup;
  }
  std::uint16_t group(int g) const {
    return static_cast<std::uint16_t>((g < 4 ? low : high) >> g % 4 * kColumnGroup);
  }
  // More mask registers than there are would be stored and loaded again.
  [[gnu::always_inline]] void keep() {
    asm("" : "+Yk"(low));
    if constexpr (columns > 64) asm("" : "+Yk"(high));
  }
  std::uint64_t low = 0, high = 0;
};

// A token's row in registers: cos and sin of columns 0, 1, ..
template <class V, int vectors>
struct HeldRow {
  using Real = typename V::Element;
  static constexpr std::ptrdiff_t kColumns = std::ptrdiff_t{vectors} * V::kLanes;
  typename V::Vector c[vectors], s[vectors];

  [[gnu::always_inline]] void load(const Real* row) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      c[v] = V::template load<true>(row + v * V::kLanes, 0);
      s[v] = V::template load<true>(row + kColumns + v * V::kLanes, 0);
    }
  }
  // Lays an axis's columns over it.
  [[gnu::always_inline]] void lay_over(const AxisColumns<kColumns>& columns, const Real* row) {
    static_assert(V::kLanes == kColumnGroup);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const std::uint16_t here = columns.group(v);
      c[v] = V::replace(c[v], here, row + v * V::kLanes);
      s[v] = V::replace(s[v], here, row + kColumns + v * V::kLanes);
    }
  }
  template <class, bool full>
  auto cos(std::ptrdiff_t at, int /*n*/) const {
    return c[at / V::kLanes];
  }
  template <class, bool full>
  auto sin(std::ptrdiff_t at, int /*n*/) const {
    return s[at / V::kLanes];
  }
};

// Asks for a row of cos and sin, `count` values each.
template <class Real>
void ask_row(const void* row, std::ptrdiff_t sin_offset, std::ptrdiff_t count) {
  const auto* cos = static_cast<const Real*>(row);
  for (std::ptrdiff_t i = 0; i < count; i += std::ptrdiff_t{64 / sizeof(Real)}) {
    prefetch(reinterpret_cast<const char*>(cos + i));
    prefetch(reinterpret_cast<const char*>(cos + sin_offset + i));
  }
}

}  // namespace
}  // namespace plumbline::fast
