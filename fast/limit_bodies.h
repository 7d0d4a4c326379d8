// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/limit_loops.h"
#include "fast/prefetch.h"

// The loops of limits.h over vectors of `V`, as wide as the including file is compiled for.
// Internal linkage.
namespace plumbline::fast {
namespace {

constexpr std::size_t kUnit = 32;  // floats that are handled at once: two lines
constexpr std::size_t kLine = 16;

// `ahead`: how many bytes before its use a line is asked for; 0: it is not.
template <class V, int ahead, int streams>
float update_loop(float* data, const Stretches& all) noexcept {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float);
  const V factor = V{} + 1.0000001F;
  // A single stretch is as many as there are streams, one behind the other.
  const Stretches of =
      all.count > 1 ? all : Stretches{all.floats / streams, all.floats / streams, streams};
  for (std::size_t n = 0; n < of.count / streams; ++n) {
    for (std::size_t i = 0; i < of.floats; i += kUnit) {
#pragma GCC unroll 4
      for (std::size_t s = 0; s < streams; ++s) {
        float* at = data + (s * (of.count / streams) + n) * of.stride + i;
#pragma GCC unroll 8
        for (std::size_t u = 0; u < kUnit; u += kWidth) {
          if (ahead != 0 && u % kLine == 0) prefetch_here(reinterpret_cast<char*>(at + u) + ahead);
          auto* v = reinterpret_cast<V*>(at + u);
          *v = *v * factor;
        }
      }
    }
  }
  return data[0];
}

template <class V>
float read_loop(float* data, const Stretches& of) noexcept {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float), kSums = 8;
  V sum[kSums] = {};
  for (std::size_t n = 0; n < of.count; ++n) {
    const float* at = data + n * of.stride;
    std::size_t i = 0;
    for (; i + kSums * kWidth <= of.floats; i += kSums * kWidth)
#pragma GCC unroll 8
      for (std::size_t u = 0; u < kSums; ++u)
        sum[u] += *reinterpret_cast<const V*>(at + i + u * kWidth);
    for (; i < of.floats; i += kWidth) sum[0] += *reinterpret_cast<const V*>(at + i);
  }
  float total = 0;
  for (const V& v : sum) total += v[0];
  return total;
}

template <class V>
float copy_loop(float* data, const Stretches& of) noexcept {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float);
  const std::size_t count = of.floats / 2;
  float* to = data + count;
  for (std::size_t i = 0; i < count; i += kUnit)
#pragma GCC unroll 4
    for (std::size_t u = 0; u < kUnit; u += kWidth)
      *reinterpret_cast<V*>(to + i + u) = *reinterpret_cast<const V*>(data + i + u);
  return to[0];
}

// As many chains as hide the latency of a product in 16 registers.
template <class V>
float multiply_loop(float*, const Stretches& of) noexcept {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float), kChains = 12;
  V chain[kChains] = {};
  const V factor = V{} + 0.5F, term = V{} + 0.25F;
  const std::size_t products = 2 * of.floats * of.count / kWidth;
  for (std::size_t n = 0; n < products; n += kChains) {
#pragma GCC unroll 12
    for (std::size_t i = 0; i < kChains; ++i) chain[i] = chain[i] * factor + term;
  }
  V total = {};
  for (const V& v : chain) total += v;
  return total[0];
}

template <class V>
constexpr LimitLoops loops_of(bool (*supported)() noexcept) {
  return {{{Traffic::update, supported, update_loop<V, 0, 1>},
           {Traffic::update, supported, update_loop<V, 1024, 1>},
           {Traffic::update, supported, update_loop<V, 4096, 1>},
           {Traffic::update, supported, update_loop<V, 8192, 1>},
           {Traffic::update, supported, update_loop<V, 0, 4>},
           {Traffic::update, supported, update_loop<V, 1024, 4>},
           {Traffic::read, supported, read_loop<V>},
           {Traffic::copy, supported, copy_loop<V>},
           {Traffic::multiply, supported, multiply_loop<V>}}};
}

}  // namespace
}  // namespace plumbline::fast
