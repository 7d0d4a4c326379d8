// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace plumbline::fast {

using LimitLoop = float(float* data, std::size_t count) noexcept;

namespace avx512_loops {
LimitLoop update, update_ahead, update_far, update_4, update_4_ahead, read, copy;
}
namespace avx2_loops {
LimitLoop update, update_ahead, update_far, update_4, update_4_ahead, read, copy;
}

}  // namespace plumbline::fast
