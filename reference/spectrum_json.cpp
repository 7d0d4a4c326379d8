// SPDX-License-Identifier: Apache-2.0
// The spectrum of a case, in and out of JSON: one table of scalings, one row per key.
#include <algorithm>
#include <set>
#include <stdexcept>

#include "reference/json_fields.h"

namespace plumbline {
namespace {

// The parameters of one scaling; remembers which keys were read, so that a misspelt one is an
// error.
class Keys {
 public:
  Keys(const Json& params, std::string scaling) : params_(params), scaling_(std::move(scaling)) {}

  std::optional<Rational> maybe(const std::string& key) {
    const Json* found = read(key);
    if (found == nullptr) return std::nullopt;
    const Rational value = exact_number(*found, key);
    normal[key] = number_json(value);
    return value;
  }
  Rational need(const std::string& key) {
    if (auto value = maybe(key)) return *value;
    throw std::invalid_argument(key + ": scaling '" + scaling_ + "' needs it");
  }
  std::optional<Rational> maybe_positive(const std::string& key) {
    const auto value = maybe(key);
    if (value && *value <= 0)
      throw std::invalid_argument(key + " = " + to_text(*value) + ": must be above 0");
    return value;
  }
  Rational positive(const std::string& key) {
    need(key);
    return *maybe_positive(key);
  }
  // `factor`, or max_position_embeddings over the original length.
  Rational extension(const Rational& original) {
    const auto longest = maybe_positive("max_position_embeddings"),
               factor = maybe_positive("factor");
    if (!factor && !longest)
      throw std::invalid_argument("factor: scaling '" + scaling_ +
                                  "' needs it, or max_position_embeddings");
    return factor ? *factor : Rational(*longest / original);
  }
  // Absent, null and zero all mean the default, as in the sources ("value or default").
  Rational or_default(const std::string& key, const Rational& fallback) {
    const auto value = maybe(key);
    const Rational out = value && *value != 0 ? *value : fallback;
    normal[key] = number_json(out);
    return out;
  }
  bool flag(const std::string& key, bool fallback) {
    const Json* found = read(key);
    if (found != nullptr && !found->is_boolean())
      throw std::invalid_argument(key + " = " + written(*found) + ": must be true or false");
    const bool value = found == nullptr ? fallback : found->get<bool>();
    normal[key] = value;
    return value;
  }
  std::string word(const std::string& key) {
    const Json* found = read(key);
    if (found == nullptr) return {};
    if (!found->is_string())
      throw std::invalid_argument(key + " = " + written(*found) + ": must be a word");
    normal[key] = *found;
    return found->get<std::string>();
  }
  std::vector<Rational> list(const std::string& key) {
    const Json* found = read(key);
    if (found == nullptr || !found->is_array()) {
      throw std::invalid_argument(key + ": scaling '" + scaling_ + "' needs a list of numbers");
    }
    std::vector<Rational> values;
    normal[key] = Json::array();
    for (const Json& entry : *found) {
      values.push_back(exact_number(entry, key));
      normal[key].push_back(number_json(values.back()));
    }
    return values;
  }
  void finish() const {
    for (const auto& [key, value] : params_.items()) {
      if (!read_.contains(key))
        throw std::invalid_argument(key.substr(0, 60) + ": not a parameter of scaling '" +
                                    scaling_ + "'");
    }
  }
  bool given(const std::string& key) const { return find(key) != nullptr; }

  Json normal = Json::object();

