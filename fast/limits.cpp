// SPDX-License-Identifier: Apache-2.0
#include "fast/limits.h"

#include "fast/limit_loops.h"

namespace plumbline::fast {
namespace {

bool has_avx2() noexcept { return __builtin_cpu_supports("avx2") != 0; }
bool has_avx512() noexcept { return __builtin_cpu_supports("avx512f") != 0; }

constexpr Limit kLimits[] = {
    {"update, 512 bits", Traffic::update, has_avx512, avx512_loops::update},
    {"update, 512 bits, prefetch", Traffic::update, has_avx512, avx512_loops::update_ahead},
    {"update, 512 bits, prefetch far", Traffic::update, has_avx512, avx512_loops::update_far},
    {"update, 512 bits, prefetch farther", Traffic::update, has_avx512,
     avx512_loops::update_farther},
    {"update, 512 bits, 4 streams", Traffic::update, has_avx512, avx512_loops::update_4},
    {"update, 512 bits, 4 streams, prefetch", Traffic::update, has_avx512,
     avx512_loops::update_4_ahead},
    {"update, 256 bits", Traffic::update, has_avx2, avx2_loops::update},
    {"update, 256 bits, prefetch", Traffic::update, has_avx2, avx2_loops::update_ahead},
    {"update, 256 bits, prefetch far", Traffic::update, has_avx2, avx2_loops::update_far},
    {"update, 256 bits, prefetch farther", Traffic::update, has_avx2, avx2_loops::update_farther},
    {"update, 256 bits, 4 streams", Traffic::update, has_avx2, avx2_loops::update_4},
    {"update, 256 bits, 4 streams, prefetch", Traffic::update, has_avx2,
     avx2_loops::update_4_ahead},
    {"read, 512 bits", Traffic::read, has_avx512, avx512_loops::read},
    {"read, 256 bits", Traffic::read, has_avx2, avx2_loops::read},
    {"copy, 512 bits", Traffic::copy, has_avx512, avx512_loops::copy},
    {"copy, 256 bits", Traffic::copy, has_avx2, avx2_loops::copy},
};

}  // namespace

std::span<const Limit> limits() { return kLimits; }

}  // namespace plumbline::fast
