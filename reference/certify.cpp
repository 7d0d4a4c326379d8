// SPDX-License-Identifier: Apache-2.0
#include "reference/certify.h"

#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

namespace plumbline {
namespace {

constexpr std::string_view kDtypeNames[] = {"f64", "f32", "bf16", "f16"};
static_assert(std::size(kDtypeNames) == std::size(kFormats));

std::uint64_t hidden_bit(const Format& f) { return std::uint64_t{1} << (f.precision - 1); }

// significand * 2^quantum, an integer significand < 2^precision, as an encoding. A significand that
// rounded up to 2^precision carries into the exponent field by itself.
std::uint64_t encode(bool negative, std::uint64_t significand, long quantum, const Format& f) {
  const long lowest = f.emin - f.precision;
  std::uint64_t bits = significand + static_cast<std::uint64_t>(quantum - lowest) * hidden_bit(f);
  if (bits > infinity_bits(f)) bits = infinity_bits(f);
  return negative ? bits | sign_bit(f) : bits;
}

std::uint64_t round_end(mpfr_srcptr x, const Format& f) {
  const bool negative = mpfr_signbit(x) != 0;
  if (mpfr_zero_p(x)) return 0;
  if (mpfr_inf_p(x)) return infinity_bits(f) | (negative ? sign_bit(f) : 0);
  if (mpfr_get_exp(x) > f.emax) return infinity_bits(f) | (negative ? sign_bit(f) : 0);
  const long quantum = std::max<long>(mpfr_get_exp(x), f.emin) - f.precision;
  // Too far below the smallest subnormal to matter, and shifting by it could leave MPFR's range.
  if (mpfr_get_exp(x) < f.emin - f.precision - 1) return negative ? sign_bit(f) : 0;
  mpfr_t scaled;
  mpfr_init2(scaled, mpfr_get_prec(x));
  mpfr_mul_2si(scaled, x, -quantum, MPFR_RNDN);
  mpfr_abs(scaled, scaled, MPFR_RNDN);
  const std::uint64_t significand = mpfr_get_ui(scaled, MPFR_RNDN);
  mpfr_clear(scaled);
  return encode(negative, significand, quantum, f);
}

}  // namespace

std::string_view dtype_name(const Format& format) {
  return kDtypeNames[std::find(std::begin(kFormats), std::end(kFormats), format) - kFormats];
}

const Format* find_format(std::string_view dtype_name) {
  const auto* found = std::find(std::begin(kDtypeNames), std::end(kDtypeNames), dtype_name);
  return found == std::end(kDtypeNames) ? nullptr : kFormats + (found - kDtypeNames);
}

std::uint64_t sign_bit(const Format& f) { return std::uint64_t{1} << (8 * f.bytes - 1); }

std::uint64_t infinity_bits(const Format& f) {
  return static_cast<std::uint64_t>(f.emax - f.emin + 2) * hidden_bit(f);
}

std::uint64_t round_to(const Rational& x, const Format& f) {
  if (x == 0) return 0;
  const Rational size = abs(x);
  // Exponent e with 2^(e-1) <= size < 2^e.
  long e = static_cast<long>(msb(numerator(size))) - static_cast<long>(msb(denominator(size)));
  const auto scaled_by = [&](long shift) {
    const Rational scale(pow(Integer(2), static_cast<unsigned>(std::labs(shift))));
    return shift < 0 ? Rational(size / scale) : Rational(size * scale);
  };
  if (scaled_by(-e) >= 1) ++e;
  if (e > f.emax) return infinity_bits(f) | (x < 0 ? sign_bit(f) : 0);
  const long quantum = std::max<long>(e, f.emin) - f.precision;
  const Rational scaled = scaled_by(-quantum);
  Integer nearest = floor(Rational(scaled + Rational(1, 2)));
  if (Rational(nearest) - scaled == Rational(1, 2) && (nearest & 1) != 0) --nearest;
  return encode(x < 0, nearest.convert_to<std::uint64_t>(), quantum, f);
}

std::optional<std::uint64_t> round_to(const Interval& x, const Format& format) {
  const auto& ends = *x.backend().data();
  if (mpfr_nan_p(&ends.left) || mpfr_nan_p(&ends.right)) return std::nullopt;
  const std::uint64_t low = round_end(&ends.left, format), high = round_end(&ends.right, format);
  if (low != high) return std::nullopt;
  return low;
}

Certified certify(const std::function<Interval()>& enclosure, const Format& format,
                  std::string_view what) {
  return at_rising_precision(
      [&]() -> std::optional<Certified> {
        if (const auto bits = round_to(enclosure(), format))
          return Certified{*bits, WorkingPrecision::bits()};
        return std::nullopt;
      },
      what);
}

double decode_double(std::uint64_t bits, const Format& f) {
  const bool negative = (bits & sign_bit(f)) != 0;
  const std::uint64_t size = bits & (sign_bit(f) - 1);
  double value = 0;
  if (size > infinity_bits(f)) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (size == infinity_bits(f)) {
    value = std::numeric_limits<double>::infinity();
  } else {
    const std::uint64_t field = size / hidden_bit(f), fraction = size % hidden_bit(f);
    const std::uint64_t significand = field == 0 ? fraction : fraction + hidden_bit(f);
    const int quantum = f.emin - f.precision + (field == 0 ? 0 : static_cast<int>(field) - 1);
    value = std::ldexp(static_cast<double>(significand), quantum);
  }
  return negative ? -value : value;
}

Rational decode(std::uint64_t bits, const Format& format) {
  return from_double(decode_double(bits, format));
}

double to_double(const Rational& r) { return decode_double(round_to(r, binary64), binary64); }

}  // namespace plumbline
