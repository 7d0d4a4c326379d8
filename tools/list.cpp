// SPDX-License-Identifier: Apache-2.0
// plumbline list: the tables of this build.
#include <fmt/core.h>

#include "fast/fast.h"
#include "golden/flags.h"
#include "properties/mutants/mutant.h"
#include "reference/model.h"
#include "tools/plumbline.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

Json schemes_json() {
  Json out = Json::array();
  for (const Scheme& s : schemes()) {
    Json row{{"name", std::string(s.name)},
             {"layout", std::string(s.design.layout.name)},
             {"advance", std::string(s.design.advance.name)},
             {"allocation", std::string(s.allocation.name)},
             {"rope_theta", std::string(s.rope_theta)},
             {"source", std::string(s.source)}};
    for (const ParameterSpec& p : s.parameters) {
      if (p.kind != Kind::ignored) row["parameters"][std::string(p.name)] = std::string(p.fallback);
    }
    out.push_back(row);
  }
  return out;
}

Json models_json() {
  Json out = Json::array();
  for (const Model& m : models()) {
    Json normal;
    spectrum_from_json(m.spectrum, std::nullopt, normal);
    const HeadShape s = case_from_json(Json{{"model", m.name}}).shape;
    out.push_back(Json{{"name", m.name},
                       {"title", m.title},
                       {"scheme", m.scheme},
                       {"scaling", normal["scaling"]},
                       {"rope_theta", normal["params"]["base"]},
                       {"head_dim", s.head_dim},
                       {"rotary_dim", s.rotary_dim},
                       {"num_heads", s.num_heads},
                       {"num_key_value_heads", s.num_key_value_heads},
                       {"pairing", std::string(name(m.pairing))},
                       {"media_rule", m.media_rule},
                       {"max_position_embeddings", m.max_position_embeddings}});
  }
  return out;
}

Json cases_json() {
  Json out = Json::array();
  for (const GoldenCase& g : suite("full")) {
    out.push_back(Json{{"id", g.c.id},
                       {"scheme", std::string(g.c.scheme->name)},
                       {"model", g.c.model},
                       {"sequence", notation(g.c.sequence)},
                       {"flags", flags_of(g.c)}});
  }
  return out;
}

Json kernels_json() {
  Json out = Json::array();
  for (const fast::Kernel& k : fast::kernels()) {
    out.push_back(Json{{"name", std::string(k.name)},
                       {"isa", std::string(k.isa)},
                       {"supported", k.supported()},
                       {"recipe", kernel_recipe(std::string(k.name), Dtype::f32)}});
  }
  return out;
}

Json mutants_json() {
  Json out = Json::array();
  for (const mutants::Mutant& m : mutants::mutants()) {
    constexpr std::string_view kKinds[] = {"wrong", "legal", "equivalent"};
    out.push_back(Json{{"id", std::string(m.id)},
                       {"class", std::string(m.bug_class())},
                       {"name", std::string(m.name)},
                       {"kind", std::string(kKinds[static_cast<std::size_t>(m.kind)])},
                       {"source", std::string(m.source)},
                       {"sentence", std::string(m.sentence)}});
  }
  return out;
}

// The table of README: two axes, what is broken, whose scheme it is.
std::string markdown_table() {
  std::string out = "| scheme | layout, advance | map | breaks | source |\n|---|---|---|---|---|\n";
  for (const Scheme& s : schemes()) {
    out += fmt::format("| `{}` | {}, {} | {} | {} | {} |\n", s.name, s.design.layout.name,
                       s.design.advance.name, s.allocation.name, s.verdicts, s.source);
  }
  return out;
}

std::string cell(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Columns as wide as their widest cell; nested fields are left to --json.
std::string table(const Json& rows) {
  if (rows.empty()) return "none\n";
  std::vector<std::string> keys;
  for (const auto& [key, value] : rows[0].items()) {
    if (!value.is_structured()) keys.push_back(key);
  }
  std::vector<std::size_t> widths;
  for (const auto& key : keys) {
    widths.push_back(key.size());
    for (const Json& row : rows) widths.back() = std::max(widths.back(), cell(row[key]).size());
  }
  std::string out;
  for (std::size_t k = 0; k < keys.size(); ++k)
    out += fmt::format("{:{}}  ", keys[k], k + 1 < keys.size() ? widths[k] : 0);
  out += "\n";
  for (const Json& row : rows) {
    for (std::size_t k = 0; k < keys.size(); ++k)
      out += fmt::format("{:{}}  ", cell(row[keys[k]]), k + 1 < keys.size() ? widths[k] : 0);
    out += "\n";
  }
  return out;
}

}  // namespace

Run add_list(CLI::App& app) {
  auto what = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  app.add_option("what", *what, "schemes, models, cases, kernels or mutants")
      ->required()
      ->check(CLI::IsMember({"schemes", "models", "cases", "kernels", "mutants"}));
  app.add_flag("--json", *json, "print JSON");
  auto markdown = std::make_shared<bool>(false);
  app.add_flag("--markdown", *markdown, "print the schemes as README's table")->excludes("--json");
  return [what, json, markdown] {
    if (*markdown) {
      if (*what != "schemes") throw std::invalid_argument("--markdown: prints schemes only");
      write_text("", markdown_table());
      return int{kConforms};
    }
    const Json rows = *what == "schemes"   ? schemes_json()
                      : *what == "models"  ? models_json()
                      : *what == "cases"   ? cases_json()
                      : *what == "mutants" ? mutants_json()
                                           : kernels_json();
    write_text("", *json ? json_text(rows) : table(rows));
    return int{kConforms};
  };
}

}  // namespace plumbline
