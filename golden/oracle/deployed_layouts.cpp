// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/layouts.h"

namespace plumbline::oracle {
namespace {

Coordinate stays(const Design&, const Block& b) { return b.cursor; }

Tuple patches(const Design&, const Block&, const Cell& c) { return {c.h, c.w}; }
Tuple patches_from_one(const Design&, const Block&, const Cell& c) { return {c.h + 1, c.w + 1}; }

// Whole blocks row by row, and inside a block again row by row.
Tuple merge_blocks(const Design& d, const Block& b, const Cell& c) {
  const auto& [T, H, W] = b.segment.grid;
  const std::int64_t m = d.merge, place = c.index % (H * W);
  const std::int64_t block = place / (m * m), inside = place % (m * m);
  return {block / (W / m) * m + inside / m, block % (W / m) * m + inside % m};
}

// 2 (i + 1/2) / N - 1
Rational centre(std::int64_t i, std::int64_t count) {
  return Rational(2 * i + 1 - count) / Rational(count);
}
Tuple patch_centres(const Design&, const Block& b, const Cell& c) {
  return {centre(c.h, b.segment.grid[1]), centre(c.w, b.segment.grid[2])};
}
Tuple patches_resized(const Design& d, const Block& b, const Cell& c) {
  return {d.side * c.h / b.segment.grid[1], d.side * c.w / b.segment.grid[2]};
}

Tuple still(const Design&, const Block&, const Cell& c) { return {0, c.h, c.w}; }
Tuple volume(const Design&, const Block&, const Cell& c) { return {c.t, c.h, c.w}; }
Tuple ordinal(const Design&, const Block& b, const Cell& c) { return {b.visual + c.t, c.h, c.w}; }
Tuple ordinal_centred(const Design&, const Block& b, const Cell& c) {
  const auto& [T, H, W] = b.segment.grid;
  return {b.visual + c.t, c.h - (H - H / 2), c.w - (W - W / 2)};
}

}  // namespace

const Layout kPatches = {patches, stays};
const Layout kMergeBlocks = {merge_blocks, stays};
const Layout kPatchesFromOne = {patches_from_one, stays};
const Layout kPatchCentres = {patch_centres, stays};
const Layout kPatchesResized = {patches_resized, stays};
const Layout kFlatVolume = {still, stays};
const Layout kVolume = {volume, stays};
const Layout kOrdinal = {ordinal, stays};
const Layout kOrdinalCentred = {ordinal_centred, stays};

}  // namespace plumbline::oracle
