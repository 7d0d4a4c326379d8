// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/limits.h"

namespace plumbline::fast {

using LimitLoop = float(float* data, const Stretches& of) noexcept;

namespace avx512_loops {
LimitLoop update, update_ahead, update_far, update_farther, update_4, update_4_ahead, read, copy;
}
namespace avx2_loops {
LimitLoop update, update_ahead, update_far, update_farther, update_4, update_4_ahead, read, copy;
}

}  // namespace plumbline::fast
