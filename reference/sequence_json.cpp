// SPDX-License-Identifier: Apache-2.0
// The segments of a case from JSON, and the field readers that all of a case shares.
#include <algorithm>
#include <stdexcept>

#include "reference/json_fields.h"

namespace plumbline {

void only_keys(const Json& object, std::string_view what,
               std::initializer_list<std::string_view> keys) {
  if (!object.is_object()) throw std::invalid_argument(std::string(what) + ": must be an object");
  for (const auto& [key, value] : object.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      throw std::invalid_argument(std::string(what) + ": unknown field '" + key.substr(0, 60) +
                                  "'");
    }
  }
}

std::string text_field(const Json& object, const std::string& key, std::string_view what) {
  if (!object.contains(key))
    throw std::invalid_argument(std::string(what) + ": needs '" + key + "'");
  if (!object[key].is_string()) throw std::invalid_argument(key + ": must be text");
  return object[key].get<std::string>();
}

namespace {

Grid grid_from(const Json& segment) {
  if (!segment.contains("grid") || !segment["grid"].is_array() || segment["grid"].size() != 3) {
    throw std::invalid_argument("grid: must be [T, H, W]");
  }
  const Json& g = segment["grid"];
  return {integer_in(g[0], "grid T", 1, kMostTokens), integer_in(g[1], "grid H", 1, kMostTokens),
          integer_in(g[2], "grid W", 1, kMostTokens)};
}

Segment segment_from(const Json& s) {
  if (!s.is_object()) throw std::invalid_argument("sequence: every segment must be an object");
  const std::string type = text_field(s, "type", "segment");
  if (type == "text") {
    only_keys(s, "text segment", {"type", "len", "role"});
    if (!s.contains("len")) throw std::invalid_argument("text segment: needs 'len'");
    return Text{integer_in(s["len"], "len", 0, kMostTokens),
                s.contains("role") ? text_field(s, "role", "segment") : ""};
  }
  if (type == "audio") {
    only_keys(s, "audio segment", {"type", "len"});
    if (!s.contains("len")) throw std::invalid_argument("audio segment: needs 'len'");
    return Text{integer_in(s["len"], "len", 0, kMostTokens), "", true};
  }
  if (type == "image" && s.contains("tiles")) {
    only_keys(s, "image segment", {"type", "tiles", "tokens"});
    const std::int64_t tiles = integer_in(s["tiles"], "tiles", 1, kMostTokens);
    const std::int64_t all =
        s.contains("tokens") ? integer_in(s["tokens"], "tokens", 1, kMostTokens) : 256 * tiles;
    if (all % tiles != 0) {
      throw std::invalid_argument("tokens = " + std::to_string(all) +
                                  ": must be a multiple of tiles = " + std::to_string(tiles));
    }
    return Visual{{1, tiles, all / tiles}, Medium::tiles};
  }
  if (type == "video" && s.contains("audio")) {
    only_keys(s, "video segment", {"type", "grid", "audio"});
    return Visual{grid_from(s), Medium::spoken_video, 0,
                  integer_in(s["audio"], "audio", 0, kMostTokens)};
  }
  if (type == "lumos_frame") {
    only_keys(s, "lumos_frame segment", {"type", "grid", "columns_including_newline"});
    const Visual frame{grid_from(s), Medium::lumos_frame};
    if (frame.grid.t != 1) {
      throw std::invalid_argument("grid T = " + std::to_string(frame.grid.t) +
                                  ": must be 1 in a lumos_frame");
    }
    const std::string key = "columns_including_newline";
    if (s.contains(key)) integer_in(s[key], key, frame.grid.w + 1, frame.grid.w + 1);
    return frame;
  }
  if (type == "image" || type == "video") {
    only_keys(s, type + " segment", {"type", "grid"});
    return Visual{grid_from(s), type == "image" ? Medium::image : Medium::video, 0};
  }
  if (type == "video_frame") {
    only_keys(s, "video_frame segment", {"type", "grid", "video"});
    const Grid grid = grid_from(s);
    if (grid.t != 1)
      throw std::invalid_argument("grid T = " + std::to_string(grid.t) +
                                  ": must be 1 in a video_frame");
    return Visual{grid, Medium::video_frame,
                  s.contains("video") ? integer_in(s["video"], "video", 0, kMostTokens) : 0};
  }
  throw std::invalid_argument("type = '" + type.substr(0, 60) +
                              "': must be text, audio, image, video, video_frame or lumos_frame");
}

}  // namespace

Sequence sequence_from_json(const Json& segments) {
  if (segments.is_string()) return parse_notation(segments.get<std::string>());
  if (!segments.is_array()) throw std::invalid_argument("sequence: must be a list of segments");
  Sequence out;
  for (const Json& s : segments) out.push_back(segment_from(s));
  tokens(out);
  return out;
}

}  // namespace plumbline
