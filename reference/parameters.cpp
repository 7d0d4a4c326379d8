// SPDX-License-Identifier: Apache-2.0
#include "reference/parameters.h"

#include <algorithm>
#include <stdexcept>

#include "reference/json_fields.h"

namespace plumbline {
namespace {

bool lists(std::string_view list, std::string_view word) {
  for (const auto& part : split(list)) {
    if (part == word) return true;
  }
  return false;
}

std::string shown_list(const std::vector<Rational>& values) {
  std::string out;
  for (const auto& v : values) out += (out.empty() ? "" : ", ") + to_text(v);
  return values.size() == 1 ? out : "[" + out + "]";
}

[[noreturn]] void refuse(const ParameterSpec& spec, const std::string& value,
                         std::string_view allowed) {
  throw std::invalid_argument(std::string(spec.name) + " = " + value + ": must be " +
                              std::string(allowed));
}

// `given`: what the user wrote where that is no list of numbers.
void check_values(const ParameterSpec& spec, const std::vector<Rational>& values,
                  const std::string& given = {}) {
  const auto shown = [&](const std::vector<Rational>& v) {
    return shortened(given.empty() ? shown_list(v) : given);
  };
  const bool is_list =
      spec.kind == Kind::per_block || spec.kind == Kind::each_block || spec.kind == Kind::per_video;
  const auto all = [&](auto rule) {
    for (const auto& v : values) {
      if (!rule(v)) return false;
    }
    return true;
  };
  switch (spec.kind) {
    case Kind::positive:
    case Kind::per_block:
    case Kind::each_block:
      if (values.empty() || (!is_list && values.size() != 1) ||
          !all([](const Rational& v) { return v > 0; })) {
        refuse(spec, shown(values),
               is_list ? "a non-empty list of numbers above 0" : "one number above 0");
      }
      break;
    case Kind::non_negative:
    case Kind::per_video:
      if (values.empty() || (!is_list && values.size() != 1) ||
          !all([](const Rational& v) { return v >= 0; })) {
        refuse(spec, shown(values),
               is_list ? "a non-empty list of numbers not below 0" : "one number not below 0");
      }
      break;
    case Kind::count:
      if (values.size() != 1 || denominator(values[0]) != 1 || values[0] < 1 || values[0] > 65535)
        refuse(spec, shown(values), "an integer from 1 to 65535");
      break;
    case Kind::section:
      if (values.size() != 3 ||
          !all([](const Rational& v) { return denominator(v) == 1 && v > 0 && v < 65536; })) {
        refuse(spec, shown(values), "three positive integers");
      }
      break;
    case Kind::counts:
      if (values.size() != 3 ||
          !all([](const Rational& v) { return denominator(v) == 1 && v >= 0 && v < 65536; })) {
        refuse(spec, shown(values), "three integers not below 0");
      }
      break;
    case Kind::triple:
      if (values.size() != 3 || !all([](const Rational& v) { return v > 0; })) {
        refuse(spec, shown(values), "three numbers above 0");
      }
      break;
    case Kind::lanes:
      if (values.empty() || values.size() > kMostAxes || !all([](const Rational& v) {
            return denominator(v) == 1 && v > 0 && v < 65536 && numerator(v) % 2 == 0;
          })) {
        refuse(spec, shown(values), "one to four positive even integers");
      }
      break;
    case Kind::flag:
    case Kind::word:
      refuse(spec, shown(values),
             spec.kind == Kind::flag ? "true or false" : "one of " + std::string(spec.words));
    case Kind::coded:
    case Kind::numbers:
    case Kind::ignored:
      break;
  }
}

}  // namespace

std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const auto end = list.find(separator);
    parts.emplace_back(list.substr(0, end));
    list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  }
  return parts;
}

std::string fitted_section(const HeadShape& shape) {
  const int pairs = shape.pairs(), h = std::max(1, pairs * 5 / 16), w = std::max(1, pairs * 4 / 16);
  return std::to_string(pairs - h - w) + "," + std::to_string(h) + "," + std::to_string(w);
}

std::string fitted_heads(const HeadShape& shape) {
  const int heads = shape.num_key_value_heads;
  if (heads < 3) return "1,1,1";
  const int h = std::max(1, heads * 2 / 5);
  return std::to_string(std::max(1, heads / 5)) + "," + std::to_string(h) + "," +
         std::to_string(std::max(1, heads - h - std::max(1, heads / 5) - (heads > 4 ? 1 : 0)));
}

