// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "golden/oracle/exact.h"

namespace plumbline::oracle {

using Json = nlohmann::json;

inline constexpr std::int64_t kMarks = 4;

struct Segment {
  // `audio` stands like text. Of the visual ones only `visual` is a plain T x H x W grid: `tiles`
  // has a count of tokens and no grid, the rows of a `lumos_frame` end in a newline token, and a
  // `spoken` video has sound tokens and kMarks begin and end tokens beside those of its grid.
  enum class Kind : std::uint8_t { text, visual, tiles, lumos_frame, spoken, unknown };
  Kind kind = Kind::text;
  bool native_video = false;              // a `video` block, the only kind that has a duration
  std::int64_t tokens = 0;                // of an unknown kind: what `tokens` says, else 0
  std::array<std::int64_t, 3> grid = {};  // T, H, W; 1, 1, tokens of tiles
  std::int64_t columns = 0;               // tokens of one row
  bool is_visual() const { return kind != Kind::text && kind != Kind::unknown; }
};

// The case JSON of FORMAT.md, section 4, with every number exact.
struct Case {
  std::string scheme;
  Json params, composition, spectrum;
  std::vector<Segment> sequence;
  bool countable = true;  // every segment has a token count that is known here
  std::int64_t head_dim = 0, rotary_dim = 0, num_heads = 0, num_key_value_heads = 0;
  bool gptj = false;
  bool exact_arithmetic = true;
  std::vector<std::uint8_t> mask;  // attention_mask; empty where there is none
  std::int64_t left = 0, right = 0;
  std::vector<std::array<std::int64_t, 2>> window;  // empty: the whole row
  std::vector<std::string> dtypes, tensors;

  std::int64_t pairs() const { return rotary_dim / 2; }
};

// Throws std::invalid_argument naming the key that is missing, of the wrong type or out of range.
Case parse_case(const std::string& text);

// The value under a key as an exact rational; integers and the strings of parse_rational are
// numbers, floats are not. An absent or null key gives the default, or throws std::invalid_argument
// where there is none.
Rational number(const Json& object, const char* key);
Rational number(const Json& object, const char* key, const Rational& otherwise);
Rational number(const Json& value);
bool has(const Json& object, const char* key);
// A JSON integer, the same with a default for an absent or null key, and a list of exactly three.
std::int64_t integer(const Json& object, const char* key);
std::int64_t integer(const Json& object, const char* key, std::int64_t otherwise);
std::array<std::int64_t, 3> three_integers(const Json& object, const char* key);

}  // namespace plumbline::oracle
