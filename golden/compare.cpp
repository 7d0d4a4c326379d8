// SPDX-License-Identifier: Apache-2.0
#include "golden/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace plumbline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What one element may differ by, and why.
struct Allowance {
  double budget = 0;            // phase, arithmetic and the uncertainty of the truth itself
  double scale = 0;             // size of the pair that the element comes from
  bool finite_inputs = true;    // the pair that went in
  bool any_non_finite = false;  // the recipe leaves the class open: a table entry of undetermined
                                // sign, or an overflow
  double quarter = 0;           // a quarter of the exact value, finite where the value is not
};

// One output dataset under judgement.
class Judge {
 public:
  Judge(const Truth& truth, const Recipe& recipe, const std::vector<double>& phases,
        const std::string& dataset, const Format& format)
      : truth_(truth),
        phases_(phases),
        format_(format),
        arithmetic_(arithmetic_budget(recipe, truth.attention_factor, format)),
        store_(recipe.store) {
    result_.dataset = dataset;
  }

  double phase(std::size_t row, int map, int pair) const {
    return phases_[truth_.entry(row, map, pair)];
  }
  const ArithmeticBudget& arithmetic() const { return arithmetic_; }
  // A budget of a number near `exact`, and its rounding to the 8-bit store.
  double stored(double exact, double budget) const {
    if (store_ == nullptr || !std::isfinite(exact)) return budget;
    return budget + store8_error(*store_, std::abs(exact) + budget);
  }

  void element(Place place, double golden, double candidate, double exact,
               const Allowance& allowed) {
    ++result_.values;
    place.dataset = result_.dataset;
    place.golden = golden;
    place.candidate = candidate;
    place.budget = allowed.budget;
    if (overflowed(place, exact, allowed)) {
      place.error = place.ulp = 0;
    } else if (!std::isfinite(golden) || !std::isfinite(candidate)) {
      place.error = same_class(place, exact, allowed) ? 0 : kInfinity;
      place.ulp = place.error;
    } else {
      place.error = std::abs(candidate - exact);
      place.ulp = place.error / ulp_at(exact, format_);
    }
    result_.worst_norm_ulp =
        std::max(result_.worst_norm_ulp,
                 place.error == 0 ? 0 : place.error / ulp_at(allowed.scale, format_));
    // A budget that overflowed allows every finite number; only a wrong class is infinitely wrong.
    const double ratio = place.error == 0               ? 0
                         : std::isinf(place.error)      ? kInfinity
                         : !std::isfinite(place.budget) ? 0
                                                        : place.error / place.budget;
    if (result_.values == 1 || ratio > result_.worst_ratio) {
      result_.worst_ratio = ratio;
      result_.worst = place;
    }
    if (result_.values == 1 || place.ulp > result_.worst_ulp.ulp) result_.worst_ulp = place;
    if (ratio > 1) {
      ++result_.failures;
      ++result_.failures_by_axis[kind(place)];
      if (!result_.first_failure) result_.first_failure = place;
    }
  }

  ClassResult take() { return std::move(result_); }

 private:
  static std::size_t kind(const Place& place) {
    if (place.dataset.ends_with("logits")) return 6;
    if (place.pair < 0) return 5;
    const std::size_t at = std::string_view("THW3-").find(place.axis);
    return at == std::string_view::npos ? 4 : at;
  }
  // Beyond the 8-bit store's largest value: saturated, or what its conversion stores instead.
  bool overflowed(const Place& p, double exact, const Allowance& allowed) const {
    if (store_ == nullptr || std::isnan(exact)) return false;
    if (!(std::abs(exact) + allowed.budget > store_->largest)) return false;
    if (std::isnan(p.candidate)) return !store_->has_infinity;
    if (std::signbit(p.candidate) != std::signbit(exact)) return false;
    return store_->has_infinity && std::isinf(p.candidate)
               ? true
               : std::abs(p.candidate) == store_->largest;
  }
  // NaN is a class, an infinity is itself; beyond that only what the recipe's own overflow
  // explains.
  bool same_class(const Place& p, double exact, const Allowance& allowed) const {
    if (std::isnan(p.golden) ? std::isnan(p.candidate) : p.golden == p.candidate) return true;
    if (allowed.any_non_finite && !std::isfinite(p.candidate)) return true;
    if (std::isnan(p.golden) || std::isnan(p.candidate) || !allowed.finite_inputs) return false;
    if (std::signbit(p.golden) != std::signbit(p.candidate)) return false;
    // One side overflowed where the other did not: compared at a quarter of the size, where both
    // are finite.
    const double top = decode_double(infinity_bits(format_) - 1, format_);
    const double quarter = std::isfinite(exact) ? exact / 4 : allowed.quarter;
    const double seen =
        std::isinf(p.candidate) ? std::copysign(top, p.candidate) / 4 : p.candidate / 4;
    const bool beyond = std::isinf(p.candidate) && std::abs(quarter) >= top / 4;
    return beyond || std::abs(seen - quarter) <= allowed.budget / 4;
  }

