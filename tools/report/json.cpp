// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "tools/report/report.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

Json number(double x) { return std::isfinite(x) ? Json(x) : Json(fmt::format("{}", x)); }

Json place_json(const Place& p) {
  return Json{{"token", p.token},
              {"row", p.row},
              {"head", p.head},
              {"lane", p.lane},
              {"pair", p.pair},
              {"axis", std::string(1, p.axis)},
              {"position", p.position},
              {"golden", number(p.golden)},
              {"candidate", number(p.candidate)},
              {"ulp", number(p.ulp)},
              {"error", number(p.error)},
              {"budget", number(p.budget)}};
}

Json dataset_json(const ClassResult& d) {
  Json row{{"dataset", d.dataset},
           {"values", d.values},
           {"failures", d.failures},
           {"worst_ratio", std::isfinite(d.worst_ratio) ? d.worst_ratio : 1e308},
           {"worst_norm_ulp", number(d.worst_norm_ulp)},
           {"worst", place_json(d.worst)},
           {"worst_ulp", place_json(d.worst_ulp)}};
  if (d.first_failure) row["first_failure"] = place_json(*d.first_failure);
  return row;
}

Json case_json(const ReportCase& c) {
  Json entry{{"id", c.id},
             {"recipe", c.result.recipe},
             {"conforms", c.passes()},
             {"verdict", std::string(word(c.outcome()))},
             {"missing", c.result.missing},
             {"datasets", Json::array()},
             {"findings", Json::array()},
             {"refused", c.refused}};
  for (const ClassResult& d : c.result.classes) entry["datasets"].push_back(dataset_json(d));
  for (const ReportFinding& f : c.findings) {
    entry["findings"].push_back(
        Json{{"rule", f.rule}, {"where", f.where}, {"why", f.why}, {"fatal", f.fatal}});
  }
  if (!c.bug.empty()) entry["bug"] = Json{{"class", c.bug}, {"diagnosis", c.diagnosis}};
  if (!c.waived.empty()) entry["waived"] = c.waived;
  if (!c.replay.empty() && !c.passes()) entry["replay"] = c.replay;
  return entry;
}

}  // namespace

std::string report_json(const Report& report) {
  Json unanswered = Json::array(), cases = Json::array();
  for (const ReportCase& c : report.cases) {
    if (c.outcome() != Outcome::not_judged)
      cases.push_back(case_json(c));
    else if (c.skipped.empty())
      unanswered.push_back(c.id);
  }
  Json out{{"schema", "plumbline-validate-1"},
           {"golden", report.golden},
           {"kind", report.kind},
           {"subject", report.subject},
           {"exit_code", report.exit_code()},
           {"recipe_origin", report.recipe_origin},
           {"not_judged", unanswered},
           {"not_in_golden", report.not_in_golden},
           {"waiver_problems", report.waiver_problems},
           {"cases", cases}};
  for (const ContextLength& l : report.lengths) {
    out["certified_context_length"].push_back(
        Json{{"grade", std::string(l.grade.name)},
             {"limit", l.grade.limit},
             {"measurable", l.measurable},
             {"length", l.length ? Json(*l.length) : Json(nullptr)},
             {"exceeded_at", l.exceeded_at ? Json(*l.exceeded_at) : Json(nullptr)},
             {"tested", !l.tested ? "nothing"
                        : l.all   ? "all"
                                  : "sampled"},
             {"resolution", l.resolution}});
  }
  return json_text(out);
}

}  // namespace plumbline
