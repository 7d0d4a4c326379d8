// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "golden/oracle/case.h"
#include "golden/oracle/coordinate.h"

namespace plumbline::oracle {

struct Design;
class Circles;
class SpokenVideo;

// One segment of a sequence as the walk over it met it.
struct Block {
  Segment segment;
  std::int64_t first;   // its first token's place among the real tokens
  Coordinate cursor;    // p
  Rational step;        // temporal stride, or the seconds of one temporal patch
  std::int64_t frames;  // of the visual segments before it
  std::int64_t origin;  // `first` of the first visual segment of the sequence
  std::int64_t visual;  // visual segments before it
  std::shared_ptr<const SpokenVideo> spoken = nullptr;  // of a spoken video
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
extern const Layout kFlat;       // P-FLAT: p + index; p + tokens
extern const Layout kStretched;  // P-V2PE(S): p - 1 + S (index + 1) / N; ceil(p - 1 + S) + 1
extern const Layout kGrid;       // P-GRID: (p + step t, p + h, p + w); p + largest extent
extern const Layout kGridSides;  // the same; p + max(H, W)
extern const Layout kReset;      // P-RESET: (p + step t, h, w); as P-GRID
extern const Layout kSeconds;    // P-ABS: P-GRID with floor(step t)
extern const Layout kSecondsInBinary64;  // the same with both products rounded to binary64
extern const Layout kDiagonal;           // P-DIAG: centred on p + step t; p + step (T - 1) + 1
extern const Layout kDiagonalReal;       // the same centred on h - H/2, w - W/2; p + step T
extern const Layout kScaled;             // P-SCALE: P-GRID with the axes stretched by `scale`
extern const Layout kInterval;           // P-GRID; p + max(T H W, T, H, W)
extern const Layout kResetExtent;        // (p + t, h, w); p + max(T, H, W)
extern const Layout kResetOne;           // the same; p + 1
extern const Layout kImage;              // (p, row, column); p + max(H, W)
extern const Layout kTwoAxes;            // (p + row, p + column); p + max(H, W)
extern const Layout kTypedOne;           // (0, h, w); p + 1
extern const Layout kTypedMax;           // the same; p + max(H, W)
extern const Layout kTypedCount;         // the same; p + H W
extern const Layout kTie;                // RoPE-Tie, (p - 1 + i (W+1), p - 1 + j (H+1)), from 1
extern const Layout kTieFractional;
extern const Layout kFourCorners;  // VRoPE: distances to the four corners of the frame
extern const Layout kFrameCount;   // TAD-RoPE: p + t + place among the real tokens; p + T
extern const Layout kLumos;        // Lumos-1: frames share one origin; the cursor is the flat index
extern const Layout kCircle;       // P-CIRCLE of circle.h; 1 + largest coordinate

// Of vision towers and diffusion transformers: the cursor, which only text moves, is not looked at.
extern const Layout kPatches;         // (row, column)
extern const Layout kMergeBlocks;     // (row, column) of tokens in blocks of `merge` by `merge`
extern const Layout kPatchesFromOne;  // (row + 1, column + 1)
extern const Layout kPatchCentres;    // ((2 row + 1) / H - 1, (2 column + 1) / W - 1)
extern const Layout kPatchesResized;  // (row side / H, column side / W)
extern const Layout kFlatVolume;      // (0, row, column)
extern const Layout kVolume;          // (t, row, column)
extern const Layout kOrdinal;         // (visual segments before + t, row, column)
extern const Layout kOrdinalCentred;  // the same, rows and columns from -ceil(H / 2), -ceil(W / 2)

enum class TextRule : std::uint8_t {
  every_axis,  // (x, x, ..)
  first_axis,  // (x, 0, ..)
  origin,      // (0, 0, ..)
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

// A video with a sound track, as one segment: begin and end tokens around the two lists of tokens.
struct SpokenRule {
  // Merged token by token instead of chunk by chunk; times keep their fractions, and the two tokens
  // of a pair of marks follow one another instead of sharing a position.
  bool one_by_one = false;
  Rational chunk = 0;  // positions to a chunk
};

// A position design with its parameters.
struct Design {
  Layout layout = kFlat;
  TextRule text = TextRule::every_axis;
  DeltaRule delta = DeltaRule::every_axis;
  std::size_t axes = 3;
  Rational padding = 1;               // the coordinate of padding tokens
  bool delta_of_real_tokens = false;  // rope_delta counts no padding
  bool truncate = false;  // integer_output: coordinates lose their fraction at the very end
  // Temporal stride of every visual segment, or one for all; or of every native video, the other
  // segments having still_step.
  std::vector<Rational> steps = {Rational(1)};
  bool steps_of_videos = false;
  Rational still_step = 0;
  Rational start = 0;                               // the cursor before the first segment
  std::optional<SpokenRule> spoken = std::nullopt;  // needed for spoken videos
  std::int64_t merge = 2;                           // of kMergeBlocks
  Rational side = 16;                               // of kPatchesResized
  std::array<Rational, 3> scale = {1, 1, 1};
  Rational span = 1;           // of a visual segment under kStretched
  bool span_of_token = false;  // the span is that of one token
  std::shared_ptr<const Circles> circles = nullptr;
};

}  // namespace plumbline::oracle
