// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "golden/tensor.h"

namespace plumbline::oracle {

// Encodings [rows][stride] of one float type, little endian.
struct TableRows {
  Dtype dtype;
  const void *cos, *sin;
  std::ptrdiff_t stride;
};

// What a comparison of rows found; `first` names the first difference.
struct TableFindings {
  std::uint64_t values = 0;  // equal, bit for bit
  std::uint64_t differ = 0;
  std::uint64_t harder = 0;  // of all: needed more than the first precision
  // The largest |high + low - value| / bound of the approximations given, rounded up; 0 without.
  double error = 0;
  std::string first;
};

// What a value was rounded from, high + low, and what is claimed of its error.
struct Approximation {
  double high, low, bound;
};
// Of the cosine or sine of a row's frequency.
using Approximations = std::function<Approximation(int row, std::size_t frequency, bool sine)>;

// A cos(position inv_freq) and A sin of one spectrum by Arb, outside any stored case. One thread an
// object.
class Table {
 public:
  // {"scaling": name, "params": {...}} as in FORMAT.md, section 4, with `pairs` frequencies. Throws
  // std::invalid_argument.
  Table(const std::string& spectrum, std::int64_t pairs);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // Rows of positions first, first + 1, ... against every one of `rows`: by angle addition at 160
  // bits, and anew where that does not decide. Throws std::runtime_error for a rounding that stays
  // undecided.
  TableFindings consecutive(std::int64_t first, int count, std::span<const TableRows> rows,
                            const Approximations& approximations = {});
  // The row of position numerators[i] / denominator, or, with as many numerators as there are
  // values, each value at its own.
  TableFindings at(std::span<const std::int64_t> numerators, std::int64_t denominator, int count,
                   std::span<const TableRows> rows, const Approximations& approximations = {});
  // An upper bound of |high + low - value| for the cosine or sine of one frequency at position
  // numerator / denominator; and for A cos or A sin of numerator / denominator of a turn.
  double distance(std::size_t frequency, std::int64_t numerator, std::int64_t denominator,
                  bool sine, double high, double low);
  double distance_of_turn(std::int64_t numerator, std::int64_t denominator, bool sine, double high,
                          double low);
  // Lane 0 or 1 of a pair (x, y) of encodings rotated at an integer position, as
  // oracle::PairRotation; nothing where a lane is not finite, or the result is exactly zero.
  std::optional<std::uint64_t> rotated(std::size_t frequency, std::int64_t position,
                                       std::uint64_t x, std::uint64_t y, bool adjoint, int lane,
                                       Dtype dtype);
  // cos and sin of every frequency at one position, rounded to binary64: the plain way at 113
  // bits, for timing. 0 where they do not decide.
  void plain_row(std::int64_t position, double* cos, double* sin);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::oracle
