// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include "fast/rotate.h"
#include "fast/rows.h"

// The vector kernels, once for every instruction set. `Isa` names the vectors and what they can do;
// each file that includes this is compiled for one set, so everything here has internal linkage.
//
// A block is a fixed number of neighbouring pairs whose cos and sin stay in registers while all
// heads of a token pass by: they are read once a token, and the tensor is the only traffic left.
// Bits: first = fma(x, c, -fl(y s)), second = fma(x, s, fl(y c)), then one rounding to storage;
// the same for both pairings and for every vector length.
namespace plumbline::fast {
namespace {

constexpr int least(int a, int b) { return a < b ? a : b; }
constexpr int rest(int a, int b) { return a > b ? a - b : 0; }

// How elements of one vector of `V` are stored: as they are, or as binary16, half as wide.
template <class V>
struct AsIs {
  using Element = typename V::Element;
  template <bool full>
  static typename V::Vector load(const Element* from, int n) {
    return V::template load<full>(from, n);
  }
  template <bool full>
  static void store(Element* to, typename V::Vector v, int n) {
    V::template store<full>(to, v, n);
  }
};
template <class Isa>
struct AsF16 {
  using Element = std::uint16_t;
  template <bool full>
  static auto load(const Element* from, int n) {
    return Isa::template load_f16<full>(from, n);
  }
  template <bool full>
  static void store(Element* to, typename Isa::F32::Vector v, int n) {
    Isa::template store_f16<full>(to, v, n);
  }
};

// x in one vector, y in another. `V` is the vector type's name in Isa: its lanes, loads, stores and
// arithmetic.
template <class V, class Stored = AsIs<V>>
struct HalfSplit {
  using Element = typename Stored::Element;
  using Real = typename V::Element;
  static constexpr int kPairs = V::kLanes;
  static constexpr bool kNeox = true;
  typename V::Vector c, s;

  template <bool full, class Row>
  void read(const Row& row, std::ptrdiff_t at, Real sign, int n) {
    c = row.template cos<V, full>(at, n);
    s = V::mul(row.template sin<V, full>(at, n), V::all(sign));
  }
  struct Data {
    typename V::Vector x, y;
  };
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t half, int n) {
    return {Stored::template load<full>(in, n), Stored::template load<full>(in + half, n)};
  }
  template <bool full>
  void turn_first(const Data& d, Element* out, int n) const {
    Stored::template store<full>(out, V::fms(d.x, c, V::mul(d.y, s)), n);
  }
  template <bool full>
  void turn_second(const Data& d, Element* out, std::ptrdiff_t half, int n) const {
    Stored::template store<full>(out + half, V::fma(d.x, s, V::mul(d.y, c)), n);
  }
  template <bool full>
  void turn(const Data& d, Element* out, std::ptrdiff_t half, int n) const {
    turn_first<full>(d, out, n);
    turn_second<full>(d, out, half, n);
  }
};

// Whether a head fits in registers beside its cos and sin, and its halves are whole vectors: it is
// then loaded and stored line by line in the order of memory, which the way to memory rewards.
template <class Isa, class Block>
concept Sweeps = Isa::kRegisters >= 32 && requires {
  &Block::template turn_first<true>;
};

// x, y, x, y: each vector is multiplied by (c, s) with x doubled and by (-s, c) with y doubled, and
// doubling is part of the load where elements are stored as they are.
template <class V, class Stored = AsIs<V>>
struct Adjacent {
  using Element = typename Stored::Element;
  using Real = typename V::Element;
  static constexpr int kPairs = V::kLanes;
  static constexpr bool kNeox = false;
  typename V::Vector cs[2], sc[2];

