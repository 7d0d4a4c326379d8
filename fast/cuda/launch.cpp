// SPDX-License-Identifier: Apache-2.0
#include "fast/cuda/launch.h"

#include <algorithm>
#include <cstdint>

namespace plumbline::fast::cuda {
namespace {

// Whether every number of bytes added so far is a multiple of a power of two.
class Alignment {
 public:
  void add(const void* address) { all_ |= reinterpret_cast<std::uintptr_t>(address); }
  void add(std::int64_t bytes) { all_ |= static_cast<std::uintptr_t>(bytes); }
  bool allows(int width) const { return all_ % static_cast<std::uintptr_t>(width) == 0; }

 private:
  std::uintptr_t all_ = 0;
};

// Strides along an extent of one are never walked.
void add(Alignment& alignment, const Heads& h, int tokens, int maps, int element) {
  const int heads = h.per_map * maps;
  if (heads == 0) return;
  alignment.add(h.input);
  alignment.add(h.output);
  if (tokens > 1) {
    alignment.add(h.input_token * element);
    alignment.add(h.output_token * element);
  }
  if (heads > 1) {
    alignment.add(h.input_head * element);
    alignment.add(h.output_head * element);
  }
}

std::size_t widest_entry(const Parameters& p, Storage storage, bool neox, Source source) {
  const int element = element_bytes(storage), real = storage == Storage::f64 ? 8 : 4;
  Alignment tensors, table;
  add(tensors, p.q, p.tokens, p.maps, element);
  add(tensors, p.k, p.tokens, p.maps, element);
  tensors.add(std::int64_t{neox ? 1 : 2} * p.pairs * element);
  if (p.tail != 0) {
    tensors.add(std::int64_t{2} * p.pairs * element);
    tensors.add(std::int64_t{p.tail} * element);
  }
  table.add(p.cos_sin_cache);
  table.add(p.table_sin * real);
  if (p.tokens > 1) table.add(p.table_token * real);
  if (p.maps > 1) table.add(p.table_map * real);
  for (std::size_t row = 0; row < kEntries.size(); ++row) {
    const Entry& e = kEntries[row];
    if (e.storage != storage || e.neox != neox || e.source != source) continue;
    const int lanes = e.width / element, pairs = neox ? lanes : std::max(1, lanes / 2);
    const bool narrowest = e.width == element;
    const bool fits = tensors.allows(e.width) &&
                      (source == Source::positions || table.allows(std::min(16, pairs * real)));
    if (fits || narrowest) return row;
  }
  return kEntries.size();
}

int ceil_div(int a, int b) { return a / b + (a % b != 0 ? 1 : 0); }

Grid grid_of(const Parameters& p, const Entry& entry, std::int64_t threads) {
  constexpr int kMaxBlocks = 1 << 20, kMaxHeads = 65535;
  const int lanes = entry.width / element_bytes(entry.storage);
  const int pairs = entry.neox ? lanes : std::max(1, lanes / 2);
  const int pieces = p.maps * (p.pairs / pairs) + p.tail / lanes;
  Grid grid;
  grid.pieces = std::min(pieces, kBlockThreads);
  grid.tokens = std::min(kBlockThreads / grid.pieces, std::max(1, p.tokens));
  grid.blocks_of_tokens = std::min(ceil_div(p.tokens, grid.tokens), kMaxBlocks);
  const std::int64_t each = std::int64_t{grid.blocks_of_tokens} * grid.pieces * grid.tokens;
  const int most = std::min(std::max({1, p.q.per_map, p.k.per_map}), kMaxHeads);
  if (each > 0)
    grid.blocks_of_heads =
        static_cast<int>(std::clamp<std::int64_t>((threads + each - 1) / each, 1, most));
  return grid;
}

Heads heads_of(const Rotated& tensor, int maps) {
  if (tensor.heads == 0) return {};
  // The stride of a single head may be anything; no kernel shall multiply it.
  const bool one = tensor.heads == 1;
  return {tensor.input.data,          tensor.output.data,
          tensor.input.token_stride,  one ? 0 : tensor.input.head_stride,
          tensor.output.token_stride, one ? 0 : tensor.output.head_stride,
          tensor.heads / maps};
}

bool in_place(const Rotated& tensor) {
  return tensor.heads == 0 || tensor.input.data == tensor.output.data;
}

Parameters shared(const RotaryPlan& plan, const Rotated& q, const Rotated& k, Direction direction) {
  Parameters p;
  p.q = heads_of(q, plan.maps);
  p.k = heads_of(k, plan.maps);
  p.tokens = plan.tokens;
  p.maps = plan.maps;
  p.pairs = plan.rotary_dim / 2;
  // Copying a lane onto itself is harmless, so one tensor in place and one not is allowed.
  p.tail = in_place(q) && in_place(k) ? 0 : plan.head_dim - plan.rotary_dim;
  p.adjoint = direction == Direction::adjoint;
  return p;
}

}  // namespace

Launch plan_launch(const Parameters& parameters, Storage storage, bool neox, Source source,
                   std::int64_t threads) {
  const std::size_t entry = widest_entry(parameters, storage, neox, source);
  return {entry, grid_of(parameters, kEntries[entry], threads), parameters};
}

Launch plan_launch(const RotaryPlan& plan, Storage storage, const Rotated& q, const Rotated& k,
                   Direction direction, const void* cos_sin_cache, std::int64_t threads) {
  Parameters p = shared(plan, q, k, direction);
  p.cos_sin_cache = cos_sin_cache;
  p.table_sin = p.pairs;
  p.table_map = 2 * p.table_sin;
  p.table_token = p.maps * p.table_map;
  return plan_launch(p, storage, plan.neox, Source::table, threads);
}

Launch plan_launch(const RotaryPlan& plan, Storage storage, const Rotated& q, const Rotated& k,
                   Direction direction, const Phases& phases, std::int64_t threads) {
  Parameters p = shared(plan, q, k, direction);
  p.turns = phases.turns;
  p.position_ids = phases.position_ids;
  p.wide_positions = phases.wide;
  p.attention_factor = static_cast<float>(phases.attention_factor);
  p.attention_factor_low = static_cast<float>(phases.attention_factor - p.attention_factor);
  return plan_launch(p, storage, plan.neox, Source::positions, threads);
}

}  // namespace plumbline::fast::cuda
