// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What a launch hands to its threads. Plain data, the same on the host and on the device.
namespace plumbline::fast::cuda {

// A frequency in turns per position, inv_freq / (2 pi) modulo 1, in units of 2^-96, and the row of
// position_ids that drives it. A pair that does not turn has frequency 0.
struct alignas(16) Turn {
  std::uint32_t low = 0, middle = 0, high = 0;
  std::uint32_t axis = 0;
};

// A tensor [tokens][heads][head_dim]; strides in elements. Head j reads map j / per_map.
struct Heads {
  const void* input = nullptr;
  void* output = nullptr;
  std::int64_t input_token = 0, input_head = 0, output_token = 0, output_head = 0;
  int per_map = 0;  // heads / maps; 0: there is no such tensor
};

struct Parameters {
  Heads q, k;
  int tokens = 0, maps = 1, pairs = 0;
  int tail = 0;  // lanes behind rotary_dim to be copied; 0 in place
  bool adjoint = false;
  // Source::table: binary32, or binary64 for f64; steps in elements, from one token to the next,
  // from one map to the next, and from cos to sin. The cos_sin_cache of a plan,
  // [tokens][maps][2][pairs], has maps * 2 * pairs, 2 * pairs and pairs.
  const void* cos_sin_cache = nullptr;
  std::int64_t table_token = 0, table_map = 0, table_sin = 0;
  // Source::positions: [maps][pairs]; [axes][tokens], int64 if wide, else int32; A as a sum.
  const Turn* turns = nullptr;
  const void* position_ids = nullptr;
  bool wide_positions = false;
  float attention_factor = 1, attention_factor_low = 0;
};

// A thread's place in the grid, and the number of threads, along each of three directions: pieces
// of a head, tokens, and heads, which are dealt out where there are too few tokens to fill a
// device.
struct Thread {
  int piece = 0, pieces = 1;
  int token = 0, tokens = 1;
  int head = 0, heads = 1;
};

}  // namespace plumbline::fast::cuda
