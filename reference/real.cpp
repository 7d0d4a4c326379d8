// SPDX-License-Identifier: Apache-2.0
#include "reference/real.h"

#include <mpfi.h>

#include <algorithm>
#include <stdexcept>

namespace plumbline {
namespace {

thread_local unsigned working_bits = 0;

mpfi_srcptr raw(const Interval& x) { return x.backend().data(); }
mpfi_ptr raw(Interval& x) { return x.backend().data(); }
mpfr_srcptr lower_end(const Interval& x) { return &raw(x)->left; }
mpfr_srcptr upper_end(const Interval& x) { return &raw(x)->right; }

template <class F>
Interval unary(F function, const Interval& x) {
  Interval result;
  function(raw(result), raw(x));
  return result;
}

Integer rounded(const Interval& x, mpfr_rnd_t direction) {
  Integer low, high;
  mpfr_get_z(low.backend().data(), lower_end(x), direction);
  mpfr_get_z(high.backend().data(), upper_end(x), direction);
  if (low != high) throw Undecided{};
  return low;
}

// The integer whose b-th power is z, if there is one.
std::optional<Integer> exact_root(const Integer& z, unsigned long b) {
  Integer root;
  if (mpz_root(root.backend().data(), z.backend().data(), b) == 0) return std::nullopt;
  return root;
}

}  // namespace

WorkingPrecision::WorkingPrecision(unsigned bits)
    : outer_bits_(working_bits), outer_digits_(Interval::thread_default_precision()) {
  working_bits = bits;
  Interval::thread_default_precision(bits * 301 / 1000 + 1);
}

WorkingPrecision::~WorkingPrecision() {
  working_bits = outer_bits_;
  Interval::thread_default_precision(outer_digits_);
}

ThreadCaches::~ThreadCaches() { mpfr_free_cache(); }

unsigned WorkingPrecision::bits() { return working_bits; }

Interval enclose(const Rational& r) {
  Interval result;
  mpfi_set_q(raw(result), r.backend().data());
  return result;
}

Interval times(const Interval& x, double y) {
  Interval result;
  mpfi_mul_d(raw(result), raw(x), y);
  return result;
}

Interval pi() {
  Interval result;
  mpfi_const_pi(raw(result));
  return result;
}

Interval log(const Interval& x) { return unary(mpfi_log, x); }
Interval exp(const Interval& x) { return unary(mpfi_exp, x); }
Interval sqrt(const Interval& x) { return unary(mpfi_sqrt, x); }
Interval cos(const Interval& x) { return unary(mpfi_cos, x); }
Interval sin(const Interval& x) { return unary(mpfi_sin, x); }

Interval atan2(const Rational& y, const Rational& x) {
  if (x == 0) return y == 0 ? enclose(Rational(0)) : pi() * enclose(Rational(y > 0 ? 1 : -1, 2));
  const Interval principal = unary(mpfi_atan, enclose(Rational(y / x)));
  if (x > 0) return principal;
  return y < 0 ? principal - pi() : principal + pi();
}

bool is_point(const Interval& x) { return mpfr_equal_p(lower_end(x), upper_end(x)) != 0; }

int sign(const Interval& x) {
  const int low = mpfr_sgn(lower_end(x)), high = mpfr_sgn(upper_end(x));
  if (low != high) throw Undecided{};
  return low;
}

Integer floor(const Interval& x) { return rounded(x, MPFR_RNDD); }
Integer ceil(const Interval& x) { return rounded(x, MPFR_RNDU); }

Integer floor(const Rational& x) {
  Integer result;
  mpz_fdiv_q(result.backend().data(), mpq_numref(x.backend().data()),
             mpq_denref(x.backend().data()));
  return result;
}

Integer ceil(const Rational& x) { return -floor(-x); }

std::optional<std::array<std::int64_t, 2>> small_fraction(const Rational& r) {
  const auto *num = mpq_numref(r.backend().data()), *den = mpq_denref(r.backend().data());
  if (mpz_sizeinbase(num, 2) > 62 || mpz_sizeinbase(den, 2) > 62) return std::nullopt;
  return std::array<std::int64_t, 2>{mpz_get_si(num), mpz_get_si(den)};
}

Rational truncate(const Rational& x) { return x < 0 ? Rational(ceil(x)) : Rational(floor(x)); }

std::optional<Rational> exact_power(const Rational& r, const Rational& exponent) {
  const Integer degree = denominator(exponent), times = numerator(exponent);
  if (r == 1 || times == 0) return Rational(1);
  if (degree > 1'000'000 || abs(times) > 1'000'000) return std::nullopt;
  const auto b = degree.convert_to<unsigned long>();
  const auto top = exact_root(numerator(r), b), bottom = exact_root(denominator(r), b);
  if (!top || !bottom) return std::nullopt;
  const auto a = abs(times).convert_to<unsigned>();
  // A power of a million bits helps nobody: the enclosure serves.
  const std::uint64_t bits = std::max(msb(*top), msb(*bottom)) + 1;
  if (bits * a > 1'000'000) return std::nullopt;
  const Rational result(pow(*top, a), pow(*bottom, a));
  return times < 0 ? Rational(1) / result : result;
}

Interval power(const Rational& r, const Rational& exponent) {
  if (const auto exact = exact_power(r, exponent)) return enclose(*exact);
  // MPFR 4.2.0's general power is not used: log and exp are monotone and plain.
  return exp(enclose(exponent) * log(enclose(r)));
}

std::string to_digits(const Interval& x, int digits) {
  if (digits < 1) throw std::invalid_argument("digits must be at least 1");
  const auto places = static_cast<std::size_t>(digits);
  if (sign(x) == 0) return "0";
  const auto render = [&](mpfr_srcptr end) {
    mpfr_exp_t point = 0;
    // mpfr_get_str refuses to print a single digit in some bases but not in base 10.
    char* text = mpfr_get_str(nullptr, &point, 10, places, end, MPFR_RNDN);
    std::string mantissa(text);
    mpfr_free_str(text);
    const bool negative = mantissa.front() == '-';
    if (negative) mantissa.erase(0, 1);
    return (negative ? "-" : "") + place_digits(mantissa, static_cast<long>(point) - digits);
  };
  const std::string low = render(lower_end(x)), high = render(upper_end(x));
  if (low != high) throw Undecided{};
  return low;
}

}  // namespace plumbline
