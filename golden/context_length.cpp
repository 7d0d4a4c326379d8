// SPDX-License-Identifier: Apache-2.0
#include "golden/context_length.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <limits>
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

namespace {

// What was tested below a position, of samples in the order of their positions.
struct Tested {
  std::optional<double> last;
  bool all = true;  // each integer up to `last`, on every axis of `axes`
};

Tested tested_below(double end, const std::vector<PhaseSample>& samples, std::bitset<8> axes) {
  Tested out;
  std::array<double, 8> expected{};  // by axis: the first integer not tested
  for (const PhaseSample& s : samples) {
    if (s.position >= end) break;
    const double last = s.last() < end ? s.last() : s.position + (std::ceil(end - s.position) - 1);
    out.last = std::max(out.last.value_or(0), last);
    double& next = expected[s.axis];
    if (s.position <= next && s.position == std::floor(s.position)) next = std::max(next, last + 1);
  }
  for (std::size_t axis = 0; axis < expected.size(); ++axis)
    out.all = out.all && (!axes[axis] || expected[axis] > std::floor(out.last.value_or(0)));
  return out;
}

}  // namespace

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

  std::bitset<8> axes;
  double resolution = 0;
  for (const PhaseSample& s : all) {
    axes.set(s.axis);  // a sample is of an axis that turns
    resolution = std::max(resolution, s.noise);
  }
  std::vector<ContextLength> out;
  for (const Grade& grade : kGrades) {
    const bool tested = !all.empty();
    ContextLength length{grade, tested && resolution <= grade.limit, {}, {}, false, resolution,
                         tested};
    const auto over = std::find_if(all.begin(), all.end(),
                                   [&](const PhaseSample& s) { return s.excess > grade.limit; });
    if (over != all.end()) length.exceeded_at = over->position;
    const Tested below = tested_below(
        length.exceeded_at.value_or(std::numeric_limits<double>::infinity()), all, axes);
    if (length.measurable) length.length = below.last;
    length.all = length.length && below.all;
    out.push_back(length);
  }
  return out;
}

}  // namespace plumbline
