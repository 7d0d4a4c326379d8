// SPDX-License-Identifier: Apache-2.0
#include "fast/fast.h"
#include "fast/refuse.h"

namespace plumbline::fast {

RotateFunction rotate_scalar;

namespace {

constexpr Recipe kExact{.position = Storage::f64,
                        .inv_freq = std::nullopt,
                        .angle = std::nullopt,
                        .trig = Storage::f64,
                        .table = Storage::f32,
                        .product = Storage::f32,
                        .pow_ulp = 0,
                        .trig_ulp = 1.7,
                        .contracted = false};

// 1 ulp is what the C library promises for powf, cosf and sinf.
constexpr Recipe kF32{.position = Storage::f32,
                      .inv_freq = Storage::f32,
                      .angle = Storage::f32,
                      .trig = Storage::f32,
                      .table = Storage::f32,
                      .product = Storage::f32,
                      .pow_ulp = 1,
                      .trig_ulp = 1,
                      .contracted = false};

bool always() noexcept { return true; }

constexpr Kernel kKernels[] = {
    {"scalar", "baseline", always, Phase::exact, kExact, rotate_scalar},
    {"scalar-f32phase", "baseline", always, Phase::f32, kF32, rotate_scalar},
};

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

void check_data(std::string_view view, const void* data, std::size_t alignment) {
  require(data != nullptr, view, "null", "must point to data");
  require(reinterpret_cast<std::uintptr_t>(data) % alignment == 0, view, data,
          "is not aligned to its element");
}

// Distinct elements of the output must be distinct in memory.
void check_output_strides(const RotaryPlan& plan, int heads, const View& output) {
  const std::ptrdiff_t token_step =
      output.token_stride < 0 ? -output.token_stride : output.token_stride;
  const std::ptrdiff_t head_step =
      output.head_stride < 0 ? -output.head_stride : output.head_stride;
  const bool heads_inside =
      (heads == 1 || head_step >= plan.head_dim) &&
      (plan.tokens == 1 || token_step >= (heads - 1) * head_step + plan.head_dim);
  const bool tokens_inside =
      (plan.tokens == 1 || token_step >= plan.head_dim) &&
      (heads == 1 || head_step >= (plan.tokens - 1) * token_step + plan.head_dim);
  require(heads_inside || tokens_inside, "output token_stride", output.token_stride,
          "rows of head_dim lanes overlap under these strides");
}

}  // namespace

std::span<const Kernel> kernels() { return kKernels; }

void rotate(const Kernel& kernel, const RotaryPlan& plan, Storage storage, int heads,
            const ConstView& input, const View& output, Direction direction) {
  const std::size_t size = element_size(storage);
  require(kernel.supported(), "kernel", kernel.name, "is not supported on this machine");
  require(plan.phase == kernel.phase, "kernel", kernel.name, "the plan was made for another phase");
  require((plan.table == Storage::f64) == (storage == Storage::f64), "storage",
          static_cast<int>(storage), "the plan was made for another storage type");
  require(heads == plan.num_heads || heads == plan.num_key_value_heads, "heads", heads,
          "must be num_heads or num_key_value_heads");
  if (plan.tokens == 0) return;
  check_data("input", input.data, size);
  check_data("output", output.data, size);
  check_output_strides(plan, heads, output);
  if (input.data == output.data) {
    require(plan.tokens == 1 || input.token_stride == output.token_stride, "output token_stride",
            output.token_stride, "must equal the input's in place");
    require(heads == 1 || input.head_stride == output.head_stride, "output head_stride",
            output.head_stride, "must equal the input's in place");
  }
  kernel.rotate(plan, storage, heads, input, output, direction);
}

}  // namespace plumbline::fast
