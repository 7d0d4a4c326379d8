// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/multiprecision/gmp.hpp>
#include <boost/multiprecision/mpfi.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace plumbline {

using Integer =
    boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;
using Rational = boost::multiprecision::number<boost::multiprecision::gmp_rational,
                                               boost::multiprecision::et_off>;

// A closed interval that contains the real number meant, at the working precision of this thread.
using Interval = boost::multiprecision::number<boost::multiprecision::mpfi_float_backend<0>,
                                               boost::multiprecision::et_off>;

// The precision in bits of every Interval made in this scope and thread; the only way to set it.
// Boost keeps it in decimal digits, so the precision in force is at least `bits`.
class WorkingPrecision {
 public:
  explicit WorkingPrecision(unsigned bits);
  ~WorkingPrecision();
  WorkingPrecision(const WorkingPrecision&) = delete;
  WorkingPrecision& operator=(const WorkingPrecision&) = delete;
  // Bits asked for by the innermost scope of this thread; 0 outside every scope.
  static unsigned bits();

 private:
  unsigned outer_bits_, outer_digits_;
};

// Frees this thread's cache of constants when the scope ends; a thread that makes Intervals holds
// one.
struct ThreadCaches {
  ThreadCaches() = default;
  ~ThreadCaches();
  ThreadCaches(const ThreadCaches&) = delete;
  ThreadCaches& operator=(const ThreadCaches&) = delete;
};

// Thrown where a decision needs more precision than the scope has; the loops of certify.h catch it
// and go on.
struct Undecided {};

// {r}, widened to the working precision; a point where r is dyadic and fits.
Interval enclose(const Rational& r);
// {x * y} for an exact finite double.
Interval times(const Interval& x, double y);
// pi; natural logarithm; exponential; sine and cosine (radians). Enclosures. log needs x > 0.
Interval pi();
Interval log(const Interval& x);
Interval exp(const Interval& x);
Interval sqrt(const Interval& x);
Interval cos(const Interval& x);
Interval sin(const Interval& x);
// The angle of the point (x, y) in (-pi, pi]; atan2(0, 0) = 0. An enclosure.
Interval atan2(const Rational& y, const Rational& x);

// The exact value where the interval is a single point.
bool is_point(const Interval& x);
// -1, 0, 1; throws Undecided where x contains zero and is not {0}.
int sign(const Interval& x);
// Largest integer <= x, smallest integer >= x; throws Undecided where the ends disagree.
Integer floor(const Interval& x);
Integer ceil(const Interval& x);
Integer floor(const Rational& x);
Integer ceil(const Rational& x);
Rational truncate(const Rational& x);  // toward zero

// r^(exponent) where that is rational; nothing otherwise. r > 0.
std::optional<Rational> exact_power(const Rational& r, const Rational& exponent);
// r^(exponent), an enclosure. r > 0.
Interval power(const Rational& r, const Rational& exponent);

// Reads "12", "-0.25", "1e-3", "3/10" exactly. Throws std::invalid_argument for anything else, NaN
// and infinity among it, and for a decimal exponent beyond +-4096.
Rational parse_rational(std::string_view text);
// "p" or "p/q" in lowest terms; parse_rational reads it back.
std::string to_text(const Rational& r);
// Exact decimal where the value is dyadic, else the shortest decimal that reads back as the same
// binary64.
std::string to_decimal(const Rational& r);
bool is_dyadic(const Rational& r);
// Numerator and denominator where both are below 2^62 in size; nothing otherwise.
std::optional<std::array<std::int64_t, 2>> small_fraction(const Rational& r);
// Exact conversion of a finite double.
Rational from_double(double x);
// Correctly rounded to binary64 (ties to even).
double to_double(const Rational& r);
// digits * 10^exponent with no digits but these, as d.ddde7 where plain notation would need zeros
// before the point that nobody certified.
std::string place_digits(const std::string& digits, long exponent);
// Exactly `digits` significant digits, correctly rounded, written so; "0" for zero. The enclosure
// form throws Undecided where the digits are not determined.
std::string to_digits(const Rational& r, int digits);
std::string to_digits(const Interval& x, int digits);

}  // namespace plumbline
