// SPDX-License-Identifier: Apache-2.0
#include "golden/truth.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reference/evaluate.h"

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
  int exponent = x == 0 ? f.emin : f.emax;
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
  exact_position.assign(position_ids.size(), golden.tensors.contains("position_denominator"));
  if (const auto found = golden.tensors.find("position_denominator");
      found != golden.tensors.end()) {
    const auto denominators = bits_of(found->second),
               numerators = bits_of(need(golden, "position_numerator"));
    if (denominators.size() != position_ids.size() || numerators.size() != position_ids.size()) {
      throw Refused("dataset /cases/" + golden.id + "/position_denominator has the wrong shape");
    }
    for (std::size_t i = 0; i < denominators.size(); ++i) {
      const auto top = static_cast<std::int64_t>(numerators[i]);
      exact_position[i] = (denominators[i] & (denominators[i] - 1)) == 0 &&
                          std::abs(static_cast<double>(top)) < 0x1p53;
    }
  }
  check_shapes(golden);
}

void Truth::check_shapes(const StoredCase& golden) const {
  const auto refuse = [&](const std::string& dataset) {
    throw Refused("dataset /cases/" + golden.id + "/" + dataset + " does not fit its case");
  };
  const auto size = [](int n) { return static_cast<std::uint64_t>(n); };
  for (const char* folder : {"f64", "f32", "f16", "bf16"}) {
    const std::vector<std::uint64_t> table{rows(), size(maps), size(pairs)};
    for (const char* name : {"cos", "sin"}) {
      const std::string dataset = std::string(folder) + "/" + name;
      const auto found = golden.tensors.find(dataset);
      if (found != golden.tensors.end() &&
          (found->second.shape != table || info(found->second.dtype).name != folder))
        refuse(dataset);
    }
    const std::string logits = std::string(folder) + "/logits";
    if (const auto found = golden.tensors.find(logits); found != golden.tensors.end()) {
      const Tensor& wanted = need(golden, "logits_index");
      need(golden, std::string(folder) + "/q_in");
      need(golden, std::string(folder) + "/k_in");
      if (found->second.shape.size() != 1 || info(found->second.dtype).name != folder)
        refuse(logits);
      if (wanted.dtype != Dtype::i32 ||
          wanted.shape != std::vector<std::uint64_t>{found->second.shape[0], 3})
        refuse("logits_index");
      const auto entries = bits_of(wanted);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        // Query row, key row, query head; a negative entry is a huge one here.
        if (entries[i] >= (i % 3 == 2 ? size(c.shape.num_heads) : rows())) refuse("logits_index");
      }
    }
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
  std::vector<PhaseBudget> budgets;
  const FrequencyAllocation map = allocation(t.c);
  for (std::size_t slot = 0; slot < t.inv_freq.size(); ++slot) {
    const std::size_t axis = t.axis_map[slot];
    const bool own = map.ladders.size() > 1 && axis < map.ladders.size();
    budgets.emplace_back(recipe, t.c.spectrum, t.rung[slot], t.inv_freq[slot],
                         map.ladders[own ? axis : 0]);
  }
  std::vector<double> out;
  out.reserve(t.cos.size());
  for (std::size_t row = 0; row < t.rows(); ++row) {
    for (std::size_t slot = 0; slot < budgets.size(); ++slot) {
      const std::size_t axis = t.axis_map[slot];
      const bool turns = axis != index(Axis::none);
      out.push_back(turns ? budgets[slot].at(t.position_ids[axis * t.rows() + row],
                                             t.exact_position[axis * t.rows() + row])
                          : 0);
    }
  }
  return out;
}

}  // namespace plumbline
