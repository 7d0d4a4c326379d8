// SPDX-License-Identifier: Apache-2.0
#include "fast/isa_avx512.h"
#include "fast/rotate_blocks.h"

namespace plumbline::fast {

void rotate_avx512(const RotateJob& job) noexcept { rotate_blocks<Avx512>(job); }

}  // namespace plumbline::fast
