// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fast/embedding_state.h"

namespace plumbline::fast {

// Space that a RowMaker leaves behind, so that the next one on the same thread allocates nothing.
struct RowScratch {
  std::vector<double> made;             // [2][columns]
  std::vector<std::uint16_t> doubtful;  // [groups]
};

// One thread's way to the rows of one embedding. Remembers the coarse row last used, which serves
// 64 positions in sequence. One at a time on a scratch.
class RowMaker {
 public:
  RowMaker(const EmbeddingState& state, RowScratch& scratch) : state_(state), my_(scratch) {}

  // The rows of the token whose position on axis a is ids[a * stride], into `space` [2][columns].
  // Every element is A cos or A sin rounded to nearest. merge: row `row` alone, from the table,
  // which must hold every position.
  template <class Position>
  void merge(const Position* ids, std::ptrdiff_t stride, int row, float* space);
  template <class Position>
  void make(const Position* ids, std::ptrdiff_t stride, float* space);
  // At any position, column by column.
  void exact(const double* ids, std::ptrdiff_t stride, float* space) const;
  void exact(const double* ids, std::ptrdiff_t stride, double* space) const;

 private:
  const double* coarse_row(bool one_index);
  void settle(float* space) const;

  const EmbeddingState& state_;
  RowScratch& my_;
  bool made_ = false;
  // Not filled on construction, which costs a decode step nothing so.
  const double* fine_[kNoAxis];
  const float* ready_[kNoAxis];
  // Of a coarse row, as it is wanted and as it was put together.
  std::int64_t index_[kNoAxis], made_of_[kNoAxis], position_[kNoAxis];
};

}  // namespace plumbline::fast
