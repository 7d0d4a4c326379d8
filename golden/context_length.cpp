// SPDX-License-Identifier: Apache-2.0
#include "golden/context_length.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <numbers>

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
  // By position; what comes from one case of text is in order already.
  const auto before = [](const PhaseSample& a, const PhaseSample& b) {
    return a.position < b.position;
  };
  std::vector<PhaseSample> sorted;
  const bool in_order = std::is_sorted(samples.begin(), samples.end(), before);
  if (!in_order) {
    sorted = samples;
    std::sort(sorted.begin(), sorted.end(), before);
  }
  const std::vector<PhaseSample>& all = in_order ? samples : sorted;

  struct Tested {
    double position = 0, excess = 0;
    std::bitset<8> axes;
  };
  std::vector<Tested> by_position;
  std::bitset<8> axes;
  double resolution = 0;
  for (const PhaseSample& s : all) {
    if (by_position.empty() || by_position.back().position != s.position)
      by_position.push_back({s.position, 0, {}});
    Tested& t = by_position.back();
    t.excess = std::max(t.excess, s.excess);
    t.axes.set(s.axis);  // a sample is of an axis that turns
    axes.set(s.axis);
    resolution = std::max(resolution, s.noise);
  }
  std::vector<ContextLength> out;
  for (const Grade& grade : kGrades) {
    ContextLength length{grade, resolution <= grade.limit, {}, {}, true, resolution};
    double expected = 0;
    for (const Tested& tested : by_position) {
      if (tested.excess > grade.limit) {
        length.exceeded_at = tested.position;
        break;
      }
      // "all" needs each integer in turn on every axis; fractions in between do no harm.
      if (tested.position == expected && tested.axes == axes) {
        expected += 1;
      } else if (tested.position >= expected) {
        length.all = false;
      }
      if (length.measurable) length.length = tested.position;
    }
    if (!length.length) length.all = false;
    out.push_back(length);
  }
  return out;
}

}  // namespace plumbline
