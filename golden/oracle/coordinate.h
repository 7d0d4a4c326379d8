// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "golden/oracle/exact.h"

namespace plumbline::oracle {

// A real number that is no rational, under a name: equal names are equal numbers. enclose(ball,
// bits) encloses it at about that many bits; enclosures are remembered.
class Irrational {
 public:
  using Enclose = std::function<void(Ball&, slong)>;
  Irrational(std::string name, Enclose enclose)
      : name_(std::move(name)), enclose_(std::move(enclose)) {}
  const std::string& name() const { return name_; }
  const Ball& at(slong bits) const;

 private:
  std::string name_;
  Enclose enclose_;
  mutable std::map<slong, Ball> remembered_;
};

// A coordinate: an exact rational plus rational multiples of irrationals. Sums and differences are
// exact, so that a term which cancels is gone. Multiples of different names are not related: a sum
// of them counts as not zero.
class Coordinate {
 public:
  Coordinate() = default;
  Coordinate(Rational rational) : rational_(std::move(rational)) {}
  template <std::integral Integer>
  Coordinate(Integer n) : rational_(n) {}
  Coordinate(Rational factor, std::shared_ptr<const Irrational> irrational);

  bool is_rational() const { return terms_.empty(); }
  // Throws std::logic_error unless is_rational().
  const Rational& rational() const;
  bool is_zero() const { return terms_.empty() && rational_.sign() == 0; }
  // Radius 0 only where the number is dyadic and fits.
  void enclose(Ball& out, slong bits) const;
  // Equal texts are equal numbers.
  std::string name() const;
  std::size_t hash() const {
    return is_rational() ? RationalHash()(rational_) : std::hash<std::string>()(name());
  }

  friend Coordinate operator+(const Coordinate& a, const Coordinate& b) { return sum(a, b, 1); }
  friend Coordinate operator-(const Coordinate& a, const Coordinate& b) { return sum(a, b, -1); }
  friend Coordinate operator*(const Rational& factor, const Coordinate& x);
  friend bool operator==(const Coordinate& a, const Coordinate& b) { return (a - b).is_zero(); }

 private:
  struct Term {
    std::shared_ptr<const Irrational> irrational;
    Rational factor;  // not zero
  };
  static Coordinate sum(const Coordinate& a, const Coordinate& b, int sign);

  Rational rational_;
  std::vector<Term> terms_;  // by name
};

struct CoordinateHash {
  std::size_t operator()(const Coordinate& x) const { return x.hash(); }
};

}  // namespace plumbline::oracle
