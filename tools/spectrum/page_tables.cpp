// SPDX-License-Identifier: Apache-2.0
// The comparison of schemes in numbers, the paper's claims, context extension and conformance.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tools/conformance.h"
#include "tools/spectrum/html.h"

namespace plumbline::spectrum {
namespace {

// A number that sorts by itself and carries a bar of its share of `full`.
std::string cell(double value, const std::string& shown, double full = 0) {
  if (!(full > 0)) return fmt::format("<td data-v={}>{}</td>", exact(value), shown);
  return fmt::format("<td class=share data-v={} style=\"--p:{:.1f}%\">{}</td>", exact(value),
                     100 * std::min(1.0, std::abs(value) / full), shown);
}
std::string none() { return "<td data-v=-1 class=none>–</td>"; }

std::size_t offset_index(const Report& report, std::int64_t wanted) {
  const auto at = std::find(report.offsets.begin(), report.offsets.end(), wanted);
  return at == report.offsets.end() ? report.offsets.size() - 1
                                    : static_cast<std::size_t>(at - report.offsets.begin());
}

struct Extremes {
  double widest = 0, spread = 0;
  std::vector<double> growth;
};

Extremes extremes(const Report& report, std::size_t at) {
  Extremes out;
  out.growth.assign(large_blocks().size(), 0);
  for (const MapClass& m : report.maps) {
    out.widest = std::max(out.widest, m.widest);
    if (!m.spread_embedded.empty()) out.spread = std::max(out.spread, m.spread_embedded[at]);
  }
  for (const Row& row : report.rows) {
    for (std::size_t b = 0; b < row.growth.size(); ++b)
      out.growth[b] = std::max(out.growth[b], row.growth[b].value_or(0));
  }
  return out;
}

// One value for each axis of the scheme, a dash where it drives no pair.
std::string by_axis(const MapClass& map, const auto& value) {
  std::string out, letters;
  for (const AxisReport& a : map.axes) letters += a.coverage.letter;
  if (map.letters.starts_with("THW") && letters != "T") letters = "THW";
  for (const char letter : letters) {
    const auto at = std::find_if(map.axes.begin(), map.axes.end(),
                                 [&](const AxisReport& a) { return a.coverage.letter == letter; });
    out += fmt::format("<span class=a{}>{}</span>", axis_class(letter),
                       at == map.axes.end() ? "–" : value(*at));
  }
  return out;
}

std::string row_html(const Report& report, std::size_t i, std::size_t at, const Extremes& most) {
  const Row& row = report.rows[i];
  const MapClass& map = report.maps[row.map];
  const LayoutClass& layout = report.layouts[row.layout];
  std::string out = fmt::format("<tr data-rows={}><th scope=row{}>{}{}</th>", i,
                                row.note.empty() ? "" : " title=\"" + escaped(row.note) + "\"",
                                escaped(row.title), row.note.empty() ? "" : " <sup>*</sup>");
  if (map.missing.empty()) {
    out += fmt::format("<td>{}</td>", strip(map.axis_maps, 64, map.axis_maps.size() > 1 ? 4 : 10));
    const double context = static_cast<double>(report.context);
    double shortest = 1e300;
    int hole = 0, beyond = 0;
    for (const AxisReport& a : map.axes) {
      shortest = std::min(shortest, a.coverage.longest / context);
      hole = std::max(hole, a.coverage.hole);
      beyond += a.longer_than_context;
    }
    const auto first =
        map.axes.empty() ? 0.0 : static_cast<double>(map.axes.front().coverage.channels.size());
    out += fmt::format("<td class=\"trio few\" data-v={}>{}</td>", first,
                       by_axis(map, [](const AxisReport& a) {
                         return fmt::format("{}", a.coverage.channels.size());
                       }));
    out += fmt::format(
        "<td class=trio data-v={}>{}</td>", exact(shortest),
        by_axis(map, [&](const AxisReport& a) { return plain(a.coverage.longest / context); }));
    out += fmt::format(
        "<td class=\"trio few\" data-v={}>{}</td>", hole,
        by_axis(map, [](const AxisReport& a) { return fmt::format("{}", a.coverage.hole); }));
    out += fmt::format(
        "<td class=\"trio few\" data-v={}>{}</td>", beyond,
        by_axis(map, [](const AxisReport& a) { return fmt::format("{}", a.longer_than_context); }));
    out += fmt::format("<td class=trio data-v={}>{}</td>",
                       map.axes.empty() ? 0 : map.axes.front().first_negative.value_or(1 << 30),
                       by_axis(map, [](const AxisReport& a) {
                         return a.first_negative ? fmt::format("{}", *a.first_negative)
                                                 : std::string("none");
                       }));
    out +=
        map.widest_at ? cell(map.widest, fmt::format("{:.3f}", map.widest), most.widest) : none();
    const double yard = report.claims.front().spread_embedded.empty()
                            ? 0
                            : report.claims.front().spread_embedded[at];
    out += map.axes.size() > 1 && yard > 0
               ? cell(map.spread_embedded[at] / yard,
                      fmt::format("{:.3f}", map.spread_embedded[at] / yard), most.spread / yard)
               : none();
  } else {
    for (int k = 0; k < 8; ++k) out += none();
  }
  for (std::size_t b = 0; b < row.growth.size(); ++b)
    out += row.growth[b] ? cell(*row.growth[b], plain(*row.growth[b]), most.growth[b]) : none();
  std::int64_t shared = 0;
  for (const auto& [name, m] : layout.metrics) {
    if (name == "image") shared = *std::max_element(m.overlap.begin(), m.overlap.end());
  }
  out += layout.metrics.empty() ? none()
                                : cell(static_cast<double>(shared), fmt::format("{}", shared));
  const Finding& full = row.finding("FULL");
  const char m = mark(full.verdict);
  out += fmt::format("<td class=v{} data-v={}{}>{}</td>",
                     m == '.'   ? 'n'
                     : m == '~' ? 'u'
                                : m,
                     static_cast<int>(full.verdict),
                     full.refuted ? " title=\"" + escaped(full.refuted->text) + "\"" : "",
                     name(full.verdict));
  int holds = 0, violated = 0;
  for (const Finding& f : row.findings) {
    holds += f.verdict == Verdict::holds ? 1 : 0;
    violated += f.verdict == Verdict::violated ? 1 : 0;
  }
  return out + fmt::format("<td data-v={}>{} / {}</td></tr>\n", holds, holds, violated);
}

// The first run, and the share of all offsets from 1 that each axis has: "T up to 1155; of 66
// offsets T 74 %, H 26 %".
std::string runs(const std::vector<char>& letters, const std::vector<std::int64_t>& offsets) {
  const auto word = [](char letter) {
    return fmt::format("<b class=a{}>{}</b>", axis_class(letter),
                       letter == '=' ? "a tie" : std::string(1, letter));
  };
  if (letters.size() < 2) return {};
  std::size_t end = 1;
  std::map<char, std::size_t> counts;
  for (std::size_t i = 1; i < letters.size(); ++i) ++counts[letters[i]];
  while (end + 1 < letters.size() && letters[end + 1] == letters[1]) ++end;
  std::string out = fmt::format("{} up to Δ = {}", word(letters[1]), offsets[end]);
  if (end + 1 == letters.size()) return out;
  out += fmt::format("; of {} offsets ", letters.size() - 1);
  std::string list;
  for (const auto& [letter, count] : counts)
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", word(letter), count);
  return out + list;
}

// One cell for each offset from 1, as wide as its share of the logarithmic axis.
std::string ribbon(const std::vector<char>& letters, const std::vector<std::int64_t>& offsets) {
  constexpr double kWidth = 420;
  const double far = std::max(1e-9, std::log10(static_cast<double>(offsets.back())));
  std::string out = fmt::format(
      "<svg class=ribbon width={} height=16 role=img aria-label=\"lowest "
      "axis by offset\">",
      kWidth);
  for (std::size_t i = 1; i < letters.size(); ++i) {
    const auto x = [&](std::size_t k) {
      return kWidth * std::log10(static_cast<double>(offsets[k])) / far;
    };
    const double from = i == 1 ? 0 : (x(i - 1) + x(i)) / 2,
                 to = i + 1 < letters.size() ? (x(i) + x(i + 1)) / 2 : kWidth;
    out += fmt::format(
        "<rect class=\"f a{}\" x={:.1f} width={:.1f} height=16><title>Δ = {}: {}"
        "</title></rect>",
        axis_class(letters[i]), from, to - from + .3, offsets[i],
        letters[i] == '=' ? "a tie" : std::string(1, letters[i]));
  }
  return out + "</svg>";
}

}  // namespace

std::string comparison_section(const Report& report) {
  const std::size_t at = offset_index(report, 1000);
  const Extremes most = extremes(report, at);
  std::string out = fmt::format(
      "<section id=compare><h2>Which scheme for this model</h2><p class=lead>Every column is a "
      "number or a decided verdict; click a heading to sort by it. Trios are by axis, in its "
      "colour.</p><div class=wide><table class=compare><thead><tr><th>scheme</th><th>map</th><th>"
      "pairs</th><th title=\"longest wavelength over the context, by axis\">longest λ / "
      "context</th>"
      "<th title=\"most channels missing between two of an axis\">largest hole</th><th "
      "title=\"channels "
      "whose wavelength is longer than the context\">pairs beyond context</th><th title=\"smallest "
      "offset at which the mean kernel is negative\">first K &lt; 0</th><th title=\"largest "
      "difference "
      "of the mean kernels of H and W over all offsets\">max |K<sub>H</sub>−K<sub>W</sub>|</th><th "
      "title=\"spread of the embedded decay bound between axes, as a ratio to {}\">spread of "
      "axes at {}, to chunked</th>",
      escaped(report.claims.front().title), report.offsets[at]);
  for (const LargeBlock& b : large_blocks())
    out += fmt::format("<th title=\"ids that the block takes\">ids of {} tokens, {}</th>",
                       tokens(Segment(b.block)), b.name);
  out +=
      "<th title=\"ids of later text at or below the block's largest, image 4 x 6\">later ids "
      "shared</th>"
      "<th>full spectrum</th><th title=\"criteria that hold / are violated\">criteria H / "
      "V</th></tr>"
      "</thead><tbody>\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) out += row_html(report, i, at, most);
  out += "</tbody></table></div>";
  std::string notes;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    if (!report.rows[i].note.empty())
      notes += fmt::format("<li data-rows={}><b>{}</b>: {}</li>", i, escaped(report.rows[i].title),
                           escaped(report.rows[i].note));
  }
  if (!notes.empty())
    out += "<details><summary>* what was changed to fit the model</summary><ul>" + notes +
           "</ul></details>";
  return out + "</section>\n";
}

