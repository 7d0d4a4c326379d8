// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "reference/evaluate.h"

// The mean kernel K at every integer offset of a context, for statements about all of them.
namespace plumbline {

// cos and sin of offset * inv_freq(rung) for every rung and every offset 0 .. last, as binary64
// products of two seed tables: |error| of a cosine <= 2^-50.
class SeedTables {
 public:
  SeedTables(const ResolvedSpectrum& spectrum, std::int64_t last);
  std::int64_t last() const { return last_; }
  const ResolvedSpectrum& spectrum() const { return *spectrum_; }
  // out[offset] += cos(offset inv_freq(rung)), 0 <= offset <= last.
  void add_cosines(int rung, std::vector<double>& out) const;

 private:
  const ResolvedSpectrum* spectrum_;
  std::int64_t last_, near_;
  // [rung][b], offset b; [rung][a], offset a near_.
  std::vector<std::vector<std::array<double, 2>>> small_, large_;
};

// Of the axes of one map (see AxisDecay), over the integer offsets 1 .. last.
struct KernelScan {
  struct OfAxis {
    Axis axis = Axis::none;
    // Smallest offset with K < 0, proven by enclosures; nothing where there is none up to last.
    std::optional<std::int64_t> first_negative;
  };
  std::vector<OfAxis> axes;
  // The offset where |K_h - K_w| is largest, to within 2^-40 of the largest, and the binary64
  // nearest to it there; nothing where an axis is missing.
  std::optional<std::int64_t> widest_at;
  double widest = 0;
};
// `tables`: one for each ladder of the map.
KernelScan scan_kernel(const FrequencyAllocation& map,
                       const std::vector<const SeedTables*>& tables);

}  // namespace plumbline
