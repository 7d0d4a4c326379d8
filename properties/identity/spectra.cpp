// SPDX-License-Identifier: Apache-2.0
// Spectra to try on a map: given ones, and scalings with base and factor read off the frequencies.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "properties/identity/identity.h"
#include "reference/model.h"

namespace plumbline::identity {
namespace {

// The shortest decimal within a relative error.
std::string shortest(double x, double error) {
  for (int digits = 1; digits < 17; ++digits) {
    const std::string text = fmt::format("{:.{}e}", x, digits - 1);
    const double rounded = std::stod(text);
    if (std::abs(rounded - x) > error * x) continue;
    return rounded == std::trunc(rounded) && rounded < 0x1p53 ? fmt::format("{:.0f}", rounded)
                                                              : fmt::format("{:.{}g}", x, digits);
  }
  return fmt::format("{:.17g}", x);
}

// One rung as it was seen: log frequency = -x log base - log factor on a plain or linear ladder.
struct Rung {
  double x, y, error;
};

std::vector<Rung> rungs_of(const FrequencyAllocation& map, const Recovered& seen, int rotary_dim) {
  std::vector<Rung> out;
  for (int head = 0; head < seen.maps; ++head) {
    for (int pair = 0; pair < seen.pairs; ++pair) {
      const std::size_t slot = seen.slot(head, pair);
      const Assignment& a = map.at(map.map_of(head), pair);
      if (a.axis == Axis::none || seen.axis[slot] < 0) continue;
      const Ladder& ladder = map.ladder(a.axis);
      if (ladder.rope_theta) continue;
      const double turn = 2 * std::numbers::pi;
      double f = seen.inv_freq[slot];
      if (ladder.turns) f = (f <= 0 ? f + turn : f) / turn;
      if (f <= 0) continue;
      const int dim = ladder.dim == 0 ? rotary_dim : ladder.dim;
      out.push_back({2.0 * a.rung * to_double(ladder.exponent) / dim, std::log(f),
                     2 * seen.error[slot] / f + 0x1p-50});
    }
  }
  std::sort(out.begin(), out.end(), [](const Rung& a, const Rung& b) { return a.x < b.x; });
  return out;
}

struct Line {
  double log_base, base_error, log_factor, factor_error;
  std::string base() const { return shortest(std::exp(log_base), base_error); }
  std::string factor() const { return shortest(std::exp(log_factor), factor_error); }
};

// Through two rungs.
Line through(const Rung& a, const Rung& b) {
  const double slope = (a.y - b.y) / (b.x - a.x), doubt = (a.error + b.error) / (b.x - a.x);
  return {slope, doubt, -(a.y + a.x * slope), a.error + a.x * doubt};
}

// Base from the fast end, factor at the slow end: a scaling that leaves fast pairs alone.
Line ends(const Rung& fast, const Rung& slow) {
  const double log_base = -fast.y / fast.x, doubt = fast.error / fast.x;
  return {log_base, doubt, -(slow.y + slow.x * log_base), slow.error + slow.x * doubt};
}

void replace(Json& params, const char* key, const std::string& value) {
  if (params.contains(key)) params[key] = value;
}

// The presets' own, by name.
const std::vector<std::pair<Json, std::string>>& usual_spectra() {
  static const auto kAll = [] {
    std::vector<std::pair<Json, std::string>> out;
    for (const Model& m : models())
      out.emplace_back(case_from_json(Json{{"model", m.name}}).spectrum_json, m.name);
    return out;
  }();
  return kAll;
}

std::vector<Json> recovered(const std::vector<Rung>& rungs, const Recovered& seen, int rotary_dim) {
  std::vector<Json> out;
  if (rungs.size() < 2 || rungs.front().x == rungs.back().x) return out;
  const auto spectrum = [&](const char* scaling, Json params) {
    params["rotary_dim"] = rotary_dim;
    out.push_back(Json{{"scaling", scaling}, {"params", std::move(params)}});
  };
  const Line line = through(rungs.front(), rungs.back());
  const Rung& middle = rungs[rungs.size() / 2];
  if (middle.x > 0) spectrum("default", Json{{"base", ends(middle, middle).base()}});
  if (rungs.back().x > 0)
    spectrum("default", Json{{"base", ends(rungs.back(), rungs.back()).base()}});
  if (line.log_factor > line.factor_error)
    spectrum("linear", Json{{"base", line.base()}, {"factor", line.factor()}});
  const auto fast = std::find_if(rungs.begin(), rungs.end(), [](const Rung& r) { return r.x > 0; });
  const Line bent = ends(*fast, rungs.back());
  if (!(bent.log_factor > bent.factor_error)) return out;
  // The scalings of presets, which say what is usual of their other parameters.
  for (const auto& [spectrum_of_preset, preset] : usual_spectra()) {
    Json usual = spectrum_of_preset;
    if (!usual["params"].contains("factor")) continue;
    replace(usual["params"], "base", bent.base());
    replace(usual["params"], "factor", bent.factor());
    usual["params"]["rotary_dim"] = rotary_dim;
    out.push_back(usual);
    if (!seen.gain || *seen.gain == 1 || usual["scaling"] != "yarn") continue;
    usual["params"]["attention_factor"] = shortest(*seen.gain, 1e-6);
    out.push_back(usual);
  }
  return out;
}

}  // namespace

std::vector<Candidate> with_spectra(const Candidate& map, const Case& asked,
                                    const Recovered& seen) {
  std::vector<Candidate> out;
  const FrequencyAllocation allocated = allocation(map.c);
  const int rotary_dim = map.c.shape.rotary_dim;
  const auto add = [&](const Json& spectrum, const std::string& origin) {
    const Json& params = spectrum["params"];
    if (params.contains("rotary_dim") &&
        exact_number(params["rotary_dim"], "rotary_dim") != rotary_dim)
      return;
    Candidate c{map.c, map.origin, origin};
    try {
      c.c.spectrum = spectrum_from_json(spectrum, map.c.shape, c.c.spectrum_json);
      const Spectra resolved(c.c.spectrum, allocated);
      for (const Assignment& a : allocated.of) {
        if (a.axis != Axis::none && a.rung >= resolved.of(a.axis).rungs()) return;
      }
    } catch (const std::invalid_argument&) {
      return;  // not on these lanes
    }
    const bool tried = std::any_of(out.begin(), out.end(), [&](const Candidate& other) {
      return other.c.spectrum_json == c.c.spectrum_json;
    });
    if (!tried) out.push_back(std::move(c));
  };
  add(asked.spectrum_json, "asked");
  for (const auto& [spectrum, preset] : usual_spectra()) add(spectrum, "preset " + preset);
  add(map.c.spectrum_json, "defaults");
  for (const Json& spectrum : recovered(rungs_of(allocated, seen, rotary_dim), seen, rotary_dim))
    add(spectrum, "recovered");
  return out;
}

}  // namespace plumbline::identity
