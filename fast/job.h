// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "fast/fast.h"

namespace plumbline::fast {

// The shape that views are checked against.
struct TokenShape {
  int tokens, head_dim;
};

std::size_t element_size(Storage storage);

// Throws std::invalid_argument unless the views are aligned, the output's elements are distinct and
// a tensor that is rotated in place is the same for both. `name` is put before the knob.
void check_views(std::string_view name, const TokenShape& shape, int heads, Storage storage,
                 const ConstView& input, const View& output);

// `group` query heads, or one KV head, to each of the runs' KV heads.
JobTensor job_tensor(const ConstView& input, const View& output, int group);

// Moves both ends on by `tokens`.
inline void advance(JobTensor& tensor, std::ptrdiff_t tokens, std::size_t size) {
  const auto unit = static_cast<std::ptrdiff_t>(size);
  tensor.input = static_cast<const std::byte*>(tensor.input) + tokens * tensor.input_token * unit;
  tensor.output = static_cast<std::byte*>(tensor.output) + tokens * tensor.output_token * unit;
}

// How far ahead a job of this size asks for its lines; 0 where it stays in the caches.
std::ptrdiff_t prefetch_distance(std::size_t bytes);

}  // namespace plumbline::fast
