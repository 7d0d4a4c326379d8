// SPDX-License-Identifier: Apache-2.0
#include "reference/row_walk.h"

namespace plumbline {

RowMap::RowMap(const Case& c)
    : left_(c.pad_left), real_(tokens(c.sequence)), masked_(!c.attention_mask.empty()) {
  std::int64_t before = 0;
  for (const auto bit : c.attention_mask) before_.push_back(bit != 0 ? before++ : -1);
}

std::optional<std::int64_t> RowMap::token(std::int64_t row) const {
  if (masked_) {
    const std::int64_t token = before_[static_cast<std::size_t>(row)];
    return token >= 0 ? std::optional(token) : std::nullopt;
  }
  if (row < left_ || row >= left_ + real_) return std::nullopt;
  return row - left_;
}

RowWalk::RowWalk(const Case& c)
    : design_(&design_of(*c.scheme, c.parameters)),
      rows_(c),
      walk_(*design_, c.parameters, c.sequence, c.float32),
      truncated_(c.parameters.has("integer_output") &&
                 c.parameters.word("integer_output") == "trunc") {}

Point<Rational> RowWalk::at(std::int64_t row) const {
  Point<Rational> point;
  const auto token = rows_.token(row);
  if (token) point = walk_.at(*token);
  for (Rational& x : point) {
    if (!token) x = Rational(design_->pad);
    if (token && truncated_) x = truncate(x);
  }
  return point;
}

}  // namespace plumbline
