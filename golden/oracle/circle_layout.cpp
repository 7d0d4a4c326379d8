// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/circle.h"

namespace plumbline::oracle {
namespace {

const Circle& circle(const Design& d, const Block& b) { return d.circles->of(b); }

// Steps 8 and 9: the frames of a stacked block move along (1, 1, 1).
Coordinate frame(const Design& d, const Block& b, std::int64_t t) {
  return d.circles->stacked() ? b.cursor + b.step * t : b.cursor;
}

Tuple place(const Design& d, const Block& b, const Cell& c) {
  const Coordinate start = frame(d, b, c.t);
  Tuple tuple;
  for (int axis = 0; axis < 3; ++axis) tuple.push_back(start + circle(d, b).at(axis, c.h, c.w));
  return tuple;
}

Coordinate next(const Design& d, const Block& b) {
  return frame(d, b, b.segment.grid[0] - 1) + circle(d, b).largest() + 1;
}

}  // namespace

const Circle& Circles::of(const Block& block) const {
  const auto& [T, H, W] = block.segment.grid;
  return known_.try_emplace(block.segment.grid, parameters_, H, W, block.step * (T - 1))
      .first->second;
}

const Layout kCircle = {place, next};

}  // namespace plumbline::oracle