  template <bool full, class Row>
  void read(const Row& row, std::ptrdiff_t at, Real sign, int n) {
    const auto c = row.template cos<V, full>(at, n);
    const auto s = V::mul(row.template sin<V, full>(at, n), V::all(sign));
    const auto minus_s = V::mul(s, V::all(-1));
    cs[0] = V::zip_low(c, s), cs[1] = V::zip_high(c, s);
    sc[0] = V::zip_low(minus_s, c), sc[1] = V::zip_high(minus_s, c);
  }
  struct Data {
    typename V::Vector v[2];
  };
  static int lanes(int i, int n) { return least(rest(2 * n, i * V::kLanes), V::kLanes); }
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t /*half*/, int n) {
    return {{Stored::template load<full>(in, lanes(0, n)),
             Stored::template load<full>(in + V::kLanes, lanes(1, n))}};
  }
  template <bool full>
  void turn(const Data& d, Element* out, std::ptrdiff_t /*half*/, int n) const {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i)
      Stored::template store<full>(out + i * V::kLanes,
                                   V::fma(V::even(d.v[i]), cs[i], V::mul(V::odd(d.v[i]), sc[i])),
                                   lanes(i, n));
  }
};

// bfloat16 is the upper half of a binary32: a vector of 2 n words is n even ones, shifted up, and n
// odd ones, masked. For half-split pairs cos and sin are sorted the same way, once a token.
template <class Isa>
struct HalfSplitBf16 {
  using V = typename Isa::F32;
  using Element = std::uint16_t;
  using Real = float;
  static constexpr int kPairs = 2 * V::kLanes;
  static constexpr bool kNeox = true;
  typename V::Vector c[2], s[2];  // even pairs, odd pairs

  template <bool full, class Row>
  void read(const Row& row, std::ptrdiff_t at, Real sign, int n) {
    const int low = least(n, V::kLanes), high = rest(n, V::kLanes);
    const auto c0 = row.template cos<V, full>(at, low),
               c1 = row.template cos<V, full>(at + V::kLanes, high);
    const auto s0 = row.template sin<V, full>(at, low),
               s1 = row.template sin<V, full>(at + V::kLanes, high);
    c[0] = V::unzip_even(c0, c1), c[1] = V::unzip_odd(c0, c1);
    s[0] = V::mul(V::unzip_even(s0, s1), V::all(sign));
    s[1] = V::mul(V::unzip_odd(s0, s1), V::all(sign));
  }
  struct Data {
    typename Isa::Words x, y;
  };
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t half, int n) {
    return {Isa::template load_words<full>(in, n), Isa::template load_words<full>(in + half, n)};
  }
  template <bool full>
  void turn(const Data& d, Element* out, std::ptrdiff_t half, int n) const {
    const auto xe = Isa::even_bf16(d.x), xo = Isa::odd_bf16(d.x);
    const auto ye = Isa::even_bf16(d.y), yo = Isa::odd_bf16(d.y);
    Isa::template store_words<full>(
        out, Isa::to_bf16(V::fms(xe, c[0], V::mul(ye, s[0])), V::fms(xo, c[1], V::mul(yo, s[1]))),
        n);
    Isa::template store_words<full>(
        out + half,
        Isa::to_bf16(V::fma(xe, s[0], V::mul(ye, c[0])), V::fma(xo, s[1], V::mul(yo, c[1]))), n);
  }
};

template <class Isa>
struct AdjacentBf16 {
  using V = typename Isa::F32;
  using Element = std::uint16_t;
  using Real = float;
  static constexpr int kPairs = V::kLanes;
  static constexpr bool kNeox = false;
  HalfSplit<V> trig;

  template <bool full, class Row>
  void read(const Row& row, std::ptrdiff_t at, Real sign, int n) {
    trig.template read<full>(row, at, sign, n);
  }
  using Data = typename Isa::Words;
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t /*half*/, int n) {
    return Isa::template load_words<full>(in, 2 * n);
  }
  template <bool full>
  void turn(const Data& v, Element* out, std::ptrdiff_t /*half*/, int n) const {
    const auto x = Isa::even_bf16(v), y = Isa::odd_bf16(v);
    Isa::template store_words<full>(
        out,
        Isa::to_bf16(V::fms(x, trig.c, V::mul(y, trig.s)), V::fma(x, trig.s, V::mul(y, trig.c))),
        2 * n);
  }
};

