// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/frequency.h"

namespace plumbline {

Interval Frequency::enclosure() const {
  const Interval f = power(base, -exponent);
  return two_pi ? Interval(f * pi() * 2) : f;
}

// b^(p/q) = c^(r/s) exactly where b^(p s) = c^(r q); pi is no root of a rational.
bool same(const Frequency& a, const Frequency& b) {
  if (a.two_pi != b.two_pi) return false;
  if (a.exponent == 0 || b.exponent == 0) return a.exponent == b.exponent;
  if (a.base == b.base) return a.exponent == b.exponent;
  const Rational left(numerator(a.exponent) * denominator(b.exponent)),
      right(numerator(b.exponent) * denominator(a.exponent));
  const auto x = exact_power(a.base, left), y = exact_power(b.base, right);
  return x && y && *x == *y;
}

}  // namespace plumbline
