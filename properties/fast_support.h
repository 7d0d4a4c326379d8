// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/fast.h"

namespace plumbline::test {

// A kernel that asks for lines ahead, as it does where tensors are out of cache: put `ahead` in
// place of its `rotate`, which `asked` then must be.
inline fast::RotateFunction* asked = nullptr;
inline void ahead(const fast::RotateJob& job) noexcept {
  fast::RotateJob far = job;
  // From less than a head to more than a token.
  far.prefetch = std::ptrdiff_t{64} << job.tokens % 8;
  asked(far);
}

}  // namespace plumbline::test
