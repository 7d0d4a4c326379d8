// SPDX-License-Identifier: Apache-2.0
#include "fast/wide.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace plumbline::fast {

Wide exp(Wide x) {
  const long double halvings = std::nearbyint(x.high / kLn2.high);
  const Wide rest = x - kLn2 * halvings;
  // |rest| < 0.35, and 0.35^28 / 28! < 2^-139: the first neglected term is below the last of 128
  // bits.
  Wide sum = 1;
  for (int n = 27; n > 0; --n) sum = sum * rest / Wide(n) + 1;
  const int exponent = static_cast<int>(halvings);
  return {std::ldexp(sum.high, exponent), std::ldexp(sum.low, exponent)};
}

Wide log(Wide x) {
  // One step of Newton's method from 64 bits, with the quadratic term: what it neglects is cubic,
  // 2^-189.
  const long double guess = std::log(x.high);
  const Wide excess = x * exp(-guess) - 1;
  return guess + (excess - excess * excess / 2);
}

Wide pow(Wide base, Wide exponent) { return exp(exponent * log(base)); }

Wide sqrt(Wide x) {
  const long double guess = std::sqrt(x.high);
  return guess + (x - Wide(guess) * guess) / (2 * guess);
}

WideCosSin cos_sin(Wide x) {
  // The first neglected term, of cos, is (pi / 4)^34 / 34! < 2^-139.
  const Wide square = x * x;
  Wide cos = 1, sin = 1;
  for (int n = 32; n > 0; n -= 2) {
    cos = 1 - cos * square / Wide(static_cast<long double>(n) * (n - 1));
    sin = 1 - sin * square / Wide(static_cast<long double>(n) * (n + 1));
  }
  return {cos, sin * x};
}

Wide floor(Wide x) {
  const long double high = std::floor(x.high);
  return high == x.high ? quick_two_sum(high, std::floor(x.low)) : Wide(high);
}

Wide decimal(double x) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, x, std::chars_format::scientific).ptr;
  Wide digits = 0;
  int exponent = 0;
  bool after_point = false;
  for (const char* c = text; c != end; ++c) {
    if (*c == 'e') {
      const char* first = c + (c[1] == '+' ? 2 : 1);
      int written = 0;
      std::from_chars(first, end, written);
      exponent += written;
      break;
    }
    if (*c == '.') after_point = true;
    if (*c < '0' || *c > '9') continue;
    digits = digits * 10 + (*c - '0');
    exponent -= after_point ? 1 : 0;
  }
  Wide power = 1;
  for (int n = std::abs(exponent); n > 0; --n) power = power * 10;
  const Wide magnitude = exponent < 0 ? digits / power : digits * power;
  return std::signbit(x) ? -magnitude : magnitude;
}

double to_double(Wide x) {
  // Rounding `high` alone would round twice.
  const double first = static_cast<double>(x.high);
  return first + static_cast<double>((x.high - first) + x.low);
}

float to_float(Wide x) {
  const auto first = static_cast<float>(x.high);
  const Wide error = x - Wide(first);
  const float other =
      std::nextafter(first, error < Wide(0) ? -std::numeric_limits<float>::infinity()
                                            : std::numeric_limits<float>::infinity());
  const Wide other_error = x - Wide(other);
  const Wide size = error < Wide(0) ? -error : error;
  const Wide other_size = other_error < Wide(0) ? -other_error : other_error;
  return other_size < size ? other : first;
}

}  // namespace plumbline::fast
