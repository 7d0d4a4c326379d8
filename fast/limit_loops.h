// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "fast/limits.h"

// The loops of each width. Data, as no code that is compiled for a machine may run before it is
// asked for.
namespace plumbline::fast {

using LimitLoops = std::array<Limit, 9>;
bool has_avx512() noexcept;
bool has_avx2() noexcept;
extern const LimitLoops kAvx512Limits, kAvx2Limits;

}  // namespace plumbline::fast
