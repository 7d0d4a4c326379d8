// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/settings.h"

#include <algorithm>
#include <stdexcept>

#include "reference/planes.h"

namespace plumbline {
namespace {

std::string shown(const Parameters& parameters, const ParameterSpec& spec) {
  if (!parameters.has(spec.name)) return {};
  if (spec.kind == Kind::flag) return parameters.flag(spec.name) ? "true" : "false";
  if (spec.kind == Kind::word) return std::string(parameters.word(spec.name));
  std::string out;
  for (const auto& v : parameters.numbers(spec.name)) out += (out.empty() ? "" : ",") + to_text(v);
  return out;
}

// Sections of the same sum by shares, and one that leaves some over.
std::vector<std::string> sections(const std::string& own) {
  std::vector<std::int64_t> s;
  std::int64_t sum = 0;
  for (const auto& part : split(own, ',')) {
    s.push_back(numerator(parse_rational(part)).convert_to<std::int64_t>());
    sum += s.back();
  }
  const auto text = [](std::int64_t t, std::int64_t h, std::int64_t w) {
    return std::to_string(t) + "," + std::to_string(h) + "," + std::to_string(w);
  };
  std::vector<std::string> out;
  if (s.size() != 3) return out;
  if (sum % 4 == 0) out.push_back(text(sum / 2, sum / 4, sum / 4));
  if (sum % 8 == 0) out.push_back(text(sum / 4 * 3, sum / 8, sum / 8));
  if (std::min({s[0], s[1], s[2]}) > 1) out.push_back(text(s[0] - 1, s[1] - 1, s[2] - 1));
  return out;
}

std::vector<std::string> values(const ParameterSpec& spec, const std::string& own) {
  if (!spec.domain.empty()) return split(spec.domain, ';');
  switch (spec.kind) {
    case Kind::positive:
    case Kind::per_block:
      return {"1/2", "1", "2"};
    case Kind::per_video:
      return {"3/10", "1", "2"};
    case Kind::section:
      return sections(own);
    case Kind::flag:
      return {"false", "true"};
    case Kind::word:
      return split(spec.words, ',');
    default:
      return {};
  }
}

void set_rotary_dim(Case& c, int lanes) {
  c.shape.head_dim = c.shape.rotary_dim = c.spectrum.rotary_dim = lanes;
}

bool accepted(const Case& c) {
  try {
    allocation(c);
    planes_of(c, 0);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

template <class Body>
void each_value(const Subject& subject, const Body& body) {
  const auto& pinned = subject.pinned;
  const auto fixed = [&](std::string_view name) {
    return std::find(pinned.begin(), pinned.end(), name) != pinned.end();
  };
  if (fixed("*")) return;
  for (const ParameterSpec& spec : subject.base.parameters.specs()) {
    // The number of heads belongs to the shape.
    if (fixed(spec.name) || spec.name == "num_key_value_heads") continue;
    const std::string own = shown(subject.base.parameters, spec);
    for (const std::string& value : values(spec, own)) {
      if (value == own) continue;
      Case c = subject.base;
      try {
        c.parameters.set_text(spec.name, value);
      } catch (const std::invalid_argument&) {
        continue;
      }
      if (accepted(c)) body(spec, value, std::move(c));
    }
  }
}

}  // namespace

std::vector<Setting> settings(const Subject& subject) {
  std::vector<Setting> out{{subject.base, {}}};
  each_value(subject, [&](const ParameterSpec& spec, const std::string& value, Case c) {
    out.push_back({std::move(c), std::string(spec.name) + "=" + value});
  });
  if (std::find(subject.pinned.begin(), subject.pinned.end(), "*") != subject.pinned.end())
    return out;
  for (const std::string& words : split(subject.also, '|')) {
    Case c = subject.base;
    for (const std::string& word : split(words, ';')) {
      const auto equals = word.find('=');
      const std::string knob = word.substr(0, equals), value = word.substr(equals + 1);
      if (knob == "rotary_dim") {
        set_rotary_dim(c, std::stoi(value));
      } else {
        c.parameters.set_text(knob, value);
      }
    }
    if (!accepted(c))
      throw std::invalid_argument(subject.scheme + ": refuses its own setting " + words);
    out.push_back({std::move(c), words, true});
  }
  return out;
}

std::vector<Setting> shape_settings(const Subject& subject) {
  std::vector<Setting> out;
  if (std::find(subject.pinned.begin(), subject.pinned.end(), "*") != subject.pinned.end())
    return out;
  for (const int rotary_dim : {16, 48}) {
    Case c = subject.base;
    set_rotary_dim(c, rotary_dim);
    if (accepted(c)) out.push_back({std::move(c), "rotary_dim=" + std::to_string(rotary_dim)});
  }
  return out;
}

std::string knob_domain(const Subject& subject) {
  std::string out;
  const ParameterSpec* last = nullptr;
  each_value(subject, [&](const ParameterSpec& spec, const std::string& value, const Case&) {
    if (&spec != last) {
      out += (out.empty() ? "" : "; ") + std::string(spec.name) + " " +
             shown(subject.base.parameters, spec);
    }
    out += " | " + value;
    last = &spec;
  });
  return out;
}

}  // namespace plumbline
