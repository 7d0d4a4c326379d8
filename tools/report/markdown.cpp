// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "tools/report/report.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

std::string length_words(const ContextLength& l) {
  if (!l.tested) return "not measured";
  if (!l.measurable)
    return l.exceeded_at ? fmt::format("below {:.9g}", *l.exceeded_at) : "not measurable";
  return l.length ? fmt::format("{:.9g} ({})", *l.length, l.all ? "all" : "sampled") : "none";
}

}  // namespace

std::string report_markdown(const Report& report) {
  std::size_t counts[6]{};
  for (const ReportCase& c : report.cases) ++counts[static_cast<std::size_t>(c.outcome())];
  const int code = report.exit_code();
  std::string out = fmt::format("### plumbline: {} {}: {}\n\n", in_markdown(report.kind),
                                in_markdown(report.subject),
                                code == 0   ? "conforms"
                                : code == 5 ? "nothing to judge"
                                            : "does not conform");
  out += fmt::format("Against {}:", in_markdown_code(report.golden));
  for (std::size_t i = 0; i < std::size(counts); ++i) {
    if (counts[i] != 0) out += fmt::format(" {} {}.", counts[i], word(static_cast<Outcome>(i)));
  }
  out += "\n\n| phase error below | certified context length |\n|---|---|\n";
  for (const ContextLength& l : report.lengths)
    out += fmt::format("| {} ({:.2e} rad) | {} |\n", l.grade.name, l.grade.limit, length_words(l));
  bool any = false;
  for (const ReportCase& c : report.cases) {
    const Outcome o = c.outcome();
    if (o == Outcome::ok || o == Outcome::not_judged) continue;
    if (!any) out += "\n| case | verdict | what |\n|---|---|---|\n";
    any = true;
    const std::string what = o == Outcome::unexpected_pass ? "waived: " + c.waived
                             : o == Outcome::waived ? "waived: " + c.waived + "; " + headline(c)
                                                    : headline(c);
    out += fmt::format("| {} | {} | {} |\n", in_markdown(c.id), word(o), in_markdown(what));
  }
  for (const std::string& problem : report.waiver_problems)
    out += "\n" + in_markdown(problem) + "\n";
  if (!report.not_in_golden.empty())
    out +=
        "\nNot judged, not in the golden file: " + in_markdown(names_not_in_golden(report)) + "\n";
  return out;
}

}  // namespace plumbline
