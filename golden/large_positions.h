// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "golden/file.h"
#include "reference/row_walk.h"

// Where the rows of a case with exact positions stand, any of them at any time, in memory that does
// not depend on their number, each at the cost of one search over the segments.
namespace plumbline {

class LargePositions {
 public:
  // Coordinates of some rows on one axis: numerator / denominator in lowest terms; where one of the
  // two passes 63 bits, denominator 0, and the numerator is an index into `far`.
  struct Coordinates {
    std::vector<std::int64_t> numerators, denominators;
    std::vector<Rational> far;
    friend bool operator==(const Coordinates&, const Coordinates&) = default;
    Rational at(std::size_t k) const;
    void add(const Rational& x);
    void add(const Coordinates& other, std::size_t from, std::size_t count);
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

  // Looks at every row that is in no run, on `threads` threads. Throws as positions() does.
  LargePositions(const Case& c, unsigned threads);
  LargePositions(const LargePositions&) = delete;
  LargePositions& operator=(const LargePositions&) = delete;

  std::uint64_t rows() const { return starts_.back(); }
  std::size_t axes() const { return axes_; }
  // token_index, position_ids, and, where every one of their terms fits 63 bits,
  // position_numerator and position_denominator as FORMAT.md has them.
  const std::vector<LaterDataset>& datasets() const { return datasets_; }
  bool exact() const { return datasets_.size() == 4; }

  // Any number of threads may call these at once. Bytes [begin, begin + to.size()) of one of the
  // datasets, in whole elements.
  void bytes(std::size_t dataset, std::uint64_t begin, std::span<std::byte> to) const;
  // By axis, of rows [first, first + count).
  std::vector<Coordinates> coordinates(std::uint64_t first, std::uint64_t count) const;
  // The run of a row, and the rows from it on that are all in that run, or all in none.
  std::pair<const Run*, std::uint64_t> run_at(std::uint64_t row) const;

 private:
  using Stretch = std::vector<Coordinates>;  // by axis
  struct Kept {
    std::shared_ptr<const Stretch> stretch;
    std::uint64_t used;
  };

  void find_runs();
  bool all_fit(unsigned threads) const;
  std::size_t window_at(std::uint64_t row) const;
  std::int64_t token_index(std::size_t window, std::uint64_t row) const;
  std::shared_ptr<const Stretch> stretch(std::uint64_t number) const;

  const Case case_;  // what walk_ reads
  const RowWalk walk_;
  const std::vector<Window> windows_;
  std::vector<std::uint64_t> starts_;  // first row of each window, then their number
  std::size_t axes_;
  std::vector<Run> runs_;
  std::vector<LaterDataset> datasets_;
  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, Kept> kept_;
  mutable std::uint64_t used_ = 0;
};

}  // namespace plumbline
