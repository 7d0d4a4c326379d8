// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/report/report.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

constexpr double kWidth = 720, kHeight = 300, kLeft = 60, kRight = 20, kBottom = 30;
constexpr double kLow = -12, kHigh = 1;  // decades of phase error shown

// Phase error against position, both logarithmic: the largest sample in each of 120 bins, and how
// much rounding could hide there.
std::string plot(const std::vector<PhaseSample>& samples) {
  double most = 10;
  for (const PhaseSample& s : samples) most = std::max(most, s.last() + 1);
  const double decades = std::ceil(std::log10(most));
  const auto x_of = [&](double position) {
    return kLeft + std::log10(position + 1) / decades * (kWidth - kLeft - kRight);
  };
  const auto y_of = [&](double error) {
    const double level = std::clamp(std::log10(std::max(error, 1e-300)), kLow, kHigh);
    return 10 + (kHigh - level) / (kHigh - kLow) * (kHeight - kBottom - 10);
  };
  constexpr int kBins = 120;
  std::vector<double> error(kBins, -1), noise(kBins, 0), where(kBins, 0);
  for (const PhaseSample& s : samples) {
    for (double position = s.position; position <= s.last(); ++position) {
      const auto bin = static_cast<std::size_t>(
          std::min(kBins - 1.0, (x_of(position) - kLeft) / (kWidth - kLeft - kRight) * kBins));
      if (s.excess > error[bin]) where[bin] = position;
      error[bin] = std::max(error[bin], s.excess);
      noise[bin] = std::max(noise[bin], s.noise);
    }
  }
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"phase error against position\">\n",
      kWidth, kHeight);
  for (double d = 0; d <= decades; ++d) {
    const double x = x_of(std::pow(10, d) - 1);
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"10\" x2=\"{0:.1f}\" y2=\"{1}\"/>"
        "<text class=\"tick\" x=\"{0:.1f}\" y=\"{2}\">1e{3:.0f}</text>\n",
        x, kHeight - kBottom, kHeight - 10, d);
  }
  for (double d = kLow; d <= kHigh; d += 2)
    out +=
        fmt::format("<text x=\"5\" y=\"{:.1f}\">1e{:.0f}</text>\n", y_of(std::pow(10, d)) + 4, d);
  for (const Grade& g : kGrades)
    out += fmt::format(
        "<line class=\"grade\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>"
        "<text x=\"{}\" y=\"{:.1f}\">{}</text>\n",
        kLeft, y_of(g.limit), kWidth - kRight, y_of(g.limit), kWidth - 45, y_of(g.limit) - 3,
        g.name);
  for (std::size_t i = 0; i < kBins; ++i) {
    if (error[i] < 0) continue;
    const double x = x_of(where[i]);
    out += fmt::format("<circle class=\"noise\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2\"/>", x,
                       y_of(noise[i]));
    if (error[i] > 0)
      out += fmt::format(
          "<circle class=\"error\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\"><title>position {:.9g}: "
          "{:.3g} rad</title></circle>",
          x, y_of(error[i]), where[i], error[i]);
    out += "\n";
  }
  return out +
         "</svg>\n<p>Phase error in radians against position. Red: error beyond rounding. Grey: "
         "what rounding could hide. Lines: the limits of the grades.</p>\n";
}

std::string rows(const Report& report) {
  std::string out;
  for (const ReportCase& c : report.cases) {
    double ratio = 0;
    std::uint64_t values = 0;
    for (const ClassResult& r : c.result.classes) {
      ratio = std::max(ratio, r.worst_ratio);
      values += r.values;
    }
    const Outcome o = c.outcome();
    std::string what = o == Outcome::ok ? "" : headline(c);
    if (!c.waived.empty()) what = "waived: " + c.waived + (what.empty() ? "" : "; " + what);
    if (o == Outcome::not_judged) what = why_not_judged(c);
    out += fmt::format(
        "<tr class=\"v{}\"><td>{}</td><td>{}</td><td>{}</td><td>{:.3g}</td><td>{}</td></tr>\n",
        static_cast<int>(o), escaped(c.id), word(o), values, ratio, escaped(what));
  }
  return out;
}

}  // namespace

std::string report_html(const Report& report) {
  const int code = report.exit_code();
  const std::string verdict = code == 0   ? "conforms"
                              : code == 5 ? "nothing to judge"
                                          : "does not conform";
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>plumbline: "
      "{0}</title>\n"
      "<style>body{{font:14px/1.4 sans-serif;max-width:60em;margin:2em "
      "auto}}table{{border-collapse:"
      "collapse}}td,th{{border:1px solid #ccc;padding:2px 8px;text-align:left}}.v1,.v2,.v4"
      "{{background:#fdd}}.v3,.v5{{background:#eee}}svg{{width:100%}}svg text{{font-size:11px}}"
      ".grid{{stroke:#ddd}}.grade{{stroke:#36c;stroke-dasharray:4}}.error{{fill:#c22}}.tick{{text-"
      "anchor:middle}}.noise"
      "{{fill:#bbb}}</style></head><body>\n<h1>{0}: {1}</h1>\n<p>{2}, against {3}. Recipe "
      "{4}.</p>\n",
      escaped(report.subject), verdict, escaped(report.kind), escaped(report.golden),
      escaped(report.recipe_origin));
  out += "<table><tr><th>grade</th><th>limit, rad</th><th>certified context length</th></tr>\n";
  for (const ContextLength& l : report.lengths) {
    const std::string length =
        !l.tested ? "not measured"
        : !l.measurable
            ? (l.exceeded_at ? fmt::format("below {:.9g}", *l.exceeded_at) : "not measurable")
        : l.length ? fmt::format("{:.9g}, {}", *l.length, l.all ? "all" : "sampled")
                   : "none";
    out += fmt::format("<tr><td>{}</td><td>{:.2e}</td><td>{}</td></tr>\n", l.grade.name,
                       l.grade.limit, length);
  }
  out += "</table>\n" + plot(report.phases);
  for (const std::string& problem : report.waiver_problems)
    out += "<p class=\"v1\">" + escaped(problem) + "</p>\n";
  out +=
      "<table><tr><th>case</th><th>verdict</th><th>values</th><th>error / "
      "budget</th><th></th></tr>\n" +
      rows(report) + "</table>\n</body></html>\n";
  return out;
}

}  // namespace plumbline
