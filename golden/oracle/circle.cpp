// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/circle.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <numeric>

#include "golden/oracle/real.h"
#include "golden/oracle/roots.h"

namespace plumbline::oracle {
namespace {

Rational ratio(std::int64_t a, std::int64_t b) { return Rational(a) / Rational(b); }

}  // namespace

Circle::Circle(const CircleParameters& parameters, std::int64_t H, std::int64_t W,
               const Rational& last_time)
    : parameters_(parameters), H_(H), W_(W) {
  const Rational unit = parameters.centred ? ratio(1, 2) : Rational(1);
  Rational radius = parameters.radius;
  if (parameters.rule == CircleParameters::Radius::farthest_coordinate) {
    radius = radius * unit * max(last_time, std::max(H, W) - 1);
  } else if (parameters.rule == CircleParameters::Radius::farthest_token) {
    const Root distance = simplified_root((H - 1) * (H - 1) + (W - 1) * (W - 1));
    radius = radius * unit * distance.factor;
    under_root_ = distance.under_root;
  }
  on_circle_ = parameters.planar ? Rational(0) : (Rational(1) - parameters.blend) * radius;
  on_plane_ = parameters.planar ? Rational(1) : parameters.blend;
  first_ = last_ = direction(0, 0);
  for (std::int64_t h = 0; h < H; ++h) {
    for (std::int64_t w = 0; w < W; ++w) {
      const Direction d = direction(h, w);
      if (std::is_lt(Direction::compare(d, first_))) first_ = d;
      if (std::is_gt(Direction::compare(d, last_))) last_ = d;
    }
  }
  low_ = angle_form(first_);
  span_ = angle_form(last_).plus(-1, low_);
  if (parameters.positive) shift_ = Coordinate(*parameters.positive) - extreme(-1);
  largest_ = shift_ + extreme(1);
}

// Twice the centred point, in lowest terms; the origin counts as the right half of the x axis.
Direction Circle::direction(std::int64_t h, std::int64_t w) const {
  const Direction d{2 * w - (parameters_.centred ? W_ - 1 : 0),
                    2 * h - (parameters_.centred ? H_ - 1 : 0)};
  const std::int64_t common = std::gcd(d.x, d.y);
  return common == 0 ? Direction{} : Direction{d.x / common, d.y / common};
}

Circle::Angle Circle::angle(std::int64_t h, std::int64_t w) const {
  const Rational& alpha = parameters_.alpha;
  Angle result{(Rational(1) - alpha) * ratio(h * W_ + w, H_ * W_), {}};
  if (span_.is_zero()) return result;
  // Taken modulo span_, by its first prime or, without primes, its turns.
  const AngleForm above = angle_form(direction(h, w)).plus(-1, low_);
  Rational times = span_.is_rational() ? above.turns / span_.turns : Rational(0);
  if (!span_.is_rational()) {
    const auto& [prime, weight] = *span_.primes.begin();
    const auto found = above.primes.find(prime);
    if (found != above.primes.end()) times = found->second / weight;
  }
  result.turns = result.turns + alpha * times;
  if (alpha.sign() != 0)
    result.rest = AngleForm().plus(alpha, above.plus(Rational(0) - times, span_));
  return result;
}

// Theta in turns, without the forms.
void Circle::enclose_theta(Ball& out, std::int64_t h, std::int64_t w, slong bits) const {
  const Rational& alpha = parameters_.alpha;
  const Rational grid = (Rational(1) - alpha) * ratio(h * W_ + w, H_ * W_);
  arb_set_fmpq(out.get(), grid.get(), bits);
  const Direction d = direction(h, w);
  if (alpha.sign() == 0 || std::is_eq(Direction::compare(d, first_))) return;
  Ball a, low, high, weight;
  enclose_angle(a, d, bits);
  enclose_angle(low, first_, bits);
  enclose_angle(high, last_, bits);
  arb_sub(a.get(), a.get(), low.get(), bits);
  arb_sub(high.get(), high.get(), low.get(), bits);
  arb_div(a.get(), a.get(), high.get(), bits);
  arb_set_fmpq(weight.get(), alpha.get(), bits);
  arb_addmul(out.get(), a.get(), weight.get(), bits);
}

// sqrt(6 under_root_) cos(2 pi (angle + shift)) / 3
Coordinate Circle::cosine(Angle angle, const Rational& shift) const {
  const Root square_root = simplified_root(6 * under_root_);
  Rational factor = square_root.factor / Rational(3);
  angle.turns = angle.turns + shift;
  if (angle.rest.is_zero()) {
    return factor * root_times_cosine(square_root.under_root, angle.turns);
  }
  // cos is even and changes sign after half a turn.
  const Rational lead =
      angle.rest.is_rational() ? angle.rest.turns : angle.rest.primes.begin()->second;
  if (lead.sign() < 0) angle = {Rational(0) - angle.turns, AngleForm().plus(-1, angle.rest)};
  const Rational half = ratio(1, 2);
  angle.turns = angle.turns - floor(angle.turns);
  if (!(angle.turns < half)) {
    angle.turns = angle.turns - half;
    factor = Rational(0) - factor;
  }
  const std::string name = fmt::format("sqrt {} cos {} + ({}) / ({})", square_root.under_root,
                                       to_string(angle.turns), angle.rest.name(), span_.name());
  const auto enclose = [angle, span = span_, square_root](Ball& out, slong bits) {
    Ball divisor, turns;
    angle.rest.enclose(out, bits);
    span.enclose(divisor, bits);
    arb_div(out.get(), out.get(), divisor.get(), bits);
    arb_set_fmpq(turns.get(), angle.turns.get(), bits);
    arb_add(out.get(), out.get(), turns.get(), bits);
    arb_mul_2exp_si(out.get(), out.get(), 1);
    arb_cos_pi(out.get(), out.get(), bits);
    arb_sqrt_ui(turns.get(), static_cast<ulong>(square_root.under_root), bits);
    arb_mul(out.get(), out.get(), turns.get(), bits);
  };
  return Coordinate(factor, std::make_shared<Irrational>(name, enclose));
}

// The three coordinates of the tilted circle are R sqrt(2/3) cos at angles a third of a turn apart.
Coordinate Circle::pattern(int axis, std::int64_t h, std::int64_t w) const {
  static const std::array<Rational, 3> kShift = {ratio(-1, 4), ratio(1, 12), ratio(5, 12)};
  Coordinate result;
  if (on_circle_.sign() != 0) {
    result = on_circle_ * cosine(angle(h, w), kShift[static_cast<std::size_t>(axis)]);
  }
  const Rational x = ratio(2 * w - (parameters_.centred ? W_ - 1 : 0), 2);
  const Rational y = ratio(2 * h - (parameters_.centred ? H_ - 1 : 0), 2);
  const Coordinate along = axis == 0 ? Coordinate(0) : (axis == 1 ? x : Rational(0) - x) * root(2);
  const Rational across = axis == 0 ? ratio(1, 3) : ratio(-1, 6);
  return result + on_plane_ * (ratio(1, 2) * along + across * y * root(6));
}

Coordinate Circle::at(int axis, std::int64_t h, std::int64_t w) const {
  return shift_ + pattern(axis, h, w);
}

void Circle::enclose_pattern(std::array<Ball, 3>& out, std::int64_t h, std::int64_t w,
                             slong bits) const {
  Ball sin, cos, radius, factor, root;
  enclose_theta(cos, h, w, bits);
  arb_mul_2exp_si(cos.get(), cos.get(), 1);
  arb_sin_cos_pi(sin.get(), cos.get(), cos.get(), bits);
  arb_sqrt_ui(radius.get(), static_cast<ulong>(under_root_), bits);
  arb_set_fmpq(factor.get(), on_circle_.get(), bits);
  arb_mul(radius.get(), radius.get(), factor.get(), bits);
  arb_mul(cos.get(), cos.get(), radius.get(), bits);
  arb_mul(sin.get(), sin.get(), radius.get(), bits);
  arb_set_fmpq(factor.get(), on_plane_.get(), bits);
  arb_mul_2exp_si(factor.get(), factor.get(), -1);
  arb_addmul_si(cos.get(), factor.get(), 2 * w - (parameters_.centred ? W_ - 1 : 0), bits);
  arb_addmul_si(sin.get(), factor.get(), 2 * h - (parameters_.centred ? H_ - 1 : 0), bits);
  arb_sqrt_ui(root.get(), 2, bits);
  arb_div(cos.get(), cos.get(), root.get(), bits);
  arb_sqrt_ui(root.get(), 6, bits);
  arb_div(sin.get(), sin.get(), root.get(), bits);
  arb_mul_2exp_si(out[0].get(), sin.get(), 1);
  arb_sub(out[1].get(), cos.get(), sin.get(), bits);
  arb_add(out[2].get(), cos.get(), sin.get(), bits);
  arb_neg(out[2].get(), out[2].get());
}

// The largest pattern coordinate for sign 1, the smallest for -1.
Coordinate Circle::extreme(int sign) const {
  struct Candidate {
    std::int64_t h, w;
    int axis;
    Ball value;
  };
  std::vector<Candidate> best;
  for (std::int64_t h = 0; h < H_; ++h) {
    for (std::int64_t w = 0; w < W_; ++w) {
      std::array<Ball, 3> balls;
      enclose_pattern(balls, h, w, kFirstBits);
      for (int axis = 0; axis < 3; ++axis) {
        Ball& ball = balls[static_cast<std::size_t>(axis)];
        if (sign < 0) arb_neg(ball.get(), ball.get());
        if (!best.empty() && arb_lt(ball.get(), best.front().value.get())) continue;
        std::erase_if(best, [&](const Candidate& c) { return arb_lt(c.value.get(), ball.get()); });
        best.push_back({h, w, axis, ball});
      }
    }
  }
  std::vector<Coordinate> values;
  values.reserve(best.size());
  for (const Candidate& c : best) values.push_back(Rational(sign) * pattern(c.axis, c.h, c.w));
  return Rational(sign) * largest_of(values);
}

}  // namespace plumbline::oracle
