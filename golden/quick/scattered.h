// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "golden/quick/rows.h"

namespace plumbline::quick {

// Rows of any positions numerator / denominator: inv_freq / (2 pi denominator) as a binary fraction
// of 160 bits, times the numerator, modulo 1, which is exact at any distance; the nearest of kTable
// turns, and a polynomial for the rest of less than 1/2048 of a turn.
class ScatteredRows {
 public:
  // Channels are the rungs of `spectrum`, which must outlive this object. 1 <= denominator <= 2^31,
  // else std::invalid_argument.
  ScatteredRows(const ResolvedSpectrum& spectrum, std::int64_t denominator);
  int channels() const { return spectrum_->rungs(); }
  // |A cos - computed| < bound(numerator) before any rounding, and the same for the sine. The phase
  // is cut after 160 bits, and the numerator multiplies what is cut: a farther position has a
  // larger bound.
  double bound(std::int64_t numerator) const;

  // One row for each numerator, or, where there are rows x channels of them, each channel at its
  // own. |numerator| <= kFarthest, else std::invalid_argument. Any number of threads may call it at
  // once.
  Count rows(std::span<const std::int64_t> numerators, int rows, const RowsOut& out,
             const Kernels& kernels = best_kernels()) const;

  // The turns of the same rows, each good to kTurnError scale_of(): [rows][groups][kTurnGroup].
  void turns(std::span<const std::int64_t> numerators, int rows, double* out,
             const Kernels& kernels = best_kernels()) const;

  // cos and sin of A e^(2 pi i k / kTable), [kTable][4], for tests that inspect and spoil it.
  std::span<double> table() { return table_; }
  // Widens the test by this factor; the values that it then leaves open go to reference/.
  void widen_bound(double factor) { bound_ *= factor; }

 private:
  // Checks the numerators and calls use(job, first row) for runs of rows that one kernel call
  // makes.
  template <class Use>
  void jobs(std::span<const std::int64_t> numerators, int rows, const Use& use) const;
  const ResolvedSpectrum* spectrum_;
  std::int64_t denominator_;
  int groups_;
  double bound_, bound_per_position_;
  std::vector<std::uint64_t> chunks_;
  std::vector<double> table_;
};

}  // namespace plumbline::quick
