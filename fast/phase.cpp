// SPDX-License-Identifier: Apache-2.0
#include "fast/phase.h"

#include <cmath>
#include <cstdint>

namespace plumbline::fast {
namespace {

struct Pair {
  double high, low;
};

Pair two_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

Pair two_product(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}

}  // namespace

Turns quarter_turns(Wide inv_freq) {
  const Wide turns = 2 * inv_freq / kPi;
  Turns result;
  result.first = static_cast<double>(turns.high);
  const Wide rest = turns - Wide(result.first);
  result.second = static_cast<double>(rest.high);
  result.third = static_cast<double>((rest - Wide(result.second)).high);
  return result;
}

CosSin exact_cos_sin(double position, const Turns& turns, double factor, double factor_low) {
  const Pair product = two_product(position, turns.first);
  const Pair product_low = two_product(position, turns.second);
  // The subtraction is exact, so the turns that are dropped here cost nothing, however many they
  // are.
  const double whole = std::nearbyint(product.high);
  const Pair correction = two_sum(product.low, product_low.high);
  const Pair fraction = two_sum(product.high - whole, correction.high);
  const double fraction_low =
      fraction.low + (correction.low + (product_low.low + position * turns.third));

  // angle + angle_low = fraction * pi / 2, at most a little over pi / 4.
  constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;
  const Pair angle = two_product(fraction.high, kHalfPi);
  const double angle_low = angle.low + (fraction.high * kHalfPiLow + fraction_low * kHalfPi);

  // cos(a + e) = cos a - e sin a and sin(a + e) = sin a + e cos a, up to e^2 < 2^-106; each is
  // rounded once, with A.
  const double cos = std::cos(angle.high), sin = std::sin(angle.high);
  const double scaled_cos =
      std::fma(cos, factor, std::fma(cos, factor_low, -angle_low * sin * factor));
  const double scaled_sin =
      std::fma(sin, factor, std::fma(sin, factor_low, angle_low * cos * factor));
  switch (static_cast<std::int64_t>(whole) & 3) {
    case 0:
      return {scaled_cos, scaled_sin};
    case 1:
      return {-scaled_sin, scaled_cos};
    case 2:
      return {-scaled_cos, -scaled_sin};
    default:
      return {scaled_sin, -scaled_cos};
  }
}

CosSinF32 nearest_cos_sin(double position, Wide inv_freq, Wide factor) {
  const Wide angle = inv_freq * static_cast<long double>(position);
  const Wide quarter = kPi / 2;
  const Wide whole = floor(angle / quarter + Wide(0.5L));
  const WideCosSin value = cos_sin(angle - whole * quarter);
  const float cos = to_float(value.cos * factor), sin = to_float(value.sin * factor);
  switch (static_cast<std::int64_t>(whole.high) & 3) {
    case 0:
      return {cos, sin};
    case 1:
      return {-sin, cos};
    case 2:
      return {-cos, -sin};
    default:
      return {sin, -cos};
  }
}

CosSinF32 nearest_cos_sin(double position, Wide inv_freq, const Turns& turns, Wide factor) {
  if (position == 0) return {to_float(factor), 0.0F};
  const double high = to_double(factor);
  const CosSin value = exact_cos_sin(position, turns, high, to_double(factor - Wide(high)));
  // 2 ulp, above the 1.7 that exact_cos_sin promises; and 2^-115 of A phi for the frequency.
  const double far = 0x1p-115 * std::abs(position * turns.first * high);
  const auto one_float = [&](double x) {
    const double error = 0x1p-51 * std::abs(x) + far;
    return static_cast<float>(x + error) == static_cast<float>(x - error);
  };
  if (one_float(value.cos) && one_float(value.sin))
    return {static_cast<float>(value.cos), static_cast<float>(value.sin)};
  return nearest_cos_sin(position, inv_freq, factor);
}

}  // namespace plumbline::fast
