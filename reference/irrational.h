// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/real.h"

namespace plumbline {

// A real number that has no fraction, under a name that says which: two atoms of one name are
// equal.
struct Atom {
  std::string name;
  std::function<Interval()> enclosure;  // at the working precision
};

// A rational plus rational multiples of atoms. Sums are exact, so that what cancels is known to
// cancel; equal sums of unequal atoms are not recognised.
class Irrational {
 public:
  Irrational() = default;
  explicit Irrational(const Rational& constant) : constant_(constant) {}
  Irrational(std::shared_ptr<const Atom> atom, const Rational& coefficient);

  Interval enclosure() const;
  // Equal names are equal sums.
  std::string name() const;
  // No atom is left.
  bool is_rational() const { return terms_.empty(); }
  const Rational& constant() const { return constant_; }

  Irrational operator-() const;
  friend Irrational operator+(const Irrational& a, const Irrational& b);
  friend Irrational operator-(const Irrational& a, const Irrational& b) { return a + -b; }
  Irrational& operator+=(const Irrational& b) { return *this = *this + b; }

 private:
  Rational constant_;
  std::vector<std::pair<std::shared_ptr<const Atom>, Rational>> terms_;  // by name, none zero
};

// Where a token stands on one axis: exact, unless the layout is transcendental.
using Coordinate = std::variant<Rational, Irrational>;

Interval enclose(const Coordinate& c);
Coordinate coordinate(const Irrational& x);  // a Rational where no atom is left
// a - b, a Rational where the atoms cancel.
Coordinate difference(const Coordinate& a, const Coordinate& b);
// -1, 0 or 1 as a is below, the same sum as, or above b, proven; nothing where enclosures of
// `most_bits` do not separate them.
std::optional<int> compare(const Coordinate& a, const Coordinate& b, unsigned most_bits);

// The larger of two sums: one of them where enclosures tell, else an atom of its own, whose
// enclosures hold both.
Irrational larger(const Irrational& a, const Irrational& b);

// sqrt(|square|) with the sign of `square`, times cos(2 pi turns): exactly where that is rational,
// else one atom. The atom's angle is folded to [0, 1/4], so that equal cosines share a name.
Irrational root_times_cosine(const Rational& square, const Rational& turns);
// The same for an angle that is no fraction of a turn; `turns` encloses it and `name` is its own.
Irrational root_times_cosine(const Rational& square, const std::string& name,
                             const std::function<Interval()>& turns);

}  // namespace plumbline
