// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/circle.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "golden/oracle/real.h"
#include "golden/oracle/roots.h"

namespace plumbline::oracle {
namespace {

Rational ratio(std::int64_t a, std::int64_t b) { return Rational(a) / Rational(b); }

void enclose_angle(Ball& out, const Direction& d, slong bits) {
  Ball x, y;
  arb_set_si(x.get(), d.x);
  arb_set_si(y.get(), d.y);
  arb_atan2(out.get(), y.get(), x.get(), bits);
}

// 0 below the x axis, 1 on its right half, 2 above, 3 on its left half.
int sector(const Direction& d) {
  if (d.y != 0) return d.y < 0 ? 0 : 2;
  return d.x < 0 ? 3 : 1;
}

}  // namespace

std::weak_ordering Direction::compare(const Direction& a, const Direction& b) {
  if (sector(a) != sector(b)) return sector(a) <=> sector(b);
  return b.x * a.y <=> a.x * b.y;
}

std::optional<Rational> Direction::turns() const {
  if (y == 0) return x < 0 ? ratio(1, 2) : Rational(0);
  if (x == 0) return ratio(y < 0 ? -1 : 1, 4);
  if (x != y && x != -y) return std::nullopt;
  return ratio((x < 0 ? 3 : 1) * (y < 0 ? -1 : 1), 8);
}

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
      if (Direction::compare(d, first_) < 0) first_ = d;
      if (Direction::compare(d, last_) > 0) last_ = d;
    }
  }
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
  Angle result{(Rational(1) - alpha) * ratio(h * W_ + w, H_ * W_), std::nullopt};
  const Direction d = direction(h, w);
  if (alpha.sign() == 0 || Direction::compare(d, first_) == 0) return result;
  if (Direction::compare(d, last_) == 0) {
    result.turns = result.turns + alpha;
    return result;
  }
  const auto a = d.turns(), low = first_.turns(), high = last_.turns();
  if (a && low && high) {
    result.turns = result.turns + alpha * (*a - *low) / (*high - *low);
  } else {
    result.direction = d;
  }
  return result;
}

void Circle::enclose_turns(Ball& out, const Angle& angle, slong bits) const {
  arb_set_fmpq(out.get(), angle.turns.get(), bits);
  if (!angle.direction) return;
  Ball a, low, high;
  enclose_angle(a, *angle.direction, bits);
  enclose_angle(low, first_, bits);
  enclose_angle(high, last_, bits);
  arb_sub(a.get(), a.get(), low.get(), bits);
  arb_sub(high.get(), high.get(), low.get(), bits);
  arb_div(a.get(), a.get(), high.get(), bits);
  Ball alpha;
  arb_set_fmpq(alpha.get(), parameters_.alpha.get(), bits);
  arb_addmul(out.get(), a.get(), alpha.get(), bits);
}

// sqrt(6 under_root) cos(2 pi (angle + shift)) / 3
Coordinate Circle::cosine(const Angle& angle, const Rational& shift) const {
  const Root root = simplified_root(6 * under_root_);
  const Rational factor = root.factor / Rational(3);
  const Angle shifted{angle.turns + shift, angle.direction};
  if (!angle.direction) return factor * root_times_cosine(root.under_root, shifted.turns);
  const Rational turns = shifted.turns - floor(shifted.turns);
  const Direction& d = *angle.direction;
  return Coordinate(
      factor, std::make_shared<Irrational>(
                  fmt::format("sqrt {} cos {} + {} angle {},{} of {}x{}{}", root.under_root,
                              to_string(turns), to_string(parameters_.alpha), d.x, d.y, H_, W_,
                              parameters_.centred ? " centred" : ""),
                  [this, turns, d, under_root = root.under_root](Ball& out, slong bits) {
                    enclose_turns(out, {turns, d}, bits);
                    arb_mul_2exp_si(out.get(), out.get(), 1);
                    arb_cos_pi(out.get(), out.get(), bits);
                    Ball square_root;
                    arb_sqrt_ui(square_root.get(), static_cast<ulong>(under_root), bits);
                    arb_mul(out.get(), out.get(), square_root.get(), bits);
                  }));
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
  enclose_turns(cos, angle(h, w), bits);
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
  for (const Candidate& c : best) values.push_back(Rational(sign) * pattern(c.axis, c.h, c.w));
  return Rational(sign) * largest_of(values);
}

}  // namespace plumbline::oracle
