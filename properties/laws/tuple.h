// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/evaluate.h"

// The only place of the laws that looks inside a coordinate.
namespace plumbline::laws {

// The coordinate, correctly rounded to binary64.
double nearest_double(const Coordinate& x);
// The coordinate where it is rational, else its binary64 neighbour.
Rational nearest_rational(const Coordinate& x);
bool is_exact(const Coordinate& x);
// The same number: decided for rationals, and to binary64 where one is irrational.
bool same(const Coordinate& a, const Coordinate& b);
std::string shown(const Coordinate& x);

// Rows of tuples as a table of the case's axes; missing coordinates are 0.
PositionTable table_of(const Case& c, const std::vector<std::vector<Rational>>& rows);

}  // namespace plumbline::laws
