// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "reference/evaluate.h"

// e^{j offset inv_freq} of one ladder, made once for many sums.
namespace plumbline {

class Phasors {
 public:
  // `spectrum` must outlive the phasors. Offsets are any integers.
  Phasors(const ResolvedSpectrum& spectrum, std::vector<std::int64_t> offsets);
  const std::vector<std::int64_t>& offsets() const { return offsets_; }
  // cos and sin of offsets()[which] * inv_freq(rung): enclosures at the working precision; the
  // points {1} and {0} where the rung never turns or the offset is 0. Kept for kFirstPrecision,
  // made anew for every other. Any number of threads may read.
  CosSin at(std::size_t which, int rung) const;

 private:
  CosSin made(std::size_t which, int rung) const;
  const ResolvedSpectrum* spectrum_;
  std::vector<std::int64_t> offsets_;
  std::vector<CosSin> kept_;  // [offset][rung]
};

}  // namespace plumbline
