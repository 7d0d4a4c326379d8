// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reference/evaluate.h"

// What part of the frequency spectrum each axis gets.
namespace plumbline {

// One axis that drives a pair, all heads together. Channels are pair indices, 0 the fastest, each
// counted once however many heads read it. Wavelengths in positions, scaling included, each the
// binary64 nearest to the exact number.
struct AxisCoverage {
  char letter = ' ';
  std::vector<int> channels;  // ascending
  // Of each channel, in positions, in the first map where the axis drives it; infinity where it
  // never turns.
  std::vector<double> wavelengths = {};
  int hole = 0;                  // most channels missing between two neighbours
  double shortest = 0;           // wavelength of the fastest channel
  double longest = 0;            // of the slowest that turns
  double exponent_coverage = 0;  // (e_last - e_first) n / (n - 1); 0 for one pair
  double mean_channel = 0;
  double monotone_range = 0;  // half the longest wavelength: cos falls up to this offset
  // Channels whose wavelength is longer than this many positions.
  int longer_than(std::int64_t positions) const;
};
// In the order of the axes; axes that drive nothing are left out. Source: arXiv 2510.23095, section
// 3, full-frequency utilisation.
std::vector<AxisCoverage> coverage(const Case& c);

}  // namespace plumbline
