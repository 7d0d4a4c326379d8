// SPDX-License-Identifier: Apache-2.0
// Exact JSON: what case.h says of parse_json, exact_number, integer_in and number_json.
#include <functional>
#include <set>
#include <stdexcept>

#include "reference/json_fields.h"

namespace plumbline {
namespace {

// Builds the document with every number as a binary node that holds its text: a double would lose
// it.
class ExactNumbers final : public nlohmann::json_sax<Json> {
 public:
  Json document;
  std::string failure;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put_number(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    return put_number(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override { return put_number(text); }
  bool string(string_t& value) override { return put(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!seen_.back().insert(name).second) {
      failure = "key '" + name + "' appears twice";
      return false;
    }
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& e) override {
    constexpr int kOutOfRange = 406;  // valid JSON, but beyond what a double holds
    failure =
        (e.id == kOutOfRange ? "number beyond a double, which must be written as text, at byte "
                             : "not valid JSON at byte ") +
        std::to_string(position);
    if (!key_.empty()) failure += ", after the key '" + key_.substr(0, 60) + "'";
    return false;
  }

 private:
  bool put_number(const std::string& text) { return put(Json::binary({text.begin(), text.end()})); }
  Json* place(Json value) {
    if (open_.empty()) {
      document = std::move(value);
      return &document;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    return &((*open_.back())[key_] = std::move(value));
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() >= 64) {
      failure = "nested deeper than 64";
      return false;
    }
    open_.push_back(place(std::move(value)));
    seen_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    seen_.pop_back();
    return true;
  }
  std::vector<Json*> open_;
  std::vector<std::set<std::string>> seen_;  // keys of each open object: its own look-up is linear
  std::string key_;
};

}  // namespace

Json parse_json(std::string_view text) {
  ExactNumbers builder;
  // The parser takes a NUL for the end of its text.
  if (text.find('\0') != std::string_view::npos || !Json::sax_parse(text, &builder)) {
    throw std::invalid_argument(builder.failure.empty() ? "not valid JSON" : builder.failure);
  }
  return std::move(builder.document);
}

Rational exact_number(const Json& value, std::string_view knob) {
  try {
    if (value.is_binary()) {
      const auto& bytes = value.get_binary();
      return parse_rational(std::string(bytes.begin(), bytes.end()));
    }
    if (value.is_string()) return parse_rational(value.get_ref<const std::string&>());
    if (value.is_number_integer()) return Rational(value.get<std::int64_t>());
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(std::string(knob) + " = " + e.what());
  }
  throw std::invalid_argument(std::string(knob) + " = " + written(value) + ": must be a number");
}

std::string shortened(const std::string& text) {
  return text.size() <= 60 ? text : text.substr(0, 60) + "...";
}

std::string written(const Json& value) {
  const std::function<std::string(const Json&)> text = [&](const Json& v) -> std::string {
    if (v.is_binary()) return {v.get_binary().begin(), v.get_binary().end()};
    if (!v.is_structured()) return v.dump();
    std::string out;
    for (const auto& [key, entry] : v.items())
      out +=
          (out.empty() ? "" : ", ") + (v.is_object() ? Json(key).dump() + ": " : "") + text(entry);
    return v.is_object() ? "{" + out + "}" : "[" + out + "]";
  };
  return shortened(text(value));
}

std::int64_t integer_in(const Json& value, std::string_view knob, std::int64_t low,
                        std::int64_t high) {
  const Rational number = exact_number(value, knob);
  if (denominator(number) != 1 || number < low || number > high) {
    throw std::invalid_argument(std::string(knob) + " = " + to_text(number) +
                                ": must be an integer from " + std::to_string(low) + " to " +
                                std::to_string(high));
  }
  return numerator(number).convert_to<std::int64_t>();
}

Json number_json(const Rational& value) {
  if (denominator(value) == 1 && abs(value) < Rational(Integer(1) << 62)) {
    return numerator(value).convert_to<std::int64_t>();
  }
  return to_text(value);
}

}  // namespace plumbline
