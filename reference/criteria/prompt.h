// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "reference/sequence.h"

namespace plumbline {

// A sequence as the search counts it: text[0], blocks[0], text[1], blocks[1], ..., the last text;
// lengths may be 0. text.size() == blocks.size() + 1.
struct Prompt {
  std::vector<std::int64_t> text;
  std::vector<Visual> blocks;

  std::int64_t tokens() const;
  std::int64_t text_tokens() const;
  // First token of text[i], of blocks[i].
  std::int64_t text_start(std::size_t i) const;
  std::int64_t block_start(std::size_t i) const { return text_start(i) + text[i]; }
  Sequence sequence() const;  // without empty texts
  std::string label() const;  // "[1; 1x2x2; 1]"; a trailing empty text is left out
};
bool operator<(const Prompt& a, const Prompt& b);  // fewer tokens, then blocks, then text tokens

// The shapes that one run tries. Every list is sorted, so that the first failure is the smallest.
struct Domain {
  // Single blocks, exhaustive; still ones up to `most_flat`, with most_flat_text text tokens
  // before.
  std::int64_t most_text = 3, most_t = 3, most_extent = 8, most_flat = 8, most_flat_text = 3;
  std::int64_t two_extent = 2;  // both blocks of a pair: 1 x H x W up to this, or 2 x 1 x 1
  std::int64_t two_text = 2;    // text before them; one more between them
  int random = 24;              // shapes with an extent up to 64
  std::int64_t random_tokens = 600;
  std::string text() const;
};
inline constexpr std::uint64_t kShapeSeed = 20261122;

// Text alone, [n], n = 1 ... 8 and 64; [a; T x H x W; b]; [a; B; m; B'; b]; and the random ones.
// `unit` is a block that the scheme places: its medium and its extra fields are kept where the grid
// changes.
std::vector<Prompt> text_prompts();
std::vector<Prompt> single_prompts(const Domain& domain, const Visual& unit);
std::vector<Prompt> double_prompts(const Domain& domain, const Visual& unit);
std::vector<Prompt> random_prompts(const Domain& domain, const Visual& unit);

// The prompts one step smaller, best first: what shrinking tries.
std::vector<Prompt> smaller(const Prompt& prompt);

}  // namespace plumbline
