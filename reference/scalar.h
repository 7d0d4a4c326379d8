// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "reference/irrational.h"

namespace plumbline {

// What layouts may use besides + - *: one small trait, so that the same layout runs on exact
// rationals, on enclosures and on a symbolic scalar that a test or a prover supplies. `parameter`
// carries the knob's name for the symbolic case.
template <class S>
struct Scalar;

template <>
struct Scalar<Rational> {
  static Rational integer(std::int64_t n) { return Rational(n); }
  static Rational parameter(std::string_view, const Rational& value) { return value; }
  static Rational max(const Rational& a, const Rational& b) { return a < b ? b : a; }
  static Rational floor(const Rational& a) { return Rational(plumbline::floor(a)); }
  static Rational ceil(const Rational& a) { return Rational(plumbline::ceil(a)); }
  static Rational quotient(const Rational& a, const Rational& b) { return a / b; }
  // trunc(fl(fl(t g) k)) in binary32: the order of operations of the authors' tensor code. Throws
  // std::invalid_argument where a factor or the product leaves binary32's range.
  static Rational float32_floor(const Rational& t, const Rational& g, const Rational& k);
  // trunc(fl(t fl(g k))) in binary64. Throws std::invalid_argument where a product leaves its
  // range.
  static Rational float64_floor(const Rational& t, const Rational& g, const Rational& k);
  // fl32((start + step) + step (j - 1)) with binary64 sums inside, as torch.arange makes its
  // entries.
  static Rational float32_step(const Rational& start, const Rational& step, const Rational& j);
};

template <>
struct Scalar<Interval> {
  static Interval integer(std::int64_t n) { return enclose(Rational(n)); }
  static Interval parameter(std::string_view, const Rational& value) { return enclose(value); }
  static Interval max(const Interval& a, const Interval& b);
  static Interval floor(const Interval& a) { return enclose(Rational(plumbline::floor(a))); }
  static Interval ceil(const Interval& a) { return enclose(Rational(plumbline::ceil(a))); }
  static Interval quotient(const Interval& a, const Interval& b) { return a / b; }
};

// Sums and the order alone: what transcendental layouts and the walk need.
template <>
struct Scalar<Irrational> {
  static Irrational integer(std::int64_t n) { return Irrational(Rational(n)); }
  static Irrational max(const Irrational& a, const Irrational& b) { return larger(a, b); }
};

}  // namespace plumbline
