// SPDX-License-Identifier: Apache-2.0
// The map criteria on dense planes: refuted by enclosures, proven on the exact vectors.
#include "reference/criteria/plane_judges.h"

#include <array>

namespace plumbline {
namespace {

using Tuple = std::vector<Rational>;

Tuple tuple_of(const Placement& at, std::int64_t token) {
  Tuple out;
  for (std::size_t a = 0; a < static_cast<std::size_t>(at.axes); ++a)
    out.push_back(at.at(token, a).rational());
  return out;
}

std::string text(const Tuple& x) {
  std::string out = "(";
  for (const Rational& e : x) out += (out.size() == 1 ? "" : ", ") + to_text(e);
  return out + ")";
}

// Wide heads whose planes are orthogonal are left to the proof; narrow ones check it.
constexpr int kWide = 64;

std::vector<Tuple> tuples(int axes) {
  std::vector<Tuple> out{{1, 2, 3, 5}, {Rational(-7, 2), 1000, Rational(1, 3), 12345}};
  for (Tuple& x : out) x.resize(static_cast<std::size_t>(axes));
  return out;
}

// A few lanes of a wide head, every lane of a narrow one.
std::vector<std::size_t> sample(int lanes) {
  const auto n = static_cast<std::size_t>(lanes);
  if (n > 16) return {0, 1, n / 2, n - 1};
  std::vector<std::size_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = i;
  return out;
}

std::vector<Interval> unit(int lanes, std::size_t at) {
  std::vector<Interval> out(static_cast<std::size_t>(lanes), enclose(Rational(0)));
  out[at] = enclose(Rational(1));
  return out;
}

bool separated(const std::vector<Interval>& x, const std::vector<Interval>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!boost::multiprecision::zero_in(Interval(x[i] - y[i]))) return true;
  }
  return false;
}

}  // namespace

Outcome planes_rel(Lab& lab) {
  const WorkingPrecision scope(128);
  Outcome out = pass();
  out.cases = 0;
  for (const PlaneReading& planes : lab.reading().planes) {
    ++out.cases;
    if (planes.orthogonal() && planes.lanes() > kWide) continue;
    const auto all = tuples(lab.reading().axes);
    const Tuple &x = all[0], &y = all[1];
    Tuple difference = y;
    for (std::size_t a = 0; a < x.size(); ++a) difference[a] -= x[a];
    const PlaneRotation to = planes.at(x), from = planes.at(y), by = planes.at(difference);
    for (const std::size_t lane : sample(planes.lanes())) {
      ++out.cases;
      const auto v = unit(planes.lanes(), lane);
      if (separated(to.apply(from.apply(v, false), true), by.apply(v, false)))
        return fail("lane " + std::to_string(lane) +
                    ": R(x)^T R(y) is not R(y - x) for x = " + text(x) + ", y = " + text(y));
    }
    if (!planes.orthogonal()) out.answer = Answer::unknown;
  }
  return out;
}

Outcome planes_iso(Lab& lab) {
  const WorkingPrecision scope(128);
  Outcome out = pass();
  out.cases = 0;
  for (const PlaneReading& planes : lab.reading().planes) {
    ++out.cases;
    if (planes.isometric() && planes.lanes() > kWide) continue;
    for (const Tuple& x : tuples(lab.reading().axes)) {
      const PlaneRotation map = planes.at(x);
      for (const std::size_t lane : sample(planes.lanes())) {
        ++out.cases;
        const auto v = unit(planes.lanes(), lane);
        if (separated(map.apply(map.apply(v, false), true), v))
          return fail("lane " + std::to_string(lane) + " changes lengths at " + text(x));
      }
    }
    if (!planes.isometric()) out.answer = Answer::unknown;
  }
  return out;
}

Outcome planes_text(Lab& lab, const Placement& at, std::int64_t token, const Value& y) {
  Outcome out = pass();
  for (PlaneReading& planes : lab.planes()) {
    const Tuple x = tuple_of(at, token);
    const auto answer = planes.turns_as_base(x, y.rational());
    if (answer == false)
      return fail("text token " + std::to_string(token) + " at " + text(x) +
                  " is not turned as the base model turns " + y.text());
    if (!answer) out = unknown();
  }
  return out;
}

Value planes_start(Lab& lab, const Placement& at, std::int64_t token) {
  const auto turn = lab.reading().planes.front().first_turn(tuple_of(at, token));
  return turn ? Value(*turn) : at.at(token, 0);
}

Placement planes_turns(const PlaneReading& planes, const Placement& at) {
  Placement out;
  out.axes = static_cast<int>(planes.directions().size());
  const auto axes = static_cast<std::size_t>(at.axes);
  for (std::size_t first = 0; first < at.values.size(); first += axes) {
    for (const auto& direction : planes.directions()) {
      Rational product = 0;
      for (std::size_t a = 0; a < axes; ++a) {
        if (direction[a] != 0) product += direction[a] * at.values[first + a].rational();
      }
      out.values.emplace_back(product);
    }
  }
  return out;
}

bool planes_apart(const PlaneReading& planes, const Placement& at, std::int64_t token,
                  std::int64_t other) {
  const WorkingPrecision scope(128);
  const PlaneRotation one = planes.at(tuple_of(at, token)), two = planes.at(tuple_of(at, other));
  for (const std::size_t lane : sample(planes.lanes())) {
    const auto v = unit(planes.lanes(), lane);
    if (separated(one.apply(v, false), two.apply(v, false))) return true;
  }
  return false;
}

}  // namespace plumbline