 private:
  // Null is "not given", as the authors' configurations write it.
  const Json* find(const std::string& key) const {
    const auto found = params_.find(key);
    return found == params_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json* read(const std::string& key) {
    read_.insert(key);
    return find(key);
  }

  const Json& params_;
  std::string scaling_;
  std::set<std::string> read_;
};

RopeScaling proportional(Keys& keys, int& rotary_dim) {
  const Rational head = keys.positive("head_dim");
  const Rational part = keys.maybe("partial_rotary_factor").value_or(Rational(1));
  if (part <= 0 || part > 1) {
    throw std::invalid_argument("partial_rotary_factor = " + to_text(part) +
                                ": must be above 0 and at most 1");
  }
  if (denominator(head) != 1 || head > 65536 || numerator(head) % 2 != 0) {
    throw std::invalid_argument("head_dim = " + to_text(head) + ": must be even and at most 65536");
  }
  rotary_dim = numerator(head).convert_to<int>();
  Integer angles = floor(Rational(part * head / 2));
  if (const auto given = keys.maybe("rope_angles")) {
    if (denominator(*given) != 1 || *given < 0 || *given > head / 2) {
      throw std::invalid_argument("rope_angles = " + to_text(*given) +
                                  ": must be an integer from 0 to head_dim / 2");
    }
    if (keys.given("partial_rotary_factor") && *given != Rational(angles)) {
      throw std::invalid_argument("rope_angles = " + to_text(*given) +
                                  ": must equal head_dim x partial_rotary_factor / 2, rounded "
                                  "down, = " +
                                  angles.str());
    }
    angles = floor(*given);
  }
  keys.normal["rope_angles"] = angles.convert_to<std::int64_t>();
  return Proportional{angles.convert_to<std::int64_t>(), keys.or_default("factor", 1)};
}

RopeScaling yarn(Keys& keys) {
  Yarn s;
  s.original_max_position_embeddings = keys.positive("original_max_position_embeddings");
  s.factor = keys.extension(s.original_max_position_embeddings);
  s.beta_fast = keys.or_default("beta_fast", 32);
  s.beta_slow = keys.or_default("beta_slow", 1);
  s.truncate = keys.flag("truncate", true);
  s.attention_factor = keys.maybe("attention_factor");
  s.mscale = keys.maybe("mscale");
  s.mscale_all_dim = keys.maybe("mscale_all_dim");
  return s;
}

RopeScaling long_rope(Keys& keys) {
  LongRope s;
  const std::string list = keys.word("list");
  if (!list.empty() && list != "long" && list != "short") {
    throw std::invalid_argument("list = '" + list.substr(0, 60) + "': must be long or short");
  }
  s.factors = keys.list("factors");
  // The lengths decide the attention factor and nothing else.
  const bool decided = keys.given("attention_factor");
  const char* original = "original_max_position_embeddings";
  s.original_max_position_embeddings =
      decided ? keys.maybe_positive(original).value_or(Rational(1)) : keys.positive(original);
  s.extension = Rational(1);
  if (!decided || keys.given("factor") || keys.given("max_position_embeddings"))
    s.extension = keys.extension(s.original_max_position_embeddings);
  s.attention_factor = keys.maybe("attention_factor");
  return s;
}

RopeScaling read_scaling(const std::string& name, Keys& keys, int& rotary_dim) {
  if (name == "default") return Unscaled{};
  if (name == "linear") return Linear{keys.positive("factor")};
  if (name == "proportional") return proportional(keys, rotary_dim);
  if (name == "ntk_aware_static") return NtkAware{keys.positive("alpha")};
  if (name == "ntk_fixed_su") return NtkFixed{keys.positive("factor"), keys.maybe("mixed_b")};
  if (name == "dynamic") {
    return DynamicNtk{keys.positive("factor"), keys.or_default("seq_len", 0),
                      keys.positive("max_position_embeddings")};
  }
  if (name == "yarn") return yarn(keys);
  if (name == "longrope") return long_rope(keys);
  if (name == "llama3") {
    return Llama3{keys.positive("factor"), keys.positive("low_freq_factor"),
                  keys.positive("high_freq_factor"),
                  keys.positive("original_max_position_embeddings")};
  }
  throw std::invalid_argument(
      "scaling = '" + name.substr(0, 60) +
      "': must be one of default, linear, proportional, ntk_aware_static, ntk_fixed_su, dynamic, "
      "yarn, longrope, llama3");
}

// Whether two values say the same; numbers may be written in different ways.
bool same(const Json& a, const Json& b, const std::string& key) {
  if (a.is_array() && b.is_array())
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Json& x, const Json& y) { return same(x, y, key); });
  try {
    return exact_number(a, key) == exact_number(b, key);
  } catch (const std::invalid_argument&) {
    return a == b;
  }
}

// floor(head_dim * partial_rotary_factor), then made even; at least 2.
std::int64_t partial_dim(Keys& keys, std::vector<std::string>* warnings = nullptr) {
  const Rational head = keys.positive("head_dim");
  const Rational part = keys.maybe("partial_rotary_factor").value_or(Rational(1));
  if (part <= 0 || part > 1) {
    throw std::invalid_argument("partial_rotary_factor = " + to_text(part) +
                                ": must be above 0 and at most 1");
  }
  const Integer dim = floor(Rational(head * part));
  if (dim > 65536)
    throw std::invalid_argument("head_dim = " + to_text(head) + ": must be at most 65536");
  const auto even = std::max<std::int64_t>(2, dim.convert_to<std::int64_t>() / 2 * 2);
  if (warnings != nullptr && head * part != even)
    warnings->push_back("head_dim x partial_rotary_factor = " + to_text(Rational(head * part)) +
                        ": rounded to rotary_dim = " + std::to_string(even));
  return even;
}

// A rotary_dim that is known otherwise, beside head_dim.
void check_partial_dim(Keys& keys, int rotary_dim) {
  const std::int64_t part = partial_dim(keys);
  const bool fraction = keys.maybe("partial_rotary_factor").has_value();
  if (fraction ? part == rotary_dim : part >= rotary_dim) return;
  throw std::invalid_argument("rotary_dim = " + std::to_string(rotary_dim) +
                              (fraction
                                   ? ": must equal head_dim x partial_rotary_factor, made even, = "
                                   : ": must be at most head_dim, made even, = ") +
                              std::to_string(part));
}

}  // namespace

