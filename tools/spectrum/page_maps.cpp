// SPDX-License-Identifier: Apache-2.0
// One row of small multiples for each map: channels against the context, four curves, stretching.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tools/spectrum/html.h"

namespace plumbline::spectrum {
namespace {

constexpr double kLeft = 26, kRight = 22, kTop = 20, kBottom = 18, kHeight = 140;

// One panel whose plot is drawn in the numbers' own units: x to the right, y up.
struct Frame {
  double width, x0, x1, y0, y1;
  double sx() const { return (width - kLeft - kRight) / (x1 - x0); }
  double sy() const { return (kHeight - kTop - kBottom) / (y1 - y0); }
  double px(double x) const { return kLeft + (x - x0) * sx(); }
  double py(double y) const { return kHeight - kBottom - (y - y0) * sy(); }
  std::string transform() const {
    return fmt::format("translate({:.3f} {:.3f}) scale({:.6f} {:.6f})", px(0), py(0), sx(), -sy());
  }
};

struct Tick {
  double at;
  std::string label;
};

constexpr const char* kPowers[] = {"1",   "10",  "10²", "10³", "10⁴",
                                   "10⁵", "10⁶", "10⁷", "10⁸", "10⁹"};

std::string open(const Frame& f, const std::string& kind, const std::string& title,
                 const std::string& description, const std::vector<Tick>& x,
                 const std::vector<Tick>& y) {
  std::string out = fmt::format(
      "<svg class=\"panel k-{0}\" data-kind={0} width={1} height={2} viewBox=\"0 0 {1} {2}\" "
      "role=img tabindex=0 aria-label=\"{3}. {4}\"><text class=title x={5} y=11>{3}</text>",
      kind, f.width, kHeight, escaped(title), escaped(description), kLeft);
  std::string lines;
  for (const Tick& t : y) {
    lines += fmt::format("M{} {:.1f}H{}", kLeft, f.py(t.at), f.width - kRight);
    out += fmt::format("<text class=tick text-anchor=end x={} y={:.1f}>{}</text>", kLeft - 4,
                       f.py(t.at) + 3, t.label);
  }
  for (const Tick& t : x) {
    lines += fmt::format("M{:.1f} {}v3", f.px(t.at), kHeight - kBottom);
    out += fmt::format("<text class=tick text-anchor=middle x={:.1f} y={}>{}</text>", f.px(t.at),
                       kHeight - 5, t.label);
  }
  return out + fmt::format("<path class=grid d=\"{}\"/>", lines);
}

// Labels at the right end, moved apart where they would touch.
std::string end_labels(const Frame& f, std::vector<std::pair<double, char>> ends) {
  std::sort(ends.begin(), ends.end());
  std::string out;
  double last = kHeight + 10;
  for (const auto& [value, letter] : ends) {
    const double y = std::min(f.py(value) + 3.5, last - 9.5);
    out += fmt::format("<text class=\"end a{}\" x={} y={:.1f}>{}</text>", axis_class(letter),
                       f.width - kRight + 5, y, letter == '*' ? "all" : std::string(1, letter));
    last = y;
  }
  return out;
}

// The name of a method beside its line, where it is least crowded: YaRN half-way down its ramp, the
// two NTK lines on either side.
std::string method_label(const Frame& f, const Stretch& s, double least) {
  const auto at = [&](double share) {
    return static_cast<std::size_t>(share * static_cast<double>(s.ratio.size() - 1));
  };
  std::size_t k = at(.05);
  double dx = 0, dy = 10;
  std::string anchor = "start";
  if (s.method == "ntk") {
    k = at(.75);
    dy = -4;
  } else if (s.method == "dynamic-ntk") {
    k = at(.16);
    dx = -4;
    dy = 9;
    anchor = "end";
  } else if (s.method == "yarn") {
    k = 0;
    while (k + 1 < s.ratio.size() && s.ratio[k] > (1 + 3 * least) / 4 + .25) ++k;
    dx = 5;
    dy = 0;
  }
  return fmt::format("<text class=note text-anchor={} x={:.1f} y={:.1f}>{}</text>", anchor,
                     f.px(static_cast<double>(k)) + dx, f.py(s.ratio[k]) + dy,
                     s.method == "dynamic-ntk" ? "dyn." : s.method);
}

// Channels that turn, by pair: all together where one ladder runs through every axis, else each
// axis for itself.
std::vector<std::vector<const Channel*>> ladders(const MapClass& map) {
  std::vector<std::vector<const Channel*>> by_axis;
  std::map<int, const Channel*> all;
  bool one = true;
  for (const AxisReport& a : map.axes) {
    auto& own = by_axis.emplace_back();
    for (const Channel& c : a.channels) {
      if (!std::isfinite(c.wavelength)) continue;
      own.push_back(&c);
      const auto [at, is_new] = all.emplace(c.pair, &c);
      one = one && (is_new || at->second->wavelength == c.wavelength);
    }
  }
  std::vector<const Channel*> together;
  for (const auto& [pair, channel] : all) {
    one = one && (together.empty() || together.back()->wavelength < channel->wavelength);
    together.push_back(channel);
  }
  if (one) return {together};
  return by_axis;
}

class Panels {
 public:
  explicit Panels(const Report& report) : report_(report) {
    for (const std::int64_t offset : report.offsets) {
      if (offset > 0) logs_.push_back(fmt::format("{:.5f}", std::log10(offset)));
    }
    far_ = std::max(1.0, std::log10(static_cast<double>(report.context)));
    for (int i = 0; i <= static_cast<int>(far_); ++i) powers_.push_back({double(i), kPowers[i]});
    for (const MapClass& map : report.maps) {
      for (const AxisReport& a : map.axes) {
        for (const double k : a.decay.kernel) lowest_ = std::min(lowest_, k);
      }
    }
    lowest_ = std::floor(lowest_ * 5) / 5;
  }

