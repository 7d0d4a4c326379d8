// SPDX-License-Identifier: Apache-2.0
#include "fast/limits.h"

#include <algorithm>

#include "fast/limit_loops.h"

namespace plumbline::fast {

bool has_avx2() noexcept { return __builtin_cpu_supports("avx2") != 0; }
bool has_avx512() noexcept { return __builtin_cpu_supports("avx512f") != 0; }

std::span<const Limit> limits() {
  static const auto kAll = [] {
    std::array<Limit, std::tuple_size_v<LimitLoops> * 2> all{};
    std::copy(kAvx2Limits.begin(), kAvx2Limits.end(),
              std::copy(kAvx512Limits.begin(), kAvx512Limits.end(), all.begin()));
    return all;
  }();
  return kAll;
}

}  // namespace plumbline::fast
