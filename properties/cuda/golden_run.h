// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fast/cuda/launch.h"
#include "golden/compare.h"
#include "golden/golden.h"
#include "golden/truth.h"
#include "reference/evaluate.h"
#include "tools/subject.h"

// A golden case through the CUDA kernels, q and k in one launch, wherever the launch is executed.
namespace plumbline::test {

namespace cuda = fast::cuda;

// All memory that a launch may touch; results are expected in place.
using Memory = std::span<const std::span<std::byte>>;
using Execute = std::function<void(const cuda::Launch&, Memory)>;

// Whole positions within the domain of Source::positions; others are left to the table.
inline std::optional<std::vector<std::int64_t>> whole_positions(const Truth& truth) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < truth.position_ids.size(); ++i) {
    const double position = truth.position_ids[i];
    if (!truth.exact_position[i] || position != std::trunc(position) || std::abs(position) > 0x1p31)
      return std::nullopt;
    out.push_back(static_cast<std::int64_t>(position));
  }
  return out;
}

inline fast::Storage storage_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return fast::Storage::f64;
    case Dtype::f32:
      return fast::Storage::f32;
    case Dtype::bf16:
      return fast::Storage::bf16;
    case Dtype::f16:
      return fast::Storage::f16;
    default:
      throw std::logic_error("no tensors of integers are rotated");
  }
}

template <class T>
std::span<std::byte> bytes_of(std::vector<T>& values) {
  return std::as_writable_bytes(std::span(values));
}

// The rotated outputs of a case, in every format that has them: from a table of the exact phase, or
// from `positions`.
inline StoredCase rotated_on(const Execute& execute, const StoredCase& golden, const Truth& truth,
                             const std::optional<std::vector<std::int64_t>>& positions,
                             std::int64_t threads) {
  const HeadShape& shape = truth.c.shape;
  const auto rows = static_cast<int>(truth.rows());
  const int axes = static_cast<int>(truth.position_ids.size()) / rows;
  const fast::RotaryCase rotary = rotary_case(truth.c, allocation(truth.c), axes);
  std::vector<cuda::Turn> turns = cuda::make_turns(rotary);
  std::vector<std::int64_t> ids = positions.value_or(std::vector<std::int64_t>(1));
  StoredCase out;
  out.id = golden.id;
  for (const DtypeInfo& d : kDtypes) {
    const std::string folder = std::string(d.name) + "/";
    if (!golden.tensors.contains(folder + "q_in")) continue;
    const fast::Storage storage = storage_of(d.dtype);
    if (positions && storage == fast::Storage::f64) continue;
    fast::RotaryPlan plan =
        fast::make_plan(rotary, truth.position_ids, rows, fast::Phase::exact, storage);
    for (const auto& [suffix, direction] : {std::pair("_out", fast::Direction::forward),
                                            std::pair("_adj", fast::Direction::adjoint)}) {
      if (!golden.tensors.contains(folder + "q" + suffix)) continue;
      std::vector<std::span<std::byte>> memory{bytes_of(turns), bytes_of(ids)};
      const bool binary64 = storage == fast::Storage::f64;
      memory.push_back(binary64 ? bytes_of(plan.cos_sin_cache_f64) : bytes_of(plan.cos_sin_cache));
      const void* table = memory.back().data();
      const auto tensor = [&](const char* which, int heads) {
        Tensor& output = out.tensors[folder + which + suffix];
        output = golden.tensors.at(folder + which + "_in");
        memory.push_back(bytes_of(output.bytes));
        const std::ptrdiff_t head = shape.head_dim, token = head * heads;
        return cuda::Rotated{
            heads, {output.bytes.data(), token, head}, {output.bytes.data(), token, head}};
      };
      const cuda::Rotated q = tensor("q", shape.num_heads);
      const cuda::Rotated k = tensor("k", shape.num_key_value_heads);
      execute(positions
                  ? plan_launch(plan, storage, q, k, direction,
                                cuda::Phases{turns.data(), ids.data(), true, plan.attention_factor},
                                threads)
                  : plan_launch(plan, storage, q, k, direction, table, threads),
              memory);
    }
  }
  return out;
}

// kPositionsRecipe as the judge's, whose trig_ulp counts ulps of `angle`, here 2^-53, and leaves
// out the last rounding, half an ulp, which it counts for `table`. What the phase is off at the
// farthest position moves cos and sin no further.
inline Recipe positions_recipe() {
  Recipe out = parse_recipe("inv_freq=f64,position=f64,angle=f64,table=f32,product=f32,pow_ulp=0");
  out.trig_ulp =
      (cuda::kPositionsRecipe.trig_ulp - 0.5) * 0x1p29 + 0x1p31 * cuda::kPhaseQuantum * 0x1p53;
  return out;
}

}  // namespace plumbline::test
