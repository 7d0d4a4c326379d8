// SPDX-License-Identifier: Apache-2.0
#include "tools/report/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace plumbline {
namespace {

std::string shown(double x) { return fmt::format("{:.9g}", x); }

}  // namespace

std::string_view word(Outcome outcome) {
  constexpr std::string_view kWords[] = {"ok",        "FAIL", "CRASH", "waived", "UNEXPECTED PASS",
                                         "not judged"};
  return kWords[static_cast<std::size_t>(outcome)];
}

Outcome ReportCase::outcome() const {
  if (!skipped.empty()) return Outcome::not_judged;
  const bool judged = !result.classes.empty() || !findings.empty();
  if (!judged) return Outcome::not_judged;
  if (passes()) return waived.empty() ? Outcome::ok : Outcome::unexpected_pass;
  if (!waived.empty()) return Outcome::waived;
  const bool fatal =
      std::any_of(findings.begin(), findings.end(), [](const auto& f) { return f.fatal; });
  return fatal ? Outcome::fatal : Outcome::wrong;
}

bool Report::judged_any() const {
  return std::any_of(cases.begin(), cases.end(),
                     [](const ReportCase& c) { return c.outcome() != Outcome::not_judged; });
}

int Report::exit_code() const {
  const auto any = [&](Outcome o) {
    return std::any_of(cases.begin(), cases.end(),
                       [&](const ReportCase& c) { return c.outcome() == o; });
  };
  if (any(Outcome::fatal)) return 4;
  if (any(Outcome::wrong) || any(Outcome::unexpected_pass) || !waiver_problems.empty()) return 1;
  return judged_any() ? 0 : 5;
}

std::string words_of(const Place& p) {
  std::string out = fmt::format("token {}", p.token);
  const bool query = p.dataset.find("/q_") != std::string::npos;
  if (p.head >= 0)
    out += fmt::format(", {} head {}", query || p.dataset.ends_with("logits") ? "q" : "k", p.head);
  if (p.lane >= 0)
    out += fmt::format(", {} {}", p.dataset.ends_with("logits") ? "logit" : "lane", p.lane);
  if (p.pair >= 0)
    out += fmt::format(", pair {} (axis {}, position {})", p.pair, p.axis, shown(p.position));
  if (p.pair < 0 && !p.dataset.ends_with("logits")) out += " (pass-through)";
  return out;
}

std::string why_not_judged(const ReportCase& c) {
  if (!c.skipped.empty()) return c.skipped;
  return c.refused.empty() ? "no outputs" : "refused: " + c.refused.front();
}

std::string names_not_in_golden(const Report& report) {
  constexpr std::size_t kShown = 4;
  const std::vector<std::string>& all = report.not_in_golden;
  const std::size_t shown = std::min(all.size(), kShown);
  std::string out = fmt::format(
      "{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return shown < all.size() ? out + fmt::format(" and {} more", all.size() - shown) : out;
}

std::string rule_of(const ReportCase& c) {
  if (!c.bug.empty()) return c.bug;
  if (!c.findings.empty()) return c.findings.front().rule;
  return c.result.conforms() ? "" : "beyond-budget";
}

std::string headline(const ReportCase& c) {
  if (!c.bug.empty()) return c.bug + (c.diagnosis.empty() ? "" : ": " + c.diagnosis);
  if (!c.findings.empty()) {
    const ReportFinding& f = c.findings.front();
    return fmt::format("{}: {}: {}", f.rule, f.where, f.why);
  }
  for (const ClassResult& r : c.result.classes) {
    if (r.failures == 0) continue;
    return fmt::format("{}: {} of {} values beyond budget, first at {}, worst {:.3g} times",
                       r.dataset, r.failures, r.values, words_of(*r.first_failure), r.worst_ratio);
  }
  return "";
}

std::vector<ReportRule> rules_of(const Report& report) {
  std::vector<ReportRule> out{
      ReportRule{"beyond-budget",
                 "A value is further from the truth than the declared recipe allows."},
      ReportRule{"unexpected-pass", "A waived case conforms: the waiver is to be removed."},
      ReportRule{"void-waiver", "A waiver has expired or names no case."}};
  const auto add = [&](const std::string& id, const std::string& meaning) {
    if (id.empty() ||
        std::any_of(out.begin(), out.end(), [&](const auto& r) { return r.id == id; }))
      return;
    out.push_back({id, meaning});
  };
  for (const ReportCase& c : report.cases) {
    add(c.bug, c.diagnosis.empty() ? "A named class of bug." : c.diagnosis);
    for (const ReportFinding& f : c.findings) add(f.rule, f.meaning);
  }
  return out;
}

}  // namespace plumbline
