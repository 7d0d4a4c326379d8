// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "reference/case.h"
#include "reference/rotation.h"

// The one door for golden/, properties/ and tools/: a case in, certified numbers out.
namespace plumbline {

// position_ids[axis * rows + row]; padding rows hold the scheme's pad value. Deltas are from
// untruncated coordinates: rope_delta = M + 1 - padded length (nothing where the source has none),
// rope_delta_cursor = final cursor - padded length. Everything is exact, except behind the first
// visual block of a transcendental design.
struct PositionTable {
  int axes = 0;
  std::vector<std::int64_t> token_index;  // row of the padded sequence
  std::vector<Coordinate> position_ids;
  std::optional<Coordinate> rope_delta;
  Coordinate rope_delta_cursor;
  std::size_t rows() const { return token_index.size(); }
  const Coordinate& at(std::size_t axis, std::size_t row) const {
    return position_ids[axis * rows() + row];
  }
};
PositionTable positions(const Case& c);

// The map that the scheme's parameters choose. Throws std::invalid_argument where the shape cannot
// carry them.
FrequencyAllocation allocation(const Case& c);

// The spectra of a map's ladders, resolved.
class Spectra {
 public:
  Spectra(const FrequencySpectrum& spectrum, const FrequencyAllocation& map);
  // The axis must not be Axis::none.
  const ResolvedSpectrum& of(Axis axis) const {
    return all_.size() == 1 ? all_.front() : all_[index(axis)];
  }
  const ResolvedSpectrum& first() const { return all_.front(); }
  int most_rungs() const;

 private:
  std::vector<ResolvedSpectrum> all_;
};

// The binary64 nearest to a coordinate; its text: the exact decimal where the value is dyadic, else
// the shortest decimal that reads back as that binary64.
double to_double(const Coordinate& x);
std::string to_decimal(const Coordinate& x);

// Encodings of one format, [row][map][pair].
struct Table {
  Format format;
  std::vector<std::uint64_t> cos, sin;
};
// Encodings of one format, [row][head][head_dim].
struct Heads {
  Format format;
  std::vector<std::uint64_t> q, k;
};
struct Rotated {
  Heads out, adjoint;  // adjoint is empty unless asked for
};
struct Tensors {
  std::vector<std::uint64_t> inv_freq;  // binary64, [map][pair]; 0 where the pair does not turn
  std::vector<Table> tables;            // one per format asked for
  std::vector<Rotated> rotated;         // one per input
  unsigned precision = 0;               // bits that decided the hardest value
};

// Throws std::invalid_argument where the two lanes of a pair read different axes.
void require_rotation(const Case& c, const FrequencyAllocation& map);

// What evaluate() fills: inv_freq certified and the rest zeros, for `rows` rows; adjoint outputs
// are empty unless asked for. Throws Unresolved naming the case.
Tensors blank_tensors(const Case& c, const FrequencyAllocation& map, const Spectra& spectra,
                      std::size_t rows, const std::vector<Format>& table_formats,
                      const std::vector<Heads>& inputs, bool adjoint);

// A scheme of dense planes has no tables: inv_freq and tables stay empty. Certified cos and sin in
// `table_formats` and the inputs rotated (and, with `adjoint`, counter-rotated), every value
// rounded once. Deterministic; uses `threads` threads. Throws Unresolved naming the case,
// std::invalid_argument where a map is no rotation.
Tensors evaluate(const Case& c, const PositionTable& ids, const std::vector<Format>& table_formats,
                 const std::vector<Heads>& inputs, bool adjoint, unsigned threads);

// Query row, key row, query head.
using LogitIndex = std::array<std::int32_t, 3>;
// The attention logits of `inputs` at `index`, rounded once. Inputs finite on the rows used.
// Throws std::invalid_argument for dense planes.
std::vector<Certified> logits(const Case& c, const PositionTable& ids, const Heads& inputs,
                              const std::vector<LogitIndex>& index);

}  // namespace plumbline
