// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "golden/plain_text.h"
#include "tools/report/report.h"

namespace plumbline {
namespace {

std::string shown(double x) { return fmt::format("{:.9g}", x); }

std::string axes_hit(const ClassResult& r) {
  constexpr std::string_view kNames[] = {
      "axis T", "axis H", "axis W", "axis 3", "unturned pairs", "pass-through lanes", "logits"};
  std::string out;
  for (std::size_t i = 0; i < r.failures_by_axis.size(); ++i) {
    if (r.failures_by_axis[i] > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", kNames[i], r.failures_by_axis[i]);
  }
  return out;
}

std::string failures(const ReportCase& c) {
  std::string out;
  for (const ClassResult& r : c.result.classes) {
    if (r.failures == 0) continue;
    const Place& p = r.worst;
    out += fmt::format("\n{} {}: {} of {} values beyond budget: {}\n", c.id, r.dataset, r.failures,
                       r.values, axes_hit(r));
    out += fmt::format("  worst  {}: got {}, want {}, error {:.3g}, budget {:.3g}\n", words_of(p),
                       shown(p.candidate), shown(p.golden), p.error, p.budget);
    out += fmt::format("  first  {}\n", words_of(*r.first_failure));
  }
  for (const ReportFinding& f : c.findings)
    out += fmt::format("\n{} {}: {}: {}\n", c.id, f.rule, f.where, in_one_line(f.why));
  if (!c.bug.empty()) out += fmt::format("  named  {}: {}\n", c.bug, c.diagnosis);
  if (!c.waived.empty()) out += fmt::format("  waived  {}\n", in_one_line(c.waived));
  if (!out.empty() && !c.replay.empty()) out += fmt::format("  replay  {}\n", c.replay);
  return out;
}

std::string row(const ReportCase& c, std::size_t width) {
  std::uint64_t values = 0;
  double ulp = 0, norm = 0, ratio = 0;
  for (const ClassResult& d : c.result.classes) {
    values += d.values;
    ulp = std::max(ulp, d.worst_ulp.ulp);
    norm = std::max(norm, d.worst_norm_ulp);
    ratio = std::max(ratio, d.worst_ratio);
  }
  return fmt::format("{:{}}  {:>9}  {:>8.3g}  {:>10.4g}  {:>12.3g}  {}\n", c.id, width, values,
                     norm, ulp, ratio, word(c.outcome()));
}

std::string length_line(const ContextLength& l) {
  std::string words = l.length
                          ? fmt::format("{:>12}  {}", shown(*l.length), l.all ? "all" : "sampled")
                          : fmt::format("{:>12}", "none");
  if (!l.measurable) {
    const std::string why =
        fmt::format("rounding hides phases below {:.1e} rad here", l.resolution);
    words = l.exceeded_at ? fmt::format("{:>12}  ({})", "below " + shown(*l.exceeded_at), why)
                          : fmt::format("not measurable: {}", why);
  }
  if (!l.tested) words = "not measured: nothing that was judged shows a phase";
  return fmt::format("  {:<5} {:.2e} rad  {}\n", l.grade.name, l.grade.limit, words);
}

}  // namespace

std::string report_table(const Report& report) {
  std::set<std::string> recipes;
  std::size_t width = 4, left_out = 0, unanswered = 0;
  const ReportCase* first_unanswered = nullptr;
  for (const ReportCase& c : report.cases) {
    if (c.outcome() == Outcome::not_judged) {
      if (c.skipped.empty() && unanswered++ == 0) first_unanswered = &c;
      continue;
    }
    if (!c.result.recipe.empty()) recipes.insert(c.result.recipe);
    width = std::max(width, c.id.size());
    left_out += c.result.missing.size();
  }
  std::string out =
      fmt::format("{}{} against {}\n", report.kind == "candidate" ? "" : report.kind + " ",
                  in_one_line(report.subject), in_one_line(report.golden));
  // Where nothing was held to a recipe there is none to show.
  if (!recipes.empty())
    out += fmt::format("recipe {} ({})\n", fmt::join(recipes, " | "), report.recipe_origin);
  out += "\n";
  out += fmt::format("{:{}}  {:>9}  {:>8}  {:>10}  {:>12}  verdict\n", "case", width, "values",
                     "ulp of r", "max ulp", "error/budget");
  for (const ReportCase& c : report.cases) {
    if (c.outcome() != Outcome::not_judged) out += row(c, width);
  }
  out +=
      "(ulp of r: error in ulps of the pair's length; max ulp: of the result, large where it "
      "cancels)\n";
  for (const ReportCase& c : report.cases) out += failures(c);
  for (const std::string& problem : report.waiver_problems)
    out += "\n" + in_one_line(problem) + "\n";
  out +=
      "\ncertified context length: no tested position up to it has a phase error above the limit\n";
  for (const ContextLength& l : report.lengths) out += length_line(l);
  if (left_out > 0 && report.kind != "kernel")
    out += fmt::format(
        "\nnot judged, absent from the cases above: {} datasets (--json lists them)\n", left_out);
  if (!report.not_in_golden.empty())
    out += fmt::format("\nnot judged, not in the golden file: {}\n",
                       in_one_line(names_not_in_golden(report)));
  std::set<std::string> refused;
  for (const ReportCase& c : report.cases)
    for (const std::string& why : c.refused) refused.insert(in_one_line(why));
  if (!refused.empty())
    out += fmt::format("\nrefused by the kernel: {}\n", fmt::join(refused, "; "));
  if (unanswered > 0)
    out += fmt::format("\nnot judged, no outputs: {} of {} cases, first {}\n", unanswered,
                       report.cases.size(), first_unanswered->id);
  const int code = report.exit_code();
  out += fmt::format("\n{}\n", code == 0   ? "conforms"
                               : code == 4 ? "does not conform: crashed, hung or left its memory"
                                           : "does not conform");
  return in_lines(out);
}

}  // namespace plumbline
