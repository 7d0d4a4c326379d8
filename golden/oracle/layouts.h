// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "golden/oracle/case.h"
#include "golden/oracle/coordinate.h"

namespace plumbline::oracle {

struct Design;
class Circles;

// One segment of a sequence as the walk over it met it.
struct Block {
  Segment segment;
  std::int64_t first;   // its first token's place among the real tokens
  Coordinate cursor;    // p
  Rational step;        // temporal stride, or the seconds of one temporal patch
  std::int64_t frames;  // of the visual segments before it
  std::int64_t origin;  // `first` of the first visual segment of the sequence
};
// One token of a visual block.
struct Cell {
  std::int64_t index, t, h, w;
};
using Tuple = std::vector<Coordinate>;

// Where the tokens of a visual block stand, and the cursor after the block. Exact. Each coordinate
// is monotone in t, in h and in w, because the largest one is looked up in the corners of the grid
// (kCircle apart, whose rule for rope_delta needs no maximum). P-ids: section 2.0.1 of the schemes.
struct Layout {
  Tuple (*place)(const Design& design, const Block& block, const Cell& cell);
  Coordinate (*next)(const Design& design, const Block& block);
  bool images_only = false;  // a grid of several frames has no meaning
};
extern const Layout kFlat;          // P-FLAT: p + index; p + tokens
extern const Layout kStretched;     // P-V2PE(S): p - 1 + S (index + 1) / N; ceil(p - 1 + S) + 1
extern const Layout kGrid;          // P-GRID: (p + step t, p + h, p + w); p + largest extent
extern const Layout kReset;         // P-RESET: (p + step t, h, w); as P-GRID
extern const Layout kSeconds;       // P-ABS: P-GRID with floor(step t)
extern const Layout kDiagonal;      // P-DIAG: centred on p + step t; p + step (T - 1) + 1
extern const Layout kDiagonalReal;  // the same centred on h - H/2, w - W/2; p + step T
extern const Layout kScaled;        // P-SCALE: P-GRID with the axes stretched by `scale`
extern const Layout kInterval;      // P-GRID; p + max(T H W, T, H, W)
extern const Layout kResetExtent;   // (p + t, h, w); p + max(T, H, W)
extern const Layout kResetOne;      // the same; p + 1
extern const Layout kImage;         // (p, row, column); p + max(H, W)
extern const Layout kTwoAxes;       // (p + row, p + column); p + max(H, W)
extern const Layout kTypedOne;      // (0, h, w); p + 1
extern const Layout kTypedMax;      // the same; p + max(H, W)
extern const Layout kTypedCount;    // the same; p + H W
extern const Layout kTie;           // RoPE-Tie, (p - 1 + i (W+1), p - 1 + j (H+1)), from 1
extern const Layout kTieFractional;
extern const Layout kFourCorners;  // VRoPE: distances to the four corners of the frame
extern const Layout kFrameCount;   // TAD-RoPE: p + t + place among the real tokens; p + T
extern const Layout kLumos;        // Lumos-1: frames share one origin; the cursor is the flat index
extern const Layout kCircle;       // P-CIRCLE of circle.h; 1 + largest coordinate

enum class TextRule : std::uint8_t {
  every_axis,  // (x, x, ..)
  first_axis,  // (x, 0, ..)
  twice,       // x + place among the real tokens, on every axis
};
// rope_delta + padded length, from the coordinates before integer_output.
enum class DeltaRule : std::uint8_t {
  every_axis,  // 1 + the largest coordinate of any token
  first_axis,  // 1 + the largest on the first axis
  ceiling,     // 1 + the ceiling of the largest
  cursor,      // the final cursor
  none,        // the source has no delta
};

// A position design with its parameters.
struct Design {
  Layout layout = kFlat;
  TextRule text = TextRule::every_axis;
  DeltaRule delta = DeltaRule::every_axis;
  std::size_t axes = 3;
  Rational padding = 1;   // the coordinate of padding tokens
  bool truncate = false;  // integer_output: coordinates lose their fraction at the very end
  // Temporal stride of every visual segment, or one for all; for kSeconds, of every native video.
  std::vector<Rational> steps = {Rational(1)};
  bool steps_of_videos = false;  // only native videos have steps; others have 0
  std::array<Rational, 3> scale = {1, 1, 1};
  Rational span = 1;           // of a visual segment under kStretched
  bool span_of_token = false;  // the span is that of one token
  std::shared_ptr<const Circles> circles = nullptr;
};

}  // namespace plumbline::oracle