std::string claims_section(const Report& report) {
  std::string out =
      "<section id=claims><h2>What the paper claims, per reading and offset</h2><p class=lead>The "
      "claims: chunked MRoPE decays fastest on T, and differently on H and W; multi-head and "
      "interleaved give nearly one curve. Computed on this spectrum, at every offset drawn: the "
      "axis "
      "whose bound has fallen furthest, and the spread between the axes as a ratio to chunked."
      "</p><div class=wide><table class=claims><thead><tr><th>scheme</th><th>reading</th><th>axis "
      "lowest at Δ = 1 … ";
  out += fmt::format("{}</th>", report.offsets.back());
  std::vector<std::size_t> shown;
  for (std::size_t i = 1; i < report.offsets.size(); ++i) {
    const double log = std::log10(static_cast<double>(report.offsets[i]));
    if (log == std::floor(log)) shown.push_back(i);
  }
  for (const std::size_t i : shown)
    out += fmt::format("<th>spread ratio, Δ = {}</th>", report.offsets[i]);
  out += "<th>largest spread ratio, of all offsets</th></tr></thead><tbody>\n";
  const ClaimCurve& yard = report.claims.front();
  for (const ClaimCurve& claim : report.claims) {
    for (const bool embedded : {true, false}) {
      const auto& lowest = embedded ? claim.lowest_embedded : claim.lowest_restricted;
      const auto& spread = embedded ? claim.spread_embedded : claim.spread_restricted;
      const auto& base = embedded ? yard.spread_embedded : yard.spread_restricted;
      out += fmt::format("<tr><th scope=row>{}</th><td>{}</td><td class=runs>{}<div>{}</div></td>",
                         escaped(claim.title), embedded ? "embedded" : "restricted",
                         ribbon(lowest, report.offsets), runs(lowest, report.offsets));
      for (const std::size_t i : shown)
        out +=
            base[i] > 0 ? fmt::format("<td>{:.3f}</td>", spread[i] / base[i]) : std::string(none());
      std::size_t largest = 0;
      for (std::size_t i = 1; i < spread.size(); ++i) {
        const auto ratio = [&](std::size_t at) { return base[at] > 0 ? spread[at] / base[at] : 0; };
        if (ratio(i) > (largest == 0 ? -1 : ratio(largest))) largest = i;
      }
      out += largest > 0 && base[largest] > 0
                 ? fmt::format("<td>{:.3f} at {}</td>", spread[largest] / base[largest],
                               report.offsets[largest])
                 : none();
      out += "</tr>\n";
    }
  }
  return out + "</tbody></table></div></section>\n";
}

