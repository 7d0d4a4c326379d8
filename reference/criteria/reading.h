// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reference/evaluate.h"

namespace plumbline {

// base^(-exponent), times 2 pi where `two_pi`; radians per position.
struct Frequency {
  Rational base, exponent;
  bool two_pi = false;
  Interval enclosure() const;
};
// Equal as real numbers: decided on powers of integers, exactly.
bool same(const Frequency& a, const Frequency& b);

// What one lane of one pair reads.
struct Lane {
  int map = 0, pair = 0, lane = 0;
  Axis axis = Axis::none;
  Frequency frequency;
};

// A frequency allocation as the criteria need it.
struct Reading {
  explicit Reading(const Case& c);
  int pairs = 0, axes = 0;
  bool mixed_lanes = false;          // some pair's lanes read different coordinates: no rotation
  std::vector<std::size_t> driving;  // axes that turn a pair in some map, ascending
  std::vector<Lane> lanes;           // by map, then pair, then lane (0, and 1 where it differs)
  // Axes that a pair reads at the frequency which the base model has there, and the lanes that do
  // not turn so, one for each axis.
  std::vector<std::size_t> as_base;
  std::vector<Lane> not_as_base;
  Frequency base_frequency(int pair) const;  // of the base model: base^(-pair / pairs)
  Rational base;
};

}  // namespace plumbline
