// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "golden/quick/rows.h"
#include "reference/rotation.h"

namespace plumbline::quick {

// Heads of one row, [heads][head_dim] encodings of `dtype`; strides in elements. `in` and `out` may
// be the same.
struct HeadsInOut {
  Dtype dtype;
  const void* in;
  void* out;
  int heads;
  std::ptrdiff_t in_stride, out_stride;
  Pairing pairing;
};

// The turns of one row, pair by pair: [groups of pairs][kTurnGroup], each good to kTurnError scale.
struct PairTurns {
  const double* turns;
  int pairs;
  double scale;
  // Some turns are zero instead, not being known as well as that: what they make no bound proves.
  bool open = false;
};

// (x c - y s, y c + x s), or its adjoint, for every pair of every head, lanes past 2 x pairs
// untouched: exact inputs, each output rounded once, proven. What the turns leave open, zeros and
// non-finite lanes among it, is made by decide(head, pair, x, y). Rules for those:
// golden/FORMAT.md, section 3.
using DecidePair = std::function<TurnedPair(int, int, std::uint64_t, std::uint64_t)>;
Count rotate_row(const PairTurns& row, const HeadsInOut& heads, bool adjoint,
                 const DecidePair& decide, const Kernels& kernels = best_kernels());

class Rotation {
 public:
  // Pairs are the rungs of `spectrum`, which must outlive this object.
  explicit Rotation(const ResolvedSpectrum& spectrum);

  // rotate_row() with the row's turns of ConsecutiveRows or ScatteredRows; position_at(rung) is
  // its position; what they leave open goes to reference/. Any number of threads may call it at
  // once.
  Count rotate(const double* turns, const std::function<Rational(int)>& position_at,
               const HeadsInOut& heads, bool adjoint,
               const Kernels& kernels = best_kernels()) const;

 private:
  TurnedPair decide(int rung, const Rational& position, std::uint64_t x, std::uint64_t y,
                    bool adjoint, Dtype dtype) const;
  const ResolvedSpectrum* spectrum_;
  double scale_;
};

}  // namespace plumbline::quick
