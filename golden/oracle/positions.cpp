// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/positions.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "golden/oracle/spoken_video.h"

namespace plumbline::oracle {
namespace {

std::int64_t add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) throw std::invalid_argument("sequence: is too long");
  return sum;
}

}  // namespace

Rows::Rows(const Case& c) : left_(c.left), window_(c.window) {
  for (const Segment& segment : c.sequence) tokens_ = add(tokens_, segment.tokens);
  padded_length_ = add(add(c.left, tokens_), c.right);
  if (!c.mask.empty()) {
    std::int64_t real = 0;
    for (const std::uint8_t bit : c.mask) rank_.push_back(bit != 0 ? real++ : -1);
    if (real != tokens_) {
      throw std::invalid_argument("attention_mask: its ones are not the tokens of the sequence");
    }
    padded_length_ = static_cast<std::int64_t>(c.mask.size());
  }
  if (window_.empty()) window_.push_back({0, padded_length_});
  for (const auto& [first, count] : window_) {
    if (add(first, count) > padded_length_) {
      throw std::invalid_argument("window: leaves the padded sequence");
    }
    count_ = add(count_, count);
  }
}

std::vector<std::int64_t> Rows::token_index() const {
  std::vector<std::int64_t> rows;
  for (const auto& [first, count] : window_) {
    for (std::int64_t i = 0; i < count; ++i) rows.push_back(first + i);
  }
  return rows;
}

std::int64_t Rows::real_token(std::int64_t padded_index) const {
  if (!rank_.empty()) return rank_[static_cast<std::size_t>(padded_index)];
  const std::int64_t token = padded_index - left_;
  return token < tokens_ ? std::max<std::int64_t>(token, -1) : -1;
}

namespace {

const Rational& step_of(const Design& design, std::size_t place) {
  return design.steps[design.steps.size() == 1 ? 0 : place];
}

}  // namespace

Positions::Positions(const Case& c, const Design& design) : design_(design), cursor_(design.start) {
  Block block{{}, 0, 0, 0, 0, 0, 0};
  std::size_t place = 0;
  bool origin = false;
  for (const Segment& segment : c.sequence) {
    const bool counted = design.steps_of_videos ? segment.native_video : segment.is_visual();
    block.segment = segment;
    block.cursor = cursor_;
    block.step = counted ? step_of(design, place++) : design.still_step;
    if (segment.tokens == 0) continue;
    if (segment.is_visual()) {
      if (design.layout.images_only && segment.grid[0] != 1) {
        throw std::invalid_argument("grid: the scheme places images only, one frame each");
      }
      if (!origin) block.origin = block.first;
      origin = true;
    }
    const bool spoken = segment.kind == Segment::Kind::spoken;
    block.spoken = spoken ? std::make_shared<SpokenVideo>(*design.spoken, block) : nullptr;
    blocks_.push_back(block);
    cursor_ = spoken                ? Coordinate(block.spoken->next())
              : segment.is_visual() ? design.layout.next(design, block)
                                    : block.cursor + segment.tokens;
    note_largest(block);
    block.first += segment.tokens;
    block.frames += segment.is_visual() ? segment.grid[0] : 0;
    block.visual += segment.is_visual() ? 1 : 0;
  }
}

// Coordinates are monotone along a text and along the sides of a grid.
void Positions::note_largest(const Block& block) {
  if (design_.delta == DeltaRule::cursor || design_.delta == DeltaRule::none) return;
  if (block.spoken) {
    largest_ = max(largest_, block.spoken->largest());
    return;
  }
  const auto& [T, H, W] = block.segment.grid;
  const std::int64_t last = block.segment.tokens - 1;
  std::vector<std::int64_t> corners = {0, last};
  if (block.segment.is_visual()) {
    const std::int64_t columns = block.segment.columns;
    for (const std::int64_t corner : {columns - 1, (H - 1) * columns}) {
      corners.push_back(corner);
      corners.push_back(last - corner);
    }
    corners.push_back((T - 1) * H * columns);
    corners.push_back(last - (T - 1) * H * columns);
  }
  for (const std::int64_t corner : corners) {
    const Tuple tuple = this->tuple(block, corner);
    const std::size_t axes = design_.delta == DeltaRule::first_axis ? 1 : tuple.size();
    for (std::size_t axis = 0; axis < axes; ++axis) {
      largest_ = max(largest_, tuple[axis].rational());
    }
  }
}

std::optional<Coordinate> Positions::end() const {
  if (design_.delta == DeltaRule::none) return std::nullopt;
  if (design_.delta == DeltaRule::cursor) return cursor_;
  if (design_.delta == DeltaRule::ceiling) return Rational(1) - floor(Rational(0) - largest_);
  return largest_ + 1;
}

Tuple Positions::tuple(const Block& block, std::int64_t index) const {
  if (block.spoken) return block.spoken->at(index);
  if (block.segment.is_visual()) {
    const std::int64_t columns = block.segment.columns, rows = block.segment.grid[1];
    return design_.layout.place(
        design_, block, {index, index / (rows * columns), index / columns % rows, index % columns});
  }
  const Coordinate x = block.cursor + index;
  if (design_.text == TextRule::twice) return Tuple(design_.axes, x + (block.first + index));
  Tuple tuple(design_.axes, design_.text == TextRule::every_axis ? x : Coordinate(0));
  if (design_.text != TextRule::origin) tuple[0] = x;
  return tuple;
}

Tuple Positions::at(std::int64_t real_token) const {
  if (real_token < 0) return Tuple(design_.axes, design_.padding);
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), real_token,
                       [](std::int64_t token, const Block& block) { return token < block.first; });
  const Block& block = *(after - 1);
  Tuple tuple = this->tuple(block, real_token - block.first);
  if (design_.truncate) {
    for (Coordinate& coordinate : tuple) coordinate = truncate(coordinate.rational());
  }
  return tuple;
}

}  // namespace plumbline::oracle
