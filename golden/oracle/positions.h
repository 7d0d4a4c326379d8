// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "golden/oracle/layouts.h"

namespace plumbline::oracle {

// The rows of the padded sequence that a case looks at.
class Rows {
 public:
  // Throws std::invalid_argument where the mask does not hold the sequence or the window leaves the
  // padded row.
  explicit Rows(const Case& c);
  std::int64_t padded_length() const { return padded_length_; }
  std::int64_t tokens() const { return tokens_; }
  std::int64_t count() const { return count_; }
  // [count], in row order.
  std::vector<std::int64_t> token_index() const;
  // The place among the real tokens of a padded index; -1 for padding.
  std::int64_t real_token(std::int64_t padded_index) const;

 private:
  std::int64_t tokens_ = 0, left_ = 0, padded_length_ = 0, count_ = 0;
  std::vector<std::array<std::int64_t, 2>> window_;
  std::vector<std::int64_t> rank_;  // per padded index, where there is an attention_mask
};

// Coordinates of single tokens, found from the segment they lie in; no other token is visited.
// Exact. Text token k of a segment that starts at the cursor p stands at x = p + k by the design's
// text rule.
class Positions {
 public:
  // Throws std::invalid_argument where the design does not fit the sequence.
  Positions(const Case& c, const Design& design);
  // [axes] for a place among the real tokens, after integer_output; padding for -1.
  Tuple at(std::int64_t real_token) const;
  const Coordinate& cursor() const { return cursor_; }
  // rope_delta + padded length; nothing where the source has none.
  std::optional<Coordinate> end() const;

 private:
  Tuple tuple(const Block& block, std::int64_t index) const;
  void note_largest(const Block& block);

  Design design_;
  std::vector<Block> blocks_;  // without empty ones
  Coordinate cursor_;
  // Of any token, on the axes that the delta rule looks at; -1 without tokens, and no first token
  // stands below -1.
  Rational largest_ = -1;
};

}  // namespace plumbline::oracle
