// SPDX-License-Identifier: Apache-2.0
#pragma once

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

// Asks for a row of cos and sin, `count` values each.
template <class Isa, class Real>
void ask_row(const void* row, std::ptrdiff_t sin_offset, std::ptrdiff_t count) {
  const auto* cos = static_cast<const Real*>(row);
  for (std::ptrdiff_t i = 0; i < count; i += std::ptrdiff_t{64 / sizeof(Real)}) {
    Isa::prefetch(reinterpret_cast<const char*>(cos + i));
    Isa::prefetch(reinterpret_cast<const char*>(cos + sin_offset + i));
  }
}

}  // namespace
}  // namespace plumbline::fast
