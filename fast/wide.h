// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace plumbline::fast {

// The unevaluated sum high + low with |low| <= ulp(high) / 2: two long doubles, 128 bits where long
// double has 64. Sums, products and quotients are within a few units of 2^-126 (relative) there. A
// binary64 angle at position 2^31 needs 2^-84, and more close to a zero of cos or sin; a single
// long double would leave 2^-33. Source: Dekker, "A floating-point technique for extending the
// available precision", 1971.
struct Wide {
  long double high = 0, low = 0;

  constexpr Wide() = default;
  constexpr Wide(long double value) : high(value) {}  // implicit, so that formulas read as formulas
  constexpr Wide(long double high_part, long double low_part) : high(high_part), low(low_part) {}
};

// Exact, if |a| >= |b|.
constexpr Wide quick_two_sum(long double a, long double b) {
  const long double sum = a + b;
  return {sum, b - (sum - a)};
}

// Exact.
constexpr Wide two_sum(long double a, long double b) {
  const long double sum = a + b;
  const long double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

constexpr Wide operator-(Wide a) { return {-a.high, -a.low}; }

constexpr Wide operator+(Wide a, Wide b) {
  const Wide high = two_sum(a.high, b.high);
  const Wide low = two_sum(a.low, b.low);
  const Wide sum = quick_two_sum(high.high, high.low + low.high);
  return quick_two_sum(sum.high, sum.low + low.low);
}

constexpr Wide operator-(Wide a, Wide b) { return a + -b; }

inline Wide operator*(Wide a, Wide b) {
  const long double product = a.high * b.high;
  const long double error = std::fma(a.high, b.high, -product);
  return quick_two_sum(product, error + (a.high * b.low + a.low * b.high));
}

inline Wide operator/(Wide a, Wide b) {
  const long double first = a.high / b.high;
  const Wide after_first = a - b * first;
  const long double second = after_first.high / b.high;
  const Wide after_second = after_first - b * second;
  return quick_two_sum(first, second) + after_second.high / b.high;
}

constexpr bool operator<(Wide a, Wide b) {
  return a.high < b.high || (a.high == b.high && a.low < b.low);
}
constexpr bool operator==(Wide a, Wide b) { return a.high == b.high && a.low == b.low; }

// Sums of doubles, so that they hold whatever the width of long double.
inline constexpr Wide kPi =
    Wide(0x1.921fb54442d18p+1) + 0x1.1a62633145c07p-53 + -0x1.f1976b7ed8fbcp-109;
inline constexpr Wide kLn2 =
    Wide(0x1.62e42fefa39efp-1) + 0x1.abc9e3b39803fp-56 + 0x1.7b57a079a1934p-111;

// Relative error at most about 2^-120 for |x| < 1000; the same for the others on their domains.
Wide exp(Wide x);
Wide log(Wide x);  // absolute error, for x > 0
Wide pow(Wide base, Wide exponent);
Wide sqrt(Wide x);
Wide floor(Wide x);  // exact

// Absolute error at most about 2^-120; |x| <= pi / 4.
struct WideCosSin {
  Wide cos, sin;
};
WideCosSin cos_sin(Wide x);

// The shortest decimal number that reads back as x: decimal(0.1) is one tenth. x finite.
Wide decimal(double x);

// x rounded to nearest; a value within 2^-106 of a tie may go either way.
double to_double(Wide x);

// The binary32 nearest to x; |x| at least 2^-60, so that it is a normal number, and below 2^100.
float to_float(Wide x);

}  // namespace plumbline::fast
