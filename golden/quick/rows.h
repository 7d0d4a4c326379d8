// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "golden/quick/channels.h"

// A cos(phi) and A sin(phi), phi = position * inv_freq in radians, A the attention factor: every
// value rounded once to its format, with a proof. The proof is a double-double approximation, its
// bound, and a test that all numbers within the bound round alike; what fails the test is decided
// by the enclosures of reference/. Source of the idea: A. Ziv, ACM TOMS 17(3), 1991.
namespace plumbline::quick {

// Rows as arrays [rows][stride] of encodings of `dtype` (f64, f32, bf16, f16), little endian.
struct RowsOut {
  Dtype dtype;
  void *cos, *sin;
  std::ptrdiff_t stride;  // in elements, at least the number of channels
};

struct Count {
  std::uint64_t values = 0;   // certified
  std::uint64_t decided = 0;  // of these by the enclosures of reference/
  Count& operator+=(const Count& o) {
    values += o.values;
    decided += o.decided;
    return *this;
  }
};

// Largest |position|, or |numerator|, that the quick rows take.
inline constexpr std::int64_t kFarthest = std::int64_t{1} << 31;

// Makes the doubtful values of a run of rows: exactly for channels that never turn, else by
// decide(); position_at(row, channel). `doubtful` as in Output, for out.cos and out.sin at row 0.
Count settle(const ResolvedSpectrum& spectrum, const std::uint16_t* doubtful, int rows,
             const RowsOut& out, const std::function<Rational(int, int)>& position_at);

// `out` from a row on.
RowsOut from_row(const RowsOut& out, std::ptrdiff_t row);
Output output_of(const RowsOut& out, std::uint16_t* doubtful);

}  // namespace plumbline::quick
