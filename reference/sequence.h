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
  std::string role;    // free text, kept
  bool audio = false;  // audio tokens, which every scheme places like text
  friend bool operator==(const Text&, const Text&) = default;
};

// tiles: an image cut into tiles, whose tokens have no rows. lumos_frame: rows that end in a token
// of their own. spoken_video: a video interleaved with its audio track.
enum class Medium : std::uint8_t { image, video, video_frame, tiles, lumos_frame, spoken_video };

// One native block. `video` numbers the video that a video_frame belongs to; tiles have the grid
// 1 x tiles x tokens of a tile; a spoken video holds `audio` audio tokens beside its grid, and the
// two begin and two end tokens, because they share positions.
struct Visual {
  Grid grid;
  Medium medium = Medium::image;
  std::int64_t video = 0, audio = 0;
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

// Tokens of a row: a lumos_frame has one more than columns.
std::int64_t row_tokens(const Visual& visual);

// Notation for people: "t5 v1x4x6 t3" is text of 5 tokens, a visual block of T x H x W = 1 x 4 x 6,
// text of 3. "f3x4x6" is one video as 3 blocks of one frame with no text between. A visual block
// with T = 1 is an image. "a9" is audio of 9 tokens, "k2x256" an image of 2 tiles of 256 tokens,
// "l4x6" a lumos_frame of 4 rows of 6 columns, "s2x4x6+9" a video with 9 tokens of audio.
// parse_notation throws std::invalid_argument naming the word; notation(parse_notation(s)) == s up
// to spaces.
Sequence parse_notation(std::string_view text);
std::string notation(const Sequence& sequence);

}  // namespace plumbline
