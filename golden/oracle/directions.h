// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "golden/oracle/exact.h"

namespace plumbline::oracle {

// A point of the plane with integer coordinates, not both zero, seen from the origin.
struct Direction {
  std::int64_t x = 1, y = 0;
  // By the angle in (-pi, pi]; equal along a ray.
  static std::weak_ordering compare(const Direction& a, const Direction& b);
};

// An angle in turns: a rational plus rational multiples of the angles of Gaussian primes c + d i
// with c > d > 0, by their norm. These angles and 1 are linearly independent over the rationals, so
// equal angles have equal forms.
struct AngleForm {
  Rational turns;
  std::map<std::int64_t, Rational> primes;  // no zero among them

  bool is_zero() const { return turns.sign() == 0 && primes.empty(); }
  bool is_rational() const { return primes.empty(); }
  // "1/8 + 2 arg 5"
  std::string name() const;
  void enclose(Ball& out, slong bits) const;
  // this + factor * other
  AngleForm plus(const Rational& factor, const AngleForm& other) const;
};

// The angle in (-1/2, 1/2], from the factorisation of x + y i.
AngleForm angle_form(const Direction& d);
// Writes the same angle, in turns.
void enclose_angle(Ball& out, const Direction& d, slong bits);

}  // namespace plumbline::oracle
