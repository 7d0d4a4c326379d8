// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "golden/tensor.h"

// What this core allows certified values, measured and counted where they are.
namespace plumbline {

// Binary64 vector operations that a kernel's own code does for eight pairs, which are sixteen
// values, counted by running that code: products, fused ones and conversions, and sums and
// comparisons. What is done in integers, loads and stores come on top.
struct Operations {
  double products = 0, sums = 0;
  double all() const { return products + sums; }
};
Operations product_operations(Dtype dtype);
Operations phase_operations(Dtype dtype);
Operations rotation_operations(Dtype dtype);

// 512-bit operations a second on this core, over a time in the order of a millisecond: of either
// kind alone, and of both at once, which some cores do side by side. NaN where there are none.
struct Peak {
  double products, sums, both;
  // Seconds that these operations take at least.
  double seconds(const Operations& o) const;
};
Peak peak_operations();
// Bytes a second that plain stores reach in a buffer of this size.
double store_bandwidth(std::size_t bytes);

}  // namespace plumbline
