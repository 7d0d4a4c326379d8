// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/layouts.h"

#include <algorithm>

#include "golden/oracle/rounding.h"

namespace plumbline::oracle {
namespace {

Rational ceiling(const Rational& r) { return Rational(0) - floor(Rational(0) - r); }
Rational half(std::int64_t n) { return Rational(n) / Rational(2); }

const std::array<std::int64_t, 3>& grid(const Block& b) { return b.segment.grid; }
std::int64_t rows_or_columns(const Block& b) { return std::max(grid(b)[1], grid(b)[2]); }

// p + max(time(T-1), H-1, W-1) + 1
Coordinate past(const Block& b, const Rational& last_time) {
  return b.cursor + max(last_time, Rational(rows_or_columns(b) - 1)) + 1;
}

Tuple flat(const Design& d, const Block& b, const Cell& c) {
  return Tuple(d.axes, b.cursor + c.index);
}
Coordinate past_count(const Design&, const Block& b) { return b.cursor + b.segment.tokens; }

Rational span(const Design& d, const Block& b) {
  return d.span_of_token ? d.span * b.step * Rational(b.segment.tokens) : d.span;
}
Tuple stretched(const Design& d, const Block& b, const Cell& c) {
  const Rational share = Rational(c.index + 1) / Rational(b.segment.tokens);
  return Tuple(d.axes, b.cursor - 1 + span(d, b) * share);
}
Coordinate past_stretched(const Design& d, const Block& b) {
  return ceiling(b.cursor.rational() - 1 + span(d, b)) + 1;
}

Tuple plain_grid(const Design&, const Block& b, const Cell& c) {
  return {b.cursor + b.step * c.t, b.cursor + c.h, b.cursor + c.w};
}
Tuple reset(const Design&, const Block& b, const Cell& c) {
  return {b.cursor + b.step * c.t, c.h, c.w};
}
Coordinate past_grid(const Design&, const Block& b) { return past(b, b.step * (grid(b)[0] - 1)); }

Tuple seconds(const Design&, const Block& b, const Cell& c) {
  return {b.cursor + floor(b.step * c.t), b.cursor + c.h, b.cursor + c.w};
}
Coordinate past_seconds(const Design&, const Block& b) {
  return past(b, floor(b.step * (grid(b)[0] - 1)));
}

Tuple seconds_in_binary64(const Design&, const Block& b, const Cell& c) {
  return {b.cursor + floor(in_binary64(in_binary64(b.step) * c.t)), b.cursor + c.h, b.cursor + c.w};
}
Coordinate past_seconds_in_binary64(const Design&, const Block& b) {
  return past(b, floor(in_binary64(in_binary64(b.step) * (grid(b)[0] - 1))));
}

Tuple diagonal(const Design&, const Block& b, const Cell& c) {
  const Coordinate tau = b.cursor + b.step * c.t;
  return {tau, tau + (c.h - (grid(b)[1] - 1) / 2), tau + (c.w - (grid(b)[2] - 1) / 2)};
}
Coordinate past_last_frame(const Design&, const Block& b) {
  return b.cursor + b.step * (grid(b)[0] - 1) + 1;
}
Tuple diagonal_real(const Design&, const Block& b, const Cell& c) {
  const Coordinate tau = b.cursor + b.step * c.t;
  return {tau, tau + (c.h - half(grid(b)[1])), tau + (c.w - half(grid(b)[2]))};
}
Coordinate past_frames(const Design&, const Block& b) { return b.cursor + b.step * grid(b)[0]; }

Tuple scaled(const Design& d, const Block& b, const Cell& c) {
  return {b.cursor + b.step * d.scale[0] * c.t, b.cursor + d.scale[1] * c.h,
          b.cursor + d.scale[2] * c.w};
}
Coordinate past_scaled(const Design& d, const Block& b) {
  const auto& [T, H, W] = grid(b);
  const Rational time = b.step * d.scale[0] * (T - 1);
  return b.cursor + max(time, max(d.scale[1] * (H - 1), d.scale[2] * (W - 1))) + 1;
}

Coordinate past_extent(const Design&, const Block& b) {
  return b.cursor + std::max(grid(b)[0], rows_or_columns(b));
}
Coordinate past_sides(const Design&, const Block& b) { return b.cursor + rows_or_columns(b); }
Coordinate past_one(const Design&, const Block& b) { return b.cursor + 1; }

Tuple unit_reset(const Design&, const Block& b, const Cell& c) {
  return {b.cursor + c.t, c.h, c.w};
}
Tuple two_axes(const Design&, const Block& b, const Cell& c) {
  return {b.cursor + c.h, b.cursor + c.w};
}
Tuple typed(const Design&, const Block&, const Cell& c) { return {0, c.h, c.w}; }

Tuple tie(const Design&, const Block& b, const Cell& c) {
  const auto& [T, H, W] = grid(b);
  const Coordinate last_text = b.cursor - 1;
  return {last_text + (c.h + 1) * (W + 1), last_text + (c.w + 1) * (H + 1)};
}
Coordinate past_tie(const Design&, const Block& b) {
  return b.cursor - 1 + (grid(b)[1] + 1) * (grid(b)[2] + 1);
}
Tuple tie_fractional(const Design&, const Block& b, const Cell& c) {
  const auto& [T, H, W] = grid(b);
  const Rational count = H * W + 1;
  return {b.cursor - 1 + count * (c.h + 1) / (H + 1), b.cursor - 1 + count * (c.w + 1) / (W + 1)};
}

Tuple four_corners(const Design&, const Block& b, const Cell& c) {
  const auto& [T, H, W] = grid(b);
  const Coordinate frame = b.cursor + c.t * (H + W - 1);
  const std::int64_t below = H - 1 - c.h, right = W - 1 - c.w;
  return {frame + (c.h + c.w), frame + (c.h + right), frame + (below + c.w),
          frame + (below + right)};
}
Coordinate past_corners(const Design&, const Block& b) {
  return b.cursor + grid(b)[0] * (grid(b)[1] + grid(b)[2] - 1);
}

Tuple frame_count(const Design& d, const Block& b, const Cell& c) {
  return Tuple(d.axes, b.cursor + (c.t + b.first + c.index));
}
Coordinate past_frame_count(const Design&, const Block& b) { return b.cursor + grid(b)[0]; }

Tuple lumos(const Design& d, const Block& b, const Cell& c) {
  return {b.origin + d.scale[0] * (b.frames + c.t), b.origin + d.scale[1] * c.h,
          b.origin + d.scale[2] * c.w};
}

}  // namespace

const Layout kFlat = {flat, past_count};
const Layout kStretched = {stretched, past_stretched};
const Layout kGrid = {plain_grid, past_grid};
const Layout kGridSides = {plain_grid, past_sides};
const Layout kReset = {reset, past_grid};
const Layout kSeconds = {seconds, past_seconds};
const Layout kSecondsInBinary64 = {seconds_in_binary64, past_seconds_in_binary64};
const Layout kDiagonal = {diagonal, past_last_frame};
const Layout kDiagonalReal = {diagonal_real, past_frames};
const Layout kScaled = {scaled, past_scaled};
const Layout kInterval = {plain_grid, past_count};
const Layout kResetExtent = {unit_reset, past_extent};
const Layout kResetOne = {unit_reset, past_one};
const Layout kImage = {unit_reset, past_sides, true};
const Layout kTwoAxes = {two_axes, past_sides, true};
const Layout kTypedOne = {typed, past_one, true};
const Layout kTypedMax = {typed, past_sides, true};
const Layout kTypedCount = {typed, past_count, true};
const Layout kTie = {tie, past_tie, true};
const Layout kTieFractional = {tie_fractional, past_count, true};
const Layout kFourCorners = {four_corners, past_corners};
const Layout kFrameCount = {frame_count, past_frame_count};
const Layout kLumos = {lumos, past_count};

}  // namespace plumbline::oracle
