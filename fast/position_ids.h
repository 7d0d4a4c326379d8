// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// position_ids of prompts at speed, for the integer layouts that are deployed.
namespace plumbline::fast {

// A run of text tokens, or a block of t x h x w visual tokens in row-major order, counted after
// spatial merging. An image has t = 1; frames that are split by timestamps are blocks of their own.
struct PromptSegment {
  int text = 0;
  int t = 0, h = 0, w = 0;
  // [t], offsets of the frames in positions, not decreasing; empty: 0, 1, .. t - 1. For absolute
  // time (Qwen2.5-VL) floor(frame * second_per_grid_t * tokens_per_second).
  std::span<const std::int32_t> times;
};

// Where token (i, j, k) of a block stands, p the position that text would have there:
//   flat           p + (i h + j) w + k on one axis; then text goes on behind the last token
//   grid           (p + times[i], p + j, p + k)
//   spatial_reset  (p + times[i], j, k)
// of the last two, text goes on at p + max(times[t - 1], h - 1, w - 1) + 1. Text has one position,
// equal on all axes. Source: huggingface/transformers, get_rope_index of qwen2_vl (grid);
// arXiv 2510.23095 (spatial_reset).
enum class PositionLayout : std::uint8_t { flat, grid, spatial_reset };

// Axes that a layout has: 1 for flat, else 3. Throws std::invalid_argument for what is no layout.
int axes_of(PositionLayout layout);
// Tokens of a prompt. Throws std::invalid_argument for a segment with a negative number or both
// kinds of tokens, and beyond 2^31 - 1 tokens.
int count_tokens(std::span<const PromptSegment> prompt);

// Writes out[axis * axis_stride + token] for the prompt that starts at position `start`, and
// returns the position after it: rope_delta is that minus start minus the number of tokens. Prompts
// of a batch may be written side by side with one stride. Throws std::invalid_argument as
// the two above, for times of a wrong length or order, an axis_stride below the number of tokens
// (where there is more than one axis), and for a position beyond 2^31, before anything is written.
std::int64_t position_ids(PositionLayout layout, std::span<const PromptSegment> prompt,
                          std::int64_t start, std::int32_t* out, std::ptrdiff_t axis_stride);
std::int64_t position_ids(PositionLayout layout, std::span<const PromptSegment> prompt,
                          std::int64_t start, std::int64_t* out, std::ptrdiff_t axis_stride);

}  // namespace plumbline::fast
