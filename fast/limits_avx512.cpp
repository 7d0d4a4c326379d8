// SPDX-License-Identifier: Apache-2.0
#include "fast/limit_bodies.h"
#include "fast/limit_loops.h"

namespace plumbline::fast::avx512_loops {
namespace {

using V [[gnu::vector_size(64), gnu::may_alias]] = float;

}  // namespace

float update(float* data, std::size_t n) noexcept { return update_loop<V, 0, 1>(data, n); }
float update_ahead(float* data, std::size_t n) noexcept { return update_loop<V, 1024, 1>(data, n); }
float update_4(float* data, std::size_t n) noexcept { return update_loop<V, 0, 4>(data, n); }
float update_4_ahead(float* data, std::size_t n) noexcept {
  return update_loop<V, 1024, 4>(data, n);
}
float update_far(float* data, std::size_t n) noexcept { return update_loop<V, 4096, 1>(data, n); }
float read(float* data, std::size_t n) noexcept { return read_loop<V>(data, n); }
float copy(float* data, std::size_t n) noexcept { return copy_loop<V>(data, n); }

}  // namespace plumbline::fast::avx512_loops
