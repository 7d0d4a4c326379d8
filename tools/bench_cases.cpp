// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_cases.h"

#include <fmt/core.h>

namespace plumbline {
namespace {

using fast::Storage;
using Map = BenchForm::Map;

constexpr BenchForm kForms[] = {
    {.name = "neox"},
    {.name = "neox chunked", .map = Map::chunked},
    {.name = "neox interleaved", .map = Map::interleaved},
    {.name = "gptj", .neox = false},
    {.name = "gptj chunked", .neox = false, .map = Map::chunked},
    {.name = "gptj interleaved", .neox = false, .map = Map::interleaved},
    {.name = "adjoint", .adjoint = true, .core = false},
    {.name = "gaps between heads", .head_gap = 32, .core = false},
    {.name = "q, k, v in one", .fused = true, .core = false},
    {.name = "partial 64 of 128", .rotary_dim = 64, .core = false},
    {.name = "head_dim 100", .head_dim = 100, .rotary_dim = 100, .core = false},
    {.name = "map per KV head", .map = Map::per_head, .core = false},
};
constexpr Storage kStorages[] = {Storage::f32, Storage::bf16, Storage::f16};
constexpr struct { int num_heads, num_key_value_heads; } kHeads[] = {{16, 2}, {32, 8}};
constexpr int kTokens[] = {1, 64, 4096, 32768};

// Axis of a pair: chunked 16, 24, 24; interleaved 24, 20, 20 (T, H, W, T, H, W .. T); per head by
// thirds of the KV heads.
std::uint8_t axis_of(Map map, int pair, int kv_head, int kv_heads) {
  switch (map) {
    case Map::plain:
      return 0;
    case Map::chunked:
      return static_cast<std::uint8_t>(pair < 16 ? 0 : pair < 40 ? 1 : 2);
    case Map::interleaved:
      return static_cast<std::uint8_t>(pair < 60 ? pair % 3 : 0);
    case Map::per_head:
      return static_cast<std::uint8_t>(3 * kv_head / kv_heads);
  }
  return 0;
}

}  // namespace

std::string_view storage_name(Storage storage) {
  constexpr std::string_view kNames[] = {"f64", "f32", "bf16", "f16"};
  return kNames[static_cast<std::size_t>(storage)];
}

std::string BenchCase::name() const {
  return fmt::format("{}/q{}+k{}/T={}/{}", storage_name(storage), num_heads, num_key_value_heads,
                     tokens, form->name);
}

std::vector<BenchCase> bench_cases() {
  std::vector<BenchCase> out;
  for (const auto& heads : kHeads)
    for (const int tokens : kTokens)
      for (const Storage storage : kStorages)
        for (const BenchForm& form : kForms) {
          // What is compared per byte moved is compared where bytes matter, once.
          if (!form.core && (tokens == 1 || heads.num_heads != 32)) continue;
          out.push_back({&form, storage, heads.num_heads, heads.num_key_value_heads, tokens});
        }
  return out;
}

fast::RotaryCase bench_rotary(const BenchCase& c) {
  const BenchForm& form = *c.form;
  fast::RotaryCase out;
  fast::Spectrum spectrum;
  spectrum.rotary_dim = form.rotary_dim;
  out.spectra = {spectrum};
  out.head_dim = form.head_dim;
  out.rotary_dim = form.rotary_dim;
  out.num_heads = c.num_heads;
  out.num_key_value_heads = c.num_key_value_heads;
  out.neox = form.neox;
  out.axes = form.map == Map::plain ? 1 : 3;
  out.maps = form.map == Map::per_head ? c.num_key_value_heads : 1;
  for (int map = 0; map < out.maps; ++map)
    for (int pair = 0; pair < form.rotary_dim / 2; ++pair) {
      out.axis_map.push_back(axis_of(form.map, pair, map, out.maps));
      out.rung.push_back(pair);
    }
  return out;
}

std::vector<std::int64_t> bench_positions(const BenchCase& c) {
  constexpr int kColumns = 32, kRows = 32, kStart = 100;
  std::vector<std::int64_t> out;
  if (c.form->map == Map::plain) {
    for (int t = 0; t < c.tokens; ++t) out.push_back(kStart + t);
    return out;
  }
  for (int axis = 0; axis < 3; ++axis)
    for (int t = 0; t < c.tokens; ++t) {
      const int at[] = {t / (kColumns * kRows), t / kColumns % kRows, t % kColumns};
      out.push_back(kStart + at[axis]);
    }
  return out;
}

}  // namespace plumbline
