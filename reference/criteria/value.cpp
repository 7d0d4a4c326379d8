// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/value.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <variant>

namespace plumbline {

struct Value::Real {
  Coordinate number;
  double low = 0, high = 0;  // enclose the number
};

namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 62;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double below(double x) { return std::nextafter(x, -kInfinity); }
double above(double x) { return std::nextafter(x, kInfinity); }

}  // namespace

Value::Value(const Rational& r) {
  if (const auto fraction = small_fraction(r)) {
    num_ = (*fraction)[0];
    den_ = (*fraction)[1];
  } else {
    const double near = to_double(r);
    real_ = std::make_shared<const Real>(Real{r, below(near), above(near)});
  }
}

Value::Value(const Coordinate& c) {
  if (const auto* exact = std::get_if<Rational>(&c)) {
    *this = Value(*exact);
    return;
  }
  // The conversion rounds to nearest.
  const WorkingPrecision scope(64);
  const Interval x = enclose(c);
  real_ = std::make_shared<const Real>(
      Real{c, below(lower(x).convert_to<double>()), above(upper(x).convert_to<double>())});
}

bool Value::is_rational() const {
  return real_ == nullptr || std::holds_alternative<Rational>(real_->number);
}

Rational Value::rational() const {
  if (real_ == nullptr) return Rational(num_) / Rational(den_);
  if (const auto* exact = std::get_if<Rational>(&real_->number)) return *exact;
  throw std::logic_error("an irrational coordinate was taken for a rational one");
}

Coordinate Value::coordinate() const { return real_ == nullptr ? rational() : real_->number; }
Interval Value::enclosure() const { return enclose(coordinate()); }

Value operator-(const Value& a, const Value& b) {
  if (a.real_ == nullptr && b.real_ == nullptr && a.den_ == b.den_) {
    const std::int64_t num = a.num_ - b.num_;  // |num| < 2^62, so the difference fits
    if (num > -kMost && num < kMost) {
      const std::int64_t common = a.den_ == 1 ? 1 : std::gcd(num, a.den_);
      Value out(num / common);
      out.den_ = a.den_ / common;
      return out;
    }
  }
  if (a.is_rational() && b.is_rational()) return Value(Rational(a.rational() - b.rational()));
  const Coordinate exact = difference(a.coordinate(), b.coordinate());
  if (const auto* rational = std::get_if<Rational>(&exact)) return Value(*rational);
  const auto p = a.range(), q = b.range();
  Value out;
  out.real_ = std::make_shared<const Value::Real>(
      Value::Real{exact, below(p[0] - q[1]), above(p[1] - q[0])});
  return out;
}

Value operator+(const Value& a, const Value& b) { return a - (Value(0) - b); }

std::array<double, 2> Value::range() const {
  if (real_ != nullptr) return {real_->low, real_->high};
  const double near = static_cast<double>(num_) / static_cast<double>(den_);
  const double slack = std::abs(near) * 0x1p-50;
  return {near - slack, near + slack};
}

bool surely_apart(const Value& a, const Value& b) {
  const auto p = a.range(), q = b.range();
  return p[1] < q[0] || q[1] < p[0];
}

Order order(const Value& a, const Value& b) {
  const auto of = [](const auto& x, const auto& y) {
    return x < y ? Order::less : y < x ? Order::greater : Order::equal;
  };
  if (a.real_ == nullptr && b.real_ == nullptr) {
    if (a.den_ == b.den_) return of(a.num_, b.num_);
    __extension__ using Wide = __int128;
    return of(Wide{a.num_} * b.den_, Wide{b.num_} * a.den_);
  }
  if (a.is_rational() && b.is_rational()) return of(a.rational(), b.rational());
  if (a.real_ == b.real_) return Order::equal;
  const auto p = a.range(), q = b.range();
  if (p[1] < q[0]) return Order::less;
  if (q[1] < p[0]) return Order::greater;
  const auto exact = compare(a.coordinate(), b.coordinate(), kSeparationBits);
  if (!exact) return Order::unknown;
  return *exact < 0 ? Order::less : *exact > 0 ? Order::greater : Order::equal;
}

std::string Value::text() const {
  if (is_rational()) return to_text(rational());
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.6g", (real_->low + real_->high) / 2);
  return digits.data();
}

}  // namespace plumbline
