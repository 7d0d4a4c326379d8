// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// What a kernel is given. Plain data, checked by the doors in fast.h; nothing is checked here.
namespace plumbline::fast {

enum class Storage : std::uint8_t { f64, f32, bf16, f16 };

// Neighbouring KV heads that share a row of cos and sin: first, first + 1, .. first + count - 1.
struct Run {
  int row, first, count;
};

// One tensor [tokens][kv heads * group][head_dim], unit stride in the last index, strides in
// elements. Head h uses the row of KV head h / group. group = 0: a tensor without heads, whose
// pointers are valid all the same.
struct JobTensor {
  const void* input = nullptr;
  void* output = nullptr;
  std::ptrdiff_t input_token = 0, input_head = 0, output_token = 0, output_head = 0;
  int group = 0;
};

// For every token t, head and pair i = (x, y), with (c, s) = (cos[i], sin[i]) of the head's row:
//   forward (x c - y s, y c + x s); adjoint (x c + y s, y c - x s).
// Lanes rotary_dim .. head_dim - 1 are copied bit for bit, or left alone in place. q and k are
// rotated in one pass, so that a token's row is read once.
struct GroupPart;

// Rows that are put together while they are read: column i of a token is that of the row of
// axis[i], as in RowSeeds, which parts and part_begin are from.
struct MergedRows {
  const GroupPart* parts = nullptr;  // nullptr: rows stand as they are
  const int* part_begin = nullptr;
  int groups = 0;  // of a row
};

struct RotateJob {
  Storage storage;
  bool neox, adjoint;
  int tokens, head_dim, rotary_dim;
  // [tokens][rows_per_token] pointers to rows, float, or double for f64 storage: cos at 0, sin at
  // sin_offset.
  const void* const* rows;
  int rows_per_token;
  std::ptrdiff_t sin_offset;
  const Run* runs;
  int run_count;
  JobTensor tensors[2];
  // How many bytes ahead of an element its line is asked for; 0: not at all.
  std::ptrdiff_t prefetch;
  // Where there are parts, `rows` are those of the axes, [tokens][rows_per_token], and a run's row
  // begins at column 16 row groups of each. For kernels that merge; float rows; rotary_dim a
  // multiple of 64.
  MergedRows merged = {};
};

using RotateFunction = void(const RotateJob& job) noexcept;

struct TokenHeads {
  int q, k;
};

// One token in place: the heads of both tensors, so many elements apart, by one standing row, cos
// at 0 and sin at rotary_dim / 2; with sign -1 the adjoint. Equal to a RotateJob of one token. In
// registers, as a load waits for every store in flight whose address ends in the same twelve bits:
// a step of decoding begins while those of another are, and each of its loads would wait for them.
using TokenFunction = void(const float* row, void* q, std::ptrdiff_t q_head, void* k,
                           std::ptrdiff_t k_head, TokenHeads heads, float sign) noexcept;
// The one for this shape; nullptr where a kernel has none.
using TokenFunctions = TokenFunction*(Storage storage, bool neox, int rotary_dim) noexcept;

}  // namespace plumbline::fast