void check(const HeadShape& s) {
  const auto refuse_field = [](std::string_view field, int value, std::string_view rule) {
    throw std::invalid_argument(std::string(field) + " = " + std::to_string(value) + ": must be " +
                                std::string(rule));
  };
  if (s.head_dim < 2 || s.head_dim > 65536) refuse_field("head_dim", s.head_dim, "2 to 65536");
  if (s.rotary_dim < 2 || s.rotary_dim % 2 != 0)
    refuse_field("rotary_dim", s.rotary_dim, "even and at least 2");
  if (s.rotary_dim > s.head_dim) {
    refuse_field("rotary_dim", s.rotary_dim, "at most head_dim = " + std::to_string(s.head_dim));
  }
  if (s.num_key_value_heads < 1 || s.num_key_value_heads > 65536) {
    refuse_field("num_key_value_heads", s.num_key_value_heads, "1 to 65536");
  }
  if (s.num_heads < 1 || s.num_heads > 65536 || s.num_heads % s.num_key_value_heads != 0) {
    refuse_field(
        "num_heads", s.num_heads,
        "a positive multiple of num_key_value_heads = " + std::to_string(s.num_key_value_heads));
  }
}

Parameters::Parameters(std::span<const ParameterSpec> specs)
    : specs_(specs), entries_(specs.size()) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const ParameterSpec& spec = specs[i];
    if (spec.fallback.empty()) continue;
    set_text(spec.name, spec.fallback);
    entries_[i].given = false;
  }
}

const ParameterSpec* Parameters::find(std::string_view name) const {
  for (const auto& spec : specs_) {
    if (spec.name == name || lists(spec.aliases, name)) return &spec;
  }
  return nullptr;
}

std::size_t Parameters::at(std::string_view name) const {
  if (const auto* spec = find(name)) return static_cast<std::size_t>(spec - specs_.data());
  throw std::logic_error("the scheme does not declare parameter " + std::string(name));
}

void Parameters::set(std::string_view name, const std::vector<Rational>& numbers) {
  const std::size_t i = at(name);
  if (specs_[i].kind == Kind::coded) {
    set(name, numbers.size() == 1 ? to_text(numbers.front()) : shown_list(numbers));
    return;
  }
  check_values(specs_[i], numbers);
  if (specs_[i].kind != Kind::ignored) entries_[i] = {numbers, true};
}

void Parameters::set(std::string_view name, std::string_view word) {
  const std::size_t i = at(name);
  const ParameterSpec& spec = specs_[i];
  const std::string allowed = spec.kind == Kind::flag ? "false,true" : std::string(spec.words);
  if (spec.kind == Kind::coded) {
    const auto values = spec.code->read(word);
    if (values.empty()) {
      refuse(spec, "'" + std::string(word.substr(0, 60)) + "'", spec.code->allowed);
    }
    entries_[i] = {values, true};
    return;
  }
  if (spec.kind == Kind::ignored) return;
  if (spec.kind != Kind::flag && spec.kind != Kind::word) {
    check_values(spec, {}, std::string(word));
    return;
  }
  int position = 0;
  for (const auto& part : split(allowed)) {
    if (part == word) {
      entries_[i] = {{Rational(position)}, true};
      return;
    }
    ++position;
  }
  refuse(spec, "'" + std::string(word.substr(0, 60)) + "'", "one of " + allowed);
}

void Parameters::set_text(std::string_view name, std::string_view text) {
  const Kind kind = specs_[at(name)].kind;
  if (kind == Kind::flag || kind == Kind::word || kind == Kind::coded) {
    set(name, text);
    return;
  }
  std::vector<Rational> values;
  for (const auto& part : split(text)) values.push_back(parse_rational(part));
  set(name, values);
}

const std::vector<Rational>& Parameters::numbers(std::string_view name) const {
  const Entry& entry = entries_[at(name)];
  if (entry.values.empty())
    throw std::invalid_argument(std::string(name) + ": must be given, there is no default here");
  return entry.values;
}

const Rational& Parameters::number(std::string_view name) const { return numbers(name).front(); }
bool Parameters::flag(std::string_view name) const { return number(name) != 0; }

std::string_view Parameters::word(std::string_view name) const {
  std::string_view words = specs_[at(name)].words;
  for (auto i = number(name).convert_to<int>(); i > 0; --i)
    words.remove_prefix(words.find(',') + 1);
  return words.substr(0, words.find(','));
}

std::string Parameters::text(std::string_view name) const {
  return specs_[at(name)].code->write(numbers(name));
}

std::vector<std::int64_t> Parameters::integers(std::string_view name) const {
  std::vector<std::int64_t> out;
  for (const auto& v : numbers(name)) out.push_back(numerator(v).convert_to<std::int64_t>());
  return out;
}

bool Parameters::has(std::string_view name) const {
  const auto* spec = find(name);
  return spec != nullptr && !entries_[at(name)].values.empty();
}

bool Parameters::was_given(std::string_view name) const {
  const auto* spec = find(name);
  return spec != nullptr && entries_[at(name)].given;
}

}  // namespace plumbline
