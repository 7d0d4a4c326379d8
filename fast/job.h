// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iterator>
#include <span>

#include "fast/fast.h"

namespace plumbline::fast {

// The shape that views are checked against.
struct TokenShape {
  int tokens, head_dim;
};

[[noreturn]] void refuse_storage(Storage storage);
inline std::size_t element_size(Storage storage) {
  constexpr std::size_t kSizes[] = {8, 4, 2, 2};
  const auto index = static_cast<std::size_t>(storage);
  if (index >= std::size(kSizes)) refuse_storage(storage);
  return kSizes[index];
}

void check_direction(Direction direction);

// Throws std::invalid_argument unless the views are aligned and within the address space, the
// output's elements are distinct and the output is either the very input or apart from it. `name`
// is put before the knob.
void check_views(std::string_view name, const TokenShape& shape, int heads, Storage storage,
                 const ConstView& input, const View& output);
// The same for both, and unless neither output has a byte of the other tensor.
void check_q_and_k(const TokenShape& shape, Storage storage, int q_heads, const InOut& q,
                   int k_heads, const InOut& k);

// Whether one token's views are so plain that check_q_and_k has nothing to say, and both in place:
// what a decode step asks first.
inline bool plain_in_place(int head_dim, std::size_t size, int q_heads, const InOut& q, int k_heads,
                           const InOut& k) {
  const auto q_at = reinterpret_cast<std::uintptr_t>(q.output.data),
             k_at = reinterpret_cast<std::uintptr_t>(k.output.data);
  // Where strides are so small and at least head_dim, no end overflows.
  constexpr std::size_t kMost = std::size_t{1} << 24;
  const auto lanes = static_cast<std::size_t>(head_dim);
  const auto q_head = static_cast<std::size_t>(q.output.head_stride),
             k_head = static_cast<std::size_t>(k.output.head_stride);
  if (q_at == 0 || k_at == 0 || ((q_at | k_at) & (size - 1)) != 0 || q_head - lanes > kMost ||
      k_head - lanes > kMost || q.input.data != q.output.data || k.input.data != k.output.data ||
      q.input.head_stride != q.output.head_stride || k.input.head_stride != k.output.head_stride)
    return false;
  const auto bytes = [&](int heads, std::size_t stride) {
    return (static_cast<std::size_t>(heads - 1) * stride + lanes) * size;
  };
  return q_at + bytes(q_heads, q_head) <= k_at || k_at + bytes(k_heads, k_head) <= q_at;
}

// Whether they are plain, in place or not.
inline bool plain_token(int head_dim, std::size_t size, int q_heads, const InOut& q, int k_heads,
                        const InOut& k) {
  const auto at = [](const void* data) { return reinterpret_cast<std::uintptr_t>(data); };
  const std::uintptr_t q_in = at(q.input.data), q_out = at(q.output.data);
  const std::uintptr_t k_in = at(k.input.data), k_out = at(k.output.data);
  if (q_in == 0 || q_out == 0 || k_in == 0 || k_out == 0) return false;
  if (((q_in | q_out | k_in | k_out) & (size - 1)) != 0) return false;
  // Where the strides are so small and at least head_dim, no end overflows.
  constexpr std::size_t kMost = std::size_t{1} << 24;
  const auto lanes = static_cast<std::size_t>(head_dim);
  const auto usual = [&](std::ptrdiff_t stride) {
    return static_cast<std::size_t>(stride) - lanes <= kMost;
  };
  if (!usual(q.output.head_stride) || !usual(k.output.head_stride)) return false;
  if (!usual(q.input.head_stride) || !usual(k.input.head_stride)) return false;
  const auto bytes = [&](int heads, std::ptrdiff_t stride) {
    return (static_cast<std::size_t>(heads - 1) * static_cast<std::size_t>(stride) + lanes) * size;
  };
  const auto apart = [](std::uintptr_t a, std::size_t a_bytes, std::uintptr_t b,
                        std::size_t b_bytes) { return a + a_bytes <= b || b + b_bytes <= a; };
  const std::size_t q_bytes = bytes(q_heads, q.output.head_stride);
  const std::size_t k_bytes = bytes(k_heads, k.output.head_stride);
  if (!apart(q_out, q_bytes, k_out, k_bytes)) return false;
  if (q_in != q_out) {
    const std::size_t in_bytes = bytes(q_heads, q.input.head_stride);
    if (!apart(q_in, in_bytes, q_out, q_bytes) || !apart(q_in, in_bytes, k_out, k_bytes))
      return false;
  } else if (q.input.head_stride != q.output.head_stride) {
    return false;
  }
  if (k_in == k_out) return k.input.head_stride == k.output.head_stride;
  const std::size_t in_bytes = bytes(k_heads, k.input.head_stride);
  return apart(k_in, in_bytes, k_out, k_bytes) && apart(k_in, in_bytes, q_out, q_bytes);
}

// `group` query heads, or one KV head, to each of the runs' KV heads.
inline JobTensor job_tensor(const ConstView& input, const View& output, int group) {
  return {
      input.data,         output.data, input.token_stride, input.head_stride, output.token_stride,
      output.head_stride, group};
}

// Moves both ends on by `tokens`.
inline void advance(JobTensor& tensor, std::ptrdiff_t tokens, std::size_t size) {
  const auto unit = static_cast<std::ptrdiff_t>(size);
  tensor.input = static_cast<const std::byte*>(tensor.input) + tokens * tensor.input_token * unit;
  tensor.output = static_cast<std::byte*>(tensor.output) + tokens * tensor.output_token * unit;
}

// How far ahead a job of this size asks for its lines; 0 where it stays in the caches.
std::ptrdiff_t prefetch_distance(std::size_t bytes);

}  // namespace plumbline::fast
