// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "golden/oracle/comparison.h"
#include "golden/oracle/turns.h"

namespace plumbline::oracle {

// What one pair of one row turns by.
struct Place {
  const Coordinate* position;
  std::size_t frequency;
  const Turn* turn;  // at kFirstBits; null: the angle is exactly zero, so cos is A and sin +0
};

// One (cos, sin) of the tables against its two datasets.
void compare_table(Comparison& cos, Comparison& sin, std::size_t index, const Place& place,
                   const Turns& turns);

// Compares the rotated lanes (x c - y s, y c + x s), or with `adjoint` (x c + y s, y c - x s), with
// the elements `lanes` of `out`; x, y encodings in the same format. Rules for zeros and non-finite
// lanes: FORMAT.md, section 3.
struct PairRotation {
  const Format& format;
  bool adjoint;
  const Turns& turns;
  void compare(Comparison& out, const std::array<std::size_t, 2>& lanes, std::uint64_t x,
               std::uint64_t y, const Place& place) const;
};

// c and s rounded to a format, as numbers. Throws Undecided.
std::array<double, 2> rounded_turn(const Place& place, const Turns& turns, const Format& format);
// The same IEEE expression in binary64: (x c - y s, y c + x s), or its adjoint. Exact for zeros,
// infinities and NaNs.
std::array<double, 2> ieee_rotation(double x, double y, const std::array<double, 2>& turn,
                                    bool adjoint);
// Whether lane 0 or 1 of the rotated finite pair is exactly zero.
bool lane_is_zero(int lane, double x, double y, bool adjoint, const Place& place);
// Encloses lane 0 or 1 of the rotated finite pair.
void enclose_lane(Ball& out, slong bits, int lane, double x, double y, bool adjoint,
                  const Place& place, const Turns& turns);

// Where pair i of a head joins: lanes (i, i + n) under neox, (2i, 2i + 1) under gptj.
inline std::array<std::size_t, 2> lanes_of(std::size_t i, std::size_t pairs, bool gptj) {
  return gptj ? std::array{2 * i, 2 * i + 1} : std::array{i, i + pairs};
}

}  // namespace plumbline::oracle
