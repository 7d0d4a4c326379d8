// SPDX-License-Identifier: Apache-2.0
// Exact numbers as text: what real.h says of parse_rational, to_text, to_decimal and to_digits.
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "reference/real.h"

namespace plumbline {
namespace {

constexpr int kLargestExponent = 4096;
// Characters of a decimal, and of the fraction that such a one may come to.
constexpr std::size_t kMost = 10'000, kMostDigits = 2 * (kMost + kLargestExponent) + 2;

Integer ten_to(unsigned exponent) { return pow(Integer(10), exponent); }

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("'" + std::string(text.substr(0, 40)) +
                              "' is not a finite decimal or fraction");
}

// Digits as a decimal integer: Integer's own string constructor would read a leading 0 as octal.
Integer digits_value(std::string_view digits) {
  const auto first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? Integer(0) : Integer(std::string(digits.substr(first)));
}

// digits * 10^exponent in plain notation, where digits has no sign.
std::string place_point(std::string digits, long exponent) {
  if (exponent >= 0) return digits + std::string(static_cast<std::size_t>(exponent), '0');
  const auto places = static_cast<std::size_t>(-exponent);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  digits.insert(digits.size() - places, ".");
  return digits;
}

}  // namespace

Rational parse_rational(std::string_view text) {
  const std::string_view whole = text;
  const std::size_t most =
      text.find_first_of(".eE") == std::string_view::npos ? kMostDigits : kMost;
  if (text.size() > most) {
    throw std::invalid_argument("'" + std::string(whole.substr(0, 40)) + "...' has more than " +
                                std::to_string(most) + " characters");
  }
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  Rational value;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto top = text.substr(0, slash), bottom = text.substr(slash + 1);
    if (!all_digits(top) || !all_digits(bottom) || digits_value(bottom) == 0) refuse(whole);
    value = Rational(digits_value(top), digits_value(bottom));
  } else {
    long exponent = 0;
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
      std::string_view tail = text.substr(e + 1);
      if (!tail.empty() && tail.front() == '+') tail.remove_prefix(1);
      const auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
      if (error == std::errc::invalid_argument || end != tail.data() + tail.size()) refuse(whole);
      if (error == std::errc::result_out_of_range || exponent > kLargestExponent ||
          exponent < -kLargestExponent) {
        throw std::invalid_argument("'" + std::string(whole.substr(0, 40)) +
                                    "' has an exponent beyond " + std::to_string(kLargestExponent));
      }
      text = text.substr(0, e);
    }
    std::string digits(text);
    if (const auto point = digits.find('.'); point != std::string::npos) {
      exponent -= static_cast<long>(digits.size() - point - 1);
      digits.erase(point, 1);
    }
    if (!all_digits(digits)) refuse(whole);
    value = Rational(digits_value(digits));
    const auto scale = Rational(ten_to(static_cast<unsigned>(std::labs(exponent))));
    value = exponent < 0 ? Rational(value / scale) : Rational(value * scale);
  }
  return negative ? Rational(-value) : value;
}

std::string to_text(const Rational& r) { return r.str(); }

bool is_dyadic(const Rational& r) {
  const Integer bottom = denominator(r);
  return (bottom & (bottom - 1)) == 0;
}

std::string to_decimal(const Rational& r) {
  if (!is_dyadic(r)) {
    char buffer[40];
    const auto done = std::to_chars(buffer, buffer + sizeof buffer, to_double(r));
    return {buffer, done.ptr};
  }
  const Integer bottom = denominator(r);
  const unsigned places = bottom == 1 ? 0 : msb(bottom);
  const Integer scaled = abs(numerator(r)) * pow(Integer(5), places);
  return (r < 0 ? "-" : "") + place_point(scaled.str(), -static_cast<long>(places));
}

Rational from_double(double x) {
  if (!std::isfinite(x)) throw std::invalid_argument("a finite number is needed");
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  const Rational mantissa(static_cast<long long>(std::ldexp(fraction, 53)));
  const Rational scale(pow(Integer(2), static_cast<unsigned>(std::abs(exponent - 53))));
  return exponent < 53 ? Rational(mantissa / scale) : Rational(mantissa * scale);
}

std::string place_digits(const std::string& digits, long exponent) {
  if (exponent <= 0) return place_point(digits, exponent);
  const auto behind = static_cast<long>(digits.size()) - 1;
  return place_point(digits, -behind) + "e" + std::to_string(exponent + behind);
}

std::string to_digits(const Rational& r, int digits) {
  if (digits < 1) throw std::invalid_argument("digits must be at least 1");
  if (r == 0) return "0";
  const Rational size = abs(r);
  // Find e with 10^(digits-1) <= round(size * 10^-e) < 10^digits.
  long e = static_cast<long>(numerator(size).str().size()) -
           static_cast<long>(denominator(size).str().size()) - digits;
  for (;; ++e) {
    const Rational scale(ten_to(static_cast<unsigned>(std::labs(e))));
    const Rational scaled = e < 0 ? Rational(size * scale) : Rational(size / scale);
    Integer nearest = floor(Rational(scaled + Rational(1, 2)));
    if (Rational(nearest) - scaled == Rational(1, 2) && (nearest & 1) != 0) --nearest;
    const std::string text = nearest.str();
    if (text.size() <= static_cast<std::size_t>(digits))
      return (r < 0 ? "-" : "") + place_digits(text, e);
  }
}

}  // namespace plumbline
