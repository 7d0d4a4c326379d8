// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fast/drivers.h"
#include "fast/job.h"
#include "fast/refuse.h"

namespace plumbline::fast {

RotateFunction rotate_scalar, rotate_avx2, rotate_avx512, rotate_avx512bf16, rotate_cuda_host;
TokenFunctions token_avx2, token_avx512, token_avx512bf16;

namespace {

constexpr Recipe kExact{.position = Storage::f64,
                        .inv_freq = std::nullopt,
                        .angle = std::nullopt,
                        .trig = Storage::f64,
                        .table = Storage::f32,
                        .product = Storage::f32,
                        .pow_ulp = 0,
                        .trig_ulp = 0,
                        .trig_ulp_f64 = 1.7,
                        .contracted = false};

constexpr Recipe contracted(Recipe recipe) {
  recipe.contracted = true;
  return recipe;
}

// 1 ulp is what the C library promises for powf, cosf and sinf.
constexpr Recipe kF32{.position = Storage::f32,
                      .inv_freq = Storage::f32,
                      .angle = Storage::f32,
                      .trig = Storage::f32,
                      .table = Storage::f32,
                      .product = Storage::f32,
                      .pow_ulp = 1,
                      .trig_ulp = 1,
                      .trig_ulp_f64 = 1,
                      .contracted = false};

bool always() noexcept { return true; }
bool has_avx2() noexcept {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
         __builtin_cpu_supports("f16c") != 0;
}
bool has_avx512() noexcept {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
}

bool has_avx512bf16() noexcept { return has_avx512() && __builtin_cpu_supports("avx512bf16") != 0; }

constexpr Recipe flushing(Recipe recipe) {
  recipe.flush_bf16 = true;
  return recipe;
}

constexpr Kernel kKernels[] = {
    {"avx512bf16", "avx512 f, bw, vl, dq, bf16", has_avx512bf16, Phase::exact,
     flushing(contracted(kExact)), rotate_avx512bf16, row_avx512, merge_avx512, true,
     token_avx512bf16},
    {"avx512", "avx512 f, bw, vl, dq", has_avx512, Phase::exact, contracted(kExact), rotate_avx512,
     row_avx512, merge_avx512, true, token_avx512},
    {"avx2", "avx2, fma, f16c", has_avx2, Phase::exact, contracted(kExact), rotate_avx2, row_avx2,
     merge_scalar, false, token_avx2},
    {"scalar", "baseline", always, Phase::exact, kExact, rotate_scalar, row_scalar, merge_scalar},
    {"cuda-host", "baseline", always, Phase::exact, kExact, rotate_cuda_host, row_scalar,
     merge_scalar},
    {"scalar-f32phase", "baseline", always, Phase::f32, kF32, rotate_scalar, row_scalar,
     merge_scalar},
};

// A plan is a struct that anyone may fill.
void check_plan(const Kernel& kernel, const RotaryPlan& plan, Storage storage, int heads) {
  require(kernel.supported(), "kernel", kernel.name, "is not supported on this machine");
  require(plan.phase == kernel.phase, "kernel", kernel.name, "the plan was made for another phase");
  require((plan.table == Storage::f64) == (storage == Storage::f64), "storage",
          static_cast<int>(storage), "the plan was made for another storage type");
  require(plan.tokens >= 0, "tokens", plan.tokens, "must not be negative");
  check_heads(plan);
  require(heads == plan.num_heads || heads == plan.num_key_value_heads, "heads", heads,
          "must be num_heads or num_key_value_heads");
  const bool wide = plan.table == Storage::f64;
  const std::size_t entries = wide ? plan.cos_sin_cache_f64.size() : plan.cos_sin_cache.size();
  const auto row = static_cast<std::size_t>(plan.maps) * static_cast<std::size_t>(plan.rotary_dim);
  require(entries % row == 0 && entries / row == static_cast<std::size_t>(plan.tokens),
          wide ? "size of cos_sin_cache_f64" : "size of cos_sin_cache", entries,
          "must be tokens * maps * rotary_dim");
}

// Tokens whose pointers are handed over in one call.
constexpr int kBlock = 64;

}  // namespace

std::span<const Kernel> kernels() { return kKernels; }

void rotate(const Kernel& kernel, const RotaryPlan& plan, Storage storage, int heads,
            const ConstView& input, const View& output, Direction direction) {
  const std::size_t size = element_size(storage);
  check_plan(kernel, plan, storage, heads);
  check_direction(direction);
  if (plan.tokens == 0) return;
  check_views("", {plan.tokens, plan.head_dim}, heads, storage, input, output);

  std::vector<Run> runs;
  if (plan.maps == 1) runs.push_back({0, 0, plan.num_key_value_heads});
  for (int map = 0; map < plan.maps && plan.maps > 1; ++map) runs.push_back({map, map, 1});
  const std::ptrdiff_t pairs = plan.rotary_dim / 2;
  std::vector<const void*> rows(std::size_t{kBlock} * static_cast<std::size_t>(plan.maps));
  const std::size_t bytes = static_cast<std::size_t>(plan.tokens) *
                            static_cast<std::size_t>(heads) *
                            static_cast<std::size_t>(plan.head_dim) * size;
  RotateJob job{storage,
                plan.neox,
                direction == Direction::adjoint,
                0,
                plan.head_dim,
                plan.rotary_dim,
                rows.data(),
                plan.maps,
                pairs,
                runs.data(),
                static_cast<int>(runs.size()),
                {},
                prefetch_distance(bytes)};
  for (int first = 0; first < plan.tokens; first += job.tokens) {
    job.tokens = std::min(kBlock, plan.tokens - first);
    for (int r = 0; r < job.tokens * plan.maps; ++r) {
      const std::ptrdiff_t at = (std::ptrdiff_t{first} * plan.maps + r) * 2 * pairs;
      rows[static_cast<std::size_t>(r)] =
          storage == Storage::f64 ? static_cast<const void*>(plan.cos_sin_cache_f64.data() + at)
                                  : static_cast<const void*>(plan.cos_sin_cache.data() + at);
    }
    job.tensors[0] = job_tensor(input, output, heads / plan.num_key_value_heads);
    advance(job.tensors[0], first, size);
    job.tensors[1] = job.tensors[0];
    job.tensors[1].group = 0;
    kernel.rotate(job);
  }
}

}  // namespace plumbline::fast