  const Truth& truth_;
  const std::vector<double>& phases_;
  const Format& format_;
  ArithmeticBudget arithmetic_;
  const Store8* store_;
  ClassResult result_;
};

Place place_of(const Truth& t, std::size_t row, int head, int lane, int map, int pair) {
  Place place;
  place.row = static_cast<std::int64_t>(row);
  place.token = t.token[row];
  place.head = head;
  place.lane = lane;
  place.pair = pair;
  if (pair >= 0) {
    place.axis = t.letter_of(map, pair);
    place.position = t.position(row, map, pair);
  }
  return place;
}

// Rounding of a table entry into a candidate's own format, relative to A: half an ulp of the binade
// that holds A.
double table_store(const Format& format, const Recipe& recipe) {
  return format == recipe.table ? 0 : unit(format);
}

ClassResult judge_table(const Truth& t, const Recipe& recipe, const std::vector<double>& phases,
                        const std::string& dataset, const Tensor& golden, const Tensor& candidate,
                        bool is_cos) {
  const Format& format = format_of(golden.dtype);
  Judge judge(t, recipe, phases, dataset, format);
  const auto g = values_of(golden), c = values_of(candidate);
  const std::vector<double>& exact = is_cos ? t.cos : t.sin;
  for (std::size_t row = 0; row < t.rows(); ++row) {
    for (int map = 0; map < t.maps; ++map) {
      for (int pair = 0; pair < t.pairs; ++pair) {
        const std::size_t at = t.entry(row, map, pair);
        const double slack = 0.5 * ulp_at(exact[at], binary64);
        const double store = table_store(format, recipe);
        const double budget =
            t.attention_factor * (judge.phase(row, map, pair) + judge.arithmetic().table + store);
        judge.element(place_of(t, row, -1, -1, map, pair), g[at], c[at], exact[at],
                      {.budget = budget + slack, .scale = t.attention_factor});
      }
    }
  }
  return judge.take();
}

