// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tools/spectrum/html.h"

namespace plumbline::spectrum {
namespace {

std::string toolbar(const Report& report) {
  std::string out =
      "<nav class=bar aria-label=\"what is shown\"><div class=jump><a href=#compare>Compare</a><a "
      "href=#claims>Claims</a><a href=#maps>Spectrum</a><a href=#extension>Extension</a><a "
      "href=#layouts>Layouts</a><a href=#motion>Motion</a><a href=#conformance>Criteria</a></div>"
      "<div class=switches>";
  for (const auto& [letter, name] : {std::pair{'t', "T"}, {'h', "H"}, {'w', "W"}})
    out += fmt::format(
        "<label class=\"axis a{0}\"><input type=checkbox data-hide-axis={0} checked>{1}"
        "</label>",
        letter, name);
  out += fmt::format(
      "</div><details class=chooser{}><summary>schemes <output id=count>{}</output></summary>"
      "<div class=chips><button type=button id=all>all</button><button type=button "
      "id=none>none</button><input type=search id=filter placeholder=\"filter\" "
      "aria-label=\"filter schemes\">",
      report.rows.size() <= 8 ? " open" : "", report.rows.size());
  for (std::size_t i = 0; i < report.rows.size(); ++i)
    out += fmt::format("<label class=chip><input type=checkbox data-scheme={} checked>{}</label>",
                       i, escaped(report.rows[i].title));
  return out + "</div></details></nav>\n";
}

std::string heading(const Report& report) {
  std::string subject = "free parameters";
  if (!report.model.empty())
    subject = escaped(report.model_title) + " (" + escaped(report.model) + ")";
  const Row& first = report.rows.front();
  return fmt::format(
      "<header class=top><p class=brand>Plumbline</p><h1>What each axis gets of the "
      "spectrum</h1><p class=facts>{} · rope_theta {} · rotary_dim {} of head_dim {} · context {} "
      "· "
      "{} scheme{}, {} map{}, {} layout{}</p></header>\n",
      subject, escaped(to_decimal(first.c.spectrum.rope_theta)), first.c.shape.rotary_dim,
      first.c.shape.head_dim, report.context, report.rows.size(),
      report.rows.size() == 1 ? "" : "s", report.maps.size(), report.maps.size() == 1 ? "" : "s",
      report.layouts.size(), report.layouts.size() == 1 ? "" : "s");
}

std::string footing(const Report& report) {
  std::string kinds;
  for (const HorizonKind& kind : horizon_kinds())
    kinds += fmt::format("<li>{}: recipe <code>{}</code>, at most {:.3g} rad</li>",
                         escaped(kind.name), escaped(kind.recipe), kind.radians);
  return fmt::format(
      "<footer><h2>How to read the numbers</h2><p>Every curve value is the binary64 number nearest "
      "to "
      "the exact one, proven by an enclosure of at most {} bits; it is off by half a unit in its "
      "last "
      "place at most. Curves join the offsets that were computed; between them a kernel may do "
      "anything. θ<sub>i</sub> is the inverse frequency, λ<sub>i</sub> = 2π/θ<sub>i</sub>. Decay "
      "bound: "
      "B(Δ) = (1/n) Σ<sub>j</sub> |Σ<sub>k&lt;j</sub> e<sup>iφ<sub>k</sub></sup>|; embedded: all n "
      "channels, those of other axes at angle 0; restricted: the channels of the axis alone, "
      "divided by "
      "the value at 0. K(Δ) = mean of cos Δθ<sub>i</sub>. Φ: a similar key is preferred on average "
      "where "
      "it is not negative. The smallest offset with K &lt; 0 and the largest |K<sub>H</sub>−K<sub>W"
      "</sub>| are searched over every integer offset. The attention factor is left "
      "out.</p><p>Precision "
      "horizons:</p><ul>{}</ul></footer>\n",
      report.precision, kinds);
}

}  // namespace

std::string report_html(const Report& report) {
  std::string out =
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n<meta name=viewport "
      "content=\"width=device-width, initial-scale=1\">\n<meta name=color-scheme content=\"light "
      "dark\">\n<title>Plumbline spectrum</title>\n<style>";
  out += kPageStyle;
  out += "</style></head><body>\n" + heading(report) + toolbar(report) + "<main>\n";
  out += comparison_section(report) + claims_section(report) + maps_section(report) +
         extension_section(report) + layouts_section(report) + motion_section(report) +
         conformance_section(report);
  out += "</main>\n" + footing(report) +
         "<div id=tip role=status aria-live=polite hidden></div><dialog id=zoom><div "
         "class=stage></div>"
         "<p class=hint>wheel or + − to zoom, drag or ← → to move, 0 to reset, Esc to close</p>"
         "</dialog>\n<script>";
  out += kPageScript;
  return out + "</script></body></html>\n";
}

}  // namespace plumbline::spectrum
