// SPDX-License-Identifier: Apache-2.0
// plumbline diagnose: which operator a kernel applies, and its name where it is not the contract's.
#include "properties/diagnosis/diagnose.h"

#include <fmt/format.h>

#include "properties/mutants/mutant.h"
#include "reference/model.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

struct Options {
  std::string kernel, mutant, json, dtype = "f32";
  CaseOptions cases;
  bool wants_json = false, all = false;
};

const Format& format_named(const std::string& word) {
  constexpr std::string_view kNames[] = {"f64", "f32", "bf16", "f16"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == word) return kFormats[i];
  }
  throw std::invalid_argument("dtype = '" + word.substr(0, 60) +
                              "': must be f64, f32, bf16 or f16");
}

diagnosis::Maker maker_of(const Options& options) {
  if (options.kernel.empty() == options.mutant.empty())
    throw std::invalid_argument("needs one of --kernel and --mutant");
  if (!options.mutant.empty()) {
    const mutants::Mutant& m = mutants::find_mutant(options.mutant);
    return [&m] { return mutants::subject_of(m); };
  }
  const laws::Subject& s = laws::find_subject(laws::subjects(), options.kernel);
  return [&s] { return s; };
}

Json report_json(const diagnosis::ContractReport& r) {
  Json out{{"contract", r.contract}, {"skipped", r.skipped}};
  if (!r.skipped.empty()) return out;
  out["axis_map"] = r.axis_map;
  out["axis_map_wanted"] = r.axis_map_wanted;
  out["pairing"] = r.reading.pairing;
  out["pairing_wanted"] = r.pairing_wanted;
  out["gain"] = r.reading.gain ? Json(*r.reading.gain) : Json(nullptr);
  out["legal"] = r.legal;
  out["findings"] = Json::array();
  for (const diagnosis::Finding& f : r.findings)
    out["findings"].push_back(Json{{"probe", f.probe}, {"what", f.what}, {"names", f.names}});
  return out;
}

void print_report(const diagnosis::ContractReport& r) {
  if (!r.skipped.empty()) {
    fmt::print("  {}: skipped: {}\n", r.contract, r.skipped);
    return;
  }
  fmt::print("  {}: pairing {}, axes {}{}\n", r.contract,
             r.reading.pairing.empty() ? "not read" : r.reading.pairing,
             r.axis_map.empty() ? "not read" : r.axis_map,
             r.axis_map == r.axis_map_wanted ? "" : " in place of " + r.axis_map_wanted);
  for (const diagnosis::Finding& f : r.findings) {
    std::string names;
    for (const std::string& id : f.names) names += (names.empty() ? "" : ", ") + id;
    fmt::print("    {}: {}{}\n", f.probe, f.what, names.empty() ? "" : " (" + names + ")");
  }
}

int run_diagnose(const Options& options) {
  const diagnosis::Maker make = maker_of(options);
  const Format& format = format_named(options.dtype);
  const bool given =
      options.cases.batch() || !options.cases.scheme.empty() || !options.cases.model.empty();
  const std::vector<Case> among = given ? options.cases.read() : diagnosis::contracts();
  const diagnosis::Diagnosis d = diagnosis::diagnose(make, among, format);
  const int code =
      d.verdict == diagnosis::Verdict::refused ? kSkipped
      : d.verdict == diagnosis::Verdict::right || d.verdict == diagnosis::Verdict::legal
          ? kConforms
          : kDoesNotConform;
  const std::string who = options.kernel.empty() ? options.mutant : options.kernel;
  if (options.wants_json) {
    Json out{{"plumbline_diagnose", 1},
             {"subject", who},
             {"verdict", std::string(diagnosis::name(d.verdict))},
             {"names", Json::array()},
             {"exit_code", code},
             {"contracts", Json::array()}};
    for (const std::string& id : d.names)
      out["names"].push_back(Json{{"id", id},
                                  {"class", std::string(diagnosis::name_of(id).bug_class())},
                                  {"text", std::string(diagnosis::name_of(id).text)}});
    for (const auto& r : d.contracts) out["contracts"].push_back(report_json(r));
    write_text(options.json, out.dump(1) + "\n");
    return code;
  }
  fmt::print("{}: {}\n", who, d.line());
  for (const auto& r : d.contracts) {
    if (options.all || !r.findings.empty() || !r.skipped.empty()) print_report(r);
  }
  return code;
}

}  // namespace

Run add_diagnose(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--kernel", options->kernel, "a kernel of fast/, or 'reference'");
  app.add_option("--mutant", options->mutant, "a wrong kernel of `plumbline list mutants`");
  app.add_option("--dtype", options->dtype, "of the tensors: f64, f32, bf16 or f16");
  app.add_flag("--all", options->all, "print every contract, not only those with findings");
  options->cases.add(app, false);
  auto* json = app.add_option("--json", options->json, "JSON, to a file or to stdout")
                   ->expected(0, 1)
                   ->default_str("");
  return [options, json] {
    options->wants_json = json->count() > 0;
    return run_diagnose(*options);
  };
}

}  // namespace plumbline
