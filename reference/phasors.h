// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "reference/evaluate.h"

// e^{j offset inv_freq} of one ladder, made once for many sums.
namespace plumbline {

// cos and sin of offset * inv_freq(rung): enclosures at the working precision; points where the
// angle is a whole number of quarter turns. `inv_freq`: that of the rung, enclosed.
CosSin phasor(const ResolvedSpectrum& spectrum, int rung, const Interval& inv_freq,
              std::int64_t offset);

class Phasors {
 public:
  // `spectrum` must outlive the phasors. Offsets are any integers.
  Phasors(const ResolvedSpectrum& spectrum, std::vector<std::int64_t> offsets);
  const std::vector<std::int64_t>& offsets() const { return offsets_; }
  // cos and sin of offsets()[which] * inv_freq(rung): as phasor() gives them. Kept for
  // kFirstPrecision, made anew for every other. Any number of threads may read.
  CosSin at(std::size_t which, int rung) const;

 private:
  const ResolvedSpectrum* spectrum_;
  std::vector<std::int64_t> offsets_;
  std::vector<CosSin> kept_;  // [offset][rung]
};

}  // namespace plumbline