// Asks for the lines of one block that lie `distance` bytes ahead, each line once; half = 0: of x
// alone.
template <class Isa, class Block>
void ask(const typename Block::Element* x, std::ptrdiff_t half, std::ptrdiff_t distance,
         int block) {
  constexpr std::ptrdiff_t kLine = 64 / sizeof(typename Block::Element);
  constexpr std::ptrdiff_t kLanes = Block::kNeox ? Block::kPairs : 2 * Block::kPairs;
  if (kLanes < kLine && block % 2 != 0) return;
  const char* first = reinterpret_cast<const char*>(x) + distance;
  Isa::prefetch(first);
  if (Block::kNeox && half != 0) Isa::prefetch(reinterpret_cast<const char*>(x + half) + distance);
  if (kLanes > kLine) Isa::prefetch(first + 64);
}

// A row of cos and sin as it stands.
template <class Real>
struct StandingRow {
  const Real* cosines;
  std::ptrdiff_t sin_offset;
  template <class V, bool full>
  auto cos(std::ptrdiff_t at, int n) const {
    return V::template load<full>(cosines + at, n);
  }
  template <class V, bool full>
  auto sin(std::ptrdiff_t at, int n) const {
    return V::template load<full>(cosines + sin_offset + at, n);
  }
};

// A row that is put together from those of several axes, a group of columns at a time.
struct MergedRow {
  const void* const* rows;
  const MergedRows& merged;
  int group;
  std::ptrdiff_t sin_offset;
  template <class V, bool full>
  auto cos(std::ptrdiff_t at, int /*n*/) const {
    return load<V>(at, 0);
  }
  template <class V, bool full>
  auto sin(std::ptrdiff_t at, int /*n*/) const {
    return load<V>(at, sin_offset);
  }

 private:
  template <class V>
  auto load(std::ptrdiff_t at, std::ptrdiff_t offset) const {
    const int here = group + static_cast<int>(at / kColumnGroup);
    const GroupPart* part = merged.parts + merged.part_begin[here];
    const GroupPart* end = merged.parts + merged.part_begin[here + 1];
    offset += std::ptrdiff_t{here} * kColumnGroup;
    auto out = V::template load<true>(static_cast<const float*>(rows[part->axis]) + offset, 0);
    for (++part; part < end; ++part)
      out = V::replace(out, part->columns, static_cast<const float*>(rows[part->axis]) + offset);
    return out;
  }
};

// Asks for a row of cos and sin, `count` values each.
template <class Isa, class Real>
void ask_row(const void* row, std::ptrdiff_t sin_offset, std::ptrdiff_t count) {
  const auto* cos = static_cast<const Real*>(row);
  for (std::ptrdiff_t i = 0; i < count; i += std::ptrdiff_t{64 / sizeof(Real)}) {
    Isa::prefetch(reinterpret_cast<const char*>(cos + i));
    Isa::prefetch(reinterpret_cast<const char*>(cos + sin_offset + i));
  }
}

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
    constexpr auto kSize = static_cast<std::ptrdiff_t>(sizeof(Element));
    distance = job.prefetch / (job.rotary_dim * kSize) * tensor.input_head * kSize;
  }
  const Element* in;
  Element* out;
  std::ptrdiff_t in_token, in_head, out_token, out_head;
  std::ptrdiff_t distance;  // in bytes, from what is loaded to what is asked for
  int group;
};

