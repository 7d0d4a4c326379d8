// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "reference/evaluate.h"

namespace plumbline::test {

inline bool overlap(const Interval& p, const Interval& q) {
  return boost::multiprecision::lower(p) <= boost::multiprecision::upper(q) &&
         boost::multiprecision::lower(q) <= boost::multiprecision::upper(p);
}

// Equal maps pair by pair, and frequencies whose enclosures at 400 bits overlap: closer than any
// two different parameters of few digits could come.
inline ::testing::AssertionResult one_operator(const Case& a, const Case& b) {
  const WorkingPrecision bits(400);
  if (a.pairing != b.pairing || a.shape.rotary_dim != b.shape.rotary_dim)
    return ::testing::AssertionFailure() << "pairing or rotary_dim";
  const FrequencyAllocation x = allocation(a), y = allocation(b);
  const Spectra f(a.spectrum, x), g(b.spectrum, y);
  if (!overlap(f.first().attention_factor(), g.first().attention_factor()))
    return ::testing::AssertionFailure() << "attention factor";
  for (int head = 0; head < a.shape.num_key_value_heads; ++head) {
    for (int pair = 0; pair < x.pairs; ++pair) {
      const Assignment &p = x.at(x.map_of(head), pair), &q = y.at(y.map_of(head), pair);
      const bool still = p.axis == Axis::none || f.of(p.axis).never_turns(p.rung),
                 also = q.axis == Axis::none || g.of(q.axis).never_turns(q.rung);
      if (still && also) continue;
      if (still != also || p.axis != q.axis ||
          !overlap(f.of(p.axis).inv_freq(p.rung), g.of(q.axis).inv_freq(q.rung)))
        return ::testing::AssertionFailure() << "head " << head << ", pair " << pair;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace plumbline::test
