// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "golden/oracle/exact.h"

namespace plumbline::oracle {

// A real number that stays an exact rational for as long as the operations allow, so that ties and
// zeros can be decided, and is otherwise an enclosure with the working precision it was made at.
class Real {
 public:
  Real(Rational exact) : exact_(std::move(exact)) {}
  template <std::integral Integer>
  Real(Integer n) : Real(Rational(n)) {}
  Real(Ball ball, slong bits) : ball_(std::move(ball)), bits_(bits) {}

  bool is_exact() const { return exact_.has_value(); }
  const Rational& exact() const { return *exact_; }
  bool is(std::int64_t n) const { return exact_ && *exact_ == Rational(n); }
  // Writes an enclosure: of the exact rational at this precision (radius 0 where it is dyadic and
  // fits), else the ball.
  void enclose(Ball& out, slong bits) const;

  friend Real operator+(const Real& a, const Real& b);
  friend Real operator-(const Real& a, const Real& b);
  friend Real operator*(const Real& a, const Real& b);
  friend Real operator/(const Real& a, const Real& b);

 private:
  std::optional<Rational> exact_;
  Ball ball_;
  slong bits_ = 0;
};

Real pi(slong bits);
Real log(const Real& x, slong bits);   // exact at 1; Undecided unless x > 0 is certain
Real exp(const Real& x, slong bits);   // exact at 0
Real sqrt(const Real& x, slong bits);  // exact for squares of rationals
// base^exponent, base > 0; exact where rational.
Real power(const Rational& base, const Rational& exponent, slong bits);

// Decisions on the exact real value; throw Undecided where the enclosure does not settle them.
int sign(const Real& x);
Rational floor(const Real& x);

}  // namespace plumbline::oracle
