// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "tools/conformance.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

// Letters carry the meaning, colour only repeats it; both survive print and dark mode.
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8886; --v: #c33a; --c: #c90a; --h: #2a72; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .2rem .45rem; text-align: center; }
th:first-child, td.why { text-align: left; }
thead th { font-size: 80%; }
.V { background: var(--v); } .C { background: var(--c); } .H { background: var(--h); }
.differs { outline: 3px solid currentColor; outline-offset: -3px; }
code { font-size: 92%; }
h2 { margin: 2rem 0 .4rem; font-size: 1.1rem; }
@media print { body { margin: 0; max-width: none; font-size: 8pt; } h2, tr { break-inside: avoid; } }
)";

std::string matrix_html(const std::vector<Judged>& matrix) {
  std::string out = "<div class=wide><table><thead><tr><th>scheme</th>";
  for (const CriterionInfo& c : criteria())
    out += fmt::format("<th title=\"{}\">{}</th>", escaped(c.statement), c.name);
  out += "</tr></thead><tbody>\n";
  for (std::size_t r = 0; r < matrix.size(); ++r) {
    out += fmt::format("<tr><th><a href=\"#row{}\">{}</a></th>", r, escaped(matrix[r].title()));
    for (const Finding& f : matrix[r].findings) {
      const char m = mark(f.verdict);
      out += fmt::format("<td class=\"{}{}\" title=\"{}\">{}</td>",
                         m == '.'   ? 'n'
                         : m == '~' ? 'u'
                                    : m,
                         f.as_declared() ? "" : " differs",
                         escaped(f.refuted ? f.refuted->text : std::string(name(f.verdict))), m);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string row_html(const Judged& row, std::size_t number) {
  std::string out =
      fmt::format("<h2 id=\"row{}\">{}</h2>\n<table><tbody>\n", number, escaped(row.title()));
  for (const Finding& f : row.findings) {
    if (f.verdict == Verdict::holds && f.as_declared()) continue;
    std::string why = f.refuted ? "<code>" + escaped(f.refuted->text) + "</code>" : "";
    if (f.refuted && !f.refuted->params.empty())
      why += " with <code>" + escaped(f.refuted->params) + "</code>";
    if (!f.condition.empty()) why = "holds where " + escaped(f.condition) + "; " + why;
    if (!f.as_declared())
      why += fmt::format(" <strong>declared {}</strong>", name(f.declared.verdict));
    const char m = mark(f.verdict);
    out +=
        fmt::format("<tr><th>{}</th><td class={}>{}</td><td class=why>{}</td></tr>\n", f.criterion,
                    m == '.'   ? 'n'
                    : m == '~' ? 'u'
                               : m,
                    name(f.verdict), why);
  }
  std::int64_t cases = 0;
  for (const Finding& f : row.findings) cases += f.cases;
  return out + fmt::format("</tbody></table>\n<p>{} cases: {}</p>\n", cases,
                           escaped(row.findings.front().domain));
}

}  // namespace

std::string conformance_html(const std::vector<Judged>& matrix) {
  std::string out =
      "<!doctype html>\n<html lang=en><meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width\">\n<title>Plumbline conformance</title>\n"
      "<style>" +
      std::string(kStyle) + "</style>\n<h1>Which scheme keeps which criterion</h1>\n";
  out +=
      "<p>Every verdict is computed: H holds on every case tried, V violated, C conditional, . not "
      "applicable, ~ undecided. A framed cell differs from what the row declares.</p>\n";
  out += matrix_html(matrix);
  out += "<h2>Criteria</h2>\n<table><tbody>\n";
  for (const CriterionInfo& c : criteria())
    out += fmt::format("<tr><th>{}</th><td class=why>{}</td></tr>\n", c.name, escaped(c.statement));
  out += "</tbody></table>\n";
  for (std::size_t r = 0; r < matrix.size(); ++r) out += row_html(matrix[r], r);
  return out + "</html>\n";
}

}  // namespace plumbline
