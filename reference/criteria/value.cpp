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
  std::variant<Rational, std::function<Interval()>> number;
  double low = 0, high = 0;  // enclose the number
};

namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 62;

// Both ends pushed outward by one step, since the conversion rounds to nearest.
std::array<double, 2> outward(const Interval& x) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {std::nextafter(lower(x).convert_to<double>(), -kInfinity),
          std::nextafter(upper(x).convert_to<double>(), kInfinity)};
}

}  // namespace

Value::Value(const Rational& r) {
  if (const auto fraction = small_fraction(r)) {
    num_ = (*fraction)[0];
    den_ = (*fraction)[1];
    return;
  }
  const WorkingPrecision scope(64);
  const auto [low, high] = outward(enclose(r));
  real_ = std::make_shared<const Real>(Real{r, low, high});
}

Value Value::of(std::function<Interval()> enclosure) {
  const WorkingPrecision scope(128);
  const auto [low, high] = outward(enclosure());
  Value out;
  out.real_ = std::make_shared<const Real>(Real{std::move(enclosure), low, high});
  return out;
}

Value::Value(const Coordinate& c) {
  if (const auto* exact = std::get_if<Rational>(&c)) {
    *this = Value(*exact);
  } else {
    *this = of([c] { return enclose(c); });
  }
}

bool Value::is_rational() const {
  return real_ == nullptr || std::holds_alternative<Rational>(real_->number);
}

Rational Value::rational() const {
  if (real_ == nullptr) return Rational(num_) / Rational(den_);
  if (const auto* exact = std::get_if<Rational>(&real_->number)) return *exact;
  throw std::logic_error("an irrational coordinate was taken for a rational one");
}

Interval Value::enclosure() const {
  return is_rational() ? enclose(rational()) : std::get<1>(real_->number)();
}

Value operator-(const Value& a, const Value& b) {
  if (a.real_ == nullptr && b.real_ == nullptr) {
    if (a.den_ == b.den_) {  // |num| < 2^62, so the difference fits
      const std::int64_t num = a.num_ - b.num_;
      if (num > -kMost && num < kMost) {
        const std::int64_t common = a.den_ == 1 ? 1 : std::gcd(num, a.den_);
        Value out(num / common);
        out.den_ = a.den_ / common;
        return out;
      }
    }
    return Value(Rational(a.rational() - b.rational()));
  }
  if (a.is_rational() && b.is_rational()) return Value(Rational(a.rational() - b.rational()));
  if (a.real_ == b.real_) return 0;
  return Value::of([a, b] { return Interval(a.enclosure() - b.enclosure()); });
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
  for (unsigned bits = 128; bits <= kSeparationBits; bits *= 2) {
    const WorkingPrecision scope(bits);
    try {
      const int s = sign(Interval(a.enclosure() - b.enclosure()));
      return s < 0 ? Order::less : s > 0 ? Order::greater : Order::equal;
    } catch (const Undecided&) {
    }
  }
  return Order::unknown;
}

std::string Value::text() const {
  if (is_rational()) return to_text(rational());
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.6g", (real_->low + real_->high) / 2);
  return digits.data();
}

}  // namespace plumbline
