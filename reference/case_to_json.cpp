// SPDX-License-Identifier: Apache-2.0
// A case as JSON with nothing left to defaults: golden/FORMAT.md, section 4.
#include <algorithm>

#include "reference/case.h"

namespace plumbline {
namespace {

Json parameter_json(const Parameters& parameters, const ParameterSpec& spec) {
  if (spec.kind == Kind::flag) return parameters.flag(spec.name);
  if (spec.kind == Kind::word) return std::string(parameters.word(spec.name));
  if (spec.kind == Kind::coded) {
    const std::string text = parameters.text(spec.name);
    if (text == "true" || text == "false") return text == "true";
    const bool number = text.find_first_not_of("-0123456789/") == std::string::npos;
    return number ? number_json(parse_rational(text)) : Json(text);
  }
  const auto& values = parameters.numbers(spec.name);
  if (spec.kind == Kind::positive || spec.kind == Kind::non_negative || spec.kind == Kind::count ||
      ((spec.kind == Kind::per_video || spec.kind == Kind::per_block ||
        spec.kind == Kind::each_block) &&
       values.size() == 1)) {
    return number_json(values.front());
  }
  Json list = Json::array();
  for (const auto& v : values) list.push_back(number_json(v));
  return list;
}

}  // namespace

Json case_to_json(const Case& c) {
  Json out;
  out["id"] = c.id;
  out["scheme"] = std::string(c.scheme->name);
  if (!c.model.empty()) out["model"] = c.model;
  out["params"] = Json::object();
  for (const auto& spec : c.parameters.specs()) {
    if (spec.kind != Kind::ignored && c.parameters.has(spec.name)) {
      out["params"][std::string(spec.name)] = parameter_json(c.parameters, spec);
    }
  }
  out["sequence"] = Json::array();
  for (const Segment& segment : c.sequence) {
    if (const auto* text = std::get_if<Text>(&segment)) {
      Json entry{{"type", text->audio ? "audio" : "text"}, {"len", text->length}};
      if (!text->role.empty()) entry["role"] = text->role;
      out["sequence"].push_back(entry);
      continue;
    }
    const auto& v = std::get<Visual>(segment);
    if (v.medium == Medium::tiles) {
      out["sequence"].push_back(
          Json{{"type", "image"}, {"tiles", v.grid.h}, {"tokens", v.grid.h * v.grid.w}});
      continue;
    }
    constexpr std::string_view kTypes[] = {"image", "video",       "video_frame",
                                           "image", "lumos_frame", "video"};
    const Json grid = Json::array({v.grid.t, v.grid.h, v.grid.w});
    Json entry{{"type", std::string(kTypes[static_cast<std::size_t>(v.medium)])}, {"grid", grid}};
    if (v.medium == Medium::video_frame) entry["video"] = v.video;
    if (v.medium == Medium::spoken_video) entry["audio"] = v.audio;
    if (v.medium == Medium::lumos_frame) entry["columns_including_newline"] = v.grid.w + 1;
    out["sequence"].push_back(entry);
  }
  out["shape"] = Json{{"head_dim", c.shape.head_dim},
                      {"rotary_dim", c.shape.rotary_dim},
                      {"num_heads", c.shape.num_heads},
                      {"num_key_value_heads", c.shape.num_key_value_heads}};
  out["spectrum"] = c.spectrum_json;
  out["pairing"] = std::string(name(c.pairing));
  if (!c.attention_mask.empty()) out["attention_mask"] = c.attention_mask;
  if (c.pad_left != 0 || c.pad_right != 0)
    out["padding"] = Json{{"left", c.pad_left}, {"right", c.pad_right}};
  if (!c.windows.empty()) {
    out["window"] = Json::array();
    for (const Window& w : c.windows) out["window"].push_back(Json::array({w.first, w.count}));
  }
  out["arithmetic"] = c.float32 ? "float32" : "exact";
  out["dtypes"] = Json::array();
  for (const Format& f : c.dtypes) out["dtypes"].push_back(std::string(dtype_name(f)));
  out["tensors"] = Json::array();
  if (c.contents.tables) out["tensors"].push_back(c.contents.own_tables ? "own_tables" : "tables");
  if (c.contents.rotated) out["tensors"].push_back("rotated");
  if (c.contents.adjoint) out["tensors"].push_back("adjoint");
  if (c.contents.logits) out["tensors"].push_back("logits");
  out["seed"] = c.seed;
  out["inputs"] = c.special_inputs ? "special" : "ordinary";
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  out["composition"] = Json{{"axes", design.axes},
                            {"layout", std::string(design.layout.name)},
                            {"advance", std::string(design.advance.name)},
                            {"text", std::string(name(design.text))},
                            {"allocation", std::string(c.scheme->allocation.name)},
                            {"delta", std::string(name(design.delta))}};
  return out;
}

}  // namespace plumbline
