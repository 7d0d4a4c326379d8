// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/parameters.h"

// Second axis of a scheme: what a pair reads. A table, not a behaviour.
namespace plumbline {

// The axis that drives a pair, and the rung of its frequency on that axis' ladder.
struct Assignment {
  Axis axis = Axis::none;
  std::int32_t rung = 0;
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// How the ladder of an axis differs from the case's spectrum: its own base; `dim` in place of
// rotary_dim, where an axis has a spectrum of its own; frequencies raised to a power; frequencies
// in turns instead of radians, that is times 2 pi. Frequency of rung r, unscaled: (2 pi) (base^(-2
// r / dim))^exponent.
struct Ladder {
  std::optional<Rational> rope_theta = {};
  int dim = 0;  // 0: the case's rotary_dim
  Rational exponent{1};
  bool turns = false;
  friend bool operator==(const Ladder&, const Ladder&) = default;
};

// of[map * pairs + pair]; maps is 1, or num_key_value_heads where KV heads differ. Query head j
// reads the map of KV head floor(j / (num_heads / num_key_value_heads)).
struct FrequencyAllocation {
  int maps = 1, pairs = 0;
  std::vector<Assignment> of;
  std::vector<Ladder> ladders{Ladder{}};  // one for all axes, or one per axis
  // Where not empty, what the second lane of each pair reads instead: such a map is no rotation.
  std::vector<Assignment> partner;
  std::string_view letters = "THW3";  // of the axes
  std::vector<std::string> warnings;  // one line each: a request that could not be honoured
  const Assignment& at(int map, int pair) const {
    return of[static_cast<std::size_t>(map * pairs + pair)];
  }
  char letter(Axis axis) const;
  const Ladder& ladder(Axis axis) const {
    return ladders.size() == 1 || axis == Axis::none ? ladders.front() : ladders[index(axis)];
  }
  int map_of(int kv_head) const { return maps == 1 ? 0 : kv_head; }
  std::string axis_map(int map) const;  // one letter per pair, pair 0 the fastest
  int count(int map, Axis axis) const;
};

// Throws std::invalid_argument naming the knob where the shape cannot carry the parameters.
struct Allocation {
  std::string_view name;
  FrequencyAllocation (*allocate)(const HeadShape&, const Parameters&);
};

// Axes, rungs, ladders and second lanes as text: equal for equal maps, whatever their letters.
std::string to_text(const FrequencyAllocation& map);

// Every pair reads the first axis. F-1D.
FrequencyAllocation first_axis(const HeadShape&, const Parameters&);
// First s_t pairs T, next s_h pairs H, next s_w pairs W; needs s_t + s_h + s_w = pairs.
// Source: Qwen2-VL; huggingface/transformers models/qwen2_vl, apply_multimodal_rotary_pos_emb.
FrequencyAllocation chunked(const HeadShape&, const Parameters&);
// H where i mod 3 = 1 and i < 3 s_h; W where i mod 3 = 2 and i < 3 s_w; else T. s_t is never read;
// a request that does not come out as asked is a warning with the effective counts. Source: arXiv
// 2510.23095, MRoPE-I; huggingface/transformers models/qwen3_vl, apply_interleaved_mrope.
FrequencyAllocation interleaved(const HeadShape&, const Parameters&);
// Whole KV heads: s_t heads T, next s_h heads H, next s_w heads W, the rest do not turn; needs the
// sum <= KV heads. Source: arXiv 2510.23095, MHRoPE; JJJYmmm/Multimodal-RoPEs,
// freq_allocation/mhrope.py.
FrequencyAllocation per_head(const HeadShape&, const Parameters&);

inline constexpr Allocation kFirstAxis{"first_axis", first_axis}, kChunked{"chunked", chunked},
    kInterleaved{"interleaved", interleaved}, kPerHead{"per_head", per_head};

}  // namespace plumbline
