// SPDX-License-Identifier: Apache-2.0
#include "golden/truth.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace plumbline {
namespace {

const Tensor& need(const StoredCase& golden, const std::string& dataset) {
  const auto found = golden.tensors.find(dataset);
  if (found == golden.tensors.end())
    throw Refused("dataset /cases/" + golden.id + "/" + dataset + " is missing");
  return found->second;
}

const std::string& need_text(const StoredCase& golden, const std::string& attribute) {
  const auto found = golden.text.find(attribute);
  if (found == golden.text.end())
    throw Refused("attribute '" + attribute + "' of /cases/" + golden.id + " is missing");
  return found->second;
}

Case case_of(const StoredCase& golden) {
  try {
    return case_from_json(parse_json(need_text(golden, "case")));
  } catch (const std::invalid_argument& e) {
    throw Refused("attribute 'case' of /cases/" + golden.id + ": " + e.what());
  }
}

}  // namespace

std::vector<double> values_of(const Tensor& t) {
  const Format& f = format_of(t.dtype);
  std::vector<double> out;
  out.reserve(t.bytes.size() / info(t.dtype).bytes);
  for (const std::uint64_t bits : bits_of(t)) out.push_back(decode_double(bits, f));
  return out;
}

double ulp_at(double x, const Format& f) {
  int exponent = f.emin;
  if (x != 0 && std::isfinite(x)) std::frexp(x, &exponent);
  return std::ldexp(1.0, std::max(exponent, f.emin) - f.precision);
}

Truth::Truth(const StoredCase& golden)
    : c(case_of(golden)),
      cos(values_of(need(golden, "f64/cos"))),
      sin(values_of(need(golden, "f64/sin"))),
      inv_freq(values_of(need(golden, "inv_freq"))),
      position_ids(values_of(need(golden, "position_ids"))),
      attention_factor(std::stod(need_text(golden, "attention_factor"))) {
  const Tensor &map = need(golden, "axis_map"), &rows_of = need(golden, "token_index"),
               &rungs = need(golden, "rung");
  if (map.shape.size() != 2 || rows_of.shape.size() != 1 || rungs.shape != map.shape) {
    throw Refused("dataset /cases/" + golden.id +
                  "/axis_map, rung or token_index has the wrong shape");
  }
  maps = static_cast<int>(map.shape[0]);
  pairs = static_cast<int>(map.shape[1]);
  for (const std::byte b : map.bytes) axis_map.push_back(std::to_integer<std::uint8_t>(b));
  for (const std::uint64_t bits : bits_of(rungs)) rung.push_back(static_cast<int>(bits));
  for (const std::uint64_t bits : bits_of(rows_of))
    token.push_back(static_cast<std::int64_t>(bits));
  const std::size_t axes = token.empty() ? 0 : position_ids.size() / token.size();
  const bool fits =
      pairs == c.shape.pairs() && (maps == 1 || maps == c.shape.num_key_value_heads) &&
      cos.size() == rows() * axis_map.size() && sin.size() == cos.size() &&
      inv_freq.size() == axis_map.size() && position_ids.size() == axes * token.size();
  const bool in_range = std::all_of(axis_map.begin(), axis_map.end(), [&](std::uint8_t a) {
    return a == index(Axis::none) || token.empty() || a < axes;
  });
  if (!fits || !in_range)
    throw Refused("the datasets of /cases/" + golden.id + " do not fit its case");
  for (const char* folder : {"f64", "f32", "f16", "bf16"}) {
    for (const char* name : {"q_in", "q_out", "q_adj", "k_in", "k_out", "k_adj"}) {
      const std::string dataset = std::string(folder) + "/" + name;
      const auto found = golden.tensors.find(dataset);
      if (found == golden.tensors.end()) continue;
      const auto heads = static_cast<std::uint64_t>(name[0] == 'q' ? c.shape.num_heads
                                                                   : c.shape.num_key_value_heads);
      const std::vector<std::uint64_t> shape{rows(), heads,
                                             static_cast<std::uint64_t>(c.shape.head_dim)};
      if (found->second.shape != shape || info(found->second.dtype).name != folder) {
        throw Refused("dataset /cases/" + golden.id + "/" + dataset + " does not fit its case");
      }
      need(golden, std::string(folder) + (name[0] == 'q' ? "/q_in" : "/k_in"));
    }
  }
}

double Truth::position(std::size_t row, int map, int pair) const {
  if (!turns(map, pair)) return 0;
  return position_ids[axis_map[slot(map, pair)] * rows() + row];
}

std::vector<double> phase_budgets(const Truth& t, const Recipe& recipe) {
  std::vector<double> out;
  out.reserve(t.cos.size());
  for (std::size_t row = 0; row < t.rows(); ++row) {
    for (int map = 0; map < t.maps; ++map) {
      for (int pair = 0; pair < t.pairs; ++pair) {
        const auto slot = t.slot(map, pair);
        const double p = t.position(row, map, pair), w = t.inv_freq[slot];
        const double bound =
            t.turns(map, pair) && w != 0
                ? phase_budget(recipe, t.c.spectrum, t.rung[slot], w, p).at(p, p * w)
                : 0;
        out.push_back(std::min(bound, std::numbers::pi));
      }
    }
  }
  return out;
}

}  // namespace plumbline
