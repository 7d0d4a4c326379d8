// SPDX-License-Identifier: Apache-2.0
#include "fast/job.h"

#include <string>

#include "fast/overlap.h"
#include "fast/refuse.h"

namespace plumbline::fast {
namespace {

// More than any address space; sums of a few such spans do not overflow.
constexpr std::ptrdiff_t kMostBytes = std::ptrdiff_t{1} << 56;

std::ptrdiff_t magnitude(std::ptrdiff_t x) { return x < 0 ? -x : x; }

// A knob's name is put together only where it is needed: views are checked for every token decoded.
template <class Value>
[[noreturn, gnu::noinline]] void wrong(std::string_view name, std::string_view knob,
                                       const Value& value, std::string_view allowed) {
  refuse(std::string(name) + (name.empty() ? "" : " ") + std::string(knob), value, allowed);
}

void check_data(std::string_view name, std::string_view knob, const void* data, std::size_t size) {
  if (data == nullptr) wrong(name, knob, "null", "must point to data");
  if ((reinterpret_cast<std::uintptr_t>(data) & (size - 1)) != 0)
    wrong(name, knob, data, "is not aligned to its element");
}

void check_stride(std::string_view name, std::string_view knob, std::ptrdiff_t stride, int count,
                  std::size_t size) {
  if (count == 1) return;
  const std::ptrdiff_t most = kMostBytes / static_cast<std::ptrdiff_t>(size) / (count - 1);
  if (stride < -most || stride > most)
    wrong(name, knob, stride, "must keep the tensor within 2^56 bytes");
}

// Distinct elements of the output must be distinct in memory: one of its strides spans all that the
// other walks over.
void check_distinct(std::string_view name, const TokenShape& shape, int heads, const View& output) {
  // A stride along an extent of one may be anything.
  const std::ptrdiff_t token_step = shape.tokens > 1 ? magnitude(output.token_stride) : 0;
  const std::ptrdiff_t head_step = heads > 1 ? magnitude(output.head_stride) : 0;
  if (heads > 1 && head_step < shape.head_dim)
    wrong(name, "output head_stride", output.head_stride, "must be at least head_dim in magnitude");
  if (shape.tokens > 1 && token_step < shape.head_dim)
    wrong(name, "output token_stride", output.token_stride,
          "must be at least head_dim in magnitude");
  if (heads == 1 || shape.tokens == 1) return;
  if (token_step < (heads - 1) * head_step + shape.head_dim &&
      head_step < (shape.tokens - 1) * token_step + shape.head_dim)
    wrong(name, "output token_stride", output.token_stride,
          "rows of head_dim lanes overlap under these strides");
}

TensorBytes bytes_of(const TokenShape& shape, int heads, std::size_t element, const void* data,
                     std::ptrdiff_t token_stride, std::ptrdiff_t head_stride) {
  const auto size = static_cast<std::ptrdiff_t>(element);
  TensorBytes t{reinterpret_cast<std::intptr_t>(data), shape.head_dim * size, 0, 0, 0, 0};
  if (shape.tokens > 1) {
    t.token_step = magnitude(token_stride) * size;
    t.token_span = t.token_step * (shape.tokens - 1);
    if (token_stride < 0) t.begin -= t.token_span;
  }
  if (heads > 1) {
    t.head_step = magnitude(head_stride) * size;
    t.head_span = t.head_step * (heads - 1);
    if (head_stride < 0) t.begin -= t.head_span;
  }
  return t;
}

template <class SomeView>
TensorBytes bytes_of(const TokenShape& shape, int heads, std::size_t element, const SomeView& v) {
  return bytes_of(shape, heads, element, v.data, v.token_stride, v.head_stride);
}

}  // namespace

void refuse_storage(Storage storage) {
  refuse("storage", static_cast<int>(storage), "is not one of the four");
}

void check_direction(Direction direction) {
  require(direction <= Direction::adjoint, "direction", static_cast<int>(direction),
          "is neither forward nor adjoint");
}

void check_views(std::string_view name, const TokenShape& shape, int heads, Storage storage,
                 const ConstView& input, const View& output) {
  const std::size_t size = element_size(storage);
  check_data(name, "input", input.data, size);
  check_data(name, "output", output.data, size);
  check_stride(name, "input token_stride", input.token_stride, shape.tokens, size);
  check_stride(name, "input head_stride", input.head_stride, heads, size);
  check_stride(name, "output token_stride", output.token_stride, shape.tokens, size);
  check_stride(name, "output head_stride", output.head_stride, heads, size);
  check_distinct(name, shape, heads, output);
  if (input.data == output.data) {
    if (shape.tokens != 1 && input.token_stride != output.token_stride)
      wrong(name, "output token_stride", output.token_stride, "must equal the input's in place");
    if (heads != 1 && input.head_stride != output.head_stride)
      wrong(name, "output head_stride", output.head_stride, "must equal the input's in place");
  } else if (!apart(bytes_of(shape, heads, size, input), bytes_of(shape, heads, size, output))) {
    wrong(name, "output", output.data, "must be the input's own view or have no byte of it");
  }
}

void check_q_and_k(const TokenShape& shape, Storage storage, int q_heads, const InOut& q,
                   int k_heads, const InOut& k) {
  check_views("q", shape, q_heads, storage, q.input, q.output);
  check_views("k", shape, k_heads, storage, k.input, k.output);
  const std::size_t size = element_size(storage);
  const TensorBytes q_out = bytes_of(shape, q_heads, size, q.output);
  const TensorBytes k_out = bytes_of(shape, k_heads, size, k.output);
  if (!apart(q_out, k_out))
    wrong("k", "output", k.output.data, "must have no byte of the q output");
  // In place, an input has been looked at as the output.
  if (k.input.data != k.output.data && !apart(q_out, bytes_of(shape, k_heads, size, k.input)))
    wrong("q", "output", q.output.data, "must have no byte of the k input");
  if (q.input.data != q.output.data && !apart(k_out, bytes_of(shape, q_heads, size, q.input)))
    wrong("k", "output", k.output.data, "must have no byte of the q input");
}

std::ptrdiff_t prefetch_distance(std::size_t bytes) {
  // What is written drives out what was asked for too early, the sooner the farther memory is.
  constexpr std::size_t kOutOfCache = std::size_t{2} << 20, kInMemory = std::size_t{128} << 20;
  return bytes < kOutOfCache ? 0 : bytes < kInMemory ? 6144 : 3072;
}

}  // namespace plumbline::fast
