// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace plumbline {

// The middle of a sample, the lower of two, and the order statistics that enclose the median with
// 95 % confidence; of the sample's own kind. The sample is not empty.
struct Median {
  double value, low, high;
};
inline Median median_of(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  const double reach = 0.98 * std::sqrt(n);  // 1.96 / 2 standard deviations of a fair coin's count
  const auto at = [&](double rank) {
    const double last = n - 1;
    return sample[static_cast<std::size_t>(std::clamp(rank, 0.0, last))];
  };
  return {at(std::floor((n - 1) / 2)), at(std::floor(n / 2 - reach)),
          at(std::ceil(n / 2 + reach) - 1)};
}

}  // namespace plumbline
