// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include "fast/rotate_heads.h"
#include "fast/rotate_pairs.h"
#include "fast/rotate_rows.h"
#include "fast/rotate_sweep.h"

// The vector kernels, once for every instruction set. `Isa` names the vectors and what they can do;
// each file that includes this is compiled for one set, so everything here has internal linkage.
//
// A block is a fixed number of neighbouring pairs whose cos and sin stay in registers while all
// heads of a token pass by: they are read once a token, and the tensor is the only traffic left.
// Bits: first = fma(x, c, -fl(y s)), second = fma(x, s, fl(y c)), then one rounding to storage;
// the same for both pairings and for every vector length.
namespace plumbline::fast {
namespace {

// Pairs first .. first + blocks * kPairs (+ part) - 1 of tokens begin .. end - 1.
template <class Isa, class Block, int blocks, bool part, bool ahead, bool merges = false>
void pass(const RotateJob& job, int begin, int end, int first) {
  using Element = typename Block::Element;
  using Real = typename Block::Real;
  const std::ptrdiff_t half = job.rotary_dim / 2;
  const int left = part ? static_cast<int>(half) - first - blocks * Block::kPairs : 0;
  // See turn_heads; counted from `first`.
  const std::ptrdiff_t back = (blocks - 1) * Block::kPairs + left;
  const std::ptrdiff_t lane = Block::kNeox ? first : 2 * first;
  const Real sign = job.adjoint ? -1 : 1;
  Cursor<Element> cursors[] = {{job, job.tensors[0], begin, lane},
                               {job, job.tensors[1], begin, lane}};
  const void* const* rows = job.rows + std::ptrdiff_t{begin} * job.rows_per_token;
  for (int token = begin; token < end; ++token, rows += job.rows_per_token) {
    for (const Run *run = job.runs, *last = run + job.run_count; run != last; ++run) {
      const auto row = [&] {
        if constexpr (merges)
          return MergedRow{rows, job.merged, run->row * job.merged.groups, job.sin_offset};
        else
          return StandingRow<Real>{static_cast<const Real*>(rows[run->row]), job.sin_offset};
      }();
      if constexpr (ahead && !merges)
        if (token + 1 < end)
          ask_row<Real>(rows[job.rows_per_token + run->row], job.sin_offset, half);
      Block trig[blocks + (part ? 1 : 0)];
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        trig[b].set(Block::template read<true>(row, first + b * Block::kPairs, Block::kPairs),
                    sign);
      if constexpr (part && blocks > 0)
        trig[blocks].set(Block::template read<true>(row, first + back, Block::kPairs), sign);
      if constexpr (part && blocks == 0)
        trig[0].set(Block::template read<false>(row, first, left), sign);
      for (const Cursor<Element>& at : cursors) {
        const std::ptrdiff_t from = std::ptrdiff_t{run->first} * at.group;
        const Element* in = at.in + from * at.in_head;
        Element* out = at.out + from * at.out_head;
        turn_heads<Isa, Block, blocks, part, ahead>(trig, in, out, at.in_head, at.out_head,
                                                    run->count * at.group, half, at.distance, back,
                                                    left);
      }
    }
    for (Cursor<Element>& at : cursors) {
      step(at.in, static_cast<std::size_t>(at.in_token));
      step(at.out, static_cast<std::size_t>(at.out_token));
    }
  }
}

// Lanes rotary_dim .. head_dim - 1, where the output is another tensor.
template <class Element>
void copy_tails(const RotateJob& job, int begin, int end) {
  for (const JobTensor& tensor : job.tensors) {
    if (tensor.input == tensor.output) continue;
    int heads = 0;
    for (int run = 0; run < job.run_count; ++run) heads += job.runs[run].count * tensor.group;
    for (int token = begin; token < end; ++token) {
      const Cursor<Element> at(job, tensor, token, 0);
      for (int head = 0; head < heads; ++head)
        for (int lane = job.rotary_dim; lane < job.head_dim; ++lane)
          at.out[head * at.out_head + lane] = at.in[head * at.in_head + lane];
    }
  }
}

template <class Isa, class Block>
struct Passes {
  using Function = void(const RotateJob&, int, int, int);

  // By blocks and whether a part is left; a pass covers four whole blocks and a part at most.
  template <bool ahead>
  static constexpr Function* kPasses[5][2] = {
      {nullptr, pass<Isa, Block, 0, true, ahead>},
      {pass<Isa, Block, 1, false, ahead>, pass<Isa, Block, 1, true, ahead>},
      {pass<Isa, Block, 2, false, ahead>, pass<Isa, Block, 2, true, ahead>},
      {pass<Isa, Block, 3, false, ahead>, pass<Isa, Block, 3, true, ahead>},
      {pass<Isa, Block, 4, false, ahead>, pass<Isa, Block, 4, true, ahead>}};

  // The same where rows are merged and every block is whole.
  template <bool ahead>
  static constexpr Function* merged_pass(unsigned blocks) {
    if constexpr (kMerges) {
      constexpr Function* kMerged[] = {
          nullptr, pass<Isa, Block, 1, false, ahead, true>, pass<Isa, Block, 2, false, ahead, true>,
          pass<Isa, Block, 3, false, ahead, true>, pass<Isa, Block, 4, false, ahead, true>};
      return kMerged[blocks];
    }
    return nullptr;
  }
  static constexpr bool kMerges =
      Isa::kRegisters >= 32 && std::is_same_v<typename Block::Real, float>;

