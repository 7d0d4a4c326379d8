// SPDX-License-Identifier: Apache-2.0
#include "fast/isa_avx512.h"
#include "fast/rotate_blocks.h"

namespace plumbline::fast {

void rotate_avx512(const RotateJob& job) noexcept { rotate_blocks<Avx512>(job); }
TokenFunction* token_avx512(Storage storage, bool neox, int rotary_dim) noexcept {
  return token_blocks<Avx512>(storage, neox, rotary_dim);
}

}  // namespace plumbline::fast
