// SPDX-License-Identifier: Apache-2.0
// plumbline frequencies: inv_freq and attention factor as decimals, every digit certified.
#include <fmt/core.h>

#include <algorithm>

#include "reference/json_fields.h"
#include "reference/model.h"
#include "tools/plumbline.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

struct Digits {
  std::string id, attention_factor;
  std::vector<std::string> inv_freq;
};

Digits digits_of(const std::string& id, const FrequencySpectrum& spectrum, int digits) {
  const ResolvedSpectrum resolved(spectrum);
  const auto decimal = [&](const std::optional<Rational>& exact,
                           const std::function<Interval()>& enclosure) {
    if (exact) return to_digits(*exact, digits);
    return at_rising_precision([&] { return std::optional(to_digits(enclosure(), digits)); },
                               "the digits of " + id);
  };
  Digits out{
      id,
      decimal(resolved.exact_attention_factor(), [&] { return resolved.attention_factor(); }),
      {}};
  for (int k = 0; k < resolved.rungs(); ++k) {
    out.inv_freq.push_back(
        decimal(resolved.exact_inv_freq(k), [&] { return resolved.inv_freq(k); }));
  }
  return out;
}

// What an entry may hold: id, scheme, params, and expected values by the names that a list of
// reference spectra has for them.
constexpr std::string_view kFields[] = {"id",
                                        "scheme",
                                        "scaling",
                                        "params",
                                        "n_pairs",
                                        "inv_freq",
                                        "inv_freq_f32_ideal_hex",
                                        "attention_factor",
                                        "attention_factor_f64_hex",
                                        "attention_factor_f32_hex",
                                        "aux",
                                        "note"};

// Whatever else it holds is its author's own, but may be a scaling that was meant to count.
std::vector<std::string> other_fields(const Json& entry) {
  std::vector<std::string> out;
  for (const auto& [key, value] : entry.items())
    if (std::find(std::begin(kFields), std::end(kFields), key) == std::end(kFields))
      out.push_back(key);
  return out;
}

// `scheme` is the scaling's name.
Digits entry_digits(const Json& entry, int digits, std::vector<std::string>& warnings) {
  if (!entry.is_object()) throw std::invalid_argument("entry: must be an object");
  Json spectrum = Json::object();
  for (const char* key : {"scheme", "scaling", "params"}) {
    if (entry.contains(key)) spectrum[key] = entry[key];
  }
  if (!entry.contains("params")) throw std::invalid_argument("needs 'params'");
  Json normal;
  const FrequencySpectrum read = spectrum_from_json(spectrum, std::nullopt, normal, &warnings);
  return digits_of(entry.contains("id") ? text_field(entry, "id", "entry") : "", read, digits);
}

Json to_json(const Digits& l) {
  return Json{{"id", l.id}, {"inv_freq", l.inv_freq}, {"attention_factor", l.attention_factor}};
}

}  // namespace

Run add_frequencies(CLI::App& app) {
  struct Options {
    std::string model, cases;
    int digits = 30;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* model = app.add_option("--model", options->model, "model preset");
  app.add_option("--cases", options->cases,
                 "JSON list of {id, scheme, params}, scheme being the scaling's name")
      ->excludes(model);
  app.add_option("--digits", options->digits, "significant digits, 1 to 1000")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--json", options->json, "print JSON");
  return [options] {
    if (!options->cases.empty()) {
      Json out = Json::array();
      const auto list = json_list(options->cases, "entries");
      std::vector<std::string> warnings;
      for (std::size_t i = 0; i < list.size(); ++i) {
        std::vector<std::string> own;
        out.push_back(
            in_case(i, [&] { return to_json(entry_digits(list[i], options->digits, own)); }));
        for (const std::string& key : other_fields(list[i]))
          own.push_back(fmt::format("field '{}' is not read", key));
        for (const std::string& line : own) warnings.push_back(fmt::format("case {}: {}", i, line));
      }
      for (const std::string& line : warnings) print_line(stderr, "plumbline: warning: {}", line);
      write_text("", json_text(out));
      return int{kConforms};
    }
    if (options->model.empty()) throw std::invalid_argument("needs --model or --cases");
    const Model& m = find_model(options->model);
    Json normal;
    const Digits l =
        digits_of(m.name, spectrum_from_json(m.spectrum, std::nullopt, normal), options->digits);
    if (options->json) {
      write_text("", json_text(to_json(l)));
      return int{kConforms};
    }
    std::string text =
        fmt::format("{}  {}  attention factor {}\n", m.title, normal.dump(), l.attention_factor);
    for (std::size_t k = 0; k < l.inv_freq.size(); ++k)
      text += fmt::format("{:4}  {}\n", k, l.inv_freq[k]);
    write_text("", text);
    return int{kConforms};
  };
}

}  // namespace plumbline
