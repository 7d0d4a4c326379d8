// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "golden/golden.h"
#include "reference/evaluate.h"
#include "reference/model.h"
#include "reference/planes.h"

// Which golden cases there are. Every scheme and every preset is visited by a loop; a row below
// adds a window, a shape or a hazard to all of them.
namespace plumbline {
namespace {

// An image in text, far enough out that a phase in few bits shows, and a native or split video.
constexpr std::string_view kNear = "t9 v1x5x11 t7";
constexpr std::string_view kFar = "t30011 v1x67x131 t13 v1x3x2 t5";
constexpr std::string_view kFilm = "t4099 v7x13x23 t3 f2x5x3 t6";
constexpr std::string_view kText = "t1048576";

Json shape_json(int head_dim, int rotary_dim, int heads, int kv_heads) {
  return Json{{"head_dim", head_dim},
              {"rotary_dim", rotary_dim},
              {"num_heads", heads},
              {"num_key_value_heads", kv_heads}};
}

Json windows_json(std::initializer_list<std::pair<std::int64_t, std::int64_t>> runs) {
  Json out = Json::array();
  for (const auto& [first, count] : runs) out.push_back(Json::array({first, count}));
  return out;
}

// Rows of a sequence at the seams: around each visual block's first row change and end, and the
// last token.
Json seams(std::string_view sequence, std::size_t most) {
  std::vector<std::int64_t> rows;
  std::int64_t first = 0;
  for (const Segment& segment : parse_notation(sequence)) {
    const std::int64_t count = tokens(segment);
    if (const auto* v = std::get_if<Visual>(&segment)) {
      rows.push_back(first + v->grid.w + 1);  // second row, second column
      rows.push_back(first + count - 2);      // last row, last but one column
      if (v->grid.t > 1) rows.push_back(first + v->grid.h * v->grid.w + 2);  // second frame
      rows.push_back(first + count);                                         // first text after
    }
    first += count;
  }
  rows.push_back(first - 1);
  std::sort(rows.begin(), rows.end());
  Json out = Json::array();
  for (const std::int64_t row : rows) {
    if (row >= 0 && row < first && out.size() < most) out.push_back(Json::array({row, 1}));
  }
  return out;
}

// Ids have no slash.
std::string case_id(const Scheme& scheme) {
  std::string id(scheme.name);
  std::replace(id.begin(), id.end(), '/', '.');
  return id;
}

class Suite {
 public:
  void add(const Json& object) { cases.push_back({case_from_json(object), ""}); }
  std::vector<GoldenCase> cases;
};

// The scheme at a small shape, on a sequence that it can place.
Json small_scheme(const Scheme& scheme, int head_dim, int rotary_dim, std::string_view sequence) {
  Json object = fitted_case(scheme, {head_dim, rotary_dim, 2, 1});
  const Parameters parameters(scheme.parameters);
  const bool stills = (design_of(scheme, parameters).media & kVideo) == 0;
  object["sequence"] = std::string(stills ? kFar : sequence);
  return object;
}

// What a case's tensors follow from, as text: two cases with the same one hold the same numbers.
std::string numbers_of(const Case& c) {
  const PositionTable ids = positions(c);
  const FrequencyAllocation map = allocation(c);
  std::string out = std::string(name(c.pairing)) + c.spectrum_json.dump();
  for (const Coordinate& x : ids.position_ids) out += " " + to_decimal(x);
  for (const Assignment& a : map.of) {
    const Ladder& ladder = map.ladder(a.axis);
    out += fmt::format(" {} {} {} {}", index(a.axis), a.rung, ladder.dim, ladder.turns);
    out += to_text(ladder.exponent) + (ladder.rope_theta ? to_text(*ladder.rope_theta) : "");
  }
  return out + fmt::format(" {} {} {}", map.maps, c.shape.head_dim, has_planes(c));
}

// Whether some pair is driven by another axis than the first.
bool has_axes(const Case& c) {
  const FrequencyAllocation map = allocation(c);
  return std::any_of(map.of.begin(), map.of.end(),
                     [](const Assignment& a) { return index(a.axis) != 0; });
}

void smoke(Suite& suite) {
  // Presets at their own width and spectrum, with few heads.
  for (const Model& m : models()) {
    if (!m.smoke) continue;
    const Case preset = case_from_json(Json{{"model", m.name}});
    const HeadShape& full = preset.shape;
    const Json shape = shape_json(full.head_dim, full.rotary_dim, 2, 1);
    const bool visual = has_axes(preset);
    Json object{{"id", m.name},
                {"model", m.name},
                {"shape", shape},
                {"dtypes", Json::array({"f32", "bf16"})}};
    object["sequence"] = std::string(visual ? kFilm : kText);
    object["window"] =
        visual ? windows_json({{4099 + 23 + 5, 1}, {4099 + 299 * 3 + 23 * 7 + 4, 1}, {6226, 1}})
               : windows_json({{1, 1}, {4097, 1}, {131071, 1}});
    // Gradients and logits of one text and one visual preset.
    const bool all = m.name == "llama-3.1-8b" || m.name == "qwen3-vl-8b";
    if (!all) object["tensors"] = Json::array({"own_tables", "rotated"});
    suite.add(object);
  }
  // Every scheme at a small odd shape, with padding; once where several rows are the same numbers.
  std::set<std::string> seen;
  for (const Scheme& s : schemes()) {
    Json object = small_scheme(s, 12, 10, kFilm);
    object["id"] = case_id(s);
    object["padding"] = Json{{"left", 3}, {"right", 2}};
    // Padding; text before and behind all media; a cell of each.
    object["window"] =
        object["sequence"] == std::string(kFilm)
            ? windows_json(
                  {{2, 1}, {4101, 1}, {4102 + 299 * 3 + 23 * 7 + 4, 1}, {6218, 1}, {6229, 1}})
            : windows_json({{2, 1}, {30013, 1}, {30014 + 131 * 5 + 77, 1}, {38804, 1}, {38812, 1}});
    // Where a second is one step, nobody sees what a scheme makes of seconds.
    for (const ParameterSpec& knob : s.parameters) {
      if (knob.name == "second_per_grid_t") object["params"]["second_per_grid_t"] = "3/2";
    }
    object["dtypes"] = Json::array({"f32"});
    object["tensors"] = Json::array({"own_tables", "rotated"});
    if (!seen.insert(numbers_of(case_from_json(object))).second) continue;
    suite.add(object);
  }
  // A geometric ladder of text positions for the certified context length, and the rare encodings.
  Json ladder{{"id", "ladder"},
              {"scheme", "vanilla"},
              {"sequence", "t2147483648"},
              {"shape", shape_json(16, 16, 1, 1)}};
  ladder["window"] = Json::array({Json::array({0, 17})});
  for (std::int64_t p = 32; p <= (std::int64_t{1} << 30); p *= 2)
    ladder["window"].push_back(Json::array({p - 1, 2}));
  ladder["tensors"] = Json::array({"tables", "rotated"});
  suite.add(ladder);
  for (const char* pairing : {"neox", "gptj"}) {
    Json rare{{"id", std::string("special-") + pairing},
              {"scheme", "mrope"},
              {"pairing", pairing},
              {"inputs", "special"}};
    rare["sequence"] = std::string(kNear);
    rare["shape"] = shape_json(10, 8, 2, 1);
    rare["params"] = Json{{"mrope_section", Json::array({2, 1, 1})}};
    rare["window"] = windows_json({{0, 2}, {21, 3}});
    rare["dtypes"] = Json::array({"f64", "f32", "bf16", "f16"});
    suite.add(rare);
  }
}

void full(Suite& suite) {
  smoke(suite);
  for (const Model& m : models()) {
    const bool visual = has_axes(case_from_json(Json{{"model", m.name}}));
    for (const auto sequence : {kNear, kFar, kFilm, kText}) {
      if (visual == (sequence == kText)) continue;
      Json object{{"id", m.name + ".full." + std::to_string(tokens(parse_notation(sequence)))},
                  {"model", m.name}};
      object["sequence"] = std::string(sequence);
      object["window"] = sequence == kText
                             ? windows_json({{0, 8}, {8191, 2}, {32767, 2}, {1048573, 3}})
                             : seams(sequence, 16);
      object["dtypes"] = Json::array({"f64", "f32", "bf16", "f16"});
      suite.add(object);
    }
  }
  for (const Scheme& s : schemes()) {
    for (const auto& [rotary_dim, pairing] : {std::pair(6, "neox"), std::pair(48, "gptj"),
                                              std::pair(96, "neox"), std::pair(128, "gptj")}) {
      Json object = small_scheme(s, rotary_dim == 48 ? 80 : rotary_dim, rotary_dim, kFilm);
      object["id"] = case_id(s) + ".d" + std::to_string(rotary_dim) + "." + pairing;
      object["pairing"] = pairing;
      object["window"] = seams(object["sequence"].get<std::string>(), 12);
      object["dtypes"] = std::string_view(pairing) == "neox" ? Json::array({"f64", "bf16"})
                                                             : Json::array({"f32", "f16"});
      suite.add(object);
    }
  }
}

// What a set cover leaves out of the smoke suite: cases that show no wrong kernel and tell no two
// schemes apart but those that others show and tell. `plumbline mutants --cover` derives it.
constexpr std::string_view kSuperfluous[] = {
    "abl-base",         "circlerope-original.age-mrope-layers",
    "circlerope-paper", "circlerope-published",
    "gemma-3-4b",       "glm-4.1v-9b",
    "hunyuan-video",    "llama-3.1-8b",
    "mmrope-original",  "mrope",
    "mrope-interleave", "mrope-qwen3.5",
    "mrope-qwen3vl",    "qwen2-vl-7b",
    "qwen2.5-7b-128k",  "qwen3-8b",
    "qwen3.5-27b",      "special-gptj",
    "tad-rope",         "tmrope",
    "vanilla",          "vision-rope-vit-mixed"};

void minimal(Suite& suite) {
  smoke(suite);
  std::erase_if(suite.cases, [](const GoldenCase& g) {
    return std::find(std::begin(kSuperfluous), std::end(kSuperfluous), g.c.id) !=
           std::end(kSuperfluous);
  });
}

}  // namespace

std::vector<GoldenCase> suite(std::string_view name) {
  Suite out;
  if (name == "smoke") {
    smoke(out);
  } else if (name == "minimal") {
    minimal(out);
  } else if (name == "full") {
    full(out);
  } else {
    throw std::invalid_argument("suite = '" + std::string(name.substr(0, 60)) +
                                "': must be smoke, minimal or full");
  }
  return std::move(out.cases);
}

std::vector<GoldenCase> prompt_suite(const Json& prompt, std::string_view model,
                                     std::string_view fallback_id) {
  Json object = case_of_prompt(prompt, model);
  if (!object.contains("id")) object["id"] = std::string(fallback_id);
  if (!object["id"].is_string()) throw std::invalid_argument("id: must be text");
  const bool windowed = object.contains("window"), chosen = object.contains("tensors");
  Suite out;
  if (chosen || windowed) {
    out.add(object);
    return std::move(out.cases);
  }
  if (tokens(sequence_from_json(object["sequence"])) == 0) {
    throw std::invalid_argument("prompt: must hold at least one token");
  }
  const std::string id = object["id"].get<std::string>();
  const std::string sequence = notation(sequence_from_json(object["sequence"]));
  Json rotated = object;
  object["tensors"] = Json::array({"tables"});
  out.add(object);
  rotated["id"] = id + ".seams";
  rotated["window"] = seams(sequence, 16);
  if (!rotated.contains("dtypes")) rotated["dtypes"] = Json::array({"f32", "bf16"});
  out.add(rotated);
  return std::move(out.cases);
}

}  // namespace plumbline
