// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/channels.h"

#include <cfenv>
#include <cmath>

#include "reference/rotation.h"

namespace plumbline::quick {
namespace {

double upper_size(const Interval& x) {
  const auto up = [](const auto& end) {
    return std::nextafter(std::abs(static_cast<double>(end)), HUGE_VAL);
  };
  return std::max(up(upper(x)), up(lower(x)));
}

// A where the angle is zero, and 0 or +-A after quarter turns; nothing elsewhere.
std::optional<int> quarter_turns(const ResolvedSpectrum& spectrum, int rung,
                                 const Rational& position) {
  if (position == 0 || spectrum.never_turns(rung)) return 0;
  const auto turns = spectrum.exact_turns(rung);
  if (!turns) return std::nullopt;
  const Rational quarters = position * *turns * 4;
  if (denominator(quarters) != 1) return std::nullopt;
  const Integer rest = numerator(quarters) % 4;
  return (rest.convert_to<int>() + 4) % 4;
}

}  // namespace

void require_nearest() {
  // A sum and a product that come out otherwise under another rounding mode, or where subnormals
  // are flushed; volatile keeps them from being computed by the compiler.
  const volatile double one = 1.0, half_ulp = 0x1p-53, small = 0x1p-1022, half = 0.5;
  if (std::fegetround() != FE_TONEAREST || one + half_ulp != 1.0 || -one - half_ulp != -1.0 ||
      small * half == 0.0)
    throw std::logic_error("certified rows need rounding to nearest and subnormals");
}

std::vector<std::uint64_t> phase_chunks(const ResolvedSpectrum& spectrum, int rung,
                                        std::int64_t denominator) {
  const auto exact = spectrum.exact_turns(rung);
  Integer digits = at_rising_precision(
      [&]() -> std::optional<Integer> {
        const Integer scale = Integer(1) << (32 * kChunks);
        if (exact) return floor(Rational(*exact * Rational(scale) / denominator));
        if (spectrum.never_turns(rung)) return Integer(0);
        const Interval turns =
            spectrum.inv_freq(rung) / (pi() * enclose(Rational(2) * denominator));
        return floor(Interval(turns * enclose(Rational(scale))));
      },
      "the phase of a channel");
  std::vector<std::uint64_t> chunks(kChunks);
  for (int i = kChunks - 1; i >= 0; --i) {
    chunks[static_cast<std::size_t>(i)] = Integer(digits & 0xffffffffU).convert_to<std::uint64_t>();
    digits >>= 32;
  }
  return chunks;
}

std::optional<Double2> narrow_double2(const Interval& x, double scale) {
  const double high = static_cast<double>(median(x));
  const Interval rest = x - Interval(high);
  const double low = static_cast<double>(median(rest));
  const Interval error = abs(Interval(rest - Interval(low)));
  if (!(upper(error) <= kSeedError * scale) || std::abs(low) > 0x1p-53 * scale) return std::nullopt;
  return Double2{high, low};
}

double scale_of(const ResolvedSpectrum& spectrum) {
  const WorkingPrecision precision(kSeedBits);
  const double size = upper_size(spectrum.attention_factor());
  int exponent = 0;
  std::frexp(size, &exponent);  // size < 2^exponent
  const double scale = std::ldexp(1.0, exponent);
  // upper_size() goes one binary64 up, which must not make a factor of 1 into 2.
  return spectrum.attention_factor() <= Interval(scale / 2) ? scale / 2 : scale;
}

std::uint64_t decide(const ResolvedSpectrum& spectrum, int rung, const Rational& position,
                     bool sine, Dtype dtype) {
  const Format& format = format_of_float(dtype);
  const auto quarters = quarter_turns(spectrum, rung, position);
  if (quarters && *quarters % 2 == (sine ? 0 : 1)) return 0;
  const bool negative = quarters && *quarters >= 2;
  if (quarters && spectrum.exact_attention_factor()) {
    const Rational& factor = *spectrum.exact_attention_factor();
    return round_to(negative ? Rational(-factor) : factor, format);
  }
  return certify(
             [&] {
               const Interval factor = spectrum.attention_factor();
               if (quarters) return negative ? Interval(-factor) : factor;
               const CosSin value = cos_sin(enclose(position), spectrum.inv_freq(rung), factor);
               return sine ? value.sin : value.cos;
             },
             format, "a value that the quick rows left open")
      .bits;
}

const Format& format_of_float(Dtype dtype) {
  for (const Format& f : kFormats)
    if (f.name == info(dtype).format) return f;
  throw std::logic_error(std::string(info(dtype).format) + " is not a float type");
}

}  // namespace plumbline::quick
