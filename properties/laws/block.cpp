// SPDX-License-Identifier: Apache-2.0
// Inside one visual block: order of cells, frames, and tuples that tell cells apart.
#include <fmt/format.h>

#include <set>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"

namespace plumbline::laws {
namespace {

Json draw_segment(Random& random, const Case&) {
  return Json{{"segment", random.between(0, 1000)}};
}

// The visual segment that aux chooses.
std::size_t chosen(const Trial& t) {
  std::vector<std::size_t> visual;
  for (std::size_t i = 0; i < t.c.sequence.size(); ++i) {
    if (std::holds_alternative<Visual>(t.c.sequence[i])) visual.push_back(i);
  }
  if (visual.empty()) throw Silent{"no visual block"};
  return visual[static_cast<std::size_t>(integer(t.aux, "segment")) % visual.size()];
}

std::set<std::vector<Rational>> tuples_of(const PositionTable& ids, std::size_t first,
                                          std::size_t end) {
  std::set<std::vector<Rational>> out;
  for (std::size_t row = first; row < end; ++row) {
    std::vector<Rational> tuple;
    for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a)
      tuple.push_back(nearest_rational(ids.at(a, row)));
    out.insert(tuple);
  }
  return out;
}

// A block whose tokens have different tuples where it stands alone has them different anywhere.
void check_injective(const Trial& t) {
  const Case c = bare(t.c);
  const std::size_t i = chosen(t);
  const PositionTable ids = t.subject.positions(c);
  const auto [first, end] = span_of(c.sequence, i);
  Case alone = c;
  alone.sequence = {c.sequence[i]};
  const PositionTable own = plumbline::positions(alone);
  if (tuples_of(own, 0, own.rows()).size() != own.rows())
    throw Silent{"the block is not injective alone"};
  if (tuples_of(ids, first, end).size() != end - first)
    throw Broken{fmt::format("tokens of segment {} share a tuple", i)};
}

// The only axis on which the second token of a block differs from the first; -1: none or several.
int only_axis(const Case& c, const Visual& like, const Grid& grid) {
  Case pair = c;
  Visual block = like;
  block.grid = grid;
  pair.sequence = {Text{1, {}}, block};
  const PositionTable ids = plumbline::positions(pair);
  int found = -1;
  for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a) {
    if (same(ids.at(a, 1), ids.at(a, 2))) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(a);
  }
  return found;
}

// The step from cell i - 1 to cell i of a line equals its first step.
bool even_step(const Coordinate& first, const Coordinate& second, const Coordinate& before,
               const Coordinate& here) {
  for (const Coordinate* x : {&first, &second, &before, &here})
    if (!is_exact(*x)) return true;
  return nearest_rational(here) - nearest_rational(before) ==
         nearest_rational(second) - nearest_rational(first);
}

// w runs fastest, then h, then t. Where a step along a row moves one axis alone it is the last, and
// that coordinate is the same down every column; a step down a column moves the one before it. All
// steps of a line are equal.
void check_raster(const Trial& t) {
  const Case c = bare(t.c);
  const std::size_t i = chosen(t);
  const auto& block = std::get<Visual>(c.sequence[i]);
  const Grid& g = block.grid;
  const int axes = design_of(*c.scheme, c.parameters).axes;
  const int along = only_axis(c, block, {1, 1, 2}), down = only_axis(c, block, {1, 2, 1});
  if (along < 0 || down < 0 || along == down)
    throw Silent{"rows and columns have no axis of their own here"};
  if (axes > 3) throw Silent{"more axes than rows, columns and time"};
  if (along != axes - 1 || down != axes - 2)
    throw Broken{fmt::format("a row moves axis {}, a column axis {}", along, down)};
  const PositionTable ids = t.subject.positions(c);
  const std::size_t first = span_of(c.sequence, i).first;
  const auto at = [&](int axis, std::int64_t f, std::int64_t h, std::int64_t w) {
    return ids.at(static_cast<std::size_t>(axis),
                  first + static_cast<std::size_t>((f * g.h + h) * g.w + w));
  };
  for (std::int64_t f = 0; f < g.t; ++f) {
    for (std::int64_t h = 0; h < g.h; ++h) {
      for (std::int64_t w = 0; w < g.w; ++w) {
        if (!same(at(along, f, h, w), at(along, f, 0, w)))
          throw Broken{fmt::format("axis {} changes down column {}, at row {}", along, w, h)};
        if (!same(at(down, f, h, w), at(down, f, h, 0)))
          throw Broken{fmt::format("axis {} changes along row {}, at column {}", down, h, w)};
        if (w > 0 && same(at(along, f, h, w), at(along, f, h, w - 1)))
          throw Broken{fmt::format("axis {} stands still along row {}, at column {}", along, h, w)};
        if (w > 1 && !even_step(at(along, f, h, 0), at(along, f, h, 1), at(along, f, h, w - 1),
                                at(along, f, h, w)))
          throw Broken{fmt::format("axis {} has two steps along row {}", along, h)};
        if (h > 1 && !even_step(at(down, f, 0, w), at(down, f, 1, w), at(down, f, h - 1, w),
                                at(down, f, h, w)))
          throw Broken{fmt::format("axis {} has two steps down column {}", down, w)};
        if (h > 0 && same(at(down, f, h, w), at(down, f, h - 1, w)))
          throw Broken{fmt::format("axis {} stands still down column {}, at row {}", down, w, h)};
      }
    }
  }
}

// Every frame of a block is its first frame moved by one vector.
void check_frames(const Trial& t) {
  const Case c = bare(t.c);
  const std::size_t i = chosen(t);
  const Grid& g = std::get<Visual>(c.sequence[i]).grid;
  if (g.t == 1) throw Silent{"one frame"};
  const PositionTable ids = t.subject.positions(c);
  const std::size_t first = span_of(c.sequence, i).first,
                    frame = static_cast<std::size_t>(g.h * g.w);
  for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a) {
    for (std::size_t f = 1; f < static_cast<std::size_t>(g.t); ++f) {
      const auto moved = [&](std::size_t cell) -> std::optional<Rational> {
        const Coordinate &here = ids.at(a, first + f * frame + cell),
                         &there = ids.at(a, first + cell);
        if (!is_exact(here) || !is_exact(there)) return std::nullopt;
        return Rational(nearest_rational(here) - nearest_rational(there));
      };
      for (std::size_t cell = 1; cell < frame; ++cell) {
        if (moved(cell) != moved(0) && moved(cell) && moved(0))
          throw Broken{fmt::format("axis {}: frame {} moves cell 0 by {} and cell {} by {}", a, f,
                                   to_text(*moved(0)), cell, to_text(*moved(cell)))};
      }
    }
  }
}

constexpr Law kLaws[] = {
    {"raster",
     "cells run w fastest, then h, then t; rows and columns have an axis each, and even "
     "steps, or none",
     "a block", Reach::near, false, draw_segment, check_raster},
    {"frames", "every frame of a block is its first, moved by one vector", "a block", Reach::near,
     false, draw_segment, check_frames},
    {"injective", "a block that is injective alone is injective anywhere", "a block", Reach::near,
     false, draw_segment, check_injective},
};

}  // namespace

std::span<const Law> block_laws() { return kLaws; }

}  // namespace plumbline::laws
