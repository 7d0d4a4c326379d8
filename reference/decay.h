// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "reference/phasors.h"

// How an attention logit falls with distance along each axis, from the spectrum alone.
namespace plumbline {

// Curves over offsets of one axis, every value the binary64 nearest to the exact number. C the
// pairs that read the axis in the first map which it drives, m their number, n all pairs, theta
// inv_freq, pair 0 first in every sum; the attention factor is left out.
struct AxisDecay {
  Axis axis = Axis::none;
  char letter = ' ';
  int map = 0, channels = 0;  // that map, and m
  // B_emb = (1/n) sum_{j=1..n} |sum_{k<j} e^{j phi_k}|, phi_k = offset theta_k for k in C, else 0:
  // (n + 1) / 2 at offset 0.
  std::vector<double> embedded = {};
  // The same over C alone, (1/m) sum_{j=1..m} |...|, divided by its value at 0, (m + 1) / 2.
  std::vector<double> restricted = {};
  // K = (1/m) sum_{i in C} cos(offset theta_i).
  std::vector<double> kernel = {};
  // Phi / (2 sigma^2 n) with the offset on this axis alone: ((n - m) + m K) / n. A similar key is
  // preferred on average where it is not negative.
  std::vector<double> preference = {};
};

struct Decay {
  std::vector<AxisDecay> axes;  // in the order of the axes; axes that drive no pair are left out
  // Phi / (2 sigma^2 n) with the offset on every axis at once, the mean over the maps.
  std::vector<double> preference = {};
  unsigned precision = 0;  // bits that decided the hardest value
};

// One set of phasors for each ladder of the map, all at the same offsets.
using LadderPhasors = std::vector<std::shared_ptr<const Phasors>>;

// Source: arXiv 2510.23095, equations 5 and 6, whose curves per axis are not defined there: both
// readings; the kernel and the preference as in HoPE, arXiv 2505.20444. Throws Unresolved.
Decay decay(const FrequencyAllocation& map, const LadderPhasors& phasors);

}  // namespace plumbline
