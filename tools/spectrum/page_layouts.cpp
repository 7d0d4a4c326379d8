// SPDX-License-Identifier: Apache-2.0
// Where tokens stand: ids on the grid of an image and of a short video, text ids around them, and
// what one frame later means.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/spectrum/html.h"

namespace plumbline::spectrum {
namespace {

constexpr int kCellHeight = 14, kShades = 6;

struct Range {
  double least = 0, most = 0;
  void take(double x) {
    least = std::min(least, x);
    most = std::max(most, x);
  }
  double share(double x) const { return most > least ? (x - least) / (most - least) : 0; }
};

// The frames of one axis side by side; shades follow the id, the number is in the cell.
std::string grid_of(const Picture& p, std::size_t axis, char letter, int cell, const Range& range) {
  const int frame = static_cast<int>(p.grid.w) * cell, gap = 6;
  const int width = static_cast<int>(p.grid.t) * (frame + gap) - gap,
            height = static_cast<int>(p.grid.h) * kCellHeight;
  std::array<std::string, kShades> shades;
  std::string numbers;
  for (const Token& t : p.tokens) {
    if (t.block < 0) continue;
    const int x = static_cast<int>(t.t) * (frame + gap) + static_cast<int>(t.w) * cell,
              y = static_cast<int>(t.h) * kCellHeight;
    const auto shade =
        static_cast<std::size_t>(std::lround(range.share(t.position[axis]) * (kShades - 1)));
    shades[shade] += fmt::format("M{} {}h{}v{}h-{}z", x, y, cell - 1, kCellHeight - 1, cell - 1);
    numbers += fmt::format("<text x={} y={}>{}</text>", x + cell / 2, y + 10, t.text[axis]);
  }
  std::string out = fmt::format(
      "<svg class=\"ids a{}\" data-axis={} width={} height={} role=img aria-label=\"{} ids of the "
      "{}\">",
      axis_class(letter), letter, width, height, letter, p.name);
  for (std::size_t s = 0; s < kShades; ++s) {
    if (!shades[s].empty()) out += fmt::format("<path class=\"c{}\" d=\"{}\"/>", s, shades[s]);
  }
  return out + numbers + "</svg>";
}

// Text ids above the line, visual ids below it; a band where later text and the block share ids.
std::string id_line(const Picture& p, std::size_t axis, char letter, std::int64_t overlap) {
  constexpr double kWidth = 240;
  Range range{p.tokens.front().position[axis], p.tokens.front().position[axis]};
  for (const Token& t : p.tokens) range.take(t.position[axis]);
  const auto x = [&](double id) { return 6 + range.share(id) * (kWidth - 60); };
  std::string before, after, visual;
  bool seen = false;
  Range block{1e300, -1e300}, later{1e300, -1e300};
  for (const Token& t : p.tokens) {
    const double id = t.position[axis];
    if (t.block >= 0) {
      seen = true;
      block.take(id);
      visual += fmt::format("M{:.1f} 11v6", x(id));
      continue;
    }
    if (seen) later.take(id);
    (seen ? after : before) += fmt::format("M{:.1f} 9v-6", x(id));
  }
  std::string out =
      fmt::format("<svg class=idline width={} height=20 role=img aria-label=\"{} ids on a line\">",
                  kWidth, letter);
  if (overlap > 0 && later.least <= block.most)
    out += fmt::format("<rect class=overlap x={:.1f} y=1 width={:.1f} height=18 />",
                       x(later.least) - 2,
                       x(later.most > later.least ? block.most : later.least) - x(later.least) + 4);
  return out + fmt::format(
                   "<path class=axis d=\"M3 10H{}\"/><path class=before d=\"{}\"/><path "
                   "class=after d=\"{}\"/><path class=\"visual a{}\" d=\"{}\"/><text x={} "
                   "y=13>{}–{}</text></svg>",
                   kWidth - 52, before, after, axis_class(letter), visual, kWidth - 48,
                   escaped(fmt::format("{:.4g}", range.least)),
                   escaped(fmt::format("{:.4g}", range.most)));
}

std::string list_of(const std::vector<Coordinate>& values) {
  std::string out;
  for (const Coordinate& x : values) {
    const double value = to_double(x);
    out += fmt::format(
        "{}{}", out.empty() ? "" : ", ",
        value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value));
  }
  return "(" + out + ")";
}

std::string tuple(const std::vector<double>& values) {
  std::string out;
  for (const double value : values)
    out += fmt::format(
        "{}{}", out.empty() ? "" : ", ",
        value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value));
  return "(" + out + ")";
}

