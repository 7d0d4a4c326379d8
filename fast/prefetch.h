// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

// Asking for a line before it is used. Any address will do. Internal linkage, as rotate_blocks.h.
namespace plumbline::fast {
namespace {

inline void prefetch(const char* line) { _mm_prefetch(line, _MM_HINT_T0); }
// At this place among loads and stores, which the compiler would choose otherwise. A line asked for
// with each line stored, in the order of memory, is what the way to memory rewards.
inline void prefetch_here(const char* line) {
  asm volatile("prefetcht0 %0" : : "m"(*line) : "memory");
}

}  // namespace
}  // namespace plumbline::fast
