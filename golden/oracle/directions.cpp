// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/directions.h"

#include <cmath>
#include <numeric>

namespace plumbline::oracle {
namespace {

// 0 below the x axis, 1 on its right half, 2 above, 3 on its left half.
int sector(const Direction& d) {
  if (d.y != 0) return d.y < 0 ? 0 : 2;
  return d.x < 0 ? 3 : 1;
}

// c > d > 0 with c^2 + d^2 = p, for a prime p = 1 mod 4.
Direction gaussian_prime(std::int64_t p) {
  for (std::int64_t d = 1;; ++d) {
    const auto c =
        static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(p - d * d))));
    if (c * c + d * d == p) return {c, d};
  }
}

// z / g where that is a Gaussian integer.
bool divide(Direction& z, const Direction& g) {
  const std::int64_t norm = g.x * g.x + g.y * g.y;
  const std::int64_t x = z.x * g.x + z.y * g.y, y = z.y * g.x - z.x * g.y;
  if (x % norm != 0 || y % norm != 0) return false;
  z = {x / norm, y / norm};
  return true;
}

double approximate_turns(const Direction& d) {
  return std::atan2(static_cast<double>(d.y), static_cast<double>(d.x)) / (2 * M_PI);
}

}  // namespace

std::weak_ordering Direction::compare(const Direction& a, const Direction& b) {
  if (sector(a) != sector(b)) return sector(a) <=> sector(b);
  return b.x * a.y <=> a.x * b.y;
}

std::string AngleForm::name() const {
  std::string text = to_string(turns);
  for (const auto& [prime, factor] : primes) {
    text += " + " + to_string(factor) + " arg " + std::to_string(prime);
  }
  return text;
}

void AngleForm::enclose(Ball& out, slong bits) const {
  arb_set_fmpq(out.get(), turns.get(), bits);
  for (const auto& [prime, factor] : primes) {
    Ball angle, weight;
    enclose_angle(angle, gaussian_prime(prime), bits);
    arb_set_fmpq(weight.get(), factor.get(), bits);
    arb_addmul(out.get(), angle.get(), weight.get(), bits);
  }
}

AngleForm AngleForm::plus(const Rational& factor, const AngleForm& other) const {
  AngleForm sum = *this;
  sum.turns = turns + factor * other.turns;
  for (const auto& [prime, weight] : other.primes) {
    Rational& entry = sum.primes[prime];
    entry = entry + factor * weight;
    if (entry.sign() == 0) sum.primes.erase(prime);
  }
  return sum;
}

AngleForm angle_form(const Direction& d) {
  const std::int64_t common = std::gcd(d.x, d.y);
  Direction rest{d.x / common, d.y / common};
  AngleForm form;
  double turned = 0;
  // Of a point in lowest terms the norm has no prime 3 mod 4, and of each other odd prime only one
  // of the two Gaussian factors divides the point.
  std::int64_t norm = rest.x * rest.x + rest.y * rest.y;
  const auto take_out = [&](std::int64_t p) {
    const Direction prime = gaussian_prime(p);
    std::int64_t power = 0;
    while (divide(rest, prime)) ++power;
    while (divide(rest, {prime.x, -prime.y})) --power;
    form.primes[p] = power;
    turned += static_cast<double>(power) * approximate_turns(prime);
  };
  while (norm % 2 == 0) norm /= 2;
  for (std::int64_t p = 5; p <= norm / p; p += 4) {
    if (norm % p != 0) continue;
    while (norm % p == 0) norm /= p;
    take_out(p);
  }
  if (norm > 1) take_out(norm);
  // What is left is a unit, or 1 + i times one: an eighth of turns, known but for whole turns.
  const double eighths = 8 * (approximate_turns(d) - turned);
  form.turns = Rational(std::llround(eighths)) / Rational(8);
  return form;
}

void enclose_angle(Ball& out, const Direction& d, slong bits) {
  Ball x, y;
  arb_set_si(x.get(), d.x);
  arb_set_si(y.get(), d.y);
  arb_atan2(out.get(), y.get(), x.get(), bits);
  arb_const_pi(x.get(), bits);
  arb_div(out.get(), out.get(), x.get(), bits);
  arb_mul_2exp_si(out.get(), out.get(), -1);
}

}  // namespace plumbline::oracle
