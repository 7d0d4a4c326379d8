// SPDX-License-Identifier: Apache-2.0
// Criteria on what a pair reads: the text criteria, the coverage of the ladder, the rotation laws.
#include <algorithm>
#include <array>
#include <numeric>

#include "reference/criteria/plane_judges.h"

namespace plumbline {
namespace {

std::string lane_text(const Lane& lane) {
  return "pair " + std::to_string(lane.pair) + " of map " + std::to_string(lane.map);
}

// Does the lane turn by y times the base model's frequency of its pair when it reads coordinate c?
Answer turns_as_base(const Reading& reading, const Lane& lane, const Value& c, const Value& y) {
  const bool still = lane.axis == Axis::none || order(c, 0) == Order::equal;
  const bool zero = order(y, 0) == Order::equal;
  if (still || zero) return still == zero ? Answer::pass : Answer::fail;
  const Frequency base = reading.base_frequency(lane.pair);
  for (unsigned bits = 128; bits <= kSeparationBits; bits *= 2) {
    const WorkingPrecision scope(bits);
    const Interval difference =
        c.enclosure() * lane.frequency.enclosure() - y.enclosure() * base.enclosure();
    if (!boost::multiprecision::zero_in(difference)) return Answer::fail;
  }
  return Answer::unknown;
}

// The token's angles are y times those frequencies on every pair.
Outcome text_token(Lab& lab, const Placement& at, std::int64_t token, const Value& y) {
  const Reading& reading = lab.reading();
  if (!reading.planes.empty()) return planes_text(lab, at, token, y);
  Outcome out = pass();
  for (const std::size_t a : reading.as_base) {
    const Order o = order(at.at(token, a), y);
    if (o == Order::unknown) out = unknown();
    if (o == Order::less || o == Order::greater)
      return fail("text token " + std::to_string(token) + " has " + lab.axis(a) + " = " +
                  at.at(token, a).text() + ", not " + y.text());
  }
  for (const Lane& lane : reading.not_as_base) {
    const Value c = lane.axis == Axis::none ? Value(0) : at.at(token, index(lane.axis));
    const Answer answer = turns_as_base(reading, lane, c, y);
    if (answer == Answer::unknown) out = unknown();
    if (answer == Answer::fail)
      return fail("text token " + std::to_string(token) + ": " + lane_text(lane) +
                  (lane.axis == Axis::none
                       ? " does not turn"
                       : " reads " + lab.axis(index(lane.axis)) + " = " + c.text() +
                             ", which turns it otherwise than the base model at " + y.text()));
  }
  return out;
}

Outcome text_run(Lab& lab, const Placement& at, std::int64_t first, std::int64_t count,
                 const Value& start) {
  Outcome out = pass();
  for (std::int64_t k = 0; k < count; ++k) {
    Outcome one = text_token(lab, at, first + k, start + Value(k));
    if (one.answer == Answer::fail) return one;
    if (one.answer == Answer::unknown) out = std::move(one);
  }
  return out;
}

}  // namespace

Outcome judge_text0(Lab& lab, const Prompt& p) {
  if (!p.blocks.empty()) return {};
  const Placement* at = lab.at(p);
  return at == nullptr ? Outcome{} : text_run(lab, *at, 0, p.tokens(), 0);
}

// A run starts at whatever x its first token has on an axis that is read at the base frequencies.
Outcome judge_text1(Lab& lab, const Prompt& p) {
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  Outcome out;
  for (std::size_t i = 0; i < p.text.size(); ++i) {
    if (p.text[i] == 0) continue;
    const std::int64_t first = p.text_start(i);
    const Reading& reading = lab.reading();
    const Value x = !reading.planes.empty()   ? planes_start(lab, *at, first)
                    : reading.as_base.empty() ? Value(0)
                                              : at->at(first, reading.as_base.front());
    Outcome one = text_run(lab, *at, first, p.text[i], x);
    if (one.answer == Answer::fail) return one;
    if (out.answer != Answer::unknown) out = std::move(one);
  }
  return out;
}

namespace {

// The axes that coverage speaks of: all of the scheme's, unless one scalar drives everything.
std::vector<std::size_t> axes_to_cover(const Reading& reading) {
  if (reading.driving.size() == 1) return reading.driving;
  std::vector<std::size_t> axes(static_cast<std::size_t>(reading.axes));
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  return axes;
}

// e = -log_base of each frequency that drives the axis in some map, ascending, without repeats; a
// factor 2 pi is left out.
std::vector<Rational> exponents(const Reading& reading, std::size_t axis) {
  std::vector<Rational> out;
  for (const Lane& lane : reading.lanes) {
    if (lane.axis != Axis::none && index(lane.axis) == axis) out.push_back(lane.frequency.exponent);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Outcome judge_full(Lab& lab, const Prompt&) {
  if (!lab.reading().planes.empty()) return {};
  const Rational eighth(1, 8);
  for (const std::size_t a : axes_to_cover(lab.reading())) {
    const auto e = exponents(lab.reading(), a);
    if (e.empty()) return fail("axis " + lab.axis(a) + " drives no pair");
    if (e.front() > eighth)
      return fail("axis " + lab.axis(a) + " starts at e = " + to_text(e.front()));
    if (e.back() < 1 - eighth)
      return fail("axis " + lab.axis(a) + " ends at e = " + to_text(e.back()));
    for (std::size_t i = 0; i + 1 < e.size(); ++i) {
      if (e[i + 1] - e[i] > eighth)
        return fail("axis " + lab.axis(a) + " has nothing between e = " + to_text(e[i]) + " and " +
                    to_text(e[i + 1]));
    }
  }
  return pass();
}

Outcome judge_gran(Lab& lab, const Prompt&) {
  if (!lab.reading().planes.empty()) return {};
  for (const std::size_t a : axes_to_cover(lab.reading())) {
    const auto count = exponents(lab.reading(), a).size();
    if (count != static_cast<std::size_t>(lab.reading().pairs))
      return fail("axis " + lab.axis(a) + " has " + std::to_string(count) + " frequencies of " +
                  std::to_string(lab.reading().pairs));
  }
  return pass();
}

namespace {

using Tuple = std::array<Rational, kMostAxes>;
using Matrix = std::array<Interval, 4>;  // row by row

// A fixed few: the origin, one step on each axis, steps that differ on all, and large fractions.
std::vector<Tuple> tuples() {
  std::vector<Tuple> out{{0, 0, 0, 0}};
  for (std::size_t a = 0; a < kMostAxes; ++a) {
    out.push_back({0, 0, 0, 0});
    out.back()[a] = 1;
  }
  out.push_back({1, 2, 3, 5});
  out.push_back({Rational(-7, 2), 1000, Rational(1, 3), 12345});
  return out;
}

// Both lanes of a pair with their frequencies enclosed.
struct Turn {
  Axis upper, lower;
  Interval upper_frequency, lower_frequency;
};

Interval angle(Axis axis, const Interval& frequency, const Tuple& x) {
  return axis == Axis::none ? enclose(Rational(0)) : Interval(enclose(x[index(axis)]) * frequency);
}

// (x, y) -> (x cos a - y sin a, x sin b + y cos b): lanes that read one coordinate have a = b.
Matrix turned(const Turn& pair, const Tuple& x) {
  const Interval a = angle(pair.upper, pair.upper_frequency, x),
                 b = angle(pair.lower, pair.lower_frequency, x);
  return {cos(a), Interval(-sin(a)), sin(b), cos(b)};
}

Matrix transposed_times(const Matrix& m, const Matrix& n) {
  return {m[0] * n[0] + m[2] * n[2], m[0] * n[1] + m[2] * n[3], m[1] * n[0] + m[3] * n[2],
          m[1] * n[1] + m[3] * n[3]};
}

bool separated(const Matrix& m, const Matrix& n) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (!boost::multiprecision::zero_in(Interval(m[i] - n[i]))) return true;
  }
  return false;
}

std::string text(const Tuple& x, int axes) {
  std::string out = "(";
  for (std::size_t a = 0; a < static_cast<std::size_t>(axes); ++a)
    out += (a == 0 ? "" : ", ") + to_text(x[a]);
  return out + ")";
}

// Calls body(pair) for pairs of all kinds; returns its first failure.
template <class Body>
Outcome each_pair(const Reading& reading, const Body& body) {
  Outcome out = pass();
  out.cases = 0;
  const WorkingPrecision scope(128);
  std::vector<std::pair<Axis, int>> seen;
  for (std::size_t i = 0; i < reading.lanes.size(); ++i) {
    const Lane& upper = reading.lanes[i];
    if (upper.lane != 0) continue;
    const bool split = i + 1 < reading.lanes.size() && reading.lanes[i + 1].lane == 1;
    // Pairs whose lanes agree are one rotation each: a sample of every axis will do.
    const std::pair kind(upper.axis, upper.pair / 16);
    if (!split && std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
    if (!split) seen.push_back(kind);
    const Lane& lower = split ? reading.lanes[i + 1] : upper;
    const std::string failed =
        body(Turn{upper.axis, lower.axis, upper.frequency.enclosure(), lower.frequency.enclosure()},
             out.cases);
    if (!failed.empty()) return fail(lane_text(upper) + failed);
  }
  return out;
}

}  // namespace

// R(x)^T R(y) = R(y - x), by enclosures.
Outcome judge_rel(Lab& lab, const Prompt&) {
  if (!lab.reading().planes.empty()) return planes_rel(lab);
  const int axes = lab.reading().axes;
  return each_pair(lab.reading(), [axes](const Turn& pair, std::int64_t& cases) -> std::string {
    const auto all = tuples();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tuple &x = all[i], &y = all[(i + 3) % all.size()];
      Tuple difference;
      for (std::size_t a = 0; a < kMostAxes; ++a) difference[a] = y[a] - x[a];
      ++cases;
      if (separated(transposed_times(turned(pair, x), turned(pair, y)), turned(pair, difference)))
        return ": R(x)^T R(y) is not R(y - x) for x = " + text(x, axes) + ", y = " + text(y, axes);
    }
    return {};
  });
}

// R(x)^T R(x) = I, by enclosures.
Outcome judge_iso(Lab& lab, const Prompt&) {
  if (!lab.reading().planes.empty()) return planes_iso(lab);
  const int axes = lab.reading().axes;
  return each_pair(lab.reading(), [axes](const Turn& pair, std::int64_t& cases) -> std::string {
    const Interval zero = enclose(Rational(0)), one = enclose(Rational(1));
    for (const Tuple& x : tuples()) {
      ++cases;
      const Matrix m = turned(pair, x);
      if (separated(transposed_times(m, m), {one, zero, zero, one}))
        return " changes lengths at " + text(x, axes);
    }
    return {};
  });
}

}  // namespace plumbline
