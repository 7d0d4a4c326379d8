// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reference/case.h"

// Rows of a padded sequence, one at a time: what positions() is made from.
namespace plumbline {

// Which real token stands in a padded row, if any.
class RowMap {
 public:
  explicit RowMap(const Case& c);
  std::optional<std::int64_t> token(std::int64_t row) const;

 private:
  std::int64_t left_, real_;
  std::vector<std::int64_t> before_;  // by row of a mask: its token, -1 for padding
  bool masked_;
};

// The exact coordinates of any row, truncated where the case says so: the design's pad value on
// every axis for a row without a token, else one search over the segments. Reads the case as long
// as it lives; any number of threads may call at() at once. Throws as Walk does.
class RowWalk {
 public:
  explicit RowWalk(const Case& c);
  const PositionDesign& design() const { return *design_; }
  const Walk<Rational>& walk() const { return walk_; }
  Point<Rational> at(std::int64_t row) const;

 private:
  const PositionDesign* design_;
  RowMap rows_;
  Walk<Rational> walk_;
  bool truncated_;
};

}  // namespace plumbline
