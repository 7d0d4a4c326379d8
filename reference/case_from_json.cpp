// SPDX-License-Identifier: Apache-2.0
// A case from JSON. Precedence of every field: the case, then its model, then its scheme.
#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include "reference/evaluate.h"
#include "reference/json_fields.h"
#include "reference/model.h"
#include "reference/planes.h"

namespace plumbline {
namespace {

void read_parameters(const Json& object, Parameters& out, const Scheme& scheme) {
  if (!object.is_object()) throw std::invalid_argument("params: must be an object");
  std::map<const ParameterSpec*, std::pair<std::string, std::vector<Rational>>> given;
  for (const auto& [key, value] : object.items()) {
    const ParameterSpec* spec = out.find(key);
    if (spec == nullptr) {
      throw std::invalid_argument(key.substr(0, 60) + ": not a parameter of scheme " +
                                  std::string(scheme.name));
    }
    if (value.is_null()) continue;  // "not given", as the authors' configurations write it
    if (value.is_boolean()) {
      out.set(key, value.get<bool>() ? "true" : "false");
    } else if (spec->kind == Kind::coded && value.is_string()) {
      out.set(key, value.get<std::string>());
    } else if (spec->kind == Kind::flag || spec->kind == Kind::word) {
      if (!value.is_string()) {
        throw std::invalid_argument(
            key + " = " + written(value) + ": must be " +
            (spec->kind == Kind::flag ? "true or false" : "one of " + std::string(spec->words)));
      }
      out.set(key, value.get<std::string>());
    } else {
      std::vector<Rational> numbers;
      const bool nested = spec->kind == Kind::numbers;
      const std::function<void(const Json&)> read = [&](const Json& entry) {
        if (!entry.is_array() || (!nested && &entry != &value)) {
          numbers.push_back(exact_number(entry, key));
        } else {
          for (const Json& inner : entry) read(inner);
        }
      };
      read(value);
      out.set(key, numbers);
    }
    if (!out.has(key)) continue;
    const auto [same, alone] = given.try_emplace(spec, key, out.numbers(key));
    if (!alone && same->second.second != out.numbers(key))
      throw std::invalid_argument(key + ": must equal " + same->second.first +
                                  ", which names the same parameter");
  }
}

HeadShape shape_from(const Json& explicit_shape, const Model* model, const Scheme& scheme,
                     const Json& params) {
  HeadShape s = scheme.shape;
  const auto read = [](const Json& from, const std::string& key, int& to) {
    if (from.contains(key)) to = static_cast<int>(integer_in(from[key], key, 1, 65536));
  };
  const auto read_all = [&](const Json& from) {
    read(from, "head_dim", s.head_dim);
    read(from, "rotary_dim", s.rotary_dim);
    read(from, "num_heads", s.num_heads);
    read(from, "num_key_value_heads", s.num_key_value_heads);
  };
  if (model != nullptr) read_all(model->shape);
  only_keys(explicit_shape, "shape",
            {"head_dim", "rotary_dim", "num_heads", "num_key_value_heads"});
  // A new head_dim without a rotary_dim keeps the fraction that turns.
  const HeadShape before = s;
  read_all(explicit_shape);
  if (explicit_shape.contains("head_dim") && !explicit_shape.contains("rotary_dim")) {
    s.rotary_dim = before.head_dim == before.rotary_dim
                       ? s.head_dim / 2 * 2
                       : std::max(2, static_cast<int>(std::int64_t{s.head_dim} * before.rotary_dim /
                                                      before.head_dim / 2 * 2));
  }
  if (params.contains("num_key_value_heads")) {
    const auto heads = static_cast<int>(
        integer_in(params["num_key_value_heads"], "num_key_value_heads", 1, 65536));
    if (explicit_shape.contains("num_key_value_heads") && heads != s.num_key_value_heads) {
      throw std::invalid_argument("num_key_value_heads = " + std::to_string(heads) +
                                  " in params: must equal shape's " +
                                  std::to_string(s.num_key_value_heads));
    }
    s.num_key_value_heads = heads;
  }
  // Only a count that the user did not fix may follow the other.
  if (s.num_heads % s.num_key_value_heads != 0 && !explicit_shape.contains("num_heads"))
    s.num_heads = s.num_key_value_heads;
  check(s);
  return s;
}

void read_padding(const Json& object, Case& c) {
  const std::int64_t real = tokens(c.sequence);
  if (object.contains("attention_mask")) {
    if (object.contains("padding"))
      throw std::invalid_argument("padding: attention_mask is given too; must be one of them");
    const Json& mask = object["attention_mask"];
    if (!mask.is_array()) throw std::invalid_argument("attention_mask: must be a list of 0 and 1");
    std::int64_t ones = 0;
    for (const Json& bit : mask) {
      c.attention_mask.push_back(
          static_cast<std::uint8_t>(integer_in(bit, "attention_mask", 0, 1)));
      ones += c.attention_mask.back();
    }
    if (ones != real) {
      throw std::invalid_argument("attention_mask has " + std::to_string(ones) +
                                  " ones: must have one per token, " + std::to_string(real));
    }
  }
  if (object.contains("padding")) {
    const Json& padding = object["padding"];
    only_keys(padding, "padding", {"left", "right"});
    if (padding.contains("left"))
      c.pad_left = integer_in(padding["left"], "padding left", 0, kLargestSequence);
    if (padding.contains("right"))
      c.pad_right = integer_in(padding["right"], "padding right", 0, kLargestSequence);
  }
}

void read_windows(const Json& object, Case& c) {
  const std::int64_t length = c.padded_length();
  if (!object.contains("window")) {
    if (length > kLargestSequence) {
      throw std::invalid_argument("sequence has " + std::to_string(length) +
                                  " tokens: at most 2^31 without a window");
    }
    return;
  }
  const Json& window = object["window"];
  const auto one = [&](const Json& w) {
    if (!w.is_array() || w.size() != 2)
      throw std::invalid_argument("window: must be [first, count]");
    const Window run{integer_in(w[0], "window first", 0, length),
                     integer_in(w[1], "window count", 0, kLargestSequence)};
    if (run.count > length - run.first) {
      throw std::invalid_argument("window = [" + std::to_string(run.first) + ", " +
                                  std::to_string(run.count) + "]: must lie within the " +
                                  std::to_string(length) + " rows");
    }
    c.windows.push_back(run);
  };
  if (!window.is_array() || window.empty())
    throw std::invalid_argument("window: must be [first, count]");
  if (window.front().is_array()) {
    std::int64_t rows = 0;
    for (const Json& w : window) {
      one(w);
      rows += c.windows.back().count;
      if (rows > kLargestSequence) throw std::invalid_argument("window: more than 2^31 rows");
    }
  } else {
    one(window);
  }
}

void read_contents(const Json& object, Case& c) {
  const auto listed = [&](const std::string& key, auto use) {
    if (!object.contains(key)) return;
    if (!object[key].is_array()) throw std::invalid_argument(key + ": must be a list");
    for (const Json& entry : object[key])
      use(entry.is_string() ? entry.get<std::string>() : std::string());
  };
  if (object.contains("dtypes")) c.dtypes.clear();
  listed("dtypes", [&](const std::string& word) {
    const Format* found = find_format(word);
    if (found == nullptr) {
      throw std::invalid_argument("dtypes: '" + word.substr(0, 60) +
                                  "' is not one of f64, f32, bf16, f16");
    }
    if (std::find(c.dtypes.begin(), c.dtypes.end(), *found) == c.dtypes.end())
      c.dtypes.push_back(*found);
  });
  if (c.dtypes.empty())
    throw std::invalid_argument("dtypes: must name at least one of f64, f32, bf16, f16");
  if (object.contains("tensors")) c.contents = {false, false, false, false};
  listed("tensors", [&](const std::string& word) {
    if (word == "tables")
      c.contents.tables = true;
    else if (word == "own_tables")
      c.contents.tables = c.contents.own_tables = true;
    else if (word == "rotated")
      c.contents.rotated = true;
    else if (word == "adjoint")
      c.contents.adjoint = true;
    else if (word == "logits")
      c.contents.logits = true;
    else
      throw std::invalid_argument("tensors: '" + word.substr(0, 60) +
                                  "' is not one of tables, own_tables, rotated, adjoint, logits");
  });
  if (object.contains("inputs")) {
    const std::string word = text_field(object, "inputs", "case");
    if (word != "ordinary" && word != "special") {
      throw std::invalid_argument("inputs = '" + word.substr(0, 60) +
                                  "': must be ordinary or special");
    }
    c.special_inputs = word == "special";
    if (c.special_inputs && object.contains("tensors") && c.contents.logits) {
      throw std::invalid_argument("tensors: logits need inputs = ordinary");
    }
    if (c.special_inputs) c.contents.logits = false;
  }
  // Without rows there is no pair of rows to take a logit of.
  std::int64_t rows = 0;
  for (const Window& w : c.rows()) rows += w.count;
  if (rows == 0) c.contents.logits = false;
  if (object.contains("seed")) {
    c.seed = static_cast<std::uint64_t>(integer_in(object["seed"], "seed", 0, kMostTokens));
  }
}

}  // namespace

std::int64_t Case::padded_length() const {
  if (!attention_mask.empty()) return static_cast<std::int64_t>(attention_mask.size());
  return pad_left + tokens(sequence) + pad_right;
}

std::vector<Window> Case::rows() const {
  return windows.empty() ? std::vector<Window>{{0, padded_length()}} : windows;
}

Case case_from_json(const Json& object) {
  only_keys(object, "case",
            {"id", "scheme", "model", "params", "sequence", "shape", "spectrum", "pairing",
             "attention_mask", "padding", "arithmetic", "window", "dtypes", "tensors", "seed",
             "inputs", "composition", "flags"});
  Case c;
  if (object.contains("id")) c.id = text_field(object, "id", "case");
  const Model* model = nullptr;
  if (object.contains("model")) {
    model = &find_model(text_field(object, "model", "case"));
    c.model = model->name;
  }
  if (!object.contains("scheme") && model == nullptr)
    throw std::invalid_argument("case: needs 'scheme' or 'model'");
  c.scheme = &find_scheme(object.contains("scheme") ? text_field(object, "scheme", "case")
                                                    : model->scheme);

  c.parameters = Parameters(c.scheme->parameters);
  const Json empty = Json::object();
  const Json& params = object.contains("params") ? object["params"] : empty;
  // A model's own parameters are about its own scheme; another scheme keeps those that it declares.
  if (model != nullptr) {
    for (const auto& [key, value] : model->params.items()) {
      if (c.parameters.find(key) != nullptr && c.scheme == &find_scheme(model->scheme)) {
        read_parameters(Json{{key, value}}, c.parameters, *c.scheme);
      }
    }
  }
  read_parameters(params, c.parameters, *c.scheme);
  c.shape =
      shape_from(object.contains("shape") ? object["shape"] : empty, model, *c.scheme, params);
  if (const auto* spec = c.parameters.find("num_key_value_heads")) {
    c.parameters.set(spec->name, {Rational(c.shape.num_key_value_heads)});
  }

  Json spectrum = Json{{"base", std::string(c.scheme->rope_theta)}};
  if (model != nullptr) spectrum = model->spectrum;
  if (object.contains("spectrum")) {
    if (!object["spectrum"].is_object()) throw std::invalid_argument("spectrum: must be an object");
    const bool scaled =
        object["spectrum"].contains("scaling") || object["spectrum"].contains("params");
    if (scaled) {
      // A new scaling keeps the base unless it names one.
      Json replacement = object["spectrum"];
      const auto has_base = [](const Json& from) {
        return from.is_object() && (!from.value("base", Json()).is_null() ||
                                    !from.value("rope_theta", Json()).is_null());
      };
      if (!has_base(replacement) && !has_base(replacement.value("params", Json())) &&
          !has_base(replacement.value("scaling", Json())))
        replacement["base"] =
            spectrum.contains("params") ? spectrum["params"]["base"] : spectrum["base"];
      spectrum = replacement;
    } else {
      for (const auto& [key, value] : object["spectrum"].items()) {
        if (value.is_null()) continue;
        (spectrum.contains("params") ? spectrum["params"]
                                     : spectrum)[key == "rope_theta" ? "base" : key] = value;
      }
    }
  }
  c.spectrum = spectrum_from_json(spectrum, c.shape, c.spectrum_json);

  c.pairing = object.contains("pairing") ? Pairing::neox
              : model != nullptr         ? model->pairing
                                         : c.scheme->pairing;
  if (object.contains("pairing")) {
    const std::string word = text_field(object, "pairing", "case");
    if (word != "neox" && word != "gptj") {
      throw std::invalid_argument("pairing = '" + word.substr(0, 60) + "': must be neox or gptj");
    }
    if (word == "gptj") c.pairing = Pairing::gptj;
  }
  if (object.contains("sequence")) c.sequence = sequence_from_json(object["sequence"]);
  if (object.contains("arithmetic")) {
    const std::string word = text_field(object, "arithmetic", "case");
    if (word != "exact" && word != "float32") {
      throw std::invalid_argument("arithmetic = '" + word.substr(0, 60) +
                                  "': must be exact or float32");
    }
    c.float32 = word == "float32";
    if (c.float32 && !design_of(*c.scheme, c.parameters).layout.float32) {
      std::string known;
      for (const Scheme& s : schemes())
        if (s.design.layout.float32) known += ", " + std::string(s.name);
      throw std::invalid_argument("arithmetic = 'float32': must be exact for scheme " +
                                  std::string(c.scheme->name) + "; float32 is known for" +
                                  known.substr(1));
    }
  }
  read_padding(object, c);
  read_windows(object, c);
  read_contents(object, c);
  // The spectrum, the allocation and the position walk check what only they can; a faulty case is
  // refused at the door.
  const FrequencyAllocation map = allocation(c);
  const Spectra spectra(c.spectrum, map);
  for (const Assignment& a : map.of) {
    if (a.axis != Axis::none && a.rung >= spectra.of(a.axis).rungs())
      throw std::invalid_argument("rotary_dim: the spectrum is shorter than the map");
  }
  c.warnings = map.warnings;
  // Positions need no planes; what turns vectors asks for numbers that are not given.
  const auto left_out = [&](const ParameterSpec& spec) {
    return spec.kind == Kind::numbers && spec.fit != nullptr && !c.parameters.has(spec.name);
  };
  if (std::none_of(c.scheme->parameters.begin(), c.scheme->parameters.end(), left_out))
    planes_of(c, 0);
  check_sequence(design_of(*c.scheme, c.parameters), c.parameters, c.sequence, c.float32);
  return c;
}

}  // namespace plumbline
