// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/real.h"

namespace plumbline {

// The axes of a position tuple, in order; `none`: the pair does not turn (NoPE). Schemes with other
// axes (VRoPE's four) use the same indices.
enum class Axis : std::uint8_t { t = 0, h = 1, w = 2, fourth = 3, none = 255 };
inline constexpr int kMostAxes = 4;
inline constexpr std::size_t index(Axis a) { return static_cast<std::size_t>(a); }

// head_dim D, rotary_dim d <= D (even), query heads and KV heads; num_key_value_heads divides
// num_heads.
struct HeadShape {
  int head_dim = 128, rotary_dim = 128, num_heads = 8, num_key_value_heads = 8;
  int pairs() const { return rotary_dim / 2; }
};
// Throws std::invalid_argument naming the field that breaks a rule above.
void check(const HeadShape& shape);

// The parts of a list between separators; none of an empty list.
std::vector<std::string> split(std::string_view list, char separator = ',');

// What a parameter may be. A value is a list of exact numbers; a flag is 0 or 1 and a word is the
// index into `words`.
// count: a positive integer. section: three positive integers. counts: three integers not below 0.
// triple: three numbers above 0. per_block, each_block, per_video: one number (above 0; not below 0
// for videos), or a list with one per visual segment or video; per_block tells frames apart, and
// any list will do where no segment has two. lanes: a list of positive even integers. numbers: any
// list of numbers, nested or not. coded: text that only `code` understands.
enum class Kind : std::uint8_t {
  positive,
  non_negative,
  count,
  section,
  counts,
  triple,
  flag,
  word,
  per_block,
  each_block,
  per_video,
  lanes,
  numbers,
  coded,
  ignored
};

// A knob that takes numbers and words alike. `read` gives the numbers it is kept as, empty for what
// is not allowed; `write` gives text that `read` maps back to the same numbers.
struct Code {
  std::vector<Rational> (*read)(std::string_view text);
  std::string (*write)(const std::vector<Rational>& values);
  std::string_view allowed;
};

// One knob of a scheme: a row beside the scheme that reads it, so that a new knob needs no other
// edit.
struct ParameterSpec {
  std::string_view name;
  Kind kind;
  std::string_view
      fallback;  // as text: "2", "16,24,24", "false"; empty: none, must be given where it is read
  std::string_view words = {};    // allowed words of Kind::word, comma-separated
  std::string_view aliases = {};  // other names, comma-separated
  const Code* code = nullptr;     // of Kind::coded
  // What suites set it to: a text, or what makes the scheme accept a shape; empty: leave it alone.
  std::string_view example = {};
  std::string (*fit)(const HeadShape& shape) = nullptr;
  std::string_view domain = {};  // values that criteria are judged over, "1;4;16"; empty: by kind
};

// The knobs of one case, exact, by name. Reading a name that the scheme does not declare is a
// programming error and throws std::logic_error; a value that was neither given nor has a fallback
// throws std::invalid_argument.
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::span<const ParameterSpec> specs);

  // Sets a knob from exact numbers. Throws std::invalid_argument naming the knob, the value and
  // what is allowed.
  void set(std::string_view name_or_alias, const std::vector<Rational>& numbers);
  // Sets a word, a flag ("true", "false") or a coded knob.
  void set(std::string_view name_or_alias, std::string_view word);
  // Sets any knob from text as rows write it: "2", "16,24,24", "true", "circle".
  void set_text(std::string_view name_or_alias, std::string_view text);

  const Rational& number(std::string_view name) const;
  const std::vector<Rational>& numbers(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::string_view word(std::string_view name) const;
  std::vector<std::int64_t> integers(std::string_view name) const;
  bool has(std::string_view name) const;        // declared and has a value
  bool was_given(std::string_view name) const;  // set by the user
  const ParameterSpec* find(std::string_view name_or_alias) const;
  // What a coded knob is written as.
  std::string text(std::string_view name) const;
  std::span<const ParameterSpec> specs() const { return specs_; }

 private:
  struct Entry {
    std::vector<Rational> values;
    bool given = false;
  };
  std::size_t at(std::string_view name) const;
  std::span<const ParameterSpec> specs_;
  std::vector<Entry> entries_;
};

// Knobs that several schemes share, each with the fallback of the row that uses it.
constexpr ParameterSpec temporal_stride(std::string_view fallback) {
  return {"temporal_stride", Kind::positive, fallback, {}, "scale_factor"};
}
// "t,h,w" that sums to the pairs of a shape, no two equal where there are six pairs or more.
std::string fitted_section(const HeadShape& shape);
constexpr ParameterSpec mrope_section(std::string_view fallback) {
  return {"mrope_section", Kind::section, fallback, {}, {}, nullptr, {}, fitted_section};
}
// KV heads per axis, "t,h,w" within the KV heads of a shape.
std::string fitted_heads(const HeadShape& shape);
constexpr ParameterSpec head_section(std::string_view fallback) {
  return {"mrope_section", Kind::section, fallback, {}, {}, nullptr, {}, fitted_heads};
}
constexpr ParameterSpec spatial_reset(std::string_view fallback) {
  return {"spatial_reset", Kind::flag, fallback};
}
// trunc: the final coordinates are cut toward zero, as the integer tensors of
// JJJYmmm/Multimodal-RoPEs do.
inline constexpr ParameterSpec kIntegerOutput{"integer_output", Kind::word, "trunc", "trunc,none"};
// Seconds between temporal patches.
inline constexpr ParameterSpec kSecondsPerGrid{
    "second_per_grid_t", Kind::per_video, "1", {}, "second_per_grid,second_per_grid_ts"};
inline constexpr ParameterSpec kTokensPerSecond{"tokens_per_second", Kind::positive, "2"};
inline constexpr ParameterSpec kIgnoredSection{"mrope_section", Kind::ignored, {}};

}  // namespace plumbline
