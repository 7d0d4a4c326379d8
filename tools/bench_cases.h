// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fast/fast.h"

// What `plumbline bench` runs: forms of rotation x storage x heads x tokens, by table.
namespace plumbline {

struct BenchForm {
  std::string_view name;
  bool neox = true;
  int head_dim = 128, rotary_dim = 128;
  enum class Map { plain, chunked, interleaved, per_head } map = Map::plain;
  std::ptrdiff_t head_gap = 0;  // elements between heads
  bool fused = false;           // q, k and v of a token one behind the other
  bool adjoint = false;
  bool core = true;  // false: compared with plain neox per byte moved
};

struct BenchCase {
  const BenchForm* form;
  fast::Storage storage;
  int num_heads, num_key_value_heads, tokens;
  std::string name() const;
};

std::vector<BenchCase> bench_cases();
std::string_view storage_name(fast::Storage storage);

// The rotation of a form, unscaled at base 10000, and the positions of a batch: text, or an image
// of 32 columns.
fast::RotaryCase bench_rotary(const BenchCase& c);
std::vector<std::int64_t> bench_positions(const BenchCase& c);

}  // namespace plumbline
