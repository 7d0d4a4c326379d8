// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "golden/oracle/coordinate.h"
#include "golden/oracle/directions.h"
#include "golden/oracle/layouts.h"

namespace plumbline::oracle {

// The parameters of CircleRoPE. The radius is a number, or `radius` times the largest centred
// coordinate (time included), or times the largest distance of a token from the origin.
struct CircleParameters {
  enum class Radius : std::uint8_t { number, farthest_coordinate, farthest_token };
  Radius rule = Radius::number;
  Rational radius = -1;
  Rational alpha = -1;
  Rational blend = 0;                               // dff_rate
  bool planar = false;                              // method no_circle
  bool centred = false;                             // move_to_origin
  std::optional<Rational> positive = std::nullopt;  // the offset of move_to_positive
  bool stacked = true;                              // frame t stands step t further on every axis
};

// The pattern of one H x W frame: steps 1 to 7 of the specification, section 2.8. A token at column
// w and row h has x = w, y = h, centred or not; its angle is
//   Theta = alpha (a - a_min) / (a_max - a_min) + (1 - alpha) (h W + w) / (H W) turns,
// a = atan2(y, x), and with X = R cos Theta, Y = R sin Theta its coordinates are
//   t: 2 Y / sqrt 6,  h: X / sqrt 2 - Y / sqrt 6,  w: -X / sqrt 2 - Y / sqrt 6,
// blended with those of X = x, Y = y, plus the positive shift. A sum of square roots where
// Theta is a multiple of 1/8 or 1/12 turn, and else of a term sqrt(q) cos(2 pi v), named by q and
// v.
class Circle {
 public:
  Circle(const CircleParameters& parameters, std::int64_t H, std::int64_t W,
         const Rational& last_time);
  Coordinate at(int axis, std::int64_t h, std::int64_t w) const;
  const Coordinate& largest() const { return largest_; }

 private:
  // turns + rest / span_, in turns; rest is zero or no multiple of span_.
  struct Angle {
    Rational turns;
    AngleForm rest;
  };
  Direction direction(std::int64_t h, std::int64_t w) const;
  Angle angle(std::int64_t h, std::int64_t w) const;
  Coordinate cosine(Angle angle, const Rational& shift) const;
  Coordinate pattern(int axis, std::int64_t h, std::int64_t w) const;
  void enclose_pattern(std::array<Ball, 3>& out, std::int64_t h, std::int64_t w, slong bits) const;
  void enclose_theta(Ball& out, std::int64_t h, std::int64_t w, slong bits) const;
  Coordinate extreme(int sign) const;

  CircleParameters parameters_;
  std::int64_t H_, W_;
  Rational on_circle_, on_plane_;  // the radius is on_circle_ sqrt(under_root_)
  std::int64_t under_root_ = 1;
  Direction first_, last_;  // at a_min and a_max
  AngleForm low_, span_;    // a_min and a_max - a_min
  Coordinate shift_, largest_;
};

// The patterns of one sequence, by grid.
class Circles {
 public:
  explicit Circles(const CircleParameters& parameters) : parameters_(parameters) {}
  const Circle& of(const Block& block) const;
  bool stacked() const { return parameters_.stacked; }

 private:
  CircleParameters parameters_;
  mutable std::map<std::array<std::int64_t, 3>, Circle> known_;
};

}  // namespace plumbline::oracle
