// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tools/report/report.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

// A URI reference of a path: everything but unreserved characters and slashes in percent form.
std::string uri_of(const std::string& path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Json location(const Report& report, const std::string& where) {
  Json out{{"physicalLocation", Json{{"artifactLocation", Json{{"uri", uri_of(report.golden)}}}}}};
  if (!where.empty())
    out["logicalLocations"] =
        Json::array({Json{{"fullyQualifiedName", where}, {"kind", "member"}}});
  return out;
}

}  // namespace

std::string report_sarif(const Report& report) {
  const std::vector<ReportRule> known = rules_of(report);
  Json rules = Json::array(), results = Json::array();
  for (const ReportRule& r : known) {
    rules.push_back(Json{{"id", r.id}, {"shortDescription", Json{{"text", r.meaning}}}});
  }
  const auto add = [&](const std::string& rule, const std::string& text, const std::string& where,
                       const std::string& waived) {
    std::size_t index = 0;
    while (known[index].id != rule) ++index;
    Json result{{"ruleId", rule},
                {"ruleIndex", index},
                {"level", "error"},
                {"message", Json{{"text", text}}},
                {"locations", Json::array({location(report, where)})}};
    if (!waived.empty())
      result["suppressions"] = Json::array({Json{{"kind", "external"}, {"justification", waived}}});
    results.push_back(result);
  };
  for (const ReportCase& c : report.cases) {
    const Outcome outcome = c.outcome();
    if (outcome == Outcome::ok || outcome == Outcome::not_judged) continue;
    if (outcome == Outcome::unexpected_pass) {
      add("unexpected-pass", c.id + " conforms, though waived: " + c.waived, c.id, "");
      continue;
    }
    if (!c.bug.empty()) add(c.bug, c.id + ": " + headline(c), c.id, c.waived);
    for (const ReportFinding& f : c.findings)
      add(f.rule, fmt::format("{}: {}: {}", c.id, f.where, f.why), c.id, c.waived);
    for (const ClassResult& r : c.result.classes) {
      if (r.failures == 0 || !c.bug.empty()) continue;
      add("beyond-budget",
          fmt::format("{} {}: {} of {} values beyond budget, first at {}: worst error {:.3g}, "
                      "budget {:.3g}",
                      c.id, r.dataset, r.failures, r.values, words_of(*r.first_failure),
                      r.worst.error, r.worst.budget),
          c.id + "/" + r.dataset, c.waived);
    }
  }
  for (const std::string& problem : report.waiver_problems) add("void-waiver", problem, "", "");
  const Json driver{{"name", "plumbline"}, {"version", PLUMBLINE_VERSION}, {"rules", rules}};
  const Json run{
      {"tool", Json{{"driver", driver}}}, {"columnKind", "utf16CodeUnits"}, {"results", results}};
  return json_text(Json{{"version", "2.1.0"}, {"runs", Json::array({run})}});
}

}  // namespace plumbline
