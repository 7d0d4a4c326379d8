// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/quick/lane_rotation.h"

// The arithmetic of certified logits, for any lane type; as lane_rows.h.
namespace plumbline::quick {

// Adds the product of two rotated lanes to total, which is not normalised: proof/logit.g. The sum
// of the two high parts is exact with its error (D. Knuth, TAOCP 2, 4.2.2, theorem B).
template <class V>
void add_product(Sum<V>& total, const Sum<V>& a, const Sum<V>& b) {
  const V p = a.high * b.high;
  const V p_low = V::fma(a.high, b.low, V::fma(a.low, b.high, V::fms(a.high, b.high, p)));
  const V s = total.high + p, part = s - total.high;
  const V error = (total.high - (s - part)) + (p - part);
  total = {s, total.low + (error + p_low)};
}

template <class V>
void logit_sums(const LogitJob& job) noexcept {
  const int groups = (job.pairs + kGroup - 1) / kGroup;
  for (int lane = 0; lane < kGroup; lane += V::kWidth) {
    Sum<V> total{V::all(0), V::all(0)};
    for (int g = 0; g < groups; ++g) {
      const Turn<V> q = load_turn<V>(job.query_turns + g * kTurnGroup, lane),
                    k = load_turn<V>(job.key_turns + g * kTurnGroup, lane);
      const double *query = job.query + g * kPairGroup + lane,
                   *key = job.key + g * kPairGroup + lane;
      const V xq = V::load(query), yq = V::load(query + kGroup), xk = V::load(key),
              yk = V::load(key + kGroup);
      add_product(total, rotated_minus(xq, q.cos_high, q.cos_low, yq, q.sin_high, q.sin_low),
                  rotated_minus(xk, k.cos_high, k.cos_low, yk, k.sin_high, k.sin_low));
      add_product(total, rotated_plus(yq, q.cos_high, q.cos_low, xq, q.sin_high, q.sin_low),
                  rotated_plus(yk, k.cos_high, k.cos_low, xk, k.sin_high, k.sin_low));
    }
    V::store(job.sums + lane, total.high);
    V::store(job.sums + kGroup + lane, total.low);
  }
}

}  // namespace plumbline::quick
