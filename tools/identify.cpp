// SPDX-License-Identifier: Apache-2.0
// plumbline identify: which registered schemes and parameters a kernel implements.
#include <fmt/format.h>

#include <algorithm>

#include "properties/identity/file.h"
#include "reference/model.h"
#include "tools/plumbline.h"
#include "tools/probed.h"

namespace plumbline {
namespace {

using identity::Identified;

struct Options {
  ProbedOptions subject;
  std::string candidate, golden, one_case;
  CaseOptions cases;
  JsonOption json;
  bool all = false;
};

constexpr const char* kPositions =
    "not seen: the caller places the tokens, so schemes and knobs that differ in that alone are "
    "not told apart";

// What is asked where no case is given: every preset, with few heads.
std::vector<Case> presets() {
  std::vector<Case> out;
  for (const Model& m : models()) {
    out.push_back(case_from_json(Json{{"id", m.name},
                                      {"model", m.name},
                                      {"shape", {{"num_heads", 2}, {"num_key_value_heads", 1}}}}));
  }
  return out;
}

Json candidate_json(const identity::Candidate& c) {
  const Json all = case_to_json(c.c);
  return Json{
      {"scheme", all["scheme"]},           {"params", all["params"]},   {"shape", all["shape"]},
      {"spectrum", all["spectrum"]},       {"pairing", all["pairing"]}, {"params_from", c.origin},
      {"spectrum_from", c.spectrum_origin}};
}

Json matches_json(const std::vector<identity::Match>& all) {
  Json out = Json::array();
  for (const identity::Match& m : all) {
    out.push_back(candidate_json(m.candidate));
    out.back()["presets"] = m.presets;
    out.back()["operation"] = m.operation;
  }
  return out;
}

Json identified_json(const Identified& i) {
  Json out{{"asked", i.id}, {"skipped", i.skipped}, {"failed", i.failed}};
  if (!i.skipped.empty()) return out;
  out["axes"] = i.seen.axes;
  out["pairing"] = i.seen.pairing;
  out["rotary_dim"] = i.seen.rotary_dim;
  out["maps"] = i.seen.maps;
  out["axis_map"] = i.axis_map;
  out["inv_freq"] = i.seen.inv_freq;
  out["inv_freq_error"] = i.seen.error;
  out["gain"] = i.seen.gain ? Json(*i.seen.gain) : Json(nullptr);
  out["as_asked"] = i.as_asked;
  out["matches"] = matches_json(i.matches);
  out["nearest"] = i.nearest ? candidate_json(*i.nearest) : Json(nullptr);
  out["differences"] = i.differences;
  return out;
}

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

std::string spectrum_text(const Json& spectrum) {
  std::string out = spectrum["scaling"].get<std::string>();
  for (const auto& [key, value] : spectrum["params"].items()) {
    if (key == "rotary_dim") continue;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    out += " " + key + "=" + shortened(text, 40);
  }
  return out;
}

std::string knobs_text(const Json& params) {
  std::string out;
  for (const auto& [key, value] : params.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    std::erase_if(text, [](char c) { return c == '[' || c == ']' || c == '"'; });
    out += " " + key + "=" + shortened(text, 40);
  }
  return out;
}

std::string candidate_text(const char* what, const identity::Candidate& c) {
  const Json all = case_to_json(c.c);
  return fmt::format("  {} {}{}; spectrum {}", what, all["scheme"].get<std::string>(),
                     knobs_text(all["params"]), spectrum_text(all["spectrum"]));
}

std::string match_text(const identity::Match& m) {
  std::string out = candidate_text("scheme", m.candidate);
  for (const std::string& preset : m.presets) out += "; preset " + preset;
  return out;
}

void print(const Identified& i) {
  if (!i.skipped.empty()) {
    print_line(stdout, "asked as {}: {}: {}", i.id, i.failed ? "failed" : "skipped", i.skipped);
    return;
  }
  print_line(stdout, "asked as {}: {}", i.id,
             i.matches.empty() ? "no scheme of the registry"
             : i.as_asked      ? "as asked"
                               : "another operator than was asked");
  print_line(stdout, "  seen: pairing {}, rotary_dim {}, axes {}, gain {}",
             i.seen.pairing.empty() ? "none" : i.seen.pairing, i.seen.rotary_dim,
             shortened(i.axis_map, 72),
             i.seen.gain ? fmt::format("{:.6g}", *i.seen.gain) : "not the same everywhere");
  const int operators = i.matches.empty() ? 0
                                          : std::max_element(
                                                i.matches.begin(), i.matches.end(),
                                                [](const auto& a, const auto& b) {
                                                  return a.operation < b.operation;
                                                })->operation +
                                                1;
  for (const identity::Match& m : i.matches) {
    print_line(stdout, "{}{}", match_text(m),
               operators > 1 ? fmt::format("; operator {}", m.operation) : "");
  }
  if (operators > 1)
    print_line(stdout, "  {} operators are within this recipe's bounds of what was measured",
               operators);
  if (i.nearest) print_line(stdout, "{}", candidate_text("nearest", *i.nearest));
  for (std::size_t line = 0; line < i.differences.size(); ++line) {
    if (line == 8 && i.differences.size() > 9) {
      print_line(stdout, "    and {} more", i.differences.size() - line);
      break;
    }
    print_line(stdout, "    {}", i.differences[line]);
  }
}

// What the kernel takes from the call, over all that was asked: the same answer whatever was asked,
// or what each case says.
std::string verdict(const std::vector<Identified>& all) {
  const auto judged =
      std::count_if(all.begin(), all.end(), [](const Identified& i) { return i.skipped.empty(); });
  const auto found =
      std::count_if(all.begin(), all.end(), [](const Identified& i) { return !i.matches.empty(); });
  const auto obeyed =
      std::count_if(all.begin(), all.end(), [](const Identified& i) { return i.as_asked; });
  if (std::any_of(all.begin(), all.end(), [](const Identified& i) { return i.failed; }))
    return "failed";
  if (judged == 0) return "nothing could be asked of it";
  if (obeyed == judged)
    return judged == 1 ? "identified, as asked"
                       : fmt::format("does what each of {} cases asks of it", judged);
  if (found == 0) return "no scheme of the registry";
  return fmt::format("identified under {} of {} cases, as asked under {}", found, judged, obeyed);
}

Json file_json(const identity::FileIdentified& i) {
  Json out{{"case", i.id},
           {"skipped", i.skipped},
           {"evidence", i.evidence},
           {"pairing_seen", i.pairing_seen},
           {"position_design_seen", i.placed},
           {"axes_differ", i.axes_differ},
           {"matches", matches_json(i.matches)},
           {"turn_only", i.turn_only},
           {"place_only", i.place_only}};
  return out;
}

void print(const identity::FileIdentified& i) {
  if (!i.skipped.empty()) {
    print_line(stdout, "{}: skipped: {}", i.id, i.skipped);
    return;
  }
  print_line(stdout, "{}: {}; from {}", i.id,
             i.matches.empty()
                 ? "no scheme of the registry with parameters of the case, a preset or the defaults"
                 : fmt::format("{} of the registry's schemes", i.matches.size()),
             fmt::join(i.evidence, ", "));
  for (const identity::Match& m : i.matches) {
    print_line(stdout, "{}", match_text(m));
  }
  if (!i.pairing_seen) print_line(stdout, "  pairing: not seen: tables alone do not show it");
  if (!i.axes_differ)
    print_line(stdout, "  axis map: not seen: every token stands alike on every axis");
  if (!i.placed) print_line(stdout, "  position design: not seen: the file holds no position_ids");
  if (!i.turn_only.empty())
    print_line(stdout, "  turn the same, place otherwise: {}", fmt::join(i.turn_only, ", "));
  if (i.matches.empty() && !i.place_only.empty())
    print_line(stdout, "  place the same, turn otherwise: {}", fmt::join(i.place_only, ", "));
}

int run_file(const Options& options) {
  if (given(options.cases))
    throw std::invalid_argument(
        "--candidate: a file says itself what was asked: no --scheme, "
        "--model or --cases");
  if (!options.subject.dtype.empty())
    throw std::invalid_argument("--dtype " + options.subject.dtype.substr(0, 60) +
                                ": belongs to a kernel; a --candidate says itself what it holds");
  const FileReader file(options.candidate);
  refuse_spectrum(file.root(), options.candidate);
  std::optional<FileReader> golden;
  if (!options.golden.empty()) {
    golden.emplace(options.golden);
    need_golden(golden->root(), options.golden);
  }
  std::optional<Recipe> chosen;
  const auto declared = file.root().text.find("recipe");
  if (!options.subject.recipe.empty()) {
    chosen = parse_recipe(options.subject.recipe);
  } else if (declared != file.root().text.end()) {
    try {
      chosen = parse_recipe(declared->second);
    } catch (const std::invalid_argument& e) {
      throw Refused(options.candidate + ": attribute 'recipe': " + e.what());
    }
  }
  const auto kind = file.root().text.find("plumbline");
  const bool is_truth = kind != file.root().text.end() && kind->second == "golden";
  const auto recipe = [&](const Format& f) -> std::optional<Recipe> {
    if (chosen) return chosen;
    return is_truth ? std::nullopt : std::optional(default_recipe(f));
  };
  std::vector<identity::FileIdentified> all;
  for (const std::string& id : file.ids()) {
    if (!options.one_case.empty() && id != options.one_case) continue;
    std::optional<StoredCase> inputs;
    if (golden && std::find(golden->ids().begin(), golden->ids().end(), id) != golden->ids().end())
      inputs = golden->load(id);
    try {
      all.push_back(identity::identify_file(file.load(id), inputs ? &*inputs : nullptr, recipe));
    } catch (const std::invalid_argument& reason) {
      all.push_back({});
      all.back().id = id;
      all.back().skipped = reason.what();
    }
    if (!options.json.wanted()) print(all.back());
  }
  if (!options.one_case.empty() && all.empty())
    throw std::invalid_argument("--case " + options.one_case.substr(0, 120) + ": no such case in " +
                                options.candidate);
  const auto judged =
      std::count_if(all.begin(), all.end(), [](const auto& i) { return i.skipped.empty(); });
  const auto found =
      std::count_if(all.begin(), all.end(), [](const auto& i) { return !i.matches.empty(); });
  const int code = judged == 0       ? int{kSkipped}
                   : found == judged ? int{kConforms}
                                     : int{kDoesNotConform};
  const std::string verdict = fmt::format("{} of {} cases identified", found, judged);
  if (!options.json.wanted()) {
    print_line(stdout, "{}: {}", options.candidate, verdict);
    return code;
  }
  Json out{{"plumbline_identify", 1}, {"subject", options.candidate},
           {"kind", "candidate"},     {"verdict", verdict},
           {"exit_code", code},       {"cases", Json::array()}};
  for (const auto& i : all) out["cases"].push_back(file_json(i));
  options.json.write(out);
  return code;
}

int run_identify(const Options& options) {
  if (!options.candidate.empty()) return run_file(options);
  if (!options.golden.empty() || !options.one_case.empty())
    throw std::invalid_argument("--golden and --case: belong to --candidate");
  const bool named = given(options.cases);
  const std::vector<Case> asked = named ? cases_asked(options.cases) : presets();
  const Probed subject = probed(options.subject);
  std::vector<Identified> all;
  for (const Case& c : asked) all.push_back(identity::identify(subject.make, c, subject.format));
  const bool judged =
      std::any_of(all.begin(), all.end(), [](const Identified& i) { return i.skipped.empty(); });
  const bool every = std::all_of(all.begin(), all.end(), [](const Identified& i) {
    return !i.skipped.empty() || !i.matches.empty();
  });
  const bool failed =
      std::any_of(all.begin(), all.end(), [](const Identified& i) { return i.failed; });
  const int code = subject.health->crashed ? int{kPluginFailed}
                   : failed                ? int{kDoesNotConform}
                   : !judged               ? int{kSkipped}
                   : every                 ? int{kConforms}
                                           : int{kDoesNotConform};
  if (options.json.wanted()) {
    Json out{{"plumbline_identify", 1},
             {"subject", subject.name},
             {"kind", subject.kind},
             {"dtype", std::string(info(dtype_of(subject.format)).name)},
             {"position_design", kPositions},
             {"verdict", verdict(all)},
             {"exit_code", code},
             {"cases", Json::array()}};
    for (const Identified& i : all) out["cases"].push_back(identified_json(i));
    options.json.write(out);
    return code;
  }
  print_line(stdout, "{}: {}", subject.name, verdict(all));
  for (const Identified& i : all) {
    if (options.all || named || !i.as_asked) print(i);
  }
  print_line(stdout, "position design: {}", kPositions);
  return code;
}

}  // namespace

Run add_identify(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* subject = app.add_option_group("subject", "what is identified");
  options->subject.add(*subject, app);
  subject->add_option("--candidate", options->candidate,
                      "a file with tables or outputs, see golden/FORMAT.md section 5; schemes are "
                      "tried with the parameters that its case states, presets' and defaults");
  subject->require_option(1);
  app.add_option("--golden", options->golden,
                 "the file that has the inputs, position_ids and cases of --candidate");
  app.add_option("--case", options->one_case, "only this case of --candidate");
  app.add_flag("--all", options->all, "print every case, not only those that were not obeyed");
  options->cases.add(app, false);
  options->json.add(app);
  return [options] { return run_identify(*options); };
}

}  // namespace plumbline