ClassResult judge_heads(const Truth& t, const Recipe& recipe, const std::vector<double>& phases,
                        const std::string& dataset, const Tensor& golden, const Tensor& input,
                        const Tensor& candidate, int heads, bool adjoint, PhaseRecovery& recovery) {
  const Format& format = format_of(golden.dtype);
  Judge judge(t, recipe, phases, dataset, format);
  const auto g = values_of(golden), in = values_of(input), out = values_of(candidate);
  const auto golden_bits = bits_of(golden), out_bits = bits_of(candidate);
  const int width = t.c.shape.head_dim, group = heads / t.c.shape.num_key_value_heads;
  const double a = t.attention_factor;
  for (std::size_t row = 0; row < t.rows(); ++row) {
    for (int head = 0; head < heads; ++head) {
      const std::size_t base =
          (row * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) *
          static_cast<std::size_t>(width);
      const int map = t.map_of(head / group);
      for (int pair = 0; pair < t.pairs; ++pair) {
        const Lanes lane = lanes(t.c.pairing, pair, t.pairs);
        const auto ix = base + static_cast<std::size_t>(lane.x),
                   iy = base + static_cast<std::size_t>(lane.y);
        const double x = in[ix], y = in[iy], c = t.cos[t.entry(row, map, pair)];
        const double s = adjoint ? -t.sin[t.entry(row, map, pair)] : t.sin[t.entry(row, map, pair)];
        const double exact_x = x * c - y * s, exact_y = y * c + x * s, r = std::hypot(x, y);
        const double phase = judge.phase(row, map, pair),
                     unit_error = a * (phase + judge.arithmetic().relative);
        // At a quarter of the size nothing overflows on the way.
        const double arithmetic =
            4 * (unit_error * std::hypot(x / 4, y / 4)) + judge.arithmetic().absolute;
        // Narrow formats: the truth is recomputed in binary64 from correctly rounded tables, good
        // to 4 u r. binary64: the golden value itself, good to half its ulp.
        const bool wide = format == binary64;
        const double truth_x = wide ? g[ix] : exact_x, truth_y = wide ? g[iy] : exact_y;
        const double slack_x = wide ? 0.5 * ulp_at(truth_x, format) : 4 * unit(binary64) * a * r;
        const double slack_y = wide ? 0.5 * ulp_at(truth_y, format) : slack_x;
        Allowance allowed{.scale = a * r, .finite_inputs = std::isfinite(x) && std::isfinite(y)};
        const double entry = a * (phase + judge.arithmetic().table) + ulp_at(0, format);
        const double reach =
            a * std::max(std::abs(x), std::abs(y)) * (1 + phase + judge.arithmetic().table);
        allowed.any_non_finite =
            allowed.finite_inputs
                ? reach >= decode_double(infinity_bits(recipe.product) - 1, recipe.product)
                : std::abs(c) <= entry || std::abs(s) <= entry;
        allowed.budget = judge.stored(truth_x, arithmetic + slack_x);
        allowed.quarter = x / 4 * c - y / 4 * s;
        judge.element(place_of(t, row, head, lane.x, map, pair), g[ix], out[ix], truth_x, allowed);
        allowed.budget = judge.stored(truth_y, arithmetic + slack_y);
        allowed.quarter = y / 4 * c + x / 4 * s;
        judge.element(place_of(t, row, head, lane.y, map, pair), g[iy], out[iy], truth_y, allowed);
        // A pair so small that underflow dominates its rounding says nothing of the phase.
        if (std::isfinite(r) && !allowed.any_non_finite &&
            a * r * judge.arithmetic().relative > judge.arithmetic().absolute) {
          const double rounding =
              a * r * judge.arithmetic().relative + judge.arithmetic().absolute + slack_x;
          const double noise = std::numbers::sqrt2 * judge.stored(a * r, rounding);
          const double sense = adjoint ? -1 : 1;
          const std::complex<double> exact(exact_x, sense * exact_y),
              seen(out[ix], sense * out[iy]);
          recovery.add(row, map, pair, exact, seen, noise);
        }
      }
      for (int lane = 2 * t.pairs; lane < width; ++lane) {
        const auto i = base + static_cast<std::size_t>(lane);
        // A lane that is copied has no budget at all; a NaN may lose its payload on the way.
        const bool same = golden_bits[i] == out_bits[i] ||
                          (std::isnan(g[i]) && std::isnan(out[i])) || (g[i] == 0 && out[i] == 0);
        const double budget = recipe.store != nullptr ? judge.stored(g[i], 0) : same ? 1.0 : 0.0;
        judge.element(place_of(t, row, head, lane, map, -1), g[i], out[i], g[i],
                      {.budget = budget, .scale = g[i]});
      }
    }
  }
  return judge.take();
}

