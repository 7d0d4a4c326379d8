// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// The loops of limits.h over vectors of `V`, as wide as the including file is compiled for.
// Internal linkage.
namespace plumbline::fast {
namespace {

// `ahead`: how many bytes before its use a line is asked for; 0: it is not.
template <class V, int ahead, int streams>
float update_loop(float* data, std::size_t count) {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float), kUnroll = 4;
  const V factor = V{} + 1.0000001F;
  const std::size_t part = count / streams;
  for (std::size_t i = 0; i < part; i += kUnroll * kWidth) {
#pragma GCC unroll 4
    for (int s = 0; s < streams; ++s) {
      float* at = data + static_cast<std::size_t>(s) * part + i;
#pragma GCC unroll 4
      for (std::size_t u = 0; u < kUnroll; ++u) {
        if (ahead != 0 && u * kWidth % 16 == 0)
          __builtin_prefetch(at + u * kWidth + ahead / sizeof(float), 0, 3);
        auto* v = reinterpret_cast<V*>(at + u * kWidth);
        *v = *v * factor;
      }
    }
  }
  return data[0];
}

template <class V>
float read_loop(const float* data, std::size_t count) {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float), kUnroll = 8;
  V sum[kUnroll] = {};
  for (std::size_t i = 0; i < count; i += kUnroll * kWidth)
#pragma GCC unroll 8
    for (std::size_t u = 0; u < kUnroll; ++u)
      sum[u] += *reinterpret_cast<const V*>(data + i + u * kWidth);
  float total = 0;
  for (const V& v : sum) total += v[0];
  return total;
}

template <class V>
float copy_loop(float* data, std::size_t count) {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(float), kUnroll = 4;
  float* to = data + count / 2;
  for (std::size_t i = 0; i < count / 2; i += kUnroll * kWidth)
#pragma GCC unroll 4
    for (std::size_t u = 0; u < kUnroll; ++u)
      *reinterpret_cast<V*>(to + i + u * kWidth) =
          *reinterpret_cast<const V*>(data + i + u * kWidth);
  return to[0];
}

}  // namespace
}  // namespace plumbline::fast
