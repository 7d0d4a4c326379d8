// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "golden/tensor.h"

// What this core allows certified values, measured and counted where they are.
namespace plumbline {

// Binary64 vector operations that a kernel's own code does for eight pairs, which are sixteen
// values: sums, products, fused ones, comparisons and conversions, counted by running that code.
// What is done in integers, loads and stores come on top.
int product_operations(Dtype dtype);
int phase_operations(Dtype dtype);
int rotation_operations(Dtype dtype);

// 512-bit fused multiply-adds a second on this core, over a time in the order of a millisecond;
// NaN where there are none.
double peak_operations();
// Bytes a second that plain stores reach in a buffer of this size.
double store_bandwidth(std::size_t bytes);

}  // namespace plumbline
