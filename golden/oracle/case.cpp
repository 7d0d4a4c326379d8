// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/case.h"

#include <fmt/format.h>

#include <stdexcept>

namespace plumbline::oracle {
namespace {

// Token counts stay below this, so that sums of two never overflow.
constexpr std::int64_t kMostTokens = std::int64_t{1} << 62;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

std::int64_t within(std::int64_t value, std::int64_t low, std::int64_t high, const char* key) {
  if (value < low || value > high) refuse(fmt::format("{}: {} is out of range", key, value));
  return value;
}

// JSON would silently truncate a float and wrap a large unsigned.
std::int64_t integral(const Json& value, const char* key) {
  const bool wraps = value.is_number_unsigned() && value.get<std::uint64_t>() >> 63 != 0;
  if (!value.is_number_integer() || wraps) refuse(fmt::format("{}: needs an integer", key));
  return value;
}

// A grid of rows of `columns` tokens.
void parse_grid(const Json& object, Segment& segment) {
  segment.grid = three_integers(object, "grid");
  for (const std::int64_t extent : segment.grid) within(extent, 1, kMostTokens, "grid");
  const auto& [T, H, W] = segment.grid;
  segment.columns = integer(object, "columns_including_newline", W);
  within(segment.columns, W, W + 1, "columns_including_newline");
  if (__builtin_mul_overflow(T, H, &segment.tokens) ||
      __builtin_mul_overflow(segment.tokens, segment.columns, &segment.tokens)) {
    refuse("grid: too many tokens");
  }
}

Segment parse_segment(const Json& object) {
  const std::string type = object.at("type");
  Segment segment;
  const bool image = type == "image", video = type == "video", frame = type == "video_frame";
  if (type == "text" || type == "audio") {
    segment.tokens = within(integer(object, "len"), 0, kMostTokens, "len");
  } else if ((image || frame || video || type == "lumos_frame") && object.contains("grid") &&
             !has(object, "audio")) {
    segment.kind = type == "lumos_frame" ? Segment::Kind::lumos_frame : Segment::Kind::visual;
    segment.native_video = video;
    parse_grid(object, segment);
    if (!image && !video) within(segment.grid[0], 1, 1, "grid of a single frame");
  } else if (video && object.contains("grid")) {
    segment.kind = Segment::Kind::spoken;
    segment.native_video = true;
    parse_grid(object, segment);
    const std::int64_t sound = within(integer(object, "audio"), 0, kMostTokens, "audio");
    if (__builtin_add_overflow(segment.tokens, sound + kMarks, &segment.tokens)) {
      refuse("audio: too many tokens");
    }
  } else if (image && object.contains("tiles")) {
    segment.kind = Segment::Kind::tiles;
    segment.tokens = within(integer(object, "tokens"), 1, kMostTokens, "tokens");
    segment.grid = {1, 1, segment.tokens};
    segment.columns = segment.tokens;
  } else {
    segment.kind = Segment::Kind::unknown;
    segment.tokens = within(integer(object, "tokens", 0), 0, kMostTokens, "tokens");
  }
  return segment;
}

void parse_shape(const Json& shape, Case& c) {
  constexpr std::int64_t kMost = 1 << 20;
  c.head_dim = within(integer(shape, "head_dim"), 1, kMost, "head_dim");
  c.rotary_dim = within(integer(shape, "rotary_dim"), 2, c.head_dim, "rotary_dim");
  c.num_heads = within(integer(shape, "num_heads"), 1, kMost, "num_heads");
  c.num_key_value_heads =
      within(integer(shape, "num_key_value_heads"), 1, c.num_heads, "num_key_value_heads");
  if (c.rotary_dim % 2 != 0) refuse("rotary_dim: must be even");
  if (c.num_heads % c.num_key_value_heads != 0) {
    refuse("num_heads: must be a multiple of num_key_value_heads");
  }
}

void parse_padding(const Json& object, Case& c) {
  if (has(object, "attention_mask")) {
    for (const Json& bit : object["attention_mask"]) {
      const std::int64_t value = integral(bit, "attention_mask");
      c.mask.push_back(static_cast<std::uint8_t>(within(value, 0, 1, "attention_mask")));
    }
    if (c.mask.empty()) refuse("attention_mask: is empty");
  }
  if (has(object, "padding")) {
    if (!c.mask.empty()) refuse("padding: excludes attention_mask");
    const Json& padding = object["padding"];
    if (has(padding, "left")) c.left = within(integer(padding, "left"), 0, kMostTokens, "left");
    if (has(padding, "right")) c.right = within(integer(padding, "right"), 0, kMostTokens, "right");
  }
}

}  // namespace

Case parse_case(const std::string& text) {
  const Json object = Json::parse(text);
  if (!object.is_object()) refuse("the case is not a JSON object");
  Case c;
  c.scheme = object.at("scheme");
  c.params = object.value("params", Json::object());
  c.composition = object.value("composition", Json::object());
  c.spectrum = object.at("spectrum");
  if (!c.params.is_object() || !c.composition.is_object()) {
    refuse("params and composition must be objects");
  }
  for (const Json& segment : object.at("sequence")) {
    c.sequence.push_back(parse_segment(segment));
    if (c.sequence.back().kind == Segment::Kind::unknown && !segment.contains("tokens")) {
      c.countable = false;
    }
  }
  parse_shape(object.at("shape"), c);
  const std::string pairing = object.at("pairing");
  if (pairing != "neox" && pairing != "gptj") refuse("pairing: must be neox or gptj");
  c.gptj = pairing == "gptj";
  c.exact_arithmetic = object.value("arithmetic", std::string("exact")) == "exact";
  parse_padding(object, c);
  if (has(object, "window")) {
    for (const Json& run : object["window"]) {
      c.window.push_back({within(integral(run.at(0), "window"), 0, kMostTokens, "window"),
                          within(integral(run.at(1), "window"), 0, kMostTokens, "window")});
    }
  }
  c.dtypes = object.value("dtypes", std::vector<std::string>());
  c.tensors = object.value("tensors", std::vector<std::string>());
  return c;
}

bool has(const Json& object, const char* key) {
  return object.contains(key) && !object.at(key).is_null();
}

Rational number(const Json& value) {
  if (value.is_string()) return parse_rational(value.get<std::string>());
  if (value.is_number_integer()) return parse_rational(value.dump());
  refuse(fmt::format("not an exact number: {}", value.dump()));
}

Rational number(const Json& object, const char* key) {
  if (!has(object, key)) refuse(fmt::format("{}: is missing", key));
  return number(object.at(key));
}

Rational number(const Json& object, const char* key, const Rational& otherwise) {
  return has(object, key) ? number(object.at(key)) : otherwise;
}

std::int64_t integer(const Json& object, const char* key) { return integral(object.at(key), key); }

std::int64_t integer(const Json& object, const char* key, std::int64_t otherwise) {
  return has(object, key) ? integral(object.at(key), key) : otherwise;
}

std::array<std::int64_t, 3> three_integers(const Json& object, const char* key) {
  const Json& list = object.at(key);
  if (!list.is_array() || list.size() != 3) refuse(fmt::format("{}: needs three integers", key));
  return {integral(list[0], key), integral(list[1], key), integral(list[2], key)};
}

}  // namespace plumbline::oracle
