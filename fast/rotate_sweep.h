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
  const int q_heads = job.runs->count * q.group, k_heads = job.runs->count * k.group;
  // From behind the last head to the next token, modulo 2^64.
  const auto rest = [](std::ptrdiff_t token, std::ptrdiff_t head, int heads) {
    return static_cast<std::size_t>(token) -
           static_cast<std::size_t>(heads) * static_cast<std::size_t>(head);
  };
  const std::size_t q_out_rest = rest(q.out_token, q.out_head, q_heads);
  const std::size_t k_out_rest = rest(k.out_token, k.out_head, k_heads);
  const Asking q_asks(q, q_heads), k_asks(k, k_heads);
  const Real sign = job.adjoint ? -1 : 1;
  const void* const* rows = job.rows;
  const auto columns_of = [&](int axis) {
    return axes > 1 ? AxisColumns<kPairs>(job.merged, axis) : AxisColumns<kPairs>();
  };
  AxisColumns<kPairs> second = columns_of(1), last = columns_of(axes - 1);
  HeldRow<typename Block::Lanes, kPairs / Block::Lanes::kLanes> row;
  const auto address = [](const void* at) { return static_cast<const Real*>(at); };
  const auto load_whole = [&](const void* const* at) __attribute__((always_inline)) {
    row.load(address(at[0]));
    if constexpr (axes > 2) row.lay_over(second, address(at[1]));
    if constexpr (axes > 1) row.lay_over(last, address(at[axes - 1]));
  };
  // Bit i: i tokens on the last axis alone moves on, as along a line of an image.
  std::uint64_t stays = 0;
  for (int t = 1; axes > 1 && t < job.tokens; ++t) {
    const void* const* at = rows + t * axes;
    bool same = true;
    for (int a = 0; a + 1 < axes; ++a) same = same && at[a] == at[a - axes];
    stays |= std::uint64_t{same} << t;
  }
  load_whole(rows);
  rows += job.tokens > 1 ? axes : 0;
  const Real* upcoming = address(rows[axes - 1]);
  for (int left = job.tokens; left > 0; --left) {
    Block now[blocks];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; ++b)
      now[b].set(Block::template read<true>(row, b * Block::kPairs, Block::kPairs), sign);
    if constexpr (axes > 2) second.keep();
    if constexpr (axes > 1) last.keep();
    stays >>= 1;
    if constexpr (axes == 1)
      row.load(upcoming);
    else if ((stays & 1) != 0)
      row.lay_over(last, upcoming);
    else
      load_whole(rows);
    // Past the end the last row comes again.
    rows += left > 2 ? axes : 0;
    upcoming = address(rows[axes - 1]);
    if constexpr (axes == 1 && ahead) ask_row<Real>(upcoming, kPairs, kPairs);
    const auto turn = [&](const Asking<Element>& asks, int heads, const Element*& in,
                          std::ptrdiff_t in_head, Element*& out, std::ptrdiff_t out_head)
        __attribute__((always_inline)) {
      int count = ahead ? asks.within : heads;
      std::ptrdiff_t distance = asks.distance;
      for (;;) {
        turn_heads<Isa, Block, blocks, false, ahead, apart>(now, in, out, in_head, out_head, count,
                                                            kPairs, distance, 0, 0);
        if (!ahead || count == heads) return;
        heads = count = heads - count;
        distance = asks.beyond;
      }
    };
    turn(q_asks, q_heads, q_in, q.in_head, q_out, q.out_head);
    turn(k_asks, k_heads, k_in, k.in_head, k_out, k.out_head);
    step(q_out, q_out_rest);
    step(k_out, k_out_rest);
    if constexpr (apart) step(q_in, rest(q.in_token, q.in_head, q_heads));
    if constexpr (apart) step(k_in, rest(k.in_token, k.in_head, k_heads));
  }
}

// TokenFunction, in so many passes over the heads.
template <class Isa, class Block, int blocks, int passes>
void turn_token(const float* row, void* q, std::ptrdiff_t q_head, void* k, std::ptrdiff_t k_head,
                TokenHeads heads, float sign) noexcept {
  using Element = typename Block::Element;
  constexpr std::ptrdiff_t kStep = std::ptrdiff_t{blocks} * Block::kPairs, kPairs = passes * kStep;
  const StandingRow<float> from{row, kPairs};
  for (std::ptrdiff_t first = 0; first < kPairs; first += kStep) {
    Block trig[blocks];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; ++b)
      trig[b].set(Block::template read<true>(from, first + std::ptrdiff_t{b} * Block::kPairs,
                                             Block::kPairs),
                  sign);
    const auto turn = [&](void* data, std::ptrdiff_t head, int count)
        __attribute__((always_inline)) {
      auto* out = static_cast<Element*>(data) + (Block::kNeox ? first : 2 * first);
      const Element* in = out;
      turn_heads<Isa, Block, blocks, false, false, false>(trig, in, out, head, head, count, kPairs,
                                                          0, 0, 0);
    };
    turn(q, q_head, heads.q);
    turn(k, k_head, heads.k);
  }
}

// What a word has a bit for each of.
constexpr int kMostMergedTokens = 64;

// Runs the job if it is a common one; whether it was.
template <class Isa, class Block, bool ahead, int axes>
bool swept(const RotateJob& job) {
  constexpr unsigned kMost = 4;
  const unsigned pairs = static_cast<unsigned>(job.rotary_dim) / 2, blocks = pairs / Block::kPairs;
  if (job.tokens == 0 || (axes > 1 && job.tokens > kMostMergedTokens) || job.run_count != 1 ||
      blocks == 0 || blocks > kMost || pairs % Block::kPairs != 0 ||
      job.sin_offset != static_cast<std::ptrdiff_t>(pairs) || job.rows_per_token != axes)
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