std::string extension_section(const Report& report) {
  if (report.maps.empty() || report.rows.empty()) return {};
  std::string out = fmt::format(
      "<section id=extension><h2>Stretching the context × {}</h2><p class=lead>Channels of each "
      "axis "
      "that a method leaves untouched / mixes / interpolates fully, trained on {} positions. A "
      "chunked map can have one axis untouched and another fully interpolated; an interleaved one "
      "treats its axes alike.</p><div class=wide><table class=stretch><thead><tr><th>schemes</th>",
      plain(to_double(report.factor)), report.context);
  for (const char* method : {"linear", "ntk", "dynamic-ntk", "yarn"})
    out += fmt::format("<th>{}</th>", method);
  out += "</tr></thead><tbody>\n";
  for (const MapClass& map : report.maps) {
    if (map.stretches.empty()) continue;
    out += fmt::format("<tr data-rows=\"{}\"><th scope=row><span class=names>{}</span></th>",
                       rows_attribute(map.rows), names(report, map.rows));
    for (const Stretch& s : map.stretches) {
      out += "<td class=counts>";
      for (std::size_t a = 0; a < s.counts.size(); ++a) {
        const char letter = map.axes[a].coverage.letter;
        out += fmt::format("<span class=a{}>{} {}/{}/{}</span>", axis_class(letter), letter,
                           s.counts[a].untouched, s.counts[a].mixed, s.counts[a].interpolated);
      }
      out += "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></section>\n";
}

std::string conformance_section(const Report& report) {
  std::string out =
      "<section id=conformance><h2>Which criterion holds</h2><p class=lead>Judged at this setting: "
      "H "
      "holds on every case tried, V violated, C conditional, · not applicable, ~ undecided. Below, "
      "the "
      "smallest counterexamples.</p><div class=wide><table class=matrix><thead><tr><th>scheme</th>";
  for (const CriterionInfo& c : criteria())
    out += fmt::format("<th title=\"{}\">{}</th>", escaped(c.statement), c.name);
  out += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    out += fmt::format("<tr data-rows={}><th scope=row>{}</th>", i, escaped(report.rows[i].title));
    for (const Finding& f : report.rows[i].findings) {
      const char m = mark(f.verdict);
      out += fmt::format("<td class=v{}{}>{}</td>",
                         m == '.'   ? 'n'
                         : m == '~' ? 'u'
                                    : m,
                         f.refuted ? " title=\"" + escaped(f.refuted->text) + "\"" : "",
                         m == '.' ? "·" : std::string(1, m));
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const Row& row = report.rows[i];
    out += fmt::format("<details class=reasons data-rows={}><summary>{}</summary><dl>", i,
                       escaped(row.title));
    for (const Finding& f : row.findings) {
      if (!f.refuted) continue;
      out += fmt::format("<dt>{} {}</dt><dd><code>{}</code>", f.criterion, name(f.verdict),
                         escaped(f.refuted->text));
      if (!f.condition.empty()) out += " holds where " + escaped(f.condition);
      out += "</dd>";
    }
    out += "</dl></details>\n";
  }
  return out + "</section>\n";
}

}  // namespace plumbline::spectrum
