// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reference/criteria/frequency.h"
#include "reference/criteria/plane_reading.h"
#include "reference/evaluate.h"

namespace plumbline {

// What one lane of one pair reads.
struct Lane {
  int map = 0, pair = 0, lane = 0;
  Axis axis = Axis::none;
  Frequency frequency;
};

// A frequency allocation, or dense planes, as the criteria need them.
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
  std::vector<PlaneReading> planes;          // instead of lanes
  Frequency base_frequency(int pair) const;  // of the base model: base^(-pair / pairs)
  Rational base;
};

}  // namespace plumbline