std::string metrics_table(const LayoutClass& l) {
  std::string out = "<table class=metrics><thead><tr><th></th>";
  for (const auto& [name, m] : l.metrics) out += "<th>" + name + "</th>";
  out += "</tr></thead><tbody>";
  const auto line = [&](const char* label, const auto& cell) {
    out += fmt::format("<tr><th>{}</th>", label);
    for (const auto& [name, m] : l.metrics) out += "<td>" + cell(m) + "</td>";
    out += "</tr>";
  };
  line("ids taken", [](const BlockMetrics& m) {
    return plain(to_double(m.growth)) + fmt::format(" for {} tokens", m.tokens);
  });
  line("gap before", [](const BlockMetrics& m) { return list_of(m.gap_before); });
  line("gap after", [](const BlockMetrics& m) { return list_of(m.gap_after); });
  line("before less after", [](const BlockMetrics& m) { return list_of(m.asymmetry); });
  line("later ids shared", [](const BlockMetrics& m) {
    std::string list;
    for (const std::int64_t n : m.overlap) list += fmt::format("{}{}", list.empty() ? "" : ", ", n);
    return "(" + list + ")";
  });
  line("tuples lost",
       [](const BlockMetrics& m) { return fmt::format("{}", m.injectivity_defect); });
  line("per-token distance",
       [](const BlockMetrics& m) { return fmt::format("{:.4f}", m.token_distance); });
  return out + "</tbody></table>";
}

// Arrows from a patch to the same cell one frame later (thick) and to the cell one row and column
// further (thin); solid inside one block, dashed where every frame is a block of its own.
std::string arrows(const std::vector<Motion>& motion, const std::string& letters) {
  constexpr double kSize = 132, kMargin = 20;
  double most = 1, least = 0;
  for (const Motion& m : motion) {
    for (const auto* v : {&m.still, &m.moving}) {
      for (std::size_t a = 0; a < std::min<std::size_t>(2, v->size()); ++a) {
        most = std::max(most, (*v)[a]);
        least = std::min(least, (*v)[a]);
      }
    }
  }
  const double unit = (kSize - 2 * kMargin) / (most - least);
  const auto x = [&](double v) { return kMargin + (v - least) * unit; };
  const auto y = [&](double v) { return kSize - kMargin - (v - least) * unit; };
  std::string out = fmt::format(
      "<svg class=arrows width={0} height={0} role=img aria-label=\"displacement one frame "
      "later\"><path class=axis d=\"M{1:.1f} {2:.1f}H{3}M{1:.1f} {2:.1f}V{4}\"/><text x={3} "
      "y={5:.1f} "
      "text-anchor=end>Δ{6}</text><text x={7:.1f} y={8}>Δ{9}</text>",
      kSize, x(0), y(0), kSize - 4, 8, y(0) + 12, letters[0], x(0) + 4, 12,
      letters.size() > 1 ? letters[1] : ' ');
  for (const Motion& m : motion) {
    for (const auto* v : {&m.moving, &m.still}) {
      const double dx = (*v)[0], dy = v->size() > 1 ? (*v)[1] : 0;
      const bool still = v == &m.still;
      out += fmt::format(
          "<path class=\"arrow {}{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/><circle class=\"{}\" "
          "cx={:.1f} cy={:.1f} r={} />",
          m.name, still ? " still" : "", x(0), y(0), x(dx), y(dy), still ? "tip still" : "tip",
          x(dx), y(dy), still ? "3.2" : "2.2");
    }
  }
  return out + "</svg>";
}

