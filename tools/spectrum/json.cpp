// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "reference/case.h"
#include "tools/spectrum/report.h"

namespace plumbline::spectrum {
namespace {

Json number(double x) { return std::isfinite(x) ? Json(x) : Json(nullptr); }
template <class T>
Json maybe(const std::optional<T>& x) {
  return x ? Json(*x) : Json(nullptr);
}

Json finding_json(const Finding& f) {
  Json out{{"verdict", std::string(name(f.verdict))}};
  if (!f.refuted) return out;
  if (!f.refuted->sequence.empty()) out["sequence"] = f.refuted->sequence;
  if (!f.refuted->params.empty()) out["params"] = f.refuted->params;
  out["counterexample"] = f.refuted->text;
  return out;
}

Json row_json(const Row& row) {
  Json out{{"scheme", std::string(row.c.scheme->name)}, {"title", row.title}, {"note", row.note}};
  const Json whole = case_to_json(row.c);
  out["params"] = whole["params"];
  out["shape"] = whole["shape"];
  out["map"] = row.map;
  out["layout"] = row.layout;
  for (std::size_t b = 0; b < large_blocks().size(); ++b)
    out["growth"][large_blocks()[b].name] = maybe(row.growth[b]);
  for (const Finding& f : row.findings) out["criteria"][std::string(f.criterion)] = finding_json(f);
  const Finding& full = row.finding("FULL");
  out["full_spectrum"] = Json{{"verdict", std::string(name(full.verdict))}};
  if (full.refuted) out["full_spectrum"]["reason"] = full.refuted->text;
  return out;
}

Json axis_json(const AxisReport& a) {
  const AxisCoverage& c = a.coverage;
  Json out{{"axis", std::string(1, c.letter)}, {"channels", c.channels}};
  out["wavelength"] = Json::array();
  for (const double w : c.wavelengths) out["wavelength"].push_back(number(w));
  for (std::size_t k = 0; k < horizon_kinds().size(); ++k) {
    Json list = Json::array();
    for (const Channel& one : a.channels) list.push_back(one.horizons[k]);
    out["horizon"][horizon_kinds()[k].name] = std::move(list);
  }
  out["hole"] = c.hole;
  out["lambda_min"] = c.shortest;
  out["lambda_max"] = c.longest;
  out["exponent_coverage"] = c.exponent_coverage;
  out["mean_channel"] = c.mean_channel;
  out["monotone_range"] = c.monotone_range;
  out["longer_than_context"] = a.longer_than_context;
  out["embedded"] = a.decay.embedded;
  out["restricted"] = a.decay.restricted;
  out["kernel"] = a.decay.kernel;
  out["preference"] = a.decay.preference;
  out["first_negative"] = maybe(a.first_negative);
  return out;
}

Json map_json(const MapClass& m) {
  Json out{{"schemes", m.rows},
           {"allocation", m.allocation},
           {"axis_map", m.axis_maps},
           {"spectrum", m.spectrum},
           {"unrotated", m.unrotated}};
  if (!m.missing.empty()) out["missing"] = m.missing;
  out["axes"] = Json::array();
  for (const AxisReport& a : m.axes) out["axes"].push_back(axis_json(a));
  out["preference"] = m.preference;
  out["scanned"] = m.scanned;
  if (m.widest_at) out["widest"] = Json{{"at", *m.widest_at}, {"value", m.widest}};
  out["mean_channel_difference"] = maybe(m.mean_channel_difference);
  out["spread_embedded"] = m.spread_embedded;
  out["spread_restricted"] = m.spread_restricted;
  out["extension"] = Json::array();
  for (const Stretch& s : m.stretches) {
    Json counts = Json::object();
    for (std::size_t i = 0; i < s.counts.size(); ++i) {
      counts[std::string(1, m.axes[i].coverage.letter)] =
          Json{{"untouched", s.counts[i].untouched},
               {"mixed", s.counts[i].mixed},
               {"interpolated", s.counts[i].interpolated}};
    }
    out["extension"].push_back(
        Json{{"method", s.method}, {"ratio", s.ratio}, {"counts", std::move(counts)}});
  }
  return out;
}

Json numbers_json(const std::vector<Coordinate>& list) {
  Json out = Json::array();
  for (const Coordinate& x : list) out.push_back(to_double(x));
  return out;
}

Json motion_json(const std::vector<Motion>& list) {
  Json out = Json::object();
  for (const Motion& m : list) out[m.name] = Json{{"still", m.still}, {"moving", m.moving}};
  return out;
}

Json layout_json(const LayoutClass& l) {
  Json out{{"schemes", l.rows},
           {"layout", l.layout},
           {"advance", l.advance},
           {"letters", l.letters},
           {"pictures", Json::array()}};
  for (const Picture& p : l.pictures) {
    Json one{{"name", p.name}, {"notation", p.notation}};
    if (!p.missing.empty()) one["missing"] = p.missing;
    one["cells"] = Json::array();
    for (const Token& t : p.tokens) one["cells"].push_back(Json::array({t.block, t.t, t.h, t.w}));
    one["position_ids"] = Json::array();
    for (std::size_t a = 0; a < l.letters.size(); ++a) {
      Json ids = Json::array();
      for (const Token& t : p.tokens) ids.push_back(t.position[a]);
      one["position_ids"].push_back(std::move(ids));
    }
    out["pictures"].push_back(std::move(one));
  }
  for (const auto& [name, m] : l.metrics) {
    out["metrics"][name] = Json{{"tokens", m.tokens},
                                {"growth", to_double(m.growth)},
                                {"gap_before", numbers_json(m.gap_before)},
                                {"gap_after", numbers_json(m.gap_after)},
                                {"asymmetry", numbers_json(m.asymmetry)},
                                {"overlap", m.overlap},
                                {"injectivity_defect", m.injectivity_defect},
                                {"token_distance", m.token_distance}};
  }
  out["motion"] = motion_json(l.motion);
  return out;
}

Json claim_json(const ClaimCurve& c, const ClaimCurve& yardstick) {
  const auto ratio = [](const std::vector<double>& a, const std::vector<double>& b) {
    Json out = Json::array();
    for (std::size_t i = 0; i < a.size(); ++i)
      out.push_back(i < b.size() && b[i] != 0 ? Json(a[i] / b[i]) : Json(nullptr));
    return out;
  };
  const auto word = [](const std::vector<char>& letters) {
    return std::string(letters.begin(), letters.end());
  };
  return Json{{"title", c.title},
              {"axes", c.letters},
              {"lowest_embedded", word(c.lowest_embedded)},
              {"lowest_restricted", word(c.lowest_restricted)},
              {"spread_embedded", c.spread_embedded},
              {"spread_restricted", c.spread_restricted},
              {"ratio_embedded", ratio(c.spread_embedded, yardstick.spread_embedded)},
              {"ratio_restricted", ratio(c.spread_restricted, yardstick.spread_restricted)}};
}

}  // namespace

Json report_json(const Report& report) {
  Json out{{"plumbline_spectrum", 2},       {"model", report.model},
           {"context", report.context},     {"factor", number_json(report.factor)},
           {"precision", report.precision}, {"offsets", report.offsets},
           {"horizons", Json::array()},     {"schemes", Json::array()},
           {"maps", Json::array()},         {"layouts", Json::array()},
           {"claims", Json::array()}};
  for (const HorizonKind& kind : horizon_kinds()) {
    out["horizons"].push_back(Json{{"name", kind.name},
                                   {"recipe", kind.recipe},
                                   {"limit", kind.limit},
                                   {"radians", kind.radians}});
  }
  for (const Row& row : report.rows) out["schemes"].push_back(row_json(row));
  for (const MapClass& map : report.maps) out["maps"].push_back(map_json(map));
  for (const LayoutClass& layout : report.layouts) out["layouts"].push_back(layout_json(layout));
  out["reset_pair"] = Json::array();
  for (const auto& [title, motion] : report.reset_pair)
    out["reset_pair"].push_back(Json{{"title", title}, {"motion", motion_json(motion)}});
  for (const ClaimCurve& claim : report.claims)
    out["claims"].push_back(claim_json(claim, report.claims.front()));
  return out;
}

}  // namespace plumbline::spectrum
