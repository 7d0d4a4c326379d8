// SPDX-License-Identifier: Apache-2.0
// plumbline diagnose: which operator a kernel applies, and its name where it is not the contract's.
#include "properties/diagnosis/diagnose.h"

#include <fmt/format.h>

#include <map>

#include "tools/plumbline.h"
#include "tools/probed.h"

namespace plumbline {
namespace {

struct Options {
  ProbedOptions subject;
  std::string contract;
  CaseOptions cases;
  JsonOption json;
  bool all = false;
};

std::string id_of(const Case& c) { return c.id.empty() ? std::string(c.scheme->name) : c.id; }

std::vector<Case> contracts_of(const Options& options) {
  const bool named = given(options.cases);
  std::vector<Case> out = named ? cases_asked(options.cases) : diagnosis::contracts();
  if (options.contract.empty()) return out;
  std::string known;
  for (const Case& c : out) known += (known.empty() ? "'" : ", '") + id_of(c) + "'";
  std::erase_if(out, [&](const Case& c) { return id_of(c) != options.contract; });
  if (out.empty())
    throw std::invalid_argument("contract = '" + options.contract.substr(0, 60) +
                                "': must be one of " + known.substr(0, 400));
  return out;
}

// The line that probes one contract again.
std::string replay(const Options& options, const std::string& contract) {
  const CaseOptions& c = options.cases;
  std::string out = "plumbline diagnose" + options.subject.words();
  for (const auto& [name, value] :
       {std::pair(" --scheme ", &c.scheme), std::pair(" --model ", &c.model),
        std::pair(" --cases ", &c.cases)}) {
    if (!value->empty()) out += name + shell_word(*value);
  }
  for (const std::string& knob : c.set) out += " --set " + shell_word(knob);
  return out + " --contract " + shell_word(contract);
}

Json report_json(const Options& options, const diagnosis::ContractReport& r) {
  Json out{{"contract", r.contract}, {"skipped", r.skipped}};
  if (!r.skipped.empty()) return out;
  out["axis_map"] = r.axis_map;
  out["axis_map_wanted"] = r.axis_map_wanted;
  out["pairing"] = r.reading.pairing;
  out["pairing_wanted"] = r.pairing_wanted;
  out["gain"] = r.reading.gain ? Json(*r.reading.gain) : Json(nullptr);
  out["legal"] = r.legal;
  out["left_out"] = r.left_out;
  out["findings"] = Json::array();
  for (const diagnosis::Finding& f : r.findings)
    out["findings"].push_back(Json{{"probe", f.probe}, {"what", f.what}, {"names", f.names}});
  out["replay"] = replay(options, r.contract);
  return out;
}

void print_report(const diagnosis::ContractReport& r) {
  if (!r.skipped.empty()) {
    print_line(stdout, "  {}: skipped: {}", r.contract, r.skipped);
    return;
  }
  if (r.reading.pairing.empty())
    print_line(stdout, "  {}:", r.contract);
  else
    print_line(stdout, "  {}: pairing {}, axes {}{}", r.contract, r.reading.pairing, r.axis_map,
               r.axis_map == r.axis_map_wanted ? "" : " in place of " + r.axis_map_wanted);
  for (const diagnosis::Finding& f : r.findings) {
    std::string names;
    for (const std::string& id : f.names) names += (names.empty() ? "" : ", ") + id;
    print_line(stdout, "    {}: {}{}", f.probe, f.what, names.empty() ? "" : " (" + names + ")");
  }
}

int code_of(diagnosis::Verdict v, const plugin::Health& health) {
  if (health.crashed || !health.gap.empty()) return kPluginFailed;
  switch (v) {
    case diagnosis::Verdict::right:
    case diagnosis::Verdict::legal:
      return kConforms;
    case diagnosis::Verdict::refused:
      return kSkipped;
    default:
      return kDoesNotConform;
  }
}

int run_diagnose(const Options& options) {
  const std::vector<Case> among = contracts_of(options);
  const Probed subject = probed(options.subject);
  diagnosis::Diagnosis d = diagnosis::diagnose(subject.make, among, subject.format);
  // A name that accounts for what was written outside the tensors is worth more than the fact.
  if (!subject.health->gap.empty() && d.verdict != diagnosis::Verdict::named &&
      d.verdict != diagnosis::Verdict::failed) {
    d.verdict = diagnosis::Verdict::failed;
    d.names.clear();
    d.trouble = "the plug-in " + subject.health->gap;
  }
  const int code = code_of(d.verdict, *subject.health);
  std::map<std::string, std::vector<std::string>> left_out;
  for (const auto& r : d.contracts) {
    for (const std::string& why : r.left_out) left_out[why].push_back(r.contract);
  }
  for (const auto& [why, of] : left_out)
    print_line(stderr, "plumbline: skipped: {}: {}",
               of.size() == 1 ? of.front() : std::to_string(of.size()) + " contracts", why);
  if (options.json.wanted()) {
    Json out{{"plumbline_diagnose", 1},
             {"subject", subject.name},
             {"kind", subject.kind},
             {"dtype", std::string(info(dtype_of(subject.format)).name)},
             {"not_probed", subject.not_probed},
             {"verdict", std::string(diagnosis::name(d.verdict))},
             {"names", Json::array()},
             {"exit_code", code},
             {"contracts", Json::array()}};
    for (const std::string& id : d.names)
      out["names"].push_back(Json{{"id", id},
                                  {"class", std::string(diagnosis::name_of(id).bug_class())},
                                  {"text", std::string(diagnosis::name_of(id).text)}});
    for (const auto& r : d.contracts) out["contracts"].push_back(report_json(options, r));
    options.json.write(out);
    return code;
  }
  print_line(stdout, "{}: {}", subject.name, d.line());
  if (!subject.not_probed.empty())
    print_line(stdout, "  probed as {}; not probed: {} (--dtype)",
               info(dtype_of(subject.format)).name, fmt::join(subject.not_probed, ", "));
  for (const auto& r : d.contracts) {
    if (options.all || !r.findings.empty() || !r.skipped.empty()) print_report(r);
    if (!r.findings.empty()) print_line(stdout, "    replay  {}", replay(options, r.contract));
  }
  return code;
}

}  // namespace

Run add_diagnose(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* subject = app.add_option_group("subject", "what is probed");
  options->subject.add(*subject, app);
  subject->require_option(1);
  app.add_option("--contract", options->contract, "only the case of this id");
  app.add_flag("--all", options->all, "print every contract, not only those with findings");
  options->cases.add(app, false);
  options->json.add(app);
  return [options] { return run_diagnose(*options); };
}

}  // namespace plumbline