  std::string channels(const MapClass& map) const {
    Frame f{286, -0.5, map.pairs - 0.5, 0, 9.4};
    std::vector<Tick> x, y;
    for (int i = 0; i<map.pairs; i += map.pairs> 40 ? 16 : 8)
      x.push_back({double(i), fmt::format("{}", i)});
    for (int i = 0; i <= 9; i += 3) y.push_back({double(i), kPowers[i]});
    std::string out = open(f, "channels", "wavelength of each channel, in positions",
                           "dots wavelengths, lines precision horizons, rule the context", x, y);
    const double context = std::log10(static_cast<double>(report_.context));
    out += fmt::format("<rect class=beyond x={} y={} width={} height={:.1f} />", kLeft, kTop,
                       f.width - kLeft - kRight, f.py(context) - kTop);
    out += fmt::format("<path class=context d=\"M{} {:.1f}H{}\"/>", kLeft, f.py(context),
                       f.width - kRight);
    out += fmt::format("<text class=note x={:.1f} y={:.1f}>context {}</text>",
                       f.px(.18 * map.pairs), f.py(context) + 10, report_.context);
    out += fmt::format("<g transform=\"{}\">", f.transform());
    const auto groups = ladders(map);
    for (std::size_t k = 1; k < horizon_kinds().size(); ++k) {
      for (const auto& group : groups) {
        std::string line;
        for (const Channel* c : group)
          line += fmt::format("{}{},{:.4f}", line.empty() ? "" : " ", c->pair,
                              std::log10(std::max(1.0, static_cast<double>(c->horizons[k]))));
        out += fmt::format("<polyline class=\"horizon z{}\" points=\"{}\"/>", k, line);
      }
    }
    for (const AxisReport& a : map.axes) {
      std::string dots, values;
      for (const Channel& c : a.channels) {
        if (!std::isfinite(c.wavelength)) continue;
        dots += fmt::format("M{} {:.6f}h0", c.pair, std::log10(c.wavelength));
        values += fmt::format("{}{}", values.empty() ? "" : " ", exact(c.wavelength));
      }
      out += fmt::format("<path class=\"dots a{}\" data-axis={} data-values=\"{}\" d=\"{}\"/>",
                         axis_class(a.coverage.letter), a.coverage.letter, values, dots);
    }
    out += "</g>";
    if (map.unrotated > 0)
      out += fmt::format("<text class=note x={} y={}>{} pairs never turn</text>", kLeft + 4,
                         kTop + 9, map.unrotated);
    return out + "</svg>";
  }

