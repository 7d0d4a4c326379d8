// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/reading.h"

#include <algorithm>

namespace plumbline {
namespace {

Frequency frequency_of(const Case& c, const FrequencyAllocation& map, const Assignment& assigned) {
  const Ladder& ladder = map.ladder(assigned.axis);
  const int dim = ladder.dim == 0 ? c.spectrum.rotary_dim : ladder.dim;
  return {ladder.rope_theta.value_or(c.spectrum.rope_theta),
          Rational(2 * assigned.rung, dim) * ladder.exponent, ladder.turns};
}

template <class T>
void insert(std::vector<T>& sorted, const T& x) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), x);
  if (at == sorted.end() || *at != x) sorted.insert(at, x);
}

}  // namespace

Frequency Reading::base_frequency(int pair) const { return {base, Rational(pair, pairs), false}; }

Reading::Reading(const Case& c) : base(c.spectrum.rope_theta) {
  const FrequencyAllocation map = allocation(c);
  pairs = map.pairs;
  axes = design_of(*c.scheme, c.parameters).axes;
  planes = plane_readings(c);
  for (const PlaneReading& reading : planes) {
    for (const std::size_t a : reading.driving()) insert(driving, a);
  }
  if (!planes.empty()) return;
  std::vector<Axis> strange;
  for (int m = 0; m < map.maps; ++m) {
    for (int i = 0; i < map.pairs; ++i) {
      lanes.push_back({m, i, 0, map.at(m, i).axis, frequency_of(c, map, map.at(m, i))});
      if (map.partner.empty()) continue;
      const Assignment& second = map.partner[static_cast<std::size_t>(m * map.pairs + i)];
      if (second == map.at(m, i)) continue;
      mixed_lanes = true;
      lanes.push_back({m, i, 1, second.axis, frequency_of(c, map, second)});
    }
  }
  for (const Lane& lane : lanes) {
    const bool turns = lane.axis != Axis::none;
    if (turns) insert(driving, index(lane.axis));
    if (turns && same(lane.frequency, base_frequency(lane.pair))) {
      insert(as_base, index(lane.axis));
    } else if (std::find(strange.begin(), strange.end(), lane.axis) == strange.end()) {
      strange.push_back(lane.axis);
      not_as_base.push_back(lane);
    }
  }
}

}  // namespace plumbline
