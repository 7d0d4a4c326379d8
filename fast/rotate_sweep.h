// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/rotate_heads.h"
#include "fast/rotate_rows.h"

// The pass over the common job: one row a token for all heads, all pairs in a few whole blocks.
// Internal linkage, as rotate_blocks.h.
//
// A load waits for every store in flight whose address ends in the same twelve bits, and a
// processor that is busy storing has enough of them in flight for any load: what is fetched between
// two tokens costs tens of cycles. Here pointers, strides and counts stay in registers, offsets are
// constants, and a row is loaded a token before it is used, its address another one before.
namespace plumbline::fast {
namespace {

inline bool in_place(const JobTensor& t) {
  return t.input == t.output && t.input_token == t.output_token && t.input_head == t.output_head;
}

// `axes`: how many a row is put together from, two or three; 1: it stands.
template <class Isa, class Block, int blocks, bool ahead, int axes, bool apart>
void sweep(const RotateJob& job) {
  using Element = typename Block::Element;
  using Real = typename Block::Real;
  constexpr std::ptrdiff_t kPairs = std::ptrdiff_t{blocks} * Block::kPairs;
  const Cursor<Element> q(job, job.tensors[0], 0, 0), k(job, job.tensors[1], 0, 0);
  // In place, half of the numbers do.
  Element *q_out = q.out, *k_out = k.out;
  const Element *q_in = q.in, *k_in = k.in;
  const std::ptrdiff_t q_in_head = apart ? q.in_head : q.out_head;
  const std::ptrdiff_t k_in_head = apart ? k.in_head : k.out_head;
  const int q_heads = job.runs->count * q.group, k_heads = job.runs->count * k.group;
  const Asking q_asks(q, q_heads), k_asks(k, k_heads);
  const Real sign = job.adjoint ? -1 : 1;
  const void* const* rows = job.rows;
  const Real* upcoming[axes] = {};
  // Whether the last axis alone moves on, as along a line of an image.
  bool only_last = false;
  const auto look_up = [&](const void* const* at) {
    bool same = axes > 1;
#pragma GCC unroll 3
    for (int a = 0; a < axes; ++a) {
      if (a + 1 < axes) same = same && upcoming[a] == at[a];
      upcoming[a] = static_cast<const Real*>(at[a]);
    }
    only_last = same;
  };
  AxisColumns<axes, kPairs> columns(job.merged);
  HeldRow<typename Block::Lanes, kPairs / Block::Lanes::kLanes> row;
  const auto load = [&]() __attribute__((always_inline)) {
    columns.keep();
    if (!only_last) {
      row.load(upcoming[0]);
      if constexpr (axes > 2) row.lay_over(columns.words[0].data(), upcoming[1]);
    }
    if constexpr (axes > 1) row.lay_over(columns.words[axes - 2].data(), upcoming[axes - 1]);
  };
  look_up(rows);
  load();
  look_up(rows + (job.tokens > 1 ? axes : 0));
  for (int left = job.tokens; left > 0; --left) {
    Block now[blocks];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; ++b)
      now[b].set(Block::template read<true>(row, b * Block::kPairs, Block::kPairs), sign);
    load();
    // Past the end the last row comes again.
    rows += left > 1 ? axes : 0;
    look_up(rows + (left > 2 ? axes : 0));
    if constexpr (axes == 1 && ahead) ask_row<Real>(*upcoming, kPairs, kPairs);
    const auto turn = [&](const Asking<Element>& asks, int heads, const Element* in,
                          std::ptrdiff_t in_head, Element* out, std::ptrdiff_t out_head)
        __attribute__((always_inline)) {
      int count = ahead ? asks.within : heads;
      std::ptrdiff_t distance = asks.distance;
      for (;;) {
        turn_heads<Isa, Block, blocks, false, ahead>(now, in, out, in_head, out_head, count, kPairs,
                                                     distance, 0, 0);
        if (!ahead || count == heads) return;
        in += count * in_head;
        out += count * out_head;
        heads = count = heads - count;
        distance = asks.beyond;
      }
    };
    turn(q_asks, q_heads, apart ? q_in : q_out, q_in_head, q_out, q.out_head);
    turn(k_asks, k_heads, apart ? k_in : k_out, k_in_head, k_out, k.out_head);
    q_out += q.out_token;
    k_out += k.out_token;
    if constexpr (apart) q_in += q.in_token;
    if constexpr (apart) k_in += k.in_token;
  }
}

// Runs the job if it is a common one; whether it was.
template <class Isa, class Block, bool ahead, int axes>
bool swept(const RotateJob& job) {
  constexpr unsigned kMost = 4;
  const unsigned pairs = static_cast<unsigned>(job.rotary_dim) / 2, blocks = pairs / Block::kPairs;
  if (job.tokens == 0 || job.run_count != 1 || blocks == 0 || blocks > kMost ||
      pairs % Block::kPairs != 0 || job.sin_offset != static_cast<std::ptrdiff_t>(pairs) ||
      job.rows_per_token != axes)
    return false;
  using Function = void(const RotateJob&);
  static constexpr Function* kSweeps[kMost][2] = {
      {sweep<Isa, Block, 1, ahead, axes, false>, sweep<Isa, Block, 1, ahead, axes, true>},
      {sweep<Isa, Block, 2, ahead, axes, false>, sweep<Isa, Block, 2, ahead, axes, true>},
      {sweep<Isa, Block, 3, ahead, axes, false>, sweep<Isa, Block, 3, ahead, axes, true>},
      {sweep<Isa, Block, 4, ahead, axes, false>, sweep<Isa, Block, 4, ahead, axes, true>}};
  const bool apart = !in_place(job.tensors[0]) || !in_place(job.tensors[1]);
  kSweeps[blocks - 1][apart ? 1 : 0](job);
  return true;
}

}  // namespace
}  // namespace plumbline::fast
