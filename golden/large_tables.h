// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <tuple>
#include <vector>

#include "golden/large_positions.h"
#include "golden/quick/consecutive.h"
#include "golden/quick/scattered.h"
#include "reference/evaluate.h"

// The rows of a case's tables and positions, any of them at any time, certified at speed: what a
// file too large for memory is written from and compared with.
namespace plumbline {

class LargeTables {
 public:
  // Whether the case holds tables alone, with exact positions, of a map that is a rotation.
  static bool fits(const Case& c);
  // Threads share the seeds' making and the walk over all rows. Throws std::invalid_argument unless
  // fits(c).
  LargeTables(const Case& c, unsigned threads);
  ~LargeTables();
  LargeTables(const LargeTables&) = delete;
  LargeTables& operator=(const LargeTables&) = delete;

  std::uint64_t rows() const { return positions_.rows(); }
  // Values of cos or sin in a row: maps x pairs.
  std::uint64_t entries() const { return map_.of.size(); }
  const LargePositions& positions() const { return positions_; }
  // Those of positions(); then cos and sin of each format, beside each other.
  const std::vector<LaterDataset>& datasets() const { return datasets_; }

  // Rows [first, first + count) of cos and sin, [count][entries] encodings. Any number of threads
  // may call it at once.
  quick::Count tables(Dtype dtype, std::uint64_t first, std::uint64_t count, std::byte* cos,
                      std::byte* sin) const;

 private:
  using Coordinates = LargePositions::Coordinates;
  using Line = LargePositions::Line;
  using Run = LargePositions::Run;
  // By spectrum, and by positions [begin, end) or common denominator.
  template <class Rows, class... Key>
  using Kept = std::map<std::tuple<std::size_t, Key...>, std::shared_ptr<const Rows>>;

  // Rows that are in one run and one range of seeds, or in no run.
  quick::Count part(const Run* run, std::uint64_t first, std::uint64_t count,
                    const quick::RowsOut& out) const;
  // Rows of every rung of a spectrum.
  quick::Count run_rungs(std::size_t spectrum, const Run& run, const Line& line,
                         std::uint64_t offset, std::uint64_t count,
                         const quick::RowsOut& out) const;
  quick::Count rungs(std::size_t spectrum, const Coordinates& at, const quick::RowsOut& out) const;
  // Without far coordinates; by enclosures alone.
  quick::Count near_rungs(std::size_t spectrum, const Coordinates& at,
                          const quick::RowsOut& out) const;
  quick::Count decided_rungs(std::size_t spectrum, const Coordinates& at,
                             const quick::RowsOut& out) const;

  unsigned threads_;
  FrequencyAllocation map_;
  LargePositions positions_;
  bool plain_ = false;  // one axis, and pair i on rung i
  std::vector<ResolvedSpectrum> spectra_;
  std::vector<LaterDataset> datasets_;
  // Made when they are first needed, and forgotten when there are many.
  mutable std::mutex mutex_;
  mutable Kept<quick::ConsecutiveRows, std::int64_t, std::int64_t> consecutive_;
  mutable Kept<quick::ScatteredRows, std::int64_t> scattered_;
};

// Rows of a case's tables: the lengths of its windows together.
std::uint64_t rows_in(const Case& c);
// The case of rows [first, first + count) of this one's rows.
Case rows_of(const Case& c, std::uint64_t first, std::uint64_t count);

}  // namespace plumbline
