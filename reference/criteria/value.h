// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "reference/criteria.h"
#include "reference/irrational.h"

namespace plumbline {

// unknown: enclosures of kSeparationBits bits still overlap and nothing exact decides.
enum class Order : std::uint8_t { less, equal, greater, unknown };

// One coordinate as the criteria compare it: exact. Fractions of 64-bit integers, which nearly all
// coordinates are, cost no allocation; larger rationals and irrational numbers stand behind a
// pointer.
class Value {
 public:
  Value() = default;
  Value(std::int64_t n) : num_(n) {}  // NOLINT: numbers mix with values in every formula
  explicit Value(const Rational& r);
  explicit Value(const Coordinate& c);

  friend Value operator-(const Value& a, const Value& b);
  friend Value operator+(const Value& a, const Value& b);
  // Of a against b; decided exactly or unknown, never assumed.
  friend Order order(const Value& a, const Value& b);
  // Different already by double enclosures; false says nothing.
  friend bool surely_apart(const Value& a, const Value& b);

  bool is_rational() const;
  Rational rational() const;   // throws std::logic_error where it is none
  Interval enclosure() const;  // at the working precision
  Coordinate coordinate() const;
  std::string text() const;  // "5/2", or six digits of an irrational number

 private:
  struct Real;                          // a rational beyond 64 bits, or an exact sum of atoms
  std::array<double, 2> range() const;  // an enclosure
  std::int64_t num_ = 0, den_ = 1;      // lowest terms, den > 0; unused behind a pointer
  std::shared_ptr<const Real> real_;
};

}  // namespace plumbline
