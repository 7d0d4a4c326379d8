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

// Throws std::invalid_argument unless the views are aligned, the output's elements are distinct and
// a tensor that is rotated in place is the same for both. `name` is put before the knob.
void check_views(std::string_view name, const TokenShape& shape, int heads, Storage storage,
                 const ConstView& input, const View& output);

// Whether one token's views are so plain that check_views has nothing to say: what a decode step
// asks first.
inline bool plain_token(int head_dim, std::size_t size, const ConstView& input,
                        const View& output) {
  const auto from = reinterpret_cast<std::uintptr_t>(input.data),
             to = reinterpret_cast<std::uintptr_t>(output.data);
  return from != 0 && to != 0 && ((from | to) & (size - 1)) == 0 &&
         output.head_stride >= head_dim && (from != to || input.head_stride == output.head_stride);
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
