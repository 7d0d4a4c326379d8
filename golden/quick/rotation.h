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

class Rotation {
 public:
  // Pairs are the rungs of `spectrum`, which must outlive this object.
  explicit Rotation(const ResolvedSpectrum& spectrum);

  // (x c - y s, y c + x s), or its adjoint, for every pair of every head, lanes past 2 x rungs
  // untouched: exact inputs, each output rounded once, proven. `turns` is the row's of
  // ConsecutiveRows or ScatteredRows, position_at(rung) its position; what the turns leave open,
  // zeros and non-finite lanes among it, goes to reference/. Rules for those: golden/FORMAT.md,
  // section 3. Any number of threads may call it at once.
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
