// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "reference/evaluate.h"

namespace plumbline {

// cos and sin of the (coordinate, rung) pairs that rows [first, first + count) of a case need, each
// computed once at the first precision and again only where a rounding needs more; and pairs turned
// by them. One thread at a time.
class Angles {
 public:
  // All three must outlive this object.
  Angles(const Spectra& spectra, const FrequencyAllocation& allocation, const PositionTable& ids,
         std::size_t first, std::size_t count);

  // A cos(phi) and A sin(phi), phi = position inv_freq in radians: enclosures at the working
  // precision; points of A, 0 or -A where the angle is a known number of quarter turns.
  CosSin at(std::size_t row, int map, int pair);

  // A, where it is rational and the angle is exactly zero.
  std::optional<Rational> still(std::size_t row, int map, int pair) const;

  // turn() by that angle, and exactly where the angle is an odd number of eighths of a turn. Throws
  // Unresolved.
  TurnedPair turned(std::size_t row, int map, int pair, std::uint64_t x, std::uint64_t y,
                    bool adjoint, const Format& format);

 private:
  std::optional<TurnedPair> diagonal(std::size_t row, int map, int pair, double x, double y,
                                     bool adjoint, const Format& format) const;
  std::optional<int> eighth_turns(std::size_t row, const Assignment& assigned) const;
  const Interval& attention();
  const Spectra& spectra_;
  const FrequencyAllocation& allocation_;
  const PositionTable& ids_;
  std::size_t first_, rungs_, distinct_ = 0;
  std::array<std::vector<std::size_t>, kMostAxes> slots_;  // distinct coordinate of each row
  std::vector<std::optional<Interval>> places_;            // those coordinates
  std::vector<std::optional<CosSin>> memo_;
  std::array<std::vector<std::optional<Interval>>, kMostAxes> ladders_;
  std::map<unsigned, Interval> attention_;  // by precision
};

}  // namespace plumbline