  static void rotate_merged(const RotateJob& job) {
    constexpr unsigned kPairs = Block::kPairs, kMost = 4;
    const unsigned pairs = static_cast<unsigned>(job.rotary_dim) / 2;
    const auto merged = job.prefetch != 0 ? merged_pass<true> : merged_pass<false>;
    const int step = pairs <= kMost * kPairs ? job.tokens : 1;
    for (int token = 0; token < job.tokens; token += step)
      for (unsigned first = 0, blocks; first < pairs; first += blocks * kPairs) {
        blocks = std::min((pairs - first) / kPairs, kMost);
        merged(blocks)(job, token, token + step, static_cast<int>(first));
      }
    if (job.rotary_dim < job.head_dim) copy_tails<typename Block::Element>(job, 0, job.tokens);
  }

  // Whether the whole job was done, a row of so many axes a token.
  template <int axes>
  static bool swept(const RotateJob& job) {
    if constexpr (Isa::kRegisters < 32 || (axes > 1 && !kMerges)) {
      return false;
    } else {
      const bool done = job.prefetch != 0 ? fast::swept<Isa, Block, true, axes>(job)
                                          : fast::swept<Isa, Block, false, axes>(job);
      if (done && job.rotary_dim < job.head_dim)
        copy_tails<typename Block::Element>(job, 0, job.tokens);
      return done;
    }
  }

  // nullptr unless the pairs are as many whole blocks in every pass.
  static TokenFunction* token(int rotary_dim) {
    if constexpr (std::is_same_v<typename Block::Real, float>) {
      constexpr struct {
        int blocks;
        TokenFunction* function;
      } kTokens[] = {{1, turn_token<Isa, Block, 1, 1>},  {2, turn_token<Isa, Block, 2, 1>},
                     {3, turn_token<Isa, Block, 3, 1>},  {4, turn_token<Isa, Block, 4, 1>},
                     {6, turn_token<Isa, Block, 3, 2>},  {8, turn_token<Isa, Block, 4, 2>},
                     {12, turn_token<Isa, Block, 4, 3>}, {16, turn_token<Isa, Block, 4, 4>}};
      for (const auto& token : kTokens)
        if (2 * token.blocks * Block::kPairs == rotary_dim) return token.function;
    }
    return nullptr;
  }

  static void rotate(const RotateJob& job) {
    if (job.merged.parts != nullptr)
      return swept<2>(job) || swept<3>(job) ? void() : rotate_merged(job);
    if (swept<1>(job)) return;
    constexpr unsigned kPairs = Block::kPairs, kMost = 4;
    const unsigned pairs = static_cast<unsigned>(job.rotary_dim) / 2;
    const auto& passes = job.prefetch != 0 ? kPasses<true> : kPasses<false>;
    const bool copies = job.rotary_dim < job.head_dim;
    if (pairs < (kMost + 1) * kPairs) {
      passes[pairs / kPairs][pairs % kPairs != 0 ? 1 : 0](job, 0, job.tokens, 0);
      if (copies) copy_tails<typename Block::Element>(job, 0, job.tokens);
      return;
    }
    for (int token = 0; token < job.tokens; ++token) {
      for (unsigned first = 0; first < pairs;) {
        const unsigned left = pairs - first;
        const bool ends = left < (kMost + 1) * kPairs;
        passes[ends ? left / kPairs : kMost][ends && left % kPairs != 0 ? 1 : 0](
            job, token, token + 1, static_cast<int>(first));
        first += ends ? left : kMost * kPairs;
      }
      if (copies) copy_tails<typename Block::Element>(job, token, token + 1);
    }
  }
};

// body(Passes of the block that turns tensors of this kind).
template <class Isa, class Body>
auto with_passes(Storage storage, bool neox, const Body& body) {
  using F32 = typename Isa::F32;
  switch (storage) {
    case Storage::f64:
      return neox ? body(Passes<Isa, HalfSplit<typename Isa::F64>>())
                  : body(Passes<Isa, Adjacent<typename Isa::F64>>());
    case Storage::bf16:
      return neox ? body(Passes<Isa, HalfSplitBf16<Isa>>())
                  : body(Passes<Isa, AdjacentBf16<Isa>>());
    case Storage::f16:
      return neox ? body(Passes<Isa, HalfSplit<F32, AsF16<Isa>>>())
                  : body(Passes<Isa, Adjacent<F32, AsF16<Isa>>>());
    case Storage::f32:
      break;
  }
  return neox ? body(Passes<Isa, HalfSplit<F32>>()) : body(Passes<Isa, Adjacent<F32>>());
}

template <class Isa>
void rotate_blocks(const RotateJob& job) {
  with_passes<Isa>(job.storage, job.neox, [&](auto passes) { passes.rotate(job); });
}

template <class Isa>
TokenFunction* token_blocks(Storage storage, bool neox, int rotary_dim) {
  return with_passes<Isa>(storage, neox, [&](auto passes) { return passes.token(rotary_dim); });
}

}  // namespace
}  // namespace plumbline::fast
