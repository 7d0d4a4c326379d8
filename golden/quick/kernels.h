// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "golden/tensor.h"

// Kernels that make certified rows. A group is eight pairs; a kernel works on whole groups and
// stores only the pairs that are there.
namespace plumbline::quick {

inline constexpr int kGroup = 8;
// Doubles of one group of double-double turns: cos.high[8], cos.low[8], sin.high[8], sin.low[8].
inline constexpr int kTurnGroup = 4 * kGroup;
// Doubles of one group of pairs: x[8], y[8].
inline constexpr int kPairGroup = 2 * kGroup;
// 32-bit chunks of a fraction of a turn; their group is chunk[5][8], one chunk a word.
inline constexpr int kChunks = 5;
inline constexpr int kChunkGroup = kChunks * kGroup;
// Turns of the table that the phase is reduced by: k / kTable of a turn, cos and sin as four
// doubles.
inline constexpr int kTableBits = 10, kTable = 1 << kTableBits;

// Where rows go: [rows][stride] encodings of one format, cos and sin apart, with a negative stride
// downwards, with stride 0 each over the one before; doubtful[rows][groups],
// bit i for the cos and bit 8 + i for the sin of pair i: not proven, and to be made by other means.
struct Output {
  std::byte *cos, *sin;
  std::ptrdiff_t stride;  // in elements
  std::uint16_t* doubtful;
};

// The turn coarse * fine[b] in row b of one output, and coarse / fine[b] in row b of another.
// |A cos, A sin of a value - computed| < bound.
struct ProductJob {
  const double *coarse, *fine;  // [groups][kTurnGroup], [rows][groups][kTurnGroup]
  int rows, pairs;
  double bound;
};
// Rows of turns, [rows] of [groups][kTurnGroup] each `stride` doubles from the one before.
struct TurnsOut {
  double* turns;
  std::ptrdiff_t stride;
};
// Pair i of row r at position[r * groups * 8 + i], |position| <= 2^31, times the fraction of a turn
// that its chunks hold. |value - computed| < bound + |position| * bound_per_position.
struct PhaseJob {
  const std::int64_t* positions;
  const std::uint64_t* chunks;  // [groups][kChunkGroup]
  const double* table;          // [kTable][4]: cos.high, cos.low, sin.high, sin.low
  int rows, pairs;
  double bound, bound_per_position;
};

// Heads of one row rotated by its turns: pair i joins in[i] and in[i + pairs] of a head, and so in
// the output; strides in elements. `bound`: |lane - computed| < bound (|x| + |y|).
// doubtful[heads][groups], bit i for x and bit 8 + i for y of pair i.
struct RotateJob {
  const double* turns;  // [groups][kTurnGroup]
  const std::byte* in;
  std::byte* out;
  std::ptrdiff_t in_stride, out_stride;
  int heads, pairs;
  double bound;
  bool adjoint;
  std::uint16_t* doubtful;
};

// One query head against one key head, each turned by its own row's turns: sums[0 .. 8) and
// sums[8 .. 16), the high and low parts of what the pairs of each lane of the groups make together.
// Lanes past the pairs must be zero.
struct LogitJob {
  const double *query_turns, *key_turns;  // [groups][kTurnGroup]
  const double *query, *key;              // [groups][kPairGroup]
  int pairs;
  double* sums;
};

// Return whether anything is doubtful.
using ProductRows = bool (*)(const ProductJob&, const Output& up, const Output& down) noexcept;
using PhaseRows = bool (*)(const PhaseJob&, const Output&) noexcept;
using RotateHeads = bool (*)(const RotateJob&) noexcept;
// The turns of the job's rows as normalised double-doubles; of a PhaseJob one behind the other.
using ProductTurns = void (*)(const ProductJob&, const TurnsOut& up, const TurnsOut& down) noexcept;
using PhaseTurns = void (*)(const PhaseJob&, double* turns) noexcept;
using LogitSums = void (*)(const LogitJob&) noexcept;

// One instruction set; all of them give the same bits. Indexed by Dtype: f64, f32, bf16, f16.
struct Kernels {
  std::string_view name;
  bool (*supported)() noexcept;
  ProductRows product[4];
  PhaseRows phase[4];
  RotateHeads rotate[4];
  ProductTurns product_turns;
  PhaseTurns phase_turns;
  LogitSums logit_sums;
};
extern const Kernels kPortable, kAvx512;
// Best first.
std::span<const Kernels* const> kernels();
// The best that this machine runs.
const Kernels& best_kernels();

// The encoding nearest to x, ties to even, for binary32, bfloat16 or binary16; x is finite.
std::uint32_t narrow(double x, Dtype dtype);
// The value of an encoding of one of the four formats; exact.
double widen(std::uint64_t bits, Dtype dtype);
// The bits of a binary64 that are all zero where it lies on a midpoint between two numbers of the
// format, or is one: a real number nearest to it may round either way. Of a format with p bits a
// midpoint has p + 1 at most, of 53.
consteval std::uint64_t midpoint_mask(Dtype dtype) {
  const int precision = dtype == Dtype::f32 ? 24 : dtype == Dtype::bf16 ? 8 : 11;
  return (std::uint64_t{1} << (52 - precision)) - 1;
}
template <Dtype kTo>
inline constexpr std::ptrdiff_t kBytes = static_cast<std::ptrdiff_t>(info(kTo).bytes);

}  // namespace plumbline::quick
