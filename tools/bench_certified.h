// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumbline {

// plumbline bench --certified: certified values of cos and sin a second on one core, quick rows
// beside plain MPFI and plain Arb, in the same rounds. Returns the exit code. Throws
// std::invalid_argument for an unknown preset.
int bench_certified(const std::string& model, int rounds);

}  // namespace plumbline
