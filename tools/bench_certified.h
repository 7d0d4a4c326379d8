// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumbline {

// plumbline bench --certified: certified values of cos and sin a second on one core, quick rows
// beside plain MPFI and plain Arb, in the same rounds. Returns the exit code. Throws
// std::invalid_argument for an unknown preset.
int bench_certified(const std::string& model, int rounds);
// plumbline bench --certified --model all: every position below 2^20 in four formats on one core, a
// line a preset. Returns the exit code. Throws Unresolved where a value cannot be certified.
int bench_certified_presets();

}  // namespace plumbline
