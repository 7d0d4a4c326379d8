// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <oneapi/tbb/cache_aligned_allocator.h>

#include <vector>

#include "fast/drivers.h"
#include "fast/exact_phase.h"

namespace plumbline::fast {

// From the start of a cache line on, so that a vector of it is never in two.
template <class Real>
using Lines = std::vector<Real, oneapi::tbb::cache_aligned_allocator<Real>>;

// What RotaryEmbedding keeps. Maps with equal axes and rungs share a row; a row has rotary_dim / 2
// columns, padded to a whole number of groups.
struct EmbeddingState {
  EmbeddingState(const RotaryCase& rotary_case, const RotaryEmbedding::Options& options);

  const double* coarse_row(std::int64_t index) const {
    return coarse.data() + index * 2 * seeds.columns;
  }
  const float* table_row(std::int64_t position) const {
    return table.data() + position * 2 * seeds.columns;
  }
  // (A cos, A sin) of one column, rounded to nearest; and in binary64.
  CosSinF32 in_f32(int column, double position) const;
  CosSin in_f64(int column, double position) const;

  RotaryCase c;
  const Kernel* kernel;
  std::vector<ExactPhase> phases;
  int query_heads = 1;           // of a KV head
  int padded = 0, rows = 0;      // columns = rows * padded
  std::vector<int> row_of_map;   // [maps]
  std::vector<int> axis_of_row;  // [rows]; -1 for more than one
  bool merges = false;           // the kernel may put rows together as it reads them
  std::vector<Run> runs;
  std::vector<Driver> of;  // [columns]
  std::vector<std::uint8_t> axis;
  std::vector<double> guard;
  std::vector<GroupPart> parts;
  std::vector<int> part_begin;
  RowSeeds seeds;
  Lines<double> fine;      // [kFineRows][2][columns]
  Lines<double> coarse;    // [ready / kFineRows][2][columns]
  Lines<float> table;      // [ready or 0][2][columns]
  std::int64_t ready = 0;  // a multiple of kFineRows
  std::size_t thread_bytes = 1;
  // By storage: turns a token of one row from the table, in place; nullptr where that takes more.
  TokenFunction* token[4] = {};

 private:
  void find_rows();
  void fill_seeds();
  void fill_table();
};

}  // namespace plumbline::fast
