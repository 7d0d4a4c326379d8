// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

#include "golden/plain_text.h"
#include "tools/report/report.h"

namespace plumbline {
namespace {

std::string details(const ReportCase& c) {
  std::string out;
  for (const ClassResult& r : c.result.classes) {
    if (r.failures == 0) continue;
    out += fmt::format(
        "{}: {} of {} values beyond budget\n  worst {}: got {:.9g}, want {:.9g}, error {:.3g}, "
        "budget {:.3g}\n  first {}\n",
        r.dataset, r.failures, r.values, words_of(r.worst), r.worst.candidate, r.worst.golden,
        r.worst.error, r.worst.budget, words_of(*r.first_failure));
  }
  for (const ReportFinding& f : c.findings)
    out += fmt::format("{}: {}: {}\n", f.rule, f.where, f.why);
  if (!c.replay.empty()) out += "replay " + c.replay + "\n";
  return out;
}

void add_outcome(pugi::xml_node test, const ReportCase& c) {
  const Outcome outcome = c.outcome();
  const auto child = [&](const char* name, const std::string& type, const std::string& message) {
    pugi::xml_node node = test.append_child(name);
    node.append_attribute("message") = in_one_line(message).c_str();
    if (!type.empty()) node.append_attribute("type") = type.c_str();
    return node;
  };
  switch (outcome) {
    case Outcome::ok:
      return;
    case Outcome::wrong:
      child("failure", rule_of(c), headline(c)).text() = in_lines(details(c)).c_str();
      return;
    case Outcome::fatal:
      child("error", rule_of(c), headline(c)).text() = in_lines(details(c)).c_str();
      return;
    case Outcome::waived:
      child("skipped", "", "waived: " + c.waived);
      return;
    case Outcome::unexpected_pass:
      child("failure", "unexpected-pass", "conforms, though waived: " + c.waived);
      return;
    case Outcome::not_judged:
      child("skipped", "", why_not_judged(c));
      return;
  }
}

}  // namespace

std::string report_junit(const Report& report) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  std::size_t failed = report.waiver_problems.size(), fatal = 0, skipped = 0;
  for (const ReportCase& c : report.cases) {
    const Outcome o = c.outcome();
    failed += o == Outcome::wrong || o == Outcome::unexpected_pass;
    fatal += o == Outcome::fatal;
    skipped += o == Outcome::waived || o == Outcome::not_judged;
  }
  const std::size_t tests = report.cases.size() + report.waiver_problems.size();
  pugi::xml_node suites = document.append_child("testsuites"), suite;
  const auto totals = [&](pugi::xml_node node) {
    node.append_attribute("tests") = tests;
    node.append_attribute("failures") = failed;
    node.append_attribute("errors") = fatal;
    node.append_attribute("skipped") = skipped;
    node.append_attribute("time") = "0";
  };
  suites.append_attribute("name") = "plumbline";
  totals(suites);
  suite = suites.append_child("testsuite");
  suite.append_attribute("name") = in_one_line(report.golden).c_str();
  totals(suite);
  pugi::xml_node properties = suite.append_child("properties");
  for (const auto& [name, value] : {std::pair("subject", report.kind + " " + report.subject),
                                    std::pair("recipe_origin", report.recipe_origin)}) {
    pugi::xml_node property = properties.append_child("property");
    property.append_attribute("name") = name;
    property.append_attribute("value") = in_one_line(value).c_str();
  }
  const auto test = [&](const std::string& name) {
    pugi::xml_node node = suite.append_child("testcase");
    node.append_attribute("name") = in_one_line(name).c_str();
    node.append_attribute("classname") = in_one_line(report.subject).c_str();
    node.append_attribute("time") = "0";
    return node;
  };
  for (const ReportCase& c : report.cases) add_outcome(test(c.id), c);
  for (std::size_t i = 0; i < report.waiver_problems.size(); ++i) {
    pugi::xml_node failure = test(fmt::format("waiver {}", i)).append_child("failure");
    failure.append_attribute("message") = in_one_line(report.waiver_problems[i]).c_str();
    failure.append_attribute("type") = "void-waiver";
  }
  std::ostringstream out;
  document.save(out, " ");
  return out.str();
}

}  // namespace plumbline
