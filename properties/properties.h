// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "reference/evaluate.h"
#include "reference/model.h"

// Generators that shrink, and what every test of the suite shares. RapidCheck prints the seed and
// the line that replays a failure; the counterexample is printed in sequence notation.
namespace plumbline::test {

// A sequence as people write it; shrinks by segments, then by each number on its own.
struct Drawn {
  Sequence sequence;
};
inline void showValue(const Drawn& d, std::ostream& os) {
  os << '"' << notation(d.sequence) << '"';
}

// Sizes drawn apart for each axis, odd ones and 1 as likely as even ones.
inline rc::Gen<std::int64_t> extent(std::int64_t most) {
  return rc::gen::inRange<std::int64_t>(1, most + 1);
}

inline rc::Gen<Segment> segment(std::int64_t longest_text, std::int64_t most) {
  const auto text = rc::gen::map(rc::gen::weightedOneOf<std::int64_t>(
                                     {{3, rc::gen::inRange<std::int64_t>(0, 6)},
                                      {1, rc::gen::inRange<std::int64_t>(0, longest_text + 1)}}),
                                 [](std::int64_t n) {
                                   return Segment(Text{n, {}});
                                 });
  const auto visual =
      rc::gen::map(rc::gen::tuple(extent(3), extent(most), extent(most)), [](const auto& g) {
        const Grid grid{std::get<0>(g), std::get<1>(g), std::get<2>(g)};
        return Segment(Visual{grid, grid.t == 1 ? Medium::image : Medium::video, 0});
      });
  return rc::gen::oneOf(text, visual);
}

// `longest_text` up to 2^31: rows of such a sequence are asked for by window.
inline rc::Gen<Drawn> sequence(std::int64_t longest_text = 9, std::int64_t most = 7) {
  return rc::gen::map(rc::gen::container<std::vector<Segment>>(segment(longest_text, most)),
                      [](std::vector<Segment> s) { return Drawn{std::move(s)}; });
}

// A coordinate from 0 to 2^31, small and huge alike.
inline rc::Gen<std::int64_t> coordinate() {
  return rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 100),
                        rc::gen::inRange<std::int64_t>(0, (std::int64_t{1} << 31) + 1));
}

// A scheme at a shape that it accepts, its knobs fitted. A design of still images gets the first
// frame of every video.
inline Case small_case(const Scheme& scheme, int pairs, const Sequence& sequence) {
  Json object = fitted_case(scheme, {2 * pairs + 1, 2 * pairs, 1, 1});
  object["id"] = "small";
  Case c = case_from_json(object);
  c.sequence = sequence;
  if ((design_of(scheme, c.parameters).media & kVideo) == 0) {
    for (Segment& segment : c.sequence) {
      if (auto* visual = std::get_if<Visual>(&segment)) {
        visual->grid.t = 1;
        visual->medium = Medium::image;
      }
    }
  }
  return c;
}

// A coordinate exactly, or rounded once to binary64 where it is irrational.
inline Rational value_of(const Coordinate& x) {
  const auto* exact = std::get_if<Rational>(&x);
  return exact != nullptr ? *exact : from_double(to_double(x));
}

// Runs the body for each row of the registry, naming the row in a failure.
template <class Body>
void for_each_scheme(const Body& body) {
  for (const Scheme& scheme : schemes()) {
    SCOPED_TRACE(std::string(scheme.name));
    RC_LOG() << "scheme " << scheme.name << std::endl;
    body(scheme);
  }
}

// The enclosure of a difference that a law says is zero: it must contain zero and be thin, so that
// it could not contain zero by being wide. `lost` bits are what the law's arithmetic may use up.
inline bool vanishes(const Interval& difference, unsigned lost) {
  if (!boost::multiprecision::zero_in(difference)) return false;
  return width(difference) <
         ldexp(Interval(1), static_cast<int>(lost) - static_cast<int>(WorkingPrecision::bits()));
}

inline Json read_vectors(const std::string& name) {
  std::ifstream in(std::string(PLUMBLINE_VECTORS) + "/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return parse_json(text.str());
}

// binary32 from its eight hex digits.
inline double float_of_hex(const std::string& hex) {
  return decode_double(std::stoull(hex, nullptr, 16), binary32);
}

}  // namespace plumbline::test

namespace rc {
template <>
struct Arbitrary<plumbline::test::Drawn> {
  static Gen<plumbline::test::Drawn> arbitrary() { return plumbline::test::sequence(); }
};
}  // namespace rc
