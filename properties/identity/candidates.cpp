// SPDX-License-Identifier: Apache-2.0
// The compositions of the registry: schemes times parameters.
#include <algorithm>

#include "properties/identity/identity.h"
#include "reference/model.h"

namespace plumbline::identity {
namespace {

std::optional<Case> read(const Json& object) {
  try {
    Case c = case_from_json(object);
    if (laws::not_by_pairs(c)) return std::nullopt;
    return c;
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

// Pairs of each axis, or KV heads where these differ.
std::vector<std::string> counts_of(const Recovered& seen, int times) {
  int count[kMostAxes] = {};
  for (int map = 0; map < seen.maps; ++map) {
    int axis = -1;
    for (int pair = 0; pair < seen.pairs; ++pair) {
      const int a = seen.axis[seen.slot(map, pair)];
      if (seen.maps == 1 && a >= 0) ++count[a];
      axis = std::max(axis, a);
    }
    if (seen.maps > 1 && axis >= 0) ++count[axis];
  }
  std::vector<std::string> out;
  for (int axis = 0; axis < 3; ++axis) out.push_back(std::to_string(times * count[axis]));
  return out;
}

// Sections as they were seen, and each word and flag of the scheme in turn.
std::vector<Json> recovered_knobs(const Scheme& scheme, const Json& fitted, const Recovered& seen) {
  Json base = fitted;
  for (const ParameterSpec& spec : scheme.parameters) {
    const std::string key(spec.name);
    if (spec.kind == Kind::section || spec.kind == Kind::counts) base[key] = counts_of(seen, 1);
    if (spec.kind == Kind::lanes) base[key] = counts_of(seen, 2);
  }
  std::vector<Json> out{base};
  for (const ParameterSpec& spec : scheme.parameters) {
    const auto words = spec.kind == Kind::word   ? split(spec.words)
                       : spec.kind == Kind::flag ? std::vector<std::string>{"true", "false"}
                                                 : std::vector<std::string>{};
    for (const std::string& word : words) {
      out.push_back(base);
      out.back()[std::string(spec.name)] =
          spec.kind == Kind::flag ? Json(word == "true") : Json(word);
    }
  }
  return out;
}

// The first sections whose map is the one seen: of some schemes pairs come out otherwise than the
// sections say.
std::optional<Json> searched_section(Case c, const Recovered& seen) {
  for (const ParameterSpec& spec : c.parameters.specs()) {
    if (spec.kind != Kind::section) continue;
    const int sum = seen.maps == 1 ? seen.pairs : c.shape.num_key_value_heads;
    for (int t = 1; t <= sum - 2; ++t) {
      for (int h = 1; h <= sum - t - 1; ++h) {
        // Heads may be left over, pairs may not.
        for (int w = seen.maps == 1 ? sum - t - h : 1; w <= sum - t - h; ++w) {
          try {
            c.parameters.set(spec.name, {Rational(t), Rational(h), Rational(w)});
            if (against(allocation(c), seen, true) == 0)
              return Json{{std::string(spec.name),
                           {std::to_string(t), std::to_string(h), std::to_string(w)}}};
          } catch (const std::invalid_argument&) {
          }
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Candidate> maps(const Case& asked, const Recovered& seen) {
  std::vector<Candidate> out;
  HeadShape shape = asked.shape;
  shape.rotary_dim = seen.rotary_dim;
  const std::string pairing =
      seen.pairing.empty() ? std::string(name(asked.pairing)) : seen.pairing;
  for (const Scheme& s : schemes()) {
    const auto add = [&](const Json& params, const std::string& origin) {
      const auto c = read(Json{{"scheme", std::string(s.name)},
                               {"params", params},
                               {"pairing", pairing},
                               {"sequence", Json::array()},
                               {"shape",
                                {{"head_dim", shape.head_dim},
                                 {"rotary_dim", shape.rotary_dim},
                                 {"num_heads", shape.num_heads},
                                 {"num_key_value_heads", shape.num_key_value_heads}}}});
      if (c) out.push_back({*c, origin, "defaults"});
    };
    if (asked.scheme == &s) add(case_to_json(asked)["params"], "asked");
    for (const Model& m : models()) {
      if (&find_scheme(m.scheme) == &s) add(m.params, "preset " + m.name);
    }
    add(Json::object(), "defaults");
    const Json fitted = fitted_case(s, shape)["params"];
    add(fitted, "fitted to the shape");
    for (const Json& params : recovered_knobs(s, fitted, seen)) add(params, "recovered");
    const auto of_this_scheme = [&](const Candidate& c) { return c.c.scheme == &s; };
    const auto some = std::find_if(out.begin(), out.end(), of_this_scheme);
    if (some == out.end() || std::any_of(some, out.end(), [&](const Candidate& c) {
          return against(allocation(c.c), seen, true) == 0;
        }))
      continue;
    if (const auto section = searched_section(some->c, seen)) {
      Json params = fitted;
      params.update(*section);
      add(params, "recovered");
    }
  }
  return out;
}

int against(const FrequencyAllocation& map, const Recovered& seen, bool strictly) {
  if (map.pairs != seen.pairs) return std::max(map.pairs, seen.pairs);
  int out = 0;
  for (int head = 0; head < std::max(map.maps, seen.maps); ++head) {
    for (int pair = 0; pair < seen.pairs; ++pair) {
      const Axis axis = map.at(map.map_of(head), pair).axis;
      const int wanted = axis == Axis::none ? -1 : static_cast<int>(index(axis));
      const int got = seen.axis[seen.slot(seen.maps == 1 ? 0 : head, pair)];
      if (wanted >= seen.axes || (got != wanted && (strictly || got != -1))) ++out;
    }
  }
  return out;
}

}  // namespace plumbline::identity
