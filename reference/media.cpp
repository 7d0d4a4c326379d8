// SPDX-License-Identifier: Apache-2.0
// From pixels to grids, and from prompt files to cases: what model.h says of them.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "reference/json_fields.h"
#include "reference/model.h"

namespace plumbline {
namespace {

constexpr std::int64_t kMostFrames = 1 << 20;

enum class VideoRule : std::uint8_t { per_frame, whole_volume };

// f = patch size x merge size, in pixels a token side; limits in pixels.
struct MediaRule {
  std::string_view name;
  double factor;
  double image_min, image_max;
  double image_frames;  // frames that a still image counts as in the pixel limits
  VideoRule video;
  double video_min, video_max;  // of the whole volume; per_frame derives its own
  bool time_rounds;             // round(n / 2) temporal patches instead of ceil(n / 2)
  bool splits_video;  // every temporal patch is a block of its own, with a timestamp in text
};
constexpr MediaRule kRules[] = {
    {"qwen2-vl", 28, 3136, 12845056, 1, VideoRule::per_frame, 0, 0, false, false},
    {"qwen3-vl", 32, 65536, 16777216, 1, VideoRule::whole_volume, 16384, 12582912, false, true},
    {"glm-4v", 28, 12544, 9633792, 2, VideoRule::whole_volume, 12544, 9633792, true, true},
};

const MediaRule& find_rule(std::string_view name) {
  for (const MediaRule& rule : kRules) {
    if (rule.name == name) return rule;
  }
  throw std::invalid_argument("media_rule = '" + std::string(name) + "': must be a known one");
}

// Throws for a preset that has no rule, `field` being what the prompt asks it for.
void need_rule(const Model& preset, std::string_view field) {
  if (!preset.media_rule.empty()) return;
  throw std::invalid_argument(
      std::string(field) + ": model = '" + preset.name +
      "' has no rule for the size of images and videos: must be given as a case with a sequence "
      "of grids, {\"type\": \"" +
      std::string(field) + "\", \"grid\": [T, H, W]}");
}

// Python's round(): to nearest, ties to even.
double round_even(double x) { return std::nearbyint(x); }

// H x W in pixels. `count` frames share the limits; `shown` is the count after temporal padding.
// The sources have two functions of this shape: the one for a still (or one frame) never goes below
// one token a side; the one for a volume first scales a side below f up to f.
struct Size {
  double h, w;
};
std::string pixels(double side) { return std::to_string(static_cast<std::int64_t>(side)); }
Size resize(const MediaRule& rule, double count, double shown, double height, double width,
            double low, double high, bool still) {
  const double f = rule.factor;
  double h = height, w = width;
  if (!still && (h < f || w < f)) {
    const double scale = std::max(f / h, f / w);
    h = std::floor(h * scale);
    w = std::floor(w * scale);
  }
  if (std::max(h, w) / std::min(h, w) > 200) {
    throw std::invalid_argument("width x height = " + pixels(width) + " x " + pixels(height) +
                                ": must have an aspect ratio of at most 200");
  }
  const double least = still ? f : 0;
  Size out{std::max(least, round_even(h / f) * f), std::max(least, round_even(w / f) * f)};
  if (shown * out.h * out.w > high) {
    const double beta = std::sqrt((count * h * w) / high);
    out = {std::max(f, std::floor(h / beta / f) * f), std::max(f, std::floor(w / beta / f) * f)};
  } else if (shown * out.h * out.w < low) {
    const double beta = std::sqrt(low / (count * h * w));
    out = {std::ceil(h * beta / f) * f, std::ceil(w * beta / f) * f};
  }
  return out;
}

Grid grid_of(const MediaRule& rule, std::int64_t t, const Size& size) {
  return {t, static_cast<std::int64_t>(size.h / rule.factor),
          static_cast<std::int64_t>(size.w / rule.factor)};
}

void check_size(std::int64_t width, std::int64_t height) {
  constexpr std::int64_t kMost = 1 << 24;
  if (width < 1 || width > kMost) {
    throw std::invalid_argument("width = " + std::to_string(width) + ": must be 1 to " +
                                std::to_string(kMost));
  }
  if (height < 1 || height > kMost) {
    throw std::invalid_argument("height = " + std::to_string(height) + ": must be 1 to " +
                                std::to_string(kMost));
  }
}

const Json& field(const Json& object, const std::string& key, std::string_view what) {
  if (!object.contains(key))
    throw std::invalid_argument(std::string(what) + ": needs '" + key + "'");
  return object[key];
}

// Collects segments, merging the text that markers, timestamps and items add.
class SequenceBuilder {
 public:
  void text(std::int64_t n) { pending_ += n; }
  void visual(const Json& segment) {
    flush();
    list_.push_back(segment);
  }
  Json finish() {
    flush();
    return list_;
  }

