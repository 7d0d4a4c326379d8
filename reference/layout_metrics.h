// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference/evaluate.h"

// What a position design does with one visual block between two texts.
namespace plumbline {

// A tuple, one coordinate for each axis.
using Tuple = std::vector<Coordinate>;

// (1 / (M N)) sum_m sum_k | |x_m - y_k| - mean_k |x_m - y_k| |, Euclidean norm over the axes, M
// text and N visual tuples; the binary64 nearest to it. 0 where a list is empty. Source:
// Circle-RoPE, arXiv 2505.16416.
double per_token_distance(const std::vector<Tuple>& text, const std::vector<Tuple>& visual);

// Of one block, by axis where a list. Differences are exact but behind a transcendental block.
struct BlockMetrics {
  std::int64_t tokens = 0;
  Coordinate growth;                    // cursor behind the block minus cursor before it
  std::vector<Coordinate> least, most;  // over the tokens of the block
  // least over the block - last text before; first text after - most over the block.
  std::vector<Coordinate> gap_before, gap_after;
  // (first visual token - last text before) - (first text after - last visual token).
  std::vector<Coordinate> asymmetry;
  // Ids of the text that follows, as long as it may be, at or below the block's most; text that
  // stands still on an axis counts as one id.
  std::vector<std::int64_t> overlap;
  // Tokens minus distinct tuples; a sum of unequal atoms is never taken for an equal one.
  std::int64_t injectivity_defect = 0;
  double token_distance = 0;  // per_token_distance of all text and visual tuples
};

// The case's scheme on text of 3 tokens, the block, text of 3 tokens. Throws std::invalid_argument
// for a block that the scheme cannot place; Unresolved where two coordinates are not told apart.
BlockMetrics block_metrics(const Case& c, const Visual& block);

// The cursor behind the block minus the cursor before it, without placing the tokens.
Coordinate growth(const Case& c, const Visual& block);

}  // namespace plumbline
