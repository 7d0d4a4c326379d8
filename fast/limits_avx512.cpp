// SPDX-License-Identifier: Apache-2.0
#include "fast/limit_bodies.h"
#include "fast/limit_loops.h"

namespace plumbline::fast::avx512_loops {
namespace {

using V [[gnu::vector_size(64), gnu::may_alias]] = float;

}  // namespace

float update(float* data, const Stretches& of) noexcept { return update_loop<V, 0, 1>(data, of); }
float update_ahead(float* data, const Stretches& of) noexcept {
  return update_loop<V, 1024, 1>(data, of);
}
float update_far(float* data, const Stretches& of) noexcept {
  return update_loop<V, 4096, 1>(data, of);
}
float update_farther(float* data, const Stretches& of) noexcept {
  return update_loop<V, 8192, 1>(data, of);
}
float update_4(float* data, const Stretches& of) noexcept { return update_loop<V, 0, 4>(data, of); }
float update_4_ahead(float* data, const Stretches& of) noexcept {
  return update_loop<V, 1024, 4>(data, of);
}
float read(float* data, const Stretches& of) noexcept { return read_loop<V>(data, of); }
float copy(float* data, const Stretches& of) noexcept { return copy_loop<V>(data, of); }

}  // namespace plumbline::fast::avx512_loops
