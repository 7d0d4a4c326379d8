// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/case.h"

namespace plumbline {

// A preset: reference/models/<name>.json, where every value stands beside its source. "smoke":
// false keeps one whose kind another preset shows out of the suite of that name.
struct Model {
  std::string name, title;
  std::vector<std::string> aliases;
  std::string scheme;
  Json params;    // as in a case
  Json shape;     // all four fields
  Json spectrum;  // as in a case
  Pairing pairing = Pairing::neox;
  std::string media_rule;  // empty: text only
  std::int64_t max_position_embeddings = 0;
  bool smoke = true;
};

// All presets, by name. Throws std::logic_error for a damaged preset, naming it.
const std::vector<Model>& models();
// Throws std::invalid_argument naming the presets there are.
const Model& find_model(std::string_view name_or_alias);

// A prompt file: what a user really sends, in pixels, frames and text tokens, turned into a
// sequence by the preset's own resizing rule. Items: {"text": n}, {"image": {"width", "height"}},
// {"video": {"frames", "fps", "width", "height"}}; the file is a list of items, or an object with
// "prompt": [...], and optionally "id", "model", "timestamp_tokens" (default 7) and case fields.
// Returns a case object for case_from_json; `model` overrides the file's. Throws
// std::invalid_argument.
Json case_of_prompt(const Json& prompt, std::string_view model);

// Grid of one still image or video after resizing and merging, T x H x W; width and height in
// pixels. Throws std::invalid_argument for an unknown rule, a size below 1 or an aspect ratio above
// 200. Source: QwenLM/Qwen3-VL, qwen-vl-utils vision_process.py; huggingface/transformers, image
// and video processors of qwen2_vl, qwen3_vl, glm4v. Double arithmetic in the sources' order of
// operations, because that decides the grid.
Grid image_grid(std::string_view media_rule, std::int64_t width, std::int64_t height);
Grid video_grid(std::string_view media_rule, std::int64_t frames, std::int64_t width,
                std::int64_t height);

}  // namespace plumbline
