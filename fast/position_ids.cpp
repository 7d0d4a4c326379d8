// SPDX-License-Identifier: Apache-2.0
#include "fast/position_ids.h"

#include <algorithm>
#include <limits>
#include <string>

#include "fast/refuse.h"

namespace plumbline::fast {
namespace {

std::int64_t block_tokens(const PromptSegment& s) { return std::int64_t{s.t} * s.h * s.w; }

std::int64_t time_of(const PromptSegment& s, int frame) {
  return s.times.empty() ? frame : s.times[static_cast<std::size_t>(frame)];
}

void check(const PromptSegment& s) {
  require(s.text >= 0, "text", s.text, "must not be negative");
  require(s.t >= 0, "t", s.t, "must not be negative");
  require(s.h >= 0, "h", s.h, "must not be negative");
  require(s.w >= 0, "w", s.w, "must not be negative");
  const bool visual = s.t != 0 || s.h != 0 || s.w != 0;
  require(s.text == 0 || !visual, "text", s.text, "must be 0 in a visual segment");
  const auto three = [&](const char* between) {
    return std::to_string(s.t) + between + std::to_string(s.h) + between + std::to_string(s.w);
  };
  if (visual && (s.t == 0 || s.h == 0 || s.w == 0))
    refuse("t, h, w", three(", "), "must be all positive or all 0");
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (visual && std::int64_t{s.h} * s.w > kMost / s.t)
    refuse("t * h * w", three(" * "), "must not exceed 2^31 - 1");
  if (s.times.empty()) return;
  require(s.times.size() == static_cast<std::size_t>(s.t), "number of times", s.times.size(),
          "must be t");
  require(s.times[0] >= 0, "times", s.times[0], "must not be negative");
  const auto drop = std::is_sorted_until(s.times.begin(), s.times.end());
  if (drop != s.times.end()) refuse("times", *drop, "must not decrease");
}

// The greatest position in a block that begins at p.
std::int64_t greatest(PositionLayout layout, const PromptSegment& s, std::int64_t p) {
  if (layout == PositionLayout::flat) return p + block_tokens(s) - 1;
  const std::int64_t origin = layout == PositionLayout::grid ? p : 0;
  return std::max({p + time_of(s, s.t - 1), origin + s.h - 1, origin + s.w - 1});
}
// How far text moves on past a block.
std::int64_t extent(PositionLayout layout, const PromptSegment& s) {
  return greatest(layout, s, 0) + 1;
}

// Not std::iota, which goes one past the last of them.
template <class Position>
void count_up(Position* out, std::int64_t count, std::int64_t from) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<Position>(from + i);
}

template <class Position>
void write_block(PositionLayout layout, const PromptSegment& s, std::int64_t p, Position* out,
                 std::ptrdiff_t stride) {
  const std::int64_t origin = layout == PositionLayout::grid ? p : 0;
  for (int i = 0; i < s.t; ++i) {
    const auto time = static_cast<Position>(p + time_of(s, i));
    for (int j = 0; j < s.h; ++j, out += s.w) {
      std::fill_n(out, s.w, time);
      std::fill_n(out + stride, s.w, static_cast<Position>(origin + j));
      count_up(out + 2 * stride, s.w, origin);
    }
  }
}

template <class Position>
std::int64_t write(PositionLayout layout, std::span<const PromptSegment> prompt, std::int64_t start,
                   Position* out, std::ptrdiff_t stride) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  const int axes = axes_of(layout), tokens = count_tokens(prompt);
  require(axes == 1 || stride >= tokens, "axis_stride", stride,
          "must be at least the number of tokens");
  require(start >= -kMost && start <= kMost, "start", start, "must lie in [-2^31, 2^31]");
  std::int64_t end = start, top = start - 1;
  for (const PromptSegment& s : prompt) {
    top = std::max(top, s.t == 0 ? end + s.text - 1 : greatest(layout, s, end));
    end += s.t == 0 ? s.text : extent(layout, s);
  }
  const std::int64_t last = sizeof(Position) == 4 ? kMost - 1 : kMost;
  require(top <= last, "position_ids", top, "must not exceed 2^31 (int32: 2^31 - 1)");

  std::int64_t p = start;
  for (const PromptSegment& s : prompt) {
    const bool visual = s.t != 0, flat = layout == PositionLayout::flat;
    const std::int64_t count = visual ? block_tokens(s) : s.text;
    if (visual && !flat) {
      write_block(layout, s, p, out, stride);
    } else {
      for (int axis = 0; axis < axes; ++axis) count_up(out + axis * stride, count, p);
    }
    out += count;
    p += visual ? extent(layout, s) : count;
  }
  return p;
}

}  // namespace

int axes_of(PositionLayout layout) {
  require(layout <= PositionLayout::spatial_reset, "layout", static_cast<int>(layout),
          "is not one of the three");
  return layout == PositionLayout::flat ? 1 : 3;
}

int count_tokens(std::span<const PromptSegment> prompt) {
  std::int64_t total = 0;
  for (const PromptSegment& s : prompt) {
    check(s);
    total += s.t == 0 ? s.text : block_tokens(s);
    require(total <= std::numeric_limits<int>::max(), "tokens", total, "must not exceed 2^31 - 1");
  }
  return static_cast<int>(total);
}

std::int64_t position_ids(PositionLayout layout, std::span<const PromptSegment> prompt,
                          std::int64_t start, std::int32_t* out, std::ptrdiff_t axis_stride) {
  return write(layout, prompt, start, out, axis_stride);
}
std::int64_t position_ids(PositionLayout layout, std::span<const PromptSegment> prompt,
                          std::int64_t start, std::int64_t* out, std::ptrdiff_t axis_stride) {
  return write(layout, prompt, start, out, axis_stride);
}

}  // namespace plumbline::fast
