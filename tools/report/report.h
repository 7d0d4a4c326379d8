// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "golden/compare.h"
#include "reference/case.h"

// What a judgement found, once, and the forms in which it is written.
namespace plumbline {

// Something wrong that is not a number beyond its budget: a crash, a broken rule of the contract.
struct ReportFinding {
  std::string rule;  // "timed-out", "stale-state"
  std::string where, why;
  bool fatal = false;   // exit code 4
  std::string meaning;  // of the rule, a sentence
};

enum class Outcome : std::uint8_t {
  ok,
  wrong,            // beyond budget, or a finding
  fatal,            // a fatal finding
  waived,           // either of the two, excused
  unexpected_pass,  // excused, and right
  not_judged,       // no outputs, or refused by the subject
};
std::string_view word(Outcome outcome);

struct ReportCase {
  std::string id;
  CaseResult result;
  std::vector<ReportFinding> findings;
  std::vector<std::string> refused;  // parts that the subject declined, in its words
  std::string bug, diagnosis;        // a named bug class and its explanation; empty: none
  std::string waived;                // the reason of the waiver in force; empty: none
  std::string skipped;               // why the case was not judged at all; empty: it was
  std::string replay;                // the command line that repeats this case alone

  bool passes() const { return findings.empty() && result.conforms(); }
  Outcome outcome() const;
};

struct Report {
  std::string golden;
  std::string kind, subject;  // "kernel", "candidate" or "plug-in", and its name or path
  std::string recipe_origin;
  std::vector<ReportCase> cases;
  std::vector<ContextLength> lengths;
  std::vector<PhaseSample> phases;
  std::vector<std::string> waiver_problems;  // expired, or naming nothing
  // Cases, and datasets "case/path", that a candidate file has and the golden file has not.
  std::vector<std::string> not_in_golden;

  bool judged_any() const;
  // 4 where something fatal is not waived; else 1 where something is wrong, passes unexpectedly, or
  // a waiver is void; else 5 where nothing was judged; else 0.
  int exit_code() const;
};

// One rule that a report can break: an id and what it means. Those of a diagnosis come with it.
struct ReportRule {
  std::string id, meaning;
};
std::vector<ReportRule> rules_of(const Report& report);
// The rule that a case breaks first: its bug class, its first finding, or "beyond-budget".
std::string rule_of(const ReportCase& c);
// One line that says what is wrong with a case; empty where nothing is.
std::string headline(const ReportCase& c);

// Why a case was not judged: skipped, refused by the subject in its words, or without outputs.
std::string why_not_judged(const ReportCase& c);

// The first few of not_in_golden, and how many more there are.
std::string names_not_in_golden(const Report& report);

// A failing place in words: "token 4106, q head 0, lane 17, pair 17 (axis H, position 4100)".
std::string words_of(const Place& place);

// Each form ends with a line break.
std::string report_table(const Report& report);
std::string report_json(const Report& report);      // schema plumbline-validate-1
std::string report_junit(const Report& report);     // one suite: the golden file; one case each
std::string report_sarif(const Report& report);     // 2.1.0
std::string report_markdown(const Report& report);  // for a pull request
std::string report_html(const Report& report);      // one page, nothing else loaded

// A waiver file is a JSON list of {"id": case, "reason": text, "expiry": "YYYY-MM-DD"}; the last
// day counts. Marks the cases it excuses; expired waivers excuse nothing and are a problem, and so
// are those of a case that the golden file does not have. `today` as "YYYY-MM-DD".
// Throws std::invalid_argument naming the entry and the field.
void apply_waivers(Report& report, const Json& waivers, const std::string& today);
// The day in UTC.
std::string today_utc();

}  // namespace plumbline
