// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "golden/oracle/scheme.h"

namespace plumbline::oracle {

// The rows of the padded sequence that a case looks at.
class Rows {
 public:
  // Throws std::invalid_argument where the mask does not hold the sequence or the window leaves the
  // padded row.
  explicit Rows(const Case& c);
  std::int64_t padded_length() const { return padded_length_; }
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
// Exact. A text token k of a segment that starts at the cursor p stands at p + k on every axis;
// padding stands at 1.
class Positions {
 public:
  Positions(const Case& c, const Design& design);
  // [axes] for a place among the real tokens, after integer_output.
  std::vector<Rational> at(std::int64_t real_token) const;
  // Largest coordinate of any real token, before integer_output, plus 1; 0 without tokens.
  const Rational& end() const { return end_; }
  const Rational& cursor() const { return cursor_; }

 private:
  struct Block {
    std::int64_t first;  // real token
    Segment segment;
    Rational cursor;
    Rational step;
  };
  Rational time(const Block& block, std::int64_t t) const;
  void place(const Block& block);

  Design design_;
  std::vector<Block> blocks_;  // without empty ones
  Rational cursor_, end_;
};

}  // namespace plumbline::oracle
