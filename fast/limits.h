// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

// What the machine can do at best with a buffer, whatever is computed: the yardstick of `plumbline
// bench`. A rotation in place must read and write every byte once, and multiply every lane twice.
namespace plumbline::fast {

enum class Traffic { update, read, copy, multiply };

// `count` stretches of `floats` each, the first floats of which lie `stride` apart. One stretch: a
// multiple of 1024 floats. More: multiples of 32 floats, and of 4 in number.
struct Stretches {
  std::size_t floats, stride, count;
};

struct Limit {
  Traffic traffic;
  bool (*supported)() noexcept;
  // update: every float is replaced by a multiple of itself; read: every float is looked at; copy:
  // the second half of the one stretch becomes the first; multiply: `data` is not looked at, two
  // products a float are made in registers, as many as a rotation of float32 takes whatever it is
  // made of (x cos, y sin; x sin, y cos). `data` and the stride are aligned to 64 bytes. Returns
  // what keeps the work alive.
  float (*run)(float* data, const Stretches& of) noexcept;
};

// Plain loops, with prefetch, in one stream and in four: which is fastest depends on the level of
// the memory where the buffer lies. The limit is the best of those that the machine supports.
std::span<const Limit> limits();

}  // namespace plumbline::fast
