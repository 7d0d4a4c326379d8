// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "golden/oracle/case.h"

namespace plumbline::oracle {

enum class Layout : std::uint8_t { flat, grid, spatial_reset };
enum class Advance : std::uint8_t { past_count, past_extent };
enum class Allocate : std::uint8_t { first_axis, chunked, interleaved, per_head };

// What positions are made of. The token (t, h, w) of a visual block that starts at the cursor p
// stands at
//   flat:           p + index on every axis
//   grid:           (p + time(t), p + h, p + w)
//   spatial_reset:  (p + time(t), h, w)
// and the cursor goes on to p + tokens (past_count) or p + max(time(T-1), H-1, W-1) + 1
// (past_extent).
struct Design {
  Layout layout = Layout::flat;
  Advance advance = Advance::past_count;
  std::size_t axes = 3;
  Rational stride = 1;         // time(t) = stride t
  bool whole_seconds = false;  // time(t) = floor(seconds t), the seconds of each native video below
  std::vector<Rational> seconds = {};
  bool truncate = false;  // integer_output: coordinates lose their fraction at the very end
};

// A scheme as far as this oracle knows it; a part that it does not know says why.
struct Scheme {
  std::optional<Design> design;
  std::optional<Allocate> allocate;
  std::string why_no_design, why_no_allocation;
};

// By the scheme's name, else by the words of `composition`. Throws std::invalid_argument for
// parameters out of range. Source: JJJYmmm/Multimodal-RoPEs, multimodal_ropes/pos_design and
// freq_allocation; for mrope-abs-time QwenLM/Qwen3-VL, the fine-tuning rope index of Qwen2.5-VL.
Scheme find_scheme(const Case& c);

// Axis 0 to A-1 per pair, or kStill: [maps][pairs], row-major. maps is 1, or num_key_value_heads
// for per_head.
struct Allocation {
  std::size_t maps = 1;
  std::vector<std::uint8_t> axis;
};
inline constexpr std::uint8_t kStill = 255;
Allocation allocation(Allocate rule, const Case& c);

}  // namespace plumbline::oracle
