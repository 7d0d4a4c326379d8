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
  if (storage > Storage::f16) refuse_storage(storage);
  return storage == Storage::f64 ? 8 : storage == Storage::f32 ? 4 : 2;
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

// The bytes of one token's heads, where they are plain: somewhere, aligned, at least head_dim and
// so little apart that no end overflows. None: they are not.
struct PlainHeads {
  std::uintptr_t begin;
  std::size_t bytes;
  bool before(const PlainHeads& other) const { return begin + bytes <= other.begin; }
  bool apart(const PlainHeads& other) const { return before(other) || other.before(*this); }
};
inline PlainHeads plain_heads(const void* data, std::ptrdiff_t head_stride, int heads, int head_dim,
                              std::size_t size) {
  constexpr std::size_t kMost = std::size_t{1} << 24;
  const auto at = reinterpret_cast<std::uintptr_t>(data);
  const auto stride = static_cast<std::size_t>(head_stride),
             lanes = static_cast<std::size_t>(head_dim);
  if (at == 0 || (at & (size - 1)) != 0 || stride - lanes > kMost) return {at, 0};
  return {at, (static_cast<std::size_t>(heads - 1) * stride + lanes) * size};
}

// Whether one token's views are so plain that check_q_and_k has nothing to say, and both in place:
// what a decode step asks first.
inline bool plain_in_place(int head_dim, std::size_t size, int q_heads, const InOut& q, int k_heads,
                           const InOut& k) {
  if (q.input.data != q.output.data || k.input.data != k.output.data ||
      q.input.head_stride != q.output.head_stride || k.input.head_stride != k.output.head_stride)
    return false;
  const PlainHeads q_at = plain_heads(q.output.data, q.output.head_stride, q_heads, head_dim, size),
                   k_at = plain_heads(k.output.data, k.output.head_stride, k_heads, head_dim, size);
  return q_at.bytes != 0 && k_at.bytes != 0 && q_at.apart(k_at);
}

// Whether they are plain, in place or not.
inline bool plain_token(int head_dim, std::size_t size, int q_heads, const InOut& q, int k_heads,
                        const InOut& k) {
  const auto plain = [&](const auto& view, int heads) {
    return plain_heads(view.data, view.head_stride, heads, head_dim, size);
  };
  const PlainHeads q_in = plain(q.input, q_heads), q_out = plain(q.output, q_heads),
                   k_in = plain(k.input, k_heads), k_out = plain(k.output, k_heads);
  if (q_in.bytes == 0 || q_out.bytes == 0 || k_in.bytes == 0 || k_out.bytes == 0) return false;
  const auto fits = [](const InOut& own, const PlainHeads& in, const PlainHeads& out,
                       const PlainHeads& other) {
    return in.begin == out.begin ? own.input.head_stride == own.output.head_stride
                                 : in.apart(out) && in.apart(other);
  };
  return q_out.apart(k_out) && fits(q, q_in, q_out, k_out) && fits(k, k_in, k_out, q_out);
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
