// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "golden/quick/rows.h"

namespace plumbline::quick {

// Rows of consecutive positions: e^(i (begin + a B + b) w) as the product of coarse[a] and fine[b].
class ConsecutiveRows {
 public:
  // Channels are the rungs of `spectrum`, which must outlive this object; positions [begin, end),
  // begin < end, no |position| above kFarthest. Throws std::invalid_argument for another range,
  // std::logic_error where a seed misses its bound. Time and memory grow as sqrt(end - begin) up to
  // 2^16 positions and linearly, by a seed in 256 values, from there. Seeds are made on `threads`
  // threads.
  ConsecutiveRows(const ResolvedSpectrum& spectrum, std::int64_t begin, std::int64_t end,
                  unsigned threads = 1);
  int channels() const { return spectrum_->rungs(); }
  // |A cos - computed| < bound() before any rounding, and the same for the sine. Seeds are good to
  // kSeedError wherever they stand, so the bound does not depend on the position.
  double bound() const { return bound_; }

  // Rows of positions [from, to), within [begin, end). Any number of threads may call it at once.
  Count rows(std::int64_t from, std::int64_t to, const RowsOut& out,
             const Kernels& kernels = best_kernels()) const;

  // The turns of rows [from, to), each good to kTurnError scale_of(): [rows][groups][kTurnGroup].
  void turns(std::int64_t from, std::int64_t to, double* out,
             const Kernels& kernels = best_kernels()) const;

  // Seeds as the kernels read them, [rows][groups][kTurnGroup], for tests that inspect and spoil
  // them. Coarse row a stands for position begin + a fine_rows(), fine row b for position b.
  std::span<double> coarse() { return coarse_; }
  std::span<double> fine() { return fine_; }
  int fine_rows() const { return block_; }
  // Widens the test by this factor; the values that it then leaves open go to reference/.
  void widen_bound(double factor) { bound_ *= factor; }

 private:
  // Calls use(job, first) for runs of rows that one kernel call makes.
  template <class Use>
  void jobs(std::int64_t from, std::int64_t to, const Use& use) const;
  const ResolvedSpectrum* spectrum_;
  std::int64_t begin_, end_;
  int block_, groups_;
  double bound_;
  std::vector<double> coarse_, fine_;
};

}  // namespace plumbline::quick
