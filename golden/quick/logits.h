// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "golden/quick/rotation.h"

namespace plumbline::quick {

// One head as numbers, and the turns of its row.
struct TurnedHead {
  PairTurns turns;
  std::span<const double> lanes;  // [head_dim]
};

class Logits {
 public:
  // 1 / sqrt(head_dim) is made once. head_dim >= 1, pairs <= head_dim / 2.
  Logits(int head_dim, int pairs, Pairing pairing);

  // (query turned . key turned) / sqrt(head_dim), rounded once to `dtype`; nothing where the bound
  // cannot prove it: too much cancels, a lane or all of the products are too large or too small for
  // the bound to hold, a turn is open, or there are more lanes than kMostLanes. Both heads' turns
  // have the same scale. Any number of threads may call it at once.
  std::optional<std::uint64_t> logit(const TurnedHead& query, const TurnedHead& key, Dtype dtype,
                                     const Kernels& kernels = best_kernels()) const;

 private:
  int head_dim_, pairs_;
  Pairing pairing_;
  Double2 inverse_root_;
};

}  // namespace plumbline::quick
