// SPDX-License-Identifier: Apache-2.0
#include "fast/job.h"

#include <string>
#include <utility>

#include "fast/refuse.h"

namespace plumbline::fast {
namespace {

std::ptrdiff_t magnitude(std::ptrdiff_t x) { return x < 0 ? -x : x; }

// Distinct elements of the output must be distinct in memory.
bool distinct(const TokenShape& shape, int heads, const View& output) {
  if (shape.tokens == 1) return heads == 1 || magnitude(output.head_stride) >= shape.head_dim;
  const std::ptrdiff_t token_step = magnitude(output.token_stride);
  const std::ptrdiff_t head_step = magnitude(output.head_stride);
  const bool heads_inside =
      (heads == 1 || head_step >= shape.head_dim) &&
      (shape.tokens == 1 || token_step >= (heads - 1) * head_step + shape.head_dim);
  const bool tokens_inside =
      (shape.tokens == 1 || token_step >= shape.head_dim) &&
      (heads == 1 || head_step >= (shape.tokens - 1) * token_step + shape.head_dim);
  return heads_inside || tokens_inside;
}

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

}  // namespace

void refuse_storage(Storage storage) {
  refuse("storage", static_cast<int>(storage), "is not one of the four");
}

void check_views(std::string_view name, const TokenShape& shape, int heads, Storage storage,
                 const ConstView& input, const View& output) {
  check_data(name, "input", input.data, element_size(storage));
  check_data(name, "output", output.data, element_size(storage));
  if (!distinct(shape, heads, output))
    wrong(name, "output token_stride", output.token_stride,
          "rows of head_dim lanes overlap under these strides");
  if (input.data != output.data) return;
  if (shape.tokens != 1 && input.token_stride != output.token_stride)
    wrong(name, "output token_stride", output.token_stride, "must equal the input's in place");
  if (heads != 1 && input.head_stride != output.head_stride)
    wrong(name, "output head_stride", output.head_stride, "must equal the input's in place");
}

std::ptrdiff_t prefetch_distance(std::size_t bytes) {
  constexpr std::size_t kOutOfCache = std::size_t{2} << 20;
  return bytes < kOutOfCache ? 0 : 8192;
}

}  // namespace plumbline::fast