ClassResult judge_logits(const Truth& t, const Recipe& recipe, const std::vector<double>& phases,
                         const std::string& dataset, const StoredCase& golden,
                         const std::string& folder, const Tensor& candidate) {
  const Format& format = format_of(candidate.dtype);
  // Logits are sums of stored numbers, and not themselves stored in 8 bits.
  Recipe wide = recipe;
  wide.store = nullptr;
  Judge judge(t, wide, phases, dataset, format);
  const auto g = values_of(golden.tensors.at(dataset)), out = values_of(candidate);
  const auto q = values_of(golden.tensors.at(folder + "q_in")),
             k = values_of(golden.tensors.at(folder + "k_in"));
  const auto index = bits_of(golden.tensors.at("logits_index"));
  const HeadShape& shape = t.c.shape;
  const double a = t.attention_factor, u = unit(format), relative = judge.arithmetic().relative;
  // Rounding to 8 bits: relative to a lane or to the length of a pair, and half a quantum a lane.
  const double eighth = recipe.store == nullptr ? 0 : std::ldexp(1.0, -recipe.store->precision);
  const double quantum = recipe.store == nullptr ? 0 : store8_error(*recipe.store, 0);
  const auto underflow = [&](double x, double y, double lanes) {
    return quantum * lanes * ((x + y) * (1 + eighth) + quantum * lanes);
  };
  for (std::size_t i = 0; i < g.size(); ++i) {
    const auto query = static_cast<std::size_t>(index[3 * i]),
               key = static_cast<std::size_t>(index[3 * i + 1]);
    const int head = static_cast<int>(index[3 * i + 2]),
              kv = head / (shape.num_heads / shape.num_key_value_heads), map = t.map_of(kv);
    const std::size_t qb =
        (query * static_cast<std::size_t>(shape.num_heads) + static_cast<std::size_t>(head)) *
        static_cast<std::size_t>(shape.head_dim);
    const std::size_t kb =
        (key * static_cast<std::size_t>(shape.num_key_value_heads) + static_cast<std::size_t>(kv)) *
        static_cast<std::size_t>(shape.head_dim);
    // Each rotated factor is off by its budget; then D products and D - 1 sums in the candidate's
    // format.
    double size = 0, moved = 0;
    for (int pair = 0; pair < t.pairs; ++pair) {
      const Lanes lane = lanes(t.c.pairing, pair, t.pairs);
      const double rq = std::hypot(q[qb + static_cast<std::size_t>(lane.x)],
                                   q[qb + static_cast<std::size_t>(lane.y)]);
      const double rk = std::hypot(k[kb + static_cast<std::size_t>(lane.x)],
                                   k[kb + static_cast<std::size_t>(lane.y)]);
      const double each = std::numbers::sqrt2 * relative + eighth;
      const double turn = judge.phase(query, map, pair) + judge.phase(key, map, pair);
      moved += a * a * rq * rk * ((1 + each) * (1 + each) * (1 + turn) - 1);
      size += a * a * rq * rk;
      moved += underflow(a * rq * (1 + each), a * rk * (1 + each), std::numbers::sqrt2);
    }
    for (int lane = 2 * t.pairs; lane < shape.head_dim; ++lane) {
      const double x = std::abs(q[qb + static_cast<std::size_t>(lane)]),
                   y = std::abs(k[kb + static_cast<std::size_t>(lane)]);
      size += x * y;
      moved += x * y * ((1 + eighth) * (1 + eighth) - 1) + underflow(x, y, 1);
    }
    const double root = std::sqrt(static_cast<double>(shape.head_dim));
    const double sums = (shape.head_dim + 3) * u * (1 + relative);
    Place place;
    place.row = static_cast<std::int64_t>(query);
    place.token = t.token[query];
    place.head = head;
    place.lane = static_cast<int>(i);
    judge.element(place, g[i], out[i], g[i],
                  {.budget = (moved + size * sums) / root + judge.arithmetic().absolute +
                             0.5 * ulp_at(g[i], format),
                   .scale = size / root});
  }
  return judge.take();
}

