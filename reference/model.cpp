// SPDX-License-Identifier: Apache-2.0
#include "reference/model.h"

#include <algorithm>
#include <stdexcept>

namespace plumbline {

std::span<const std::string_view> model_texts();

namespace {

// Every field is {"value": v, "source": s}; a value without a source is a damaged preset.
const Json& sourced(const Json& file, const std::string& field) {
  const Json& entry = file.at(field);
  if (entry.at("source").get<std::string>().empty())
    throw std::logic_error(field + " has no source");
  return entry.at("value");
}

Model read(std::string_view text) {
  const Json file = parse_json(text);
  Model m;
  m.name = file.at("name").get<std::string>();
  try {
    m.title = file.at("title").get<std::string>();
    if (file.contains("aliases")) m.aliases = file.at("aliases").get<std::vector<std::string>>();
    m.smoke = file.value("smoke", true);
    m.scheme = sourced(file, "scheme").get<std::string>();
    m.params = Json::object();
    for (const auto& [key, entry] : file.at("params").items())
      m.params[key] = sourced(file.at("params"), key);
    m.shape = Json::object();
    for (const char* key : {"head_dim", "rotary_dim", "num_heads", "num_key_value_heads"}) {
      m.shape[key] = sourced(file, key);
    }
    m.spectrum = sourced(file, "spectrum");
    m.pairing = sourced(file, "pairing") == "gptj" ? Pairing::gptj : Pairing::neox;
    if (file.contains("media_rule")) m.media_rule = sourced(file, "media_rule").get<std::string>();
    m.max_position_embeddings = integer_in(sourced(file, "max_position_embeddings"),
                                           "max_position_embeddings", 1, std::int64_t{1} << 40);
  } catch (const std::exception& e) {
    throw std::logic_error("preset " + m.name + ": " + e.what());
  }
  return m;
}

}  // namespace

const std::vector<Model>& models() {
  static const std::vector<Model> all = [] {
    std::vector<Model> list;
    for (const auto text : model_texts()) list.push_back(read(text));
    std::sort(list.begin(), list.end(),
              [](const Model& a, const Model& b) { return a.name < b.name; });
    return list;
  }();
  return all;
}

const Model& find_model(std::string_view wanted) {
  std::string known;
  for (const Model& m : models()) {
    if (m.name == wanted || std::count(m.aliases.begin(), m.aliases.end(), wanted) > 0) return m;
    known += (known.empty() ? "" : ", ") + m.name;
  }
  throw std::invalid_argument("model = '" + std::string(wanted.substr(0, 60)) +
                              "': must be one of " + known);
}

}  // namespace plumbline