// All heads of one run: `count` of them from `in` on. What is left behind the last whole block is
// turned as one more whole block, which overlaps the one before: it is loaded before anything is
// stored, so that a pair that is turned twice is written twice, with the same bits. `back` is where
// it begins, in pairs from `in`. Without a whole block before it, it is `left` pairs wide.
template <class Isa, class Block, int blocks, bool part, bool ahead>
[[gnu::always_inline]] inline void turn_heads(const Block* trig, const typename Block::Element* in,
                                              typename Block::Element* out, std::ptrdiff_t in_head,
                                              std::ptrdiff_t out_head, int count,
                                              std::ptrdiff_t half, std::ptrdiff_t distance,
                                              std::ptrdiff_t back, int left) {
  constexpr std::ptrdiff_t kStep = Block::kNeox ? Block::kPairs : 2 * Block::kPairs;
  constexpr bool kOverlap = part && blocks > 0;
  const std::ptrdiff_t last = Block::kNeox ? back : 2 * back;
  for (; count > 0; --count) {
    typename Block::Data overlap;
    if constexpr (kOverlap) overlap = Block::template load<true>(in + last, half, Block::kPairs);
    if constexpr (ahead && Sweeps<Isa, Block> && blocks > 0) {
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b) ask<Isa, Block>(in + b * kStep, 0, distance, b);
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b) ask<Isa, Block>(in + half + b * kStep, 0, distance, b);
      typename Block::Data data[blocks];
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        data[b] = Block::template load<true>(in + b * kStep, half, Block::kPairs);
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        trig[b].template turn_first<true>(data[b], out + b * kStep, Block::kPairs);
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        trig[b].template turn_second<true>(data[b], out + b * kStep, half, Block::kPairs);
    } else {
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b) {
        if constexpr (ahead) ask<Isa, Block>(in + b * kStep, half, distance, b);
        trig[b].template turn<true>(Block::template load<true>(in + b * kStep, half, Block::kPairs),
                                    out + b * kStep, half, Block::kPairs);
      }
    }
    if constexpr (kOverlap) {
      trig[blocks].template turn<true>(overlap, out + last, half, Block::kPairs);
    } else if constexpr (part) {
      trig[0].template turn<false>(Block::template load<false>(in, half, left), out, half, left);
    }
    in += in_head;
    out += out_head;
  }
}

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
          ask_row<Isa, Real>(rows[job.rows_per_token + run->row], job.sin_offset, half);
      Block trig[blocks + (part ? 1 : 0)];
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b)
        trig[b].template read<true>(row, first + b * Block::kPairs, sign, Block::kPairs);
      if constexpr (part && blocks > 0)
        trig[blocks].template read<true>(row, first + back, sign, Block::kPairs);
      if constexpr (part && blocks == 0) trig[0].template read<false>(row, first, sign, left);
      for (const Cursor<Element>& at : cursors) {
        const std::ptrdiff_t from = std::ptrdiff_t{run->first} * at.group;
        turn_heads<Isa, Block, blocks, part, ahead>(
            trig, at.in + from * at.in_head, at.out + from * at.out_head, at.in_head, at.out_head,
            run->count * at.group, half, at.distance, back, left);
      }
    }
    for (Cursor<Element>& at : cursors) at.in += at.in_token, at.out += at.out_token;
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

  static void rotate(const RotateJob& job) {
    if (job.merged.parts != nullptr) return rotate_merged(job);
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

template <class Isa>
void rotate_blocks(const RotateJob& job) {
  switch (job.storage) {
    case Storage::f64:
      return job.neox ? Passes<Isa, HalfSplit<typename Isa::F64>>::rotate(job)
                      : Passes<Isa, Adjacent<typename Isa::F64>>::rotate(job);
    case Storage::f32:
      return job.neox ? Passes<Isa, HalfSplit<typename Isa::F32>>::rotate(job)
                      : Passes<Isa, Adjacent<typename Isa::F32>>::rotate(job);
    case Storage::bf16:
      return job.neox ? Passes<Isa, HalfSplitBf16<Isa>>::rotate(job)
                      : Passes<Isa, AdjacentBf16<Isa>>::rotate(job);
    case Storage::f16:
      return job.neox ? Passes<Isa, HalfSplit<typename Isa::F32, AsF16<Isa>>>::rotate(job)
                      : Passes<Isa, Adjacent<typename Isa::F32, AsF16<Isa>>>::rotate(job);
  }
}

}  // namespace
}  // namespace plumbline::fast