const Tensor& matching(const StoredCase& golden, const StoredCase& candidate,
                       const std::string& dataset) {
  const Tensor &g = golden.tensors.at(dataset), &c = candidate.tensors.at(dataset);
  std::vector<std::uint64_t> squeezed = g.shape;
  if (squeezed.size() == 3 && squeezed[1] == 1) squeezed.erase(squeezed.begin() + 1);
  const bool is_table = dataset.ends_with("/cos") || dataset.ends_with("/sin");
  if (c.dtype != g.dtype || (c.shape != g.shape && !(is_table && c.shape == squeezed))) {
    std::string want, have;
    for (const auto n : g.shape) want += (want.empty() ? "" : " x ") + std::to_string(n);
    for (const auto n : c.shape) have += (have.empty() ? "" : " x ") + std::to_string(n);
    throw Unfit("dataset /cases/" + golden.id + "/" + dataset + " is " +
                std::string(info(c.dtype).name) + " [" + have + "]: must be " +
                std::string(info(g.dtype).name) + " [" + want + "]");
  }
  return c;
}

// Tables give the phase without rotating anything.
void recover_from_table(const Truth& t, const Recipe& recipe, const Tensor& cos, const Tensor& sin,
                        PhaseRecovery& recovery) {
  const Format& format = format_of(cos.dtype);
  const double a = t.attention_factor, store = table_store(format, recipe);
  const double noise =
      std::numbers::sqrt2 * a * (arithmetic_budget(recipe, a, format).table + store);
  const auto c = values_of(cos), s = values_of(sin);
  for (std::size_t row = 0; row < t.rows(); ++row) {
    for (int map = 0; map < t.maps; ++map) {
      for (int pair = 0; pair < t.pairs; ++pair) {
        const std::size_t at = t.entry(row, map, pair);
        recovery.add(row, map, pair, {t.cos[at], t.sin[at]}, {c[at], s[at]}, noise);
      }
    }
  }
}

}  // namespace

bool CaseResult::conforms() const {
  return std::all_of(classes.begin(), classes.end(),
                     [](const ClassResult& r) { return r.failures == 0; });
}

CaseResult compare(const StoredCase& golden, const StoredCase& candidate,
                   const RecipeFor& recipe_for) {
  const Truth truth(golden);
  CaseResult out;
  out.id = golden.id;
  // The finest format that the candidate offers measures the phase; coarser ones would only add
  // noise.
  for (const std::string folder : {"f64/", "f32/", "f16/", "bf16/"}) {
    PhaseRecovery recovery(truth);
    std::vector<std::string> present;
    for (const char* name : kOutputs) {
      const std::string dataset = folder + name;
      if (!golden.tensors.contains(dataset)) continue;
      if (candidate.tensors.contains(dataset)) {
        present.push_back(dataset);
      } else {
        out.missing.push_back(dataset);
      }
    }
    if (present.empty()) continue;
    const Format& format = format_of(golden.tensors.at(present.front()).dtype);
    const Recipe recipe = recipe_for(format);
    if (out.recipe.find(recipe.name) == std::string::npos) {
      out.recipe += (out.recipe.empty() ? "" : " ") + recipe.name;
    }
    const std::vector<double> phases = phase_budgets(truth, recipe);
    for (const std::string& dataset : present) {
      const Tensor &g = golden.tensors.at(dataset), &c = matching(golden, candidate, dataset);
      const std::string name = dataset.substr(folder.size());
      if (name == "cos" || name == "sin") {
        out.classes.push_back(judge_table(truth, recipe, phases, dataset, g, c, name == "cos"));
      } else if (name == "logits") {
        out.classes.push_back(judge_logits(truth, recipe, phases, dataset, golden, folder, c));
      } else {
        const bool query = name.front() == 'q';
        const HeadShape& shape = truth.c.shape;
        const Tensor& input = golden.tensors.at(folder + (query ? "q_in" : "k_in"));
        out.classes.push_back(judge_heads(truth, recipe, phases, dataset, g, input, c,
                                          query ? shape.num_heads : shape.num_key_value_heads,
                                          name.ends_with("adj"), recovery));
      }
    }
    if (candidate.tensors.contains(folder + "cos") && candidate.tensors.contains(folder + "sin") &&
        golden.tensors.contains(folder + "cos")) {
      recover_from_table(truth, recipe, candidate.tensors.at(folder + "cos"),
                         candidate.tensors.at(folder + "sin"), recovery);
    }
    if (out.phases.empty()) recovery.finish(out.phases);
  }
  return out;
}

}  // namespace plumbline
