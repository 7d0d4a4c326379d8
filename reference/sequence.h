// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plumbline {

// Token counts of a visual block after spatial_merge_size: t frames of h rows of w columns, t
// slowest, w fastest.
struct Grid {
  std::int64_t t = 1, h = 1, w = 1;
  friend bool operator==(const Grid&, const Grid&) = default;
};

struct Text {
  std::int64_t length = 0;
  std::string role;  // free text, kept
  friend bool operator==(const Text&, const Text&) = default;
};

enum class Medium : std::uint8_t { image, video, video_frame };

// One native block. `video` numbers the video that a video_frame belongs to.
struct Visual {
  Grid grid;
  Medium medium = Medium::image;
  std::int64_t video = 0;
  friend bool operator==(const Visual&, const Visual&) = default;
};

using Segment = std::variant<Text, Visual>;
using Sequence = std::vector<Segment>;

// Sequences whose token count exceeds this are refused before anything is allocated; see
// Case::window.
inline constexpr std::int64_t kLargestSequence = std::int64_t{1} << 31;

// Tokens of a segment; of a sequence. Exact. Throws std::invalid_argument where the count passes
// 2^62, for a negative length and for a grid entry below 1.
std::int64_t tokens(const Segment& segment);
std::int64_t tokens(const Sequence& sequence);

// Notation for people: "t5 v1x4x6 t3" is text of 5 tokens, a visual block of T x H x W = 1 x 4 x 6,
// text of 3. "f3x4x6" is one video as 3 blocks of one frame with no text between. A visual block
// with T = 1 is an image. parse_notation throws std::invalid_argument naming the word;
// notation(parse_notation(s)) == s up to spaces.
Sequence parse_notation(std::string_view text);
std::string notation(const Sequence& sequence);

}  // namespace plumbline
