// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/exact.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace plumbline::oracle {
namespace {

// A text that is hostile to memory ("1e999999999") is refused rather than expanded.
constexpr std::size_t kLongestNumber = 100000;
constexpr int kLargestExponent = 4000;

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("not a number: \"" + std::string(text.substr(0, 60)) + "\"");
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Rational parse_integer(std::string_view text, std::string_view whole) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!all_digits(text)) refuse(whole);
  Rational r;
  fmpz_set_str(fmpq_numref(r.get()), std::string(text).c_str(), 10);
  if (negative) fmpq_neg(r.get(), r.get());
  return r;
}

Rational power_of_ten(int exponent) {
  Rational r(10);
  fmpq_pow_si(r.get(), r.get(), exponent);
  return r;
}

Rational parse_decimal(std::string_view text) {
  const std::string_view whole = text;
  int exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    const Rational parsed = parse_integer(text.substr(e + 1), whole);
    if (Rational(kLargestExponent) < parsed || parsed < Rational(-kLargestExponent)) refuse(whole);
    exponent = static_cast<int>(fmpz_get_si(fmpq_numref(parsed.get())));
    text = text.substr(0, e);
  }
  std::string digits(text);
  if (const auto point = digits.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  return parse_integer(digits, whole) * power_of_ten(exponent);
}

}  // namespace

Rational operator/(const Rational& a, const Rational& b) {
  if (b.sign() == 0) throw std::invalid_argument("division by zero");
  return Rational::apply(fmpq_div, a, b);
}

Rational parse_rational(std::string_view text) {
  if (text.size() > kLongestNumber) refuse(text);
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return parse_decimal(text);
  const Rational denominator = parse_integer(text.substr(slash + 1), text);
  if (denominator.sign() <= 0) refuse(text);
  return parse_integer(text.substr(0, slash), text) / denominator;
}

std::string to_string(const Rational& r) {
  char* text = fmpq_get_str(nullptr, 10, r.get());
  std::string copy(text);
  flint_free(text);
  return copy;
}

Rational floor(const Rational& r) {
  Rational q;
  fmpz_fdiv_q(fmpq_numref(q.get()), fmpq_numref(r.get()), fmpq_denref(r.get()));
  return q;
}

Rational truncate(const Rational& r) {
  Rational q;
  fmpz_tdiv_q(fmpq_numref(q.get()), fmpq_numref(r.get()), fmpq_denref(r.get()));
  return q;
}

Rational max(const Rational& a, const Rational& b) { return a < b ? b : a; }

std::optional<Rational> exact_power(const Rational& base, const Rational& exponent) {
  // In lowest terms (u/v)^(p/q) is rational exactly when u and v are both q-th powers.
  const fmpz* q = fmpq_denref(exponent.get());
  const fmpz* p = fmpq_numref(exponent.get());
  if (!fmpz_fits_si(q) || !fmpz_fits_si(p)) return std::nullopt;
  Rational root;
  if (!fmpz_root(fmpq_numref(root.get()), fmpq_numref(base.get()), fmpz_get_si(q)) ||
      !fmpz_root(fmpq_denref(root.get()), fmpq_denref(base.get()), fmpz_get_si(q))) {
    return std::nullopt;
  }
  fmpq_pow_si(root.get(), root.get(), fmpz_get_si(p));
  return root;
}

Rational Dyadic::rational() const {
  Rational r;
  arf_get_fmpq(r.get(), value_);
  return r;
}

void free_caches_at_thread_end() {
  struct Caches {
    ~Caches() {
      // The first thread's end with the process, after objects that it still holds.
      if (::gettid() != ::getpid()) flint_cleanup();
    }
  };
  thread_local const Caches caches;
  static_cast<void>(caches);
}

}  // namespace plumbline::oracle