  std::string curve(const MapClass& map, const std::string& kind, const std::string& title,
                    std::vector<double> AxisDecay::*values, double top, bool signed_range) const {
    const double bottom = signed_range ? lowest_ * top : 0;
    Frame f{212, 0, far_, bottom, top};
    std::vector<Tick> y{{0, "0"}, {top / 2, "½"}, {top, "1"}};
    std::string out = open(f, kind, title, "over offsets 1 to the context, by axis", powers_, y);
    if (signed_range)
      out +=
          fmt::format("<path class=zero d=\"M{} {:.1f}H{}\"/>", kLeft, f.py(0), f.width - kRight);
    out += fmt::format("<g transform=\"{}\">", f.transform());
    std::vector<std::pair<double, char>> ends;
    for (const AxisReport& a : map.axes) {
      out += line(a.decay.*values, kind, a.coverage.letter);
      ends.emplace_back((a.decay.*values).back(), a.coverage.letter);
    }
    if (kind == "preference") {
      out += line(map.preference, kind, '*');
      ends.emplace_back(map.preference.back(), '*');
    }
    return out + "</g>" + end_labels(f, ends) + "</svg>";
  }

  std::string stretching(const MapClass& map) const {
    const double least = to_double(Rational(1 / report_.factor));
    Frame f{212, -0.5, map.pairs - 0.5, 0, 1};
    std::vector<Tick> x;
    for (int i = 0; i<map.pairs; i += map.pairs> 40 ? 16 : 8)
      x.push_back({double(i), fmt::format("{}", i)});
    std::string out = open(
        f, "stretch", fmt::format("context × {}: frequency kept", plain(to_double(report_.factor))),
        "by channel, for four methods", x, {{0, "0"}, {least, plain(least)}, {1, "1"}});
    out += fmt::format("<g transform=\"{}\">", f.transform());
    for (const Stretch& s : map.stretches) {
      std::string points;
      for (std::size_t k = 0; k < s.ratio.size(); ++k)
        points += fmt::format("{}{},{}", k == 0 ? "" : " ", k, exact(s.ratio[k]));
      out += fmt::format("<polyline class=\"stretch s-{0}\" data-axis=\"{0}\" points=\"{1}\"/>",
                         s.method, points);
    }
    out += "</g>";
    for (const Stretch& s : map.stretches) out += method_label(f, s, least);
    return out + "</svg>";
  }

  // The same numbers as a table, at the powers of ten.
  std::string table(const MapClass& map) const {
    std::string out =
        "<details class=numbers><summary>numbers</summary><div class=wide><table><thead><tr>"
        "<th>axis</th><th>pairs</th><th>first–last</th><th>hole</th><th>λ min</th><th>λ max</th>"
        "<th>exponent coverage</th><th>mean channel</th><th>monotone to</th><th>beyond context</th>"
        "<th>first Δ with K &lt; 0</th></tr></thead><tbody>";
    for (const AxisReport& a : map.axes) {
      const AxisCoverage& c = a.coverage;
      out += fmt::format(
          "<tr><th class=a{}>{}</th><td>{}</td><td>{}–{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td>{:.4f}</td><td>{:.4f}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
          axis_class(c.letter), c.letter, c.channels.size(), c.channels.front(), c.channels.back(),
          c.hole, plain(c.shortest), plain(c.longest), c.exponent_coverage, c.mean_channel,
          plain(c.monotone_range), a.longer_than_context,
          a.first_negative ? fmt::format("{}", *a.first_negative)
                           : fmt::format("none to {}", map.scanned));
    }
    out += "</tbody></table><table><thead><tr><th>offset</th>";
    for (const AxisReport& a : map.axes) {
      for (const char* name : {"B embedded", "B restricted / B(0)", "K"})
        out += fmt::format("<th>{} {}</th>", a.coverage.letter, name);
    }
    out += "<th>Φ all axes</th></tr></thead><tbody>";
    for (std::size_t i = 0; i < report_.offsets.size(); ++i) {
      const std::int64_t offset = report_.offsets[i];
      const double log = offset > 0 ? std::log10(static_cast<double>(offset)) : 0;
      if (offset != 0 && log != std::floor(log)) continue;
      out += fmt::format("<tr><th>{}</th>", offset);
      for (const AxisReport& a : map.axes)
        out += fmt::format("<td>{:.6f}</td><td>{:.6f}</td><td>{:.6f}</td>", a.decay.embedded[i],
                           a.decay.restricted[i], a.decay.kernel[i]);
      out += fmt::format("<td>{:.6f}</td></tr>", map.preference[i]);
    }
    return out + "</tbody></table></div></details>";
  }

