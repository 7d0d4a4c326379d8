// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/positions.h"

#include <algorithm>
#include <stdexcept>

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

Positions::Positions(const Case& c, const Design& design) : design_(design) {
  std::int64_t first = 0;
  std::size_t video = 0;
  for (const Segment& segment : c.sequence) {
    Rational step = design.stride;
    if (design.whole_seconds) step = segment.native_video ? design.seconds[video++] : Rational(0);
    if (segment.tokens == 0) continue;
    place({first, segment, cursor_, step});
    first += segment.tokens;
  }
}

void Positions::place(const Block& block) {
  blocks_.push_back(block);
  const auto& [T, H, W] = block.segment.grid;
  const Rational count = block.cursor + block.segment.tokens;
  if (block.segment.kind == Segment::Kind::text || design_.layout == Layout::flat) {
    end_ = max(end_, count);
  } else {
    const Rational start = design_.layout == Layout::grid ? block.cursor : Rational(0);
    end_ = max(end_, block.cursor + time(block, T - 1) + 1);
    end_ = max(end_, start + std::max(H, W));
  }
  const Rational extent = max(time(block, T - 1), std::max(H, W) - 1);
  const bool by_count =
      block.segment.kind == Segment::Kind::text || design_.advance == Advance::past_count;
  cursor_ = by_count ? count : block.cursor + extent + 1;
}

Rational Positions::time(const Block& block, std::int64_t t) const {
  const Rational time = block.step * t;
  return design_.whole_seconds ? floor(time) : time;
}

std::vector<Rational> Positions::at(std::int64_t real_token) const {
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), real_token,
                       [](std::int64_t token, const Block& block) { return token < block.first; });
  const Block& block = *(after - 1);
  const std::int64_t index = real_token - block.first;
  std::vector<Rational> coordinates;
  if (block.segment.kind == Segment::Kind::text || design_.layout == Layout::flat) {
    coordinates.assign(design_.axes, block.cursor + index);
  } else {
    const auto& [T, H, W] = block.segment.grid;
    const Rational start = design_.layout == Layout::grid ? block.cursor : Rational(0);
    coordinates = {block.cursor + time(block, index / (H * W)), start + index / W % H,
                   start + index % W};
  }
  if (design_.truncate) {
    for (Rational& coordinate : coordinates) coordinate = truncate(coordinate);
  }
  return coordinates;
}

}  // namespace plumbline::oracle
