// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/vector.hpp>
#include <optional>
#include <span>

#include "golden/quick/rows.h"

namespace plumbline::quick {

// Rows of consecutive positions, in blocks of B = 2 F around their middles: position begin + a B +
// F + b is the turn coarse[a] * fine[b], and begin + a B + F - 1 - b is coarse[a] / fine[b], with
// coarse[a] = e^(i (begin + a B + F - 1/2) w) and fine[b] = e^(i (b + 1/2) w): the two share all
// products.
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
  // them.
  std::span<double> coarse() { return {coarse_.data(), coarse_.size()}; }
  std::span<double> fine() { return {fine_.data(), fine_.size()}; }
  int fine_rows() const { return half_; }
  // Widens the test by this factor; the values that it then leaves open go to reference/.
  void widen_bound(double factor) { bound_ *= factor; }

 private:
  // Calls use(job, up, down) for runs of rows that one kernel call makes: `up` and `down` are the
  // positions of the first row of each side, or nothing where that side was not asked for.
  using Side = std::optional<std::int64_t>;
  template <class Use>
  void jobs(std::int64_t from, std::int64_t to, const Use& use) const;
  const ResolvedSpectrum* spectrum_;
  std::int64_t begin_, end_;
  int half_, groups_;  // half_: F
  double bound_;
  boost::container::vector<double> coarse_, fine_;  // written first by the threads that make them
};

}  // namespace plumbline::quick
