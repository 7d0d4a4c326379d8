// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fast/fast.h"
#include "golden/tensor.h"
#include "reference/evaluate.h"

// A kernel of fast/ as a candidate.
namespace plumbline {

// What fast/ is told of a case: shape, pairing, spectrum and map, and nothing that was computed
// from them. Throws std::invalid_argument for a spectrum that fast/ cannot hold.
fast::RotaryCase rotary_case(const Case& c, const FrequencyAllocation& map, int axes);

// Runs a kernel of fast/ on the inputs of a golden case; the result has the same paths as a
// candidate file.
StoredCase run_kernel(const std::string& kernel, const StoredCase& golden);
// The recipe that a kernel declares, as text of golden/recipe.h.
std::string kernel_recipe(const std::string& kernel, Dtype output);
// Throws std::invalid_argument naming the kernels there are.
void check_kernel(const std::string& kernel);

}  // namespace plumbline