std::string motion_text(const std::vector<Motion>& motion) {
  std::string out = "<table class=metrics><tbody>";
  for (const Motion& m : motion)
    out += fmt::format(
        "<tr><th>{0}, still</th><td>{1}</td></tr><tr><th>{0}, moving</th><td>{2}</td></tr>", m.name,
        tuple(m.still), tuple(m.moving));
  return out + "</tbody></table>";
}

std::string card(const Report& report, const LayoutClass& l, std::size_t number) {
  std::string out = fmt::format(
      "<article class=layout data-layout={} data-rows=\"{}\"><header><h3>{}, {}</h3><p "
      "class=names>{}</p></header>",
      number, rows_attribute(l.rows), escaped(l.layout), escaped(l.advance), names(report, l.rows));
  for (const Picture& p : l.pictures) {
    if (!p.missing.empty()) {
      out += fmt::format("<p class=missing>{}: {}</p>", p.name, escaped(p.missing));
      continue;
    }
    std::size_t longest = 1;
    for (const Token& t : p.tokens) {
      for (const std::string& text : t.text)
        longest = std::max(longest, t.block < 0 ? 1 : text.size());
    }
    const int cell = static_cast<int>(std::max<std::size_t>(17, 5 * longest + 5));
    out += fmt::format("<figure><figcaption>{} <code>{}</code></figcaption>", p.name, p.notation);
    for (std::size_t a = 0; a < l.letters.size(); ++a) {
      Range range{1e300, -1e300};
      for (const Token& t : p.tokens) {
        if (t.block >= 0) range.take(t.position[a]);
      }
      out += fmt::format("<div class=axisrow><b class=a{}>{}</b>{}", axis_class(l.letters[a]),
                         l.letters[a], grid_of(p, a, l.letters[a], cell, range));
      if (p.grid.t == 1 && !l.metrics.empty())
        out += id_line(p, a, l.letters[a], l.metrics.front().second.overlap[a]);
      out += "</div>";
    }
    out += "</figure>";
  }
  if (!l.metrics.empty()) out += metrics_table(l);
  return out + "</article>\n";
}

}  // namespace

std::string layouts_section(const Report& report) {
  std::string out =
      "<section id=layouts><h2>Where tokens stand</h2><p class=lead>Position ids of an image and "
      "of "
      "a video of three frames, as one block and split into frames, on their own grids; darker is "
      "later. The lines show the ids of the image (below) between the text before and after it "
      "(above); a shaded band marks ids that later text shares with the block.</p><div "
      "class=cards>\n";
  for (std::size_t i = 0; i < report.layouts.size(); ++i) out += card(report, report.layouts[i], i);
  return out + "</div></section>\n";
}

std::string motion_section(const Report& report) {
  std::string out =
      "<section id=motion><h2>Motion, one frame later</h2><p class=lead>The difference of position "
      "between a patch and the patch one frame later: at the same cell (thick, filled) and one row "
      "and one column further (thin). Solid: frames inside one block; dashed: every frame its own "
      "block, one text token between. Motion is decoupled where a still patch moves along time "
      "alone.</p><div class=arrowcards>\n";
  const auto one = [&](const std::string& head, const std::vector<Motion>& motion,
                       const std::string& letters, const std::string& rows) {
    out += fmt::format("<figure{}>{}{}<figcaption>{}</figcaption></figure>", rows,
                       arrows(motion, letters), motion_text(motion), head);
  };
  for (const auto& [title, motion] : report.reset_pair)
    one("<b>" + escaped(title) + "</b>", motion, "THW", " class=pair");
  for (const LayoutClass& l : report.layouts) {
    if (l.motion.empty()) continue;
    one("<span class=names>" + names(report, l.rows) + "</span>", l.motion, l.letters,
        fmt::format(" data-rows=\"{}\"", rows_attribute(l.rows)));
  }
  return out + "</div></section>\n";
}

}  // namespace plumbline::spectrum
