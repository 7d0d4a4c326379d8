// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reference/case.h"
#include "reference/criteria/frequency.h"
#include "reference/planes.h"

namespace plumbline {

// A vector by its entries that are not zero, lanes ascending.
using SparseVector = std::vector<std::pair<int, Rational>>;

// The dense planes of one KV head as the criteria need them, decided on their exact vectors.
class PlaneReading {
 public:
  PlaneReading(const Case& c, std::vector<PlaneBank> banks);

  // Planes of a bank are orthogonal to each other, and planes of two banks are the same or
  // orthogonal: the map is then a rotation, by one angle for each different plane.
  bool orthogonal() const { return orthogonal_; }
  // Those of a bank at least: each bank is a rotation.
  bool isometric() const { return isometric_; }
  // Those angles are multiples of one product direction . tuple each.
  bool exact() const { return orthogonal_ && exact_; }
  // Tuples on which all of these products agree turn every plane alike. Where exact(), no others
  // do: frequencies are algebraic, so that angles of rational tuples never differ by a multiple of
  // 2 pi other than 0.
  const std::vector<std::vector<Rational>>& directions() const { return directions_; }
  std::vector<std::size_t> driving() const;  // axes, ascending

  // The map at a tuple; enclosures at the working precision.
  PlaneRotation at(const std::vector<Rational>& tuple) const;
  int lanes() const { return spectrum_.rotary_dim; }

  // Does the map turn lanes (2 i, 2 i + 1), or lanes (i, i + n), by y base^(-i / n) for every pair
  // i? Nothing where neither answer is proven.
  std::optional<bool> turns_as_base(const std::vector<Rational>& tuple, const Rational& y);
  // The product of the plane that pair 0 is, where there is one.
  std::optional<Rational> first_turn(const std::vector<Rational>& tuple) const;

 private:
  struct Turn {  // frequency * (direction . tuple), over |direction| where `unit`
    SparseVector a, b;
    Frequency frequency;
    std::vector<Rational> direction;
    bool unit = false;
  };
  void join(const std::vector<Turn>& all, const std::vector<std::size_t>& bank_of);
  std::optional<bool> pairs_as_base(const std::vector<int>& turn_of, const std::vector<Rational>& x,
                                    const Rational& y) const;
  std::vector<Interval> image(int lane, const std::vector<Rational>& tuple) const;
  bool apart_from_base(const std::vector<Rational>& tuple, const Rational& y, bool halves) const;
  std::optional<bool> judge_base(const std::vector<Rational>& tuple, const Rational& y) const;
  std::vector<PlaneBank> banks_;
  FrequencySpectrum spectrum_;
  bool orthogonal_ = true, isometric_ = true, exact_ = true;
  std::vector<Turn> turns_;  // the different planes; complete where orthogonal_
  std::vector<std::vector<Rational>> directions_;
  // Turn of each pair of neighbours and of halves, -1 where none is; empty where some turn is no
  // such pair.
  std::vector<int> neighbours_, halves_;
  std::map<std::vector<Rational>, std::optional<bool>> judged_;  // by tuple and y: texts repeat
};

// One for each different set of planes among the KV heads; empty where the scheme has none.
std::vector<PlaneReading> plane_readings(const Case& c);

}  // namespace plumbline