 private:
  std::string line(const std::vector<double>& values, const std::string& kind, char letter) const {
    const std::size_t skip = values.size() - logs_.size();  // offset 0 has no logarithm
    std::string points;
    for (std::size_t i = 0; i < logs_.size(); ++i)
      points += fmt::format("{}{},{}", i == 0 ? "" : " ", logs_[i], exact(values[i + skip]));
    return fmt::format(
        "<polyline class=\"curve a{}\" data-curve={} data-axis=\"{}\" points=\"{}\"/>",
        axis_class(letter), kind, letter, points);
  }

  const Report& report_;
  std::vector<std::string> logs_;
  std::vector<Tick> powers_;
  double far_ = 1, lowest_ = 0;
};

}  // namespace

std::string maps_section(const Report& report) {
  const Panels panels(report);
  std::string out =
      "<section id=maps><h2>What each map does to the spectrum</h2><p class=lead>One row a map; "
      "schemes that share a map on the same spectrum share a row. Left: the wavelength of every "
      "channel against the context; above the rule a channel never completes a turn. Lines: the "
      "position up to which a float32 phase (solid) and a bfloat16 phase (dashed) keep every error "
      "below 2<sup>−9</sup> rad. Then the decay bound of equation 5 in both readings, the mean "
      "kernel, and the semantic preference Φ (grey: all axes at once), over offset. Right: the "
      "share of each frequency that a stretched context keeps. Point at a panel to read it; click "
      "to enlarge.</p>\n";
  for (std::size_t i = 0; i < report.maps.size(); ++i) {
    const MapClass& map = report.maps[i];
    out += fmt::format(
        "<article class=map data-map={} data-rows=\"{}\"><header><h3>{}</h3><p class=names>{}</p>"
        "</header>",
        i, rows_attribute(map.rows), escaped(map.allocation), names(report, map.rows));
    if (!map.missing.empty()) {
      out += fmt::format("<p class=missing>No numbers: {}.</p></article>\n", escaped(map.missing));
      continue;
    }
    const double top = (map.pairs + 1) / 2.0;
    out += "<div class=panels><div class=first>" + panels.channels(map) +
           strip(map.axis_maps, 238, 9) + "</div>";
    out += panels.curve(map, "embedded", "decay bound, embedded", &AxisDecay::embedded, top, false);
    out += panels.curve(map, "restricted", "decay bound, restricted", &AxisDecay::restricted, 1,
                        false);
    out += panels.curve(map, "kernel", "mean kernel K", &AxisDecay::kernel, 1, true);
    out += panels.curve(map, "preference", "preference Φ / 2σ²n", &AxisDecay::preference, 1, true);
    if (!map.stretches.empty()) out += panels.stretching(map);
    out += "</div>" + panels.table(map) + "</article>\n";
  }
  return out + "</section>\n";
}

}  // namespace plumbline::spectrum
