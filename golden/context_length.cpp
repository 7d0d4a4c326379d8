// SPDX-License-Identifier: Apache-2.0
#include "golden/context_length.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

namespace plumbline {

void PhaseRecovery::add(std::size_t row, int map, int pair, std::complex<double> exact,
                        std::complex<double> candidate, double noise) {
  if (!std::isfinite(std::abs(exact)) || exact == 0.0) return;
  // Every head weighs the same; lengths would overflow when squared.
  const double length = std::abs(exact);
  Sum& s = sums_[truth_.entry(row, map, pair)];
  s.broken = s.broken || !std::isfinite(std::abs(candidate));
  s.product += std::conj(exact / length) * (candidate / length);
  s.weight += 1;
  s.doubt += noise / length;
}

void PhaseRecovery::finish(std::vector<PhaseSample>& out) const {
  for (std::size_t row = 0; row < truth_.rows(); ++row) {
    for (int map = 0; map < truth_.maps; ++map) {
      for (int pair = 0; pair < truth_.pairs; ++pair) {
        const Sum& s = sums_[truth_.entry(row, map, pair)];
        if (s.weight == 0 || !truth_.turns(map, pair)) continue;
        // |sum of conj(exact) * arithmetic error| <= doubt; seen from the exact sum it spans at
        // most this angle.
        const double spread = s.doubt / s.weight;
        const double noise = spread < 1 ? std::asin(spread) : std::numbers::pi;
        const bool lost = s.broken || s.product == 0.0;
        const double seen = lost ? std::numbers::pi : std::abs(std::arg(s.product));
        out.push_back({std::abs(truth_.position(row, map, pair)), std::max(0.0, seen - noise),
                       noise, truth_.axis_map[truth_.slot(map, pair)]});
      }
    }
  }
}

std::vector<ContextLength> context_lengths(const std::vector<PhaseSample>& samples) {
  struct Tested {
    double excess = 0;
    std::set<std::uint8_t> axes;
  };
  std::map<double, Tested> by_position;
  std::set<std::uint8_t> axes;
  double resolution = 0;
  for (const PhaseSample& s : samples) {
    Tested& t = by_position[s.position];
    t.excess = std::max(t.excess, s.excess);
    t.axes.insert(s.axis);
    axes.insert(s.axis);
    resolution = std::max(resolution, s.noise);
  }
  std::vector<ContextLength> out;
  for (const Grade& grade : kGrades) {
    ContextLength length{grade, resolution <= grade.limit, {}, {}, true, resolution};
    double expected = 0;
    for (const auto& [position, tested] : by_position) {
      if (tested.excess > grade.limit) {
        length.exceeded_at = position;
        break;
      }
      // "all" needs each integer in turn on every axis; fractions in between do no harm.
      if (position == expected && tested.axes == axes) {
        expected += 1;
      } else if (position >= expected) {
        length.all = false;
      }
      if (length.measurable) length.length = position;
    }
    if (!length.length) length.all = false;
    out.push_back(length);
  }
  return out;
}

}  // namespace plumbline
