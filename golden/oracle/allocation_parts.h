// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/oracle/allocation.h"

// What the axis maps are made of.
namespace plumbline::oracle {

// mrope_section of the case: three positive integers.
Section section_of(const Case& c, const Section& otherwise);
// Throws std::invalid_argument unless the sections sum to n.
void must_fill(const Section& s, std::int64_t n);
// The axis whose run of the concatenated sections holds i, or kStill behind the last.
std::uint8_t run(const Section& s, std::int64_t i);
// F-IL3: the first entry is never read, time takes what height and width leave.
std::uint8_t three_way(const Section& s, std::int64_t i);

// F-AXIAL: axis a holds rungs[a] pairs in a row, on a whole ladder of its own.
Allocation axial(const Case& c, const std::vector<std::int64_t>& rungs,
                 const std::optional<Rational>& base);
// Half the pairs; throws std::invalid_argument where they cannot be halved.
std::int64_t even_pairs(const Case& c);

// One map on one shared ladder, pair i on rung i and axis axis_of(i).
template <class AxisOf>
Allocation by_pair(const Case& c, AxisOf&& axis_of) {
  Allocation result;
  result.ladders = {{.rungs = c.pairs()}};
  for (std::int64_t i = 0; i < c.pairs(); ++i) {
    result.axis.push_back(static_cast<std::uint8_t>(axis_of(i)));
    result.rung.push_back(static_cast<std::int32_t>(i));
  }
  return result;
}

}  // namespace plumbline::oracle
