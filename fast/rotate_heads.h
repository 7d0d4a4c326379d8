// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include "fast/prefetch.h"
#include "fast/rotate.h"

// One token's heads, turned by blocks that stay in registers. Internal linkage, as rotate_blocks.h.
namespace plumbline::fast {
namespace {

// Whether a head is loaded whole and stored line by line in the order of memory, which the way to
// memory rewards: where it fits in registers beside its cos and sin.
template <class Isa, class Block, bool ahead>
constexpr bool kInOrder = ahead&& Isa::kRegisters >= 32 && Block::kNeox;

// Where a pass stands in one tensor: at the first of its lanes in head 0 of a token.
template <class Element>
struct Cursor {
  Cursor(const RotateJob& job, const JobTensor& tensor, std::ptrdiff_t token, std::ptrdiff_t lane)
      : in(static_cast<const Element*>(tensor.input) + token * tensor.input_token + lane),
        out(static_cast<Element*>(tensor.output) + token * tensor.output_token + lane),
        in_token(tensor.input_token),
        in_head(tensor.input_head),
        out_token(tensor.output_token),
        out_head(tensor.output_head),
        group(tensor.group) {
    // As many bytes that are rotated, in whole heads: what lies between them is not asked for.
    heads_ahead =
        static_cast<int>(job.prefetch / (job.rotary_dim * std::ptrdiff_t{sizeof(Element)}));
    distance = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(heads_ahead) * bytes(in_head));
  }
  // Modulo 2^64: the stride of a single head may be anything.
  static std::size_t bytes(std::ptrdiff_t stride) {
    return static_cast<std::size_t>(stride) * sizeof(Element);
  }
  const Element* in;
  Element* out;
  std::ptrdiff_t in_token, in_head, out_token, out_head;
  std::ptrdiff_t distance;  // in bytes, from what is loaded to what is asked for
  int heads_ahead, group;
};

// Where the heads of a token ask: the first `within` of them `distance` bytes ahead, the others
// `beyond`, so that what lies between the tokens is not asked for.
template <class Element>
struct Asking {
  Asking(const Cursor<Element>& at, int heads) : within(heads), distance(at.distance) {
    const std::size_t token = at.bytes(at.in_token), head = at.bytes(at.in_head);
    if (token == static_cast<std::size_t>(heads) * head) return;
    const int ahead = std::min(at.heads_ahead, heads);
    within = heads - ahead;
    distance = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(ahead) * head);
    // From head h to head h - within of the next token.
    beyond = static_cast<std::ptrdiff_t>(token - static_cast<std::size_t>(within) * head);
  }
  int within;
  std::ptrdiff_t distance, beyond = 0;
};

// Moves a pointer on by so many elements, modulo 2^64: the stride of a single head may be anything.
// Not to be foreseen: g++ would keep the sum of all steps on the stack for the end of a loop.
template <class Element>
[[gnu::always_inline]] inline void step(Element*& at, std::size_t elements) {
  at =
      reinterpret_cast<Element*>(reinterpret_cast<std::uintptr_t>(at) + elements * sizeof(Element));
  asm("" : "+r"(at));
}

// All heads of one run: `count` of them from `in` on. What is left behind the last whole block is
// turned as one more whole block, which overlaps the one before: it is loaded before anything is
// stored, so that a pair that is turned twice is written twice, with the same bits. `back` is where
// it begins, in pairs from `in`. Without a whole block before it, it is `left` pairs wide. Leaves
// `from` and `out` behind the last head; in place (not `apart`) `from` is not looked at.
template <class Isa, class Block, int blocks, bool part, bool ahead, bool apart = true>
[[gnu::always_inline]] inline void turn_heads(const Block* trig,
                                              const typename Block::Element*& from,
                                              typename Block::Element*& out, std::ptrdiff_t in_head,
                                              std::ptrdiff_t out_head, int count,
                                              std::ptrdiff_t half, std::ptrdiff_t distance,
                                              std::ptrdiff_t back, int left) {
  constexpr std::ptrdiff_t kStep = Block::kNeox ? Block::kPairs : 2 * Block::kPairs;
  constexpr bool kOverlap = part && blocks > 0;
  const std::ptrdiff_t last = Block::kNeox ? back : 2 * back;
  const auto store = [&]<bool full>(std::bool_constant<full>, const typename Block::Turned& turned,
                                    typename Block::Element* to, int n) {
    const auto silently = [](std::ptrdiff_t) {};
    Block::template store_first<full>(turned, to, n, silently);
    Block::template store_second<full>(turned, to, half, n, silently);
  };
  // What asks for the line of element first + i of `base`, where it is the first in a line.
  const auto asking = [&](const typename Block::Element* base, std::ptrdiff_t first) {
    return [=](std::ptrdiff_t i) __attribute__((always_inline)) {
      constexpr std::ptrdiff_t kLine = 64 / sizeof(typename Block::Element);
      if (ahead && (first + i) % kLine == 0)
        prefetch_here(reinterpret_cast<const char*>(base + first + i) + distance);
    };
  };
  for (; count > 0; --count) {
    const typename Block::Element* in = apart ? from : out;
    typename Block::Data overlap;
    if constexpr (kOverlap) overlap = Block::template load<true>(in + last, half, Block::kPairs);
    if constexpr (kInOrder<Isa, Block, ahead> && blocks > 0) {
      typename Block::Data data[blocks];
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        data[b] = Block::template load<true>(in + b * kStep, half, Block::kPairs);
      typename Block::Turned turned[blocks];
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b) {
        turned[b] = trig[b].turn(data[b]);
        Block::template store_first<true>(turned[b], out + b * kStep, Block::kPairs,
                                          asking(in, b * kStep));
      }
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        Block::template store_second<true>(turned[b], out + b * kStep, half, Block::kPairs,
                                           asking(in + half, b * kStep));
    } else {
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b) {
        const auto turned =
            trig[b].turn(Block::template load<true>(in + b * kStep, half, Block::kPairs));
        Block::template store_first<true>(turned, out + b * kStep, Block::kPairs,
                                          asking(in, b * kStep));
        Block::template store_second<true>(turned, out + b * kStep, half, Block::kPairs,
                                           asking(in + half, b * kStep));
      }
    }
    if constexpr (kOverlap) {
      store(std::true_type(), trig[blocks].turn(overlap), out + last, Block::kPairs);
    } else if constexpr (part) {
      store(std::false_type(), trig[0].turn(Block::template load<false>(in, half, left)), out,
            left);
    }
    if constexpr (apart) step(from, static_cast<std::size_t>(in_head));
    step(out, static_cast<std::size_t>(out_head));
  }
}

}  // namespace
}  // namespace plumbline::fast
