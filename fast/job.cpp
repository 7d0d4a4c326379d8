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

}  // namespace

std::size_t element_size(Storage storage) {
  switch (storage) {
    case Storage::f64:
      return 8;
    case Storage::f32:
      return 4;
    case Storage::bf16:
    case Storage::f16:
      return 2;
  }
  refuse("storage", static_cast<int>(storage), "is not one of the four");
}

void check_views(std::string_view name, const TokenShape& shape, int heads, Storage storage,
                 const ConstView& input, const View& output) {
  // A knob's name is put together only where it is needed: this runs for every token decoded.
  const auto wrong = [name](std::string_view knob, const auto& value, std::string_view allowed) {
    refuse(std::string(name) + (name.empty() ? "" : " ") + std::string(knob), value, allowed);
  };
  for (const auto& [knob, data] : {std::pair("input", input.data),
                                   std::pair("output", static_cast<const void*>(output.data))}) {
    if (data == nullptr) wrong(knob, "null", "must point to data");
    if (reinterpret_cast<std::uintptr_t>(data) % element_size(storage) != 0)
      wrong(knob, data, "is not aligned to its element");
  }
  if (!distinct(shape, heads, output))
    wrong("output token_stride", output.token_stride,
          "rows of head_dim lanes overlap under these strides");
  if (input.data != output.data) return;
  if (shape.tokens != 1 && input.token_stride != output.token_stride)
    wrong("output token_stride", output.token_stride, "must equal the input's in place");
  if (heads != 1 && input.head_stride != output.head_stride)
    wrong("output head_stride", output.head_stride, "must equal the input's in place");
}

JobTensor job_tensor(const ConstView& input, const View& output, int group) {
  return {
      input.data,         output.data, input.token_stride, input.head_stride, output.token_stride,
      output.head_stride, group};
}

std::ptrdiff_t prefetch_distance(std::size_t bytes) {
  constexpr std::size_t kOutOfCache = std::size_t{2} << 20;
  return bytes < kOutOfCache ? 0 : 4096;
}

}  // namespace plumbline::fast
