// SPDX-License-Identifier: Apache-2.0
#include "reference/irrational.h"

#include "reference/certify.h"

namespace plumbline {
namespace {

// sqrt(|q|) = factor * sqrt(radicand), with the squares of small primes taken out of the radicand.
struct Root {
  Rational factor;
  Integer radicand;
};
Root root_of(const Rational& q) {
  const Rational size = q < 0 ? Rational(-q) : q;
  if (size == 0) return {0, 1};
  if (const auto exact = exact_power(size, Rational(1, 2))) return {*exact, 1};
  Root out{Rational(1, 1) / Rational(denominator(size)), numerator(size) * denominator(size)};
  for (int p = 2; p < 100; ++p) {
    const Integer square = p * p;
    while (out.radicand % square == 0) {
      out.radicand /= square;
      out.factor *= p;
    }
  }
  return out;
}

Irrational root_atom(const Rational& square) {
  const Root root = root_of(square);
  const Rational factor = square < 0 ? Rational(-root.factor) : root.factor;
  if (root.radicand == 1 || factor == 0) return Irrational(factor);
  return {std::make_shared<const Atom>(
              Atom{"sqrt(" + root.radicand.str() + ")",
                   [r = root.radicand] { return sqrt(enclose(Rational(r))); }}),
          factor};
}

// 4 cos(2 pi turns)^2 with the cosine's sign, for turns of [0, 1/4] that are multiples of 1/8 or
// 1/12.
std::optional<int> four_squares(const Rational& turns) {
  const Rational steps = turns * 24;
  if (denominator(steps) != 1) return std::nullopt;
  switch (numerator(steps).convert_to<int>()) {
    case 0:
      return 4;
    case 2:
      return 3;
    case 3:
      return 2;
    case 4:
      return 1;
    case 6:
      return 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

Irrational::Irrational(std::shared_ptr<const Atom> atom, const Rational& coefficient) {
  if (coefficient != 0) terms_.emplace_back(std::move(atom), coefficient);
}

Interval Irrational::enclosure() const {
  Interval sum = enclose(constant_);
  for (const auto& [atom, coefficient] : terms_) sum += enclose(coefficient) * atom->enclosure();
  return sum;
}

Irrational Irrational::operator-() const {
  Irrational out = *this;
  out.constant_ = -out.constant_;
  for (auto& term : out.terms_) term.second = -term.second;
  return out;
}

Irrational operator+(const Irrational& a, const Irrational& b) {
  Irrational out(Rational(a.constant_ + b.constant_));
  auto x = a.terms_.begin(), y = b.terms_.begin();
  while (x != a.terms_.end() || y != b.terms_.end()) {
    const int order = x == a.terms_.end()    ? 1
                      : y == b.terms_.end()  ? -1
                      : x->first == y->first ? 0
                                             : x->first->name.compare(y->first->name);
    if (order == 0) {
      const Rational sum = x->second + y->second;
      if (sum != 0) out.terms_.emplace_back(x->first, sum);
      ++x, ++y;
    } else {
      out.terms_.push_back(order < 0 ? *x++ : *y++);
    }
  }
  return out;
}

std::string Irrational::name() const {
  std::string out = to_text(constant_);
  for (const auto& [atom, coefficient] : terms_)
    out += " + " + to_text(coefficient) + " " + atom->name;
  return out;
}

Irrational larger(const Irrational& a, const Irrational& b) {
  constexpr unsigned kBits = 1024;
  if (const auto order = compare(coordinate(a), coordinate(b), kBits)) return *order < 0 ? b : a;
  const auto enclosure = [a, b] {
    const Interval x = a.enclosure(), y = b.enclosure();
    return boost::multiprecision::hull(x, y);
  };
  return {std::make_shared<const Atom>(Atom{"max(" + a.name() + ", " + b.name() + ")", enclosure}),
          1};
}

Interval enclose(const Coordinate& c) {
  if (const auto* exact = std::get_if<Rational>(&c)) return enclose(*exact);
  return std::get<Irrational>(c).enclosure();
}

Coordinate coordinate(const Irrational& x) {
  if (x.is_rational()) return x.constant();
  return x;
}

Coordinate difference(const Coordinate& a, const Coordinate& b) {
  const auto sum = [](const Coordinate& x) {
    const auto* exact = std::get_if<Rational>(&x);
    return exact != nullptr ? Irrational(*exact) : std::get<Irrational>(x);
  };
  if (a.index() == 0 && b.index() == 0)
    return Rational(std::get<Rational>(a) - std::get<Rational>(b));
  return coordinate(sum(a) - sum(b));
}

std::optional<int> compare(const Coordinate& a, const Coordinate& b, unsigned most_bits) {
  const Coordinate rest = difference(a, b);
  if (const auto* exact = std::get_if<Rational>(&rest)) return *exact < 0 ? -1 : *exact > 0 ? 1 : 0;
  for (unsigned bits = 64; bits <= most_bits; bits *= 2) {
    const WorkingPrecision scope(bits);
    const Interval x = enclose(rest);
    if (!boost::multiprecision::zero_in(x)) return sign(x);
  }
  return std::nullopt;
}

Irrational root_times_cosine(const Rational& square, const Rational& turns) {
  // cos is even, has period 1, and changes its sign half a turn on.
  Rational x = turns - Rational(floor(turns));
  if (x > Rational(1, 2)) x = 1 - x;
  const bool negative = x > Rational(1, 4);
  if (negative) x = Rational(1, 2) - x;
  const Rational signed_square = negative ? Rational(-square) : square;
  if (const auto four = four_squares(x)) return root_atom(signed_square * Rational(*four, 4));
  const Root root = root_of(square);
  const Rational factor = signed_square < 0 ? Rational(-root.factor) : root.factor;
  return {std::make_shared<const Atom>(
              Atom{"sqrt(" + root.radicand.str() + ") cos(" + to_text(x) + ")",
                   [r = root.radicand, x] {
                     return sqrt(enclose(Rational(r))) * cos(pi() * enclose(Rational(2 * x)));
                   }}),
          factor};
}

Irrational root_times_cosine(const Rational& square, const std::string& name,
                             const std::function<Interval()>& turns) {
  const Root root = root_of(square);
  const Rational factor = square < 0 ? Rational(-root.factor) : root.factor;
  return {std::make_shared<const Atom>(Atom{"sqrt(" + root.radicand.str() + ") cos(" + name + ")",
                                            [r = root.radicand, turns] {
                                              return sqrt(enclose(Rational(r))) *
                                                     cos(turns() * pi() * enclose(Rational(2)));
                                            }}),
          factor};
}

}  // namespace plumbline