FrequencySpectrum spectrum_from_json(const Json& object, const std::optional<HeadShape>& shape,
                                     Json& normal, std::vector<std::string>* warnings) {
  if (!object.is_object()) throw std::invalid_argument("spectrum: must be an object");
  // Spellings: {"scaling": name, "params": {...}}, {"scaling": {"type": name, ...}, "base": b},
  // {"base": b, ...}.
  Json params = Json::object();
  std::string name = "default";
  bool named = false;
  const auto absorb = [&](const auto& self, const Json& from) -> void {
    for (const auto& [key, value] : from.items()) {
      if (key == "scaling" || key == "scheme" || key == "type" || key == "rope_type") {
        if (value.is_object()) {
          self(self, value);
        } else if (value.is_string()) {
          const auto given = value.template get<std::string>();
          if (named && given != name)
            throw std::invalid_argument(key + " = '" + given.substr(0, 60) + "': must equal '" +
                                        name.substr(0, 60) +
                                        "', which the spectrum is called beside it");
          name = given;
          named = true;
        } else if (!value.is_null()) {
          throw std::invalid_argument(key + ": must be a name or an object");
        }
      } else if (key == "params") {
        if (!value.is_object()) throw std::invalid_argument("params: must be an object");
        self(self, value);
      } else {
        Json& own = params[key == "rope_theta" ? "base" : key];
        if (!own.is_null() && value.is_null()) continue;
        if (!own.is_null() && !same(own, value, key))
          throw std::invalid_argument(key.substr(0, 60) + " = " + written(value) + ": must equal " +
                                      written(own) + ", which is given for the same parameter");
        own = value;
      }
    }
  };
  absorb(absorb, object);
  if (name == "unscaled" || name == "none") name = "default";

  Keys keys(params, name);
  FrequencySpectrum out;
  out.rope_theta = keys.maybe("base").value_or(Rational(10000));
  keys.normal["base"] = number_json(out.rope_theta);
  if (out.rope_theta <= 1)
    throw std::invalid_argument("base = " + to_text(out.rope_theta) + ": must be above 1");
  int rotary_dim = 0;
  out.scaling = read_scaling(name, keys, rotary_dim);
  if (rotary_dim == 0) {
    keys.maybe("rotary_dim");
    if (keys.given("rotary_dim")) {
      rotary_dim = static_cast<int>(integer_in(params["rotary_dim"], "rotary_dim", 1, 65536));
    } else if (shape) {
      rotary_dim = shape->rotary_dim;
    } else {
      if (!keys.maybe("head_dim"))
        throw std::invalid_argument("rotary_dim: scaling '" + name + "' needs it, or head_dim");
      rotary_dim = static_cast<int>(partial_dim(keys, warnings));
    }
    keys.maybe("head_dim");
    if (keys.given("head_dim")) {
      check_partial_dim(keys, rotary_dim);
    } else if (const auto part = keys.maybe("partial_rotary_factor")) {
      throw std::invalid_argument("partial_rotary_factor = " + to_text(*part) +
                                  ": needs head_dim, of which it is a part, beside rotary_dim = " +
                                  std::to_string(rotary_dim));
    }
    keys.normal["rotary_dim"] = rotary_dim;
  }
  if (rotary_dim % 2 != 0) {
    throw std::invalid_argument("rotary_dim = " + std::to_string(rotary_dim) +
                                ": must be even and at least 2");
  }
  keys.finish();
  if (shape && rotary_dim != shape->rotary_dim) {
    throw std::invalid_argument("rotary_dim = " + std::to_string(rotary_dim) +
                                " of the spectrum: must equal the shape's " +
                                std::to_string(shape->rotary_dim));
  }
  out.rotary_dim = rotary_dim;
  normal = Json{{"scaling", name}, {"params", keys.normal}};
  return out;
}

}  // namespace plumbline
