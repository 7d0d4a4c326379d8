// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "golden/oracle/coordinate.h"

namespace plumbline::oracle {

// factor sqrt(under_root), with no square dividing under_root; n = 0 gives factor 0.
struct Root {
  std::int64_t factor, under_root;
};
Root simplified_root(std::int64_t n);
// sqrt(n), rational where n is a square.
Coordinate root(std::int64_t n);
// sqrt(n) cos(2 pi turns): a root where turns is a multiple of 1/8 or 1/12, else a term whose angle
// is reduced to the first quarter.
Coordinate root_times_cosine(std::int64_t n, const Rational& turns);

// The largest of one or more numbers. Equal terms are found equal; where the precision of kLastBits
// does not part others, the result is a term that encloses the maximum of what is left.
Coordinate largest_of(std::vector<Coordinate> values);

}  // namespace plumbline::oracle
