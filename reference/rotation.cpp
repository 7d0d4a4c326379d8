// SPDX-License-Identifier: Apache-2.0
#include "reference/rotation.h"

#include <cmath>

namespace plumbline {
namespace {

std::uint64_t encode_non_finite(double value, const Format& f) {
  // The quiet NaN without payload: exponent all ones, first fraction bit set.
  if (std::isnan(value)) return infinity_bits(f) | (std::uint64_t{1} << (f.precision - 2));
  return infinity_bits(f) | (value < 0 ? sign_bit(f) : 0);
}

double nearest(const Interval& x, const Format& f) {
  const auto bits = round_to(x, f);
  if (!bits) throw Undecided{};
  return decode_double(*bits, f);
}

// x c + y s, rounded; an exact zero takes the sign of the IEEE expression.
std::uint64_t combine(double x, double y, const CosSin& t, const Format& f) {
  const Interval sum = x == 0   ? times(t.sin, y)
                       : y == 0 ? times(t.cos, x)
                                : Interval(times(t.cos, x) + times(t.sin, y));
  const auto bits = round_to(sum, f);
  if (!bits) throw Undecided{};
  if (!is_point(sum) || sign(sum) != 0) return *bits;
  const double signed_zero = x * nearest(t.cos, f) + y * nearest(t.sin, f);
  return std::signbit(signed_zero) ? sign_bit(f) : 0;
}

}  // namespace

CosSin cos_sin(const Interval& position, const Interval& inv_freq,
               const Interval& attention_factor) {
  const Interval angle = position * inv_freq;
  return {attention_factor * cos(angle), attention_factor * sin(angle)};
}

TurnedPair turn(std::uint64_t x_bits, std::uint64_t y_bits,
                const std::function<CosSin()>& cosine_sine, const std::optional<Rational>& still,
                bool adjoint, const Format& format, std::string_view what) {
  const double x = decode_double(x_bits, format), y = decode_double(y_bits, format);
  // Both senses as x c + u s and y c + v s; negating an operand keeps the signs that IEEE 754 gives
  // to zeros.
  const double u = adjoint ? y : -y, v = adjoint ? -x : x;
  if (still && std::isfinite(x) && std::isfinite(y)) {
    const auto scaled = [&](double lane, double other) {
      if (lane == 0) return std::signbit(lane + other * 0.0) ? sign_bit(format) : std::uint64_t{0};
      return round_to(Rational(from_double(lane) * *still), format);
    };
    return {scaled(x, u), scaled(y, v), kFirstPrecision};
  }
  return at_rising_precision(
      [&]() -> std::optional<TurnedPair> {
        const CosSin t = cosine_sine();
        if (std::isfinite(x) && std::isfinite(y)) {
          return TurnedPair{combine(x, u, t, format), combine(y, v, t, format),
                            WorkingPrecision::bits()};
        }
        const double c = nearest(t.cos, format), s = nearest(t.sin, format);
        return TurnedPair{encode_non_finite(x * c + u * s, format),
                          encode_non_finite(y * c + v * s, format), WorkingPrecision::bits()};
      },
      what);
}

Certified logit(const std::vector<LogitTerm>& terms, const Rational& passed,
                const std::optional<Rational>& exact_square,
                const std::function<Interval()>& attention_factor, int head_dim,
                const Format& format, std::string_view what) {
  struct Turning {
    Rational along, across;  // coefficients of cos and sin
    const LogitTerm* term;
  };
  Rational level = 0;  // sum over pairs at equal angles
  std::vector<Turning> turning;
  for (const LogitTerm& t : terms) {
    const Rational xq = from_double(t.xq), yq = from_double(t.yq), xk = from_double(t.xk),
                   yk = from_double(t.yk);
    const Rational along = xq * xk + yq * yk, across = xq * yk - yq * xk;
    const auto *p = std::get_if<Rational>(&t.query_position),
               *r = std::get_if<Rational>(&t.key_position);
    if (!t.inv_freq || (p != nullptr && r != nullptr && *p == *r)) {
      level += along;
    } else if (along != 0 || across != 0) {
      turning.push_back({along, across, &t});
    }
  }
  const auto root = exact_power(Rational(head_dim), Rational(1, 2));
  if (turning.empty() && (exact_square || level == 0)) {
    const Rational sum = passed + (exact_square ? Rational(*exact_square * level) : Rational(0));
    if (sum == 0) return {0, kFirstPrecision};
    if (root) return {round_to(Rational(sum / *root), format), kFirstPrecision};
  }
  return certify(
      [&] {
        Interval sum = enclose(level);
        for (const Turning& u : turning) {
          const Interval angle = (enclose(u.term->query_position) - enclose(u.term->key_position)) *
                                 u.term->inv_freq();
          sum += enclose(u.along) * cos(angle) + enclose(u.across) * sin(angle);
        }
        const Interval factor = attention_factor();
        return Interval((factor * factor * sum + enclose(passed)) /
                        sqrt(enclose(Rational(head_dim))));
      },
      format, what);
}

}  // namespace plumbline
