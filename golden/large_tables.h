// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <tuple>
#include <vector>

#include "golden/file.h"
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
  // Threads share the seeds' making. Throws std::invalid_argument unless fits(c).
  LargeTables(const Case& c, unsigned threads);
  ~LargeTables();
  LargeTables(const LargeTables&) = delete;
  LargeTables& operator=(const LargeTables&) = delete;

  std::uint64_t rows() const { return rows_; }
  // Values of cos or sin in a row: maps x pairs.
  std::uint64_t entries() const { return map_.of.size(); }
  // token_index, position_ids, position_numerator and position_denominator as FORMAT.md has them;
  // then cos and sin of each format, beside each other.
  const std::vector<LaterDataset>& datasets() const { return datasets_; }
  static constexpr std::size_t kPositionDatasets = 4;

  // Bytes [begin, begin + to.size()) of one of the first four, in whole elements. Throws
  // std::runtime_error for a coordinate whose terms pass 63 bits.
  void positions(std::size_t dataset, std::uint64_t begin, std::span<std::byte> to) const;
  // Rows [first, first + count) of cos and sin, [count][entries] encodings. Any number of threads
  // may call it at once.
  quick::Count tables(Dtype dtype, std::uint64_t first, std::uint64_t count, std::byte* cos,
                      std::byte* sin) const;

 private:
  // Coordinates of some rows on one axis: numerator / denominator.
  struct Coordinates {
    std::vector<std::int64_t> numerators, denominators;
    friend bool operator==(const Coordinates&, const Coordinates&) = default;
  };
  // Rows [first, first + count) that stand in one text segment: on each axis, the coordinate of row
  // first + k is (numerator + k step) / denominator.
  struct Line {
    std::int64_t numerator, denominator, step;
    friend bool operator==(const Line&, const Line&) = default;
  };
  struct Run {
    std::uint64_t first, count;
    std::vector<Line> axes;
  };
  // By spectrum, and by positions [begin, end) or common denominator.
  template <class Rows, class... Key>
  using Kept = std::map<std::tuple<std::size_t, Key...>, std::shared_ptr<const Rows>>;

  void find_runs();
  // The run of a row, and the rows from it on that are all in that run, or all in none.
  std::pair<const Run*, std::uint64_t> run_at(std::uint64_t row) const;
  std::vector<Coordinates> coordinates(std::uint64_t first, std::uint64_t count) const;
  // Rows that are in one run and one range of seeds, or in no run.
  quick::Count part(const Run* run, std::uint64_t first, std::uint64_t count,
                    const quick::RowsOut& out) const;
  // Rows of every rung of a spectrum.
  quick::Count run_rungs(std::size_t spectrum, const Run& run, const Line& line,
                         std::uint64_t offset, std::uint64_t count,
                         const quick::RowsOut& out) const;
  quick::Count rungs(std::size_t spectrum, const Coordinates& at, const quick::RowsOut& out) const;

  Case case_;
  unsigned threads_;
  std::uint64_t rows_ = 0;
  std::size_t axes_ = 0;
  FrequencyAllocation map_;
  bool plain_ = false;  // one axis, and pair i on rung i
  std::vector<ResolvedSpectrum> spectra_;
  std::vector<LaterDataset> datasets_;
  std::vector<Run> runs_;
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