 private:
  void flush() {
    if (pending_ > 0) list_.push_back(Json{{"type", "text"}, {"len", pending_}});
    pending_ = 0;
  }
  Json list_ = Json::array();
  std::int64_t pending_ = 0;
};

Json grid_json(const Grid& g) { return Json::array({g.t, g.h, g.w}); }

}  // namespace

Grid image_grid(std::string_view name, std::int64_t width, std::int64_t height) {
  const MediaRule& rule = find_rule(name);
  check_size(width, height);
  return grid_of(
      rule, 1,
      resize(rule, rule.image_frames, rule.image_frames, static_cast<double>(height),
             static_cast<double>(width), rule.image_min, rule.image_max, rule.image_frames == 1));
}

Grid video_grid(std::string_view name, std::int64_t frames, std::int64_t width,
                std::int64_t height) {
  const MediaRule& rule = find_rule(name);
  check_size(width, height);
  // A lone frame is doubled where frames are resized one by one; a volume needs a whole temporal
  // patch (num_frames below temporal_factor is refused by the sources' resizing).
  const std::int64_t least = rule.video == VideoRule::per_frame ? 1 : 2;
  if (frames < least || frames > kMostFrames) {
    throw std::invalid_argument("frames = " + std::to_string(frames) + ": must be " +
                                std::to_string(least) + " to " + std::to_string(kMostFrames) +
                                " under the rule " + std::string(rule.name));
  }
  const double n = static_cast<double>(frames), h = static_cast<double>(height),
               w = static_cast<double>(width);
  const double patches = rule.time_rounds ? round_even(n / 2) : std::ceil(n / 2);
  const auto t = static_cast<std::int64_t>(patches);
  if (rule.video == VideoRule::whole_volume) {
    return grid_of(rule, t,
                   resize(rule, n, 2 * patches, h, w, rule.video_min, rule.video_max, false));
  }
  const double cell = rule.factor * rule.factor, low = 128 * cell;
  const double high = std::max(std::min(768 * cell, 115200 * cell / n * 2), std::floor(low * 1.05));
  return grid_of(rule, t, resize(rule, 1, 1, h, w, low, high, true));
}

Json case_of_prompt(const Json& prompt, std::string_view model) {
  Json out = Json::object();
  Json items = prompt;
  std::string name(model);
  std::int64_t timestamp_tokens = 7;
  if (prompt.is_object()) {
    items = field(prompt, "prompt", "prompt file");
    for (const auto& [key, value] : prompt.items()) {
      if (key == "timestamp_tokens") {
        timestamp_tokens = integer_in(value, key, 0, 1 << 20);
      } else if (key == "model") {
        if (!value.is_string()) throw std::invalid_argument("model: must be a name");
        if (name.empty()) name = value.get<std::string>();
      } else if (key != "prompt") {
        out[key] = value;
      }
    }
  }
  if (!items.is_array()) throw std::invalid_argument("prompt: must be a list of items");
  for (const Json& item : items) {
    if (item.is_object() && item.contains("prompt")) {
      throw std::invalid_argument(
          "prompt: a list of prompt files: must be one, an object with 'prompt', or a list of "
          "items");
    }
  }
  if (name.empty())
    throw std::invalid_argument("model: a prompt file needs one, for its resizing rule");
  const Model& preset = find_model(name);
  out["model"] = preset.name;

  SequenceBuilder sequence;
  Json seconds = Json::array();
  std::int64_t videos = 0;
  for (const Json& item : items) {
    only_keys(item, "prompt item", {"text", "image", "video"});
    if (item.size() != 1)
      throw std::invalid_argument("prompt item: must be one of text, image, video");
    if (item.contains("text")) {
      sequence.text(integer_in(item["text"], "text", 0, std::int64_t{1} << 40));
    } else if (item.contains("image")) {
      const Json& image = item["image"];
      need_rule(preset, "image");
      only_keys(image, "image", {"width", "height"});
      const Grid grid = image_grid(
          preset.media_rule, integer_in(field(image, "width", "image"), "width", 1, 1 << 24),
          integer_in(field(image, "height", "image"), "height", 1, 1 << 24));
      sequence.text(1);
      sequence.visual(Json{{"type", "image"}, {"grid", grid_json(grid)}});
      sequence.text(1);
    } else {
      const Json& video = item["video"];
      need_rule(preset, "video");
      only_keys(video, "video", {"frames", "fps", "width", "height"});
      const Grid grid = video_grid(
          preset.media_rule, integer_in(field(video, "frames", "video"), "frames", 1, kMostFrames),
          integer_in(field(video, "width", "video"), "width", 1, 1 << 24),
          integer_in(field(video, "height", "video"), "height", 1, 1 << 24));
      const Rational fps = exact_number(field(video, "fps", "video"), "fps");
      if (fps <= 0) throw std::invalid_argument("fps = " + to_text(fps) + ": must be above 0");
      seconds.push_back(number_json(Rational(2 / fps)));
      if (!find_rule(preset.media_rule).splits_video) {
        sequence.text(1);
        sequence.visual(Json{{"type", "video"}, {"grid", grid_json(grid)}});
        sequence.text(1);
      } else {
        for (std::int64_t t = 0; t < grid.t; ++t) {
          sequence.text(timestamp_tokens + 1);
          sequence.visual(Json{{"type", "video_frame"},
                               {"grid", grid_json({1, grid.h, grid.w})},
                               {"video", videos}});
          sequence.text(1);
        }
      }
      ++videos;
    }
  }
  out["sequence"] = sequence.finish();
  if (out.contains("params") && !out["params"].is_object())
    throw std::invalid_argument("params: must be an object");
  const Parameters parameters(find_scheme(preset.scheme).parameters);
  const ParameterSpec* timed = parameters.find("second_per_grid_t");
  bool given = false;
  if (out.contains("params")) {
    for (const auto& [key, value] : out["params"].items())
      given = given || (timed != nullptr && parameters.find(key) == timed);
  }
  if (timed != nullptr && !seconds.empty() && !given) out["params"]["second_per_grid_t"] = seconds;
  return out;
}

}  // namespace plumbline
