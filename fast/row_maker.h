// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fast/embedding_state.h"

namespace plumbline::fast {

// Space that a RowMaker needs and leaves behind, so that the next one on the same thread allocates
// nothing.
struct RowScratch {
  std::vector<const double*> fine;     // [axes]
  std::vector<const float*> ready;     // [axes]
  std::vector<std::int64_t> index;     // [axes], of the coarse row wanted
  std::vector<std::int64_t> position;  // [axes]
  std::vector<std::int64_t> made_of;   // [axes], of the coarse row that was put together
  std::vector<double> made;            // [2][columns]
  std::vector<std::uint8_t> doubtful;  // [groups]
};

// One thread's way to the rows of one embedding. Remembers the coarse row last used, which serves
// 64 positions in sequence. One at a time on a scratch.
class RowMaker {
 public:
  RowMaker(const EmbeddingState& state, RowScratch& scratch);

  // The row of the token whose position on axis a is ids[a * stride]: one that is ready, or `space`
  // [2][columns], filled. Every element is A cos or A sin rounded to nearest.
  template <class Position>
  const float* find(const Position* ids, std::ptrdiff_t stride, float* space);
  // Always on the fly.
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
};

}  // namespace plumbline::fast
