// SPDX-License-Identifier: Apache-2.0
#include "golden/recipe.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>
#include <stdexcept>
#include <vector>

namespace plumbline {
namespace {

const std::vector<RecipeRow>& rows() {
  static const std::vector<RecipeRow> kRows = [] {
    const auto make = [](std::string_view name, std::string_view source, Format inv_freq,
                         Format angle, Format table, Format product) {
      return RecipeRow{name, source, {std::string(name), inv_freq, angle, angle, table, product}};
    };
    const auto with = [](RecipeRow row, LadderForm ladder) {
      row.recipe.ladder = ladder;
      return row;
    };
    return std::vector<RecipeRow>{
        make("hf_f32", "huggingface/transformers, float32 model", binary32, binary32, binary32,
             binary32),
        make("hf_bf16",
             "huggingface/transformers eager, bfloat16 model: cos, sin and products in bfloat16",
             binary32, binary32, bfloat16, bfloat16),
        make("hf_f16", "the same with binary16", binary32, binary32, binary16, binary16),
        make("cache_f32",
             "sgl-project/sglang, Dao-AILab/flash-attention: float32 table and products, one store",
             binary32, binary32, binary32, binary32),
        make("cache_bf16", "vllm-project/vllm: bfloat16 cos_sin_cache, float32 products, one store",
             binary32, binary32, bfloat16, binary32),
        make("cache_f16", "the same with binary16", binary32, binary32, binary16, binary32),
        make("f64_table",
             "huggingface/diffusers, FLUX and Wan: binary64 angles, float32 table and products",
             binary64, binary64, binary32, binary32),
        make("f64", "binary64 throughout", binary64, binary64, binary64, binary64),
        with(make("ggml_cpu", "ggml-org/ggml on a CPU: angles by recurrence, float32 products",
                  binary32, binary32, binary32, binary32),
             LadderForm::recurrence),
        with(make("ggml_cuda", "ggml-org/ggml in CUDA: powers of a rounded step, float32 products",
                  binary32, binary32, binary32, binary32),
             LadderForm::step_power),
        with(make("mlx_f32", "ml-explore/mlx without a Metal kernel, float32 tensors", binary32,
                  binary32, binary32, binary32),
             LadderForm::exponential),
        with(make("mlx_bf16", "the same: cos, sin and products in bfloat16", binary32, binary32,
                  bfloat16, bfloat16),
             LadderForm::exponential),
        with(make("mlx_f16", "the same with binary16", binary32, binary32, binary16, binary16),
             LadderForm::exponential),
    };
  }();
  return kRows;
}

Format format_named(std::string_view word, std::string_view key) {
  if (const Format* found = find_format(word)) return *found;
  throw std::invalid_argument("recipe: " + std::string(key) + " = '" + std::string(word) +
                              "': must be f64, f32, bf16 or f16");
}

constexpr std::pair<std::string_view, LadderForm> kLadders[] = {
    {"power", LadderForm::power},
    {"recurrence", LadderForm::recurrence},
    {"step_power", LadderForm::step_power},
    {"exponential", LadderForm::exponential}};

LadderForm ladder_named(std::string_view word) {
  for (const auto& [name, form] : kLadders) {
    if (name == word) return form;
  }
  throw std::invalid_argument("recipe: ladder = '" + std::string(word) +
                              "': must be power, recurrence, step_power or exponential");
}

const Store8* store_named(std::string_view word) {
  for (const Store8& s : kStores8) {
    if (s.name == word) return &s;
  }
  throw std::invalid_argument("recipe: store = '" + std::string(word) +
                              "': must be e4m3fn or e5m2");
}

bool yes_or_no(std::string_view word, std::string_view key) {
  if (word == "true" || word == "1") return true;
  if (word == "false" || word == "0") return false;
  throw std::invalid_argument("recipe: " + std::string(key) + " = '" + std::string(word) +
                              "': must be true or false, or 1 or 0");
}

double ulps(std::string_view word, std::string_view key) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || !(value >= 0) || value > 1e6) {
    throw std::invalid_argument("recipe: " + std::string(key) + " = '" + std::string(word) +
                                "': must be a number from 0 to 1e6");
  }
  return value;
}

bool power_of_two(int d) { return (d & (d - 1)) == 0; }

// Relative error of inv_freq in units of the type in which it is formed: one term per rounded
// operation of huggingface/transformers modeling_rope_utils.py (ntk_fixed_su: vllm-project/vllm
// ntk_scaling_rope.py).
class FrequencyRoundings {
 public:
  // `omega` is the exact inv_freq of the rung.
  FrequencyRoundings(const Recipe& recipe, const Format& formed, const FrequencySpectrum& s,
                     int rung, double omega)
      : recipe_(recipe),
        rung_(rung),
        pairs_(s.rotary_dim / 2),
        share_(2.0 * rung / s.rotary_dim),
        base_(to_double(s.rope_theta)),
        unscaled_(std::pow(base_, -share_)),
        ratio_(omega / unscaled_),
        inexact_exponent_(!power_of_two(s.rotary_dim)),
        wide_(formed == binary64) {
    const std::uint64_t held = round_to(s.rope_theta, formed);
    if (!std::isfinite(decode_double(held, formed)))
      throw std::invalid_argument("base: must be finite in " + std::string(formed.name) +
                                  ", where the recipe forms inv_freq");
    if (decode(held, formed) != s.rope_theta) base_rounding_ = share_;
  }
  double operator()(const Unscaled&) const { return power(std::log(base_)); }
  double operator()(const Linear&) const {
    return power(std::log(base_)) + 2;
  }  // the factor, one division
  double operator()(const Proportional&) const { return power(std::log(base_)) + 2; }  // the same
  double operator()(const LongRope&) const {
    return power(std::log(base_)) + 2;
  }  // the entry, one product
  double operator()(const NtkAware& s) const {
    // The base's own power and rounding, amplified by the exponent.
    const double growth = stretch() * std::log(to_double(s.alpha));
    return power(std::log(base_) + growth) +
           share_ * (2 * recipe_.pow_ulp + 2 + (wide_ ? std::abs(growth) : 0));
  }
  double operator()(const NtkFixed& s) const {
    const double factor = to_double(s.factor);
    if (!s.mixed_b) return power(std::log(base_ * factor)) + share_ + 2 * recipe_.pow_ulp + 3;
    // exp(-a (k + 1)^beta): two powers, a logarithm, a quotient and a product in the argument, each
    // as large as it.
    const double argument =
        std::log(factor) * std::pow((rung_ + 1.0) / pairs_, to_double(*s.mixed_b));
    return power(std::log(base_)) + std::abs(argument) * (4 * recipe_.pow_ulp + 6) +
           2 * recipe_.pow_ulp + 3;
  }
  double operator()(const DynamicNtk& d) const {
    // g = f S / L - (f - 1): three roundings of terms as large as f S / L.
    const double factor = to_double(d.factor),
                 stretched =
                     factor *
                     std::max(1.0, to_double(Rational(d.seq_len / d.max_position_embeddings)));
    const double g = stretched - (factor - 1);
    return power(std::log(base_) + stretch() * std::log(g)) +
           share_ * (stretch() * 3 * stretched / g + 2 * recipe_.pow_ulp + 3) + 2;
  }
  double operator()(const Yarn& y) const {
    // I (1 - x) + E x: four roundings of terms that add up; inside the ramp an error of r moves the
    // sum, ratio_ E, by (1 - 1/f) E. r = (k - low) / (high - low): three roundings, and low itself
    // where it is not whole.
    const double length = to_double(y.original_max_position_embeddings);
    const auto bound = [&](const Rational& beta) {
      return pairs_ * std::log(length / (2 * std::numbers::pi * to_double(beta))) / std::log(base_);
    };
    double low = bound(y.beta_fast), high = bound(y.beta_slow);
    if (y.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0);
    high = std::min(high, 2.0 * pairs_ - 1);
    if (high - low < 1e-3) high = low + 1e-3;
    double ramp = 0;
    if (rung_ > low - 1 && rung_ < high + 1) {
      const double bounds = y.truncate ? 0 : wide_ ? 8 * high + 4 * pairs_ / std::log(base_) : low;
      ramp = (3 + bounds / (high - low)) * std::abs(1 - 1 / to_double(y.factor)) / ratio_;
    }
    return power(std::log(base_)) + 4 + ramp;
  }
  double operator()(const Llama3& l) const {
    // smooth = (turns - low) / (high - low), turns = L0 / lambda: it carries the error of omega and
    // six roundings; it moves the sum by (1 - 1/f) of its error.
    const double low = to_double(l.low_freq_factor), high = to_double(l.high_freq_factor),
                 core = power(std::log(base_));
    const double turns =
        to_double(l.original_max_position_embeddings) * unscaled_ / (2 * std::numbers::pi);
    const double near = 1e-4;
    if (turns < low * (1 - near) || turns > high * (1 + near)) return core + 3;
    if (high == low)
      return std::numeric_limits<double>::infinity();  // the threshold itself: either band is legal
    return core + 3 +
           ((core + 6) * turns / (high - low) + 2) * std::abs(1 - 1 / to_double(l.factor)) / ratio_;
  }

 private:
  // base^-share: the roundings of the form that the recipe declares.
  double power(double log_base) const {
    const double size = share_ * std::abs(log_base), pow = 2 * recipe_.pow_ulp;
    // The rounded exponent and the rounded base; a step's are k times as large after k steps.
    const double arguments = (inexact_exponent_ ? size : 0) + base_rounding_;
    switch (recipe_.ladder) {
      case LadderForm::power:  // and the reciprocal
        return pow + 1 + arguments;
      case LadderForm::recurrence:  // k rounded steps, k products
        return rung_ * (pow + 1) + arguments;
      case LadderForm::step_power:
        return rung_ * pow + arguments + pow;
      case LadderForm::exponential:  // -ln b / (d/2) and its product, as absolute errors
        return 2 * size + pow;
    }
    throw std::logic_error("a ladder without its roundings");
  }
  double stretch() const { return pairs_ / (pairs_ - 1.0); }  // d / (d - 2)
  const Recipe& recipe_;
  int rung_;
  double pairs_, share_, base_, unscaled_, ratio_, base_rounding_ = 0;
  bool inexact_exponent_;
  // Scalars such as a new base are formed in binary64: their own roundings count only where
  // inv_freq is too.
  bool wide_;
};

// (1 + a)(1 + b) - 1 without forming 1 + a, which a unit of binary64 would not survive.
double compound(double a, double b) { return a + b + a * b; }

double half_quantum(const Format& f) { return std::ldexp(1.0, f.emin - f.precision - 1); }

}  // namespace

std::span<const RecipeRow> recipes() { return rows(); }

Recipe parse_recipe(std::string_view text) {
  Recipe out = rows().front().recipe;
  std::set<std::string> given;
  bool first = true;
  std::vector<std::string> words = split(text);
  if (text.empty() || text.back() == ',') words.emplace_back();  // which split leaves out
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      const RecipeRow* found = nullptr;
      std::string known;
      for (const RecipeRow& row : rows()) {
        if (row.name == word) found = &row;
        known += (known.empty() ? "" : ", ") + std::string(row.name);
      }
      if (found == nullptr || !first)
        throw std::invalid_argument("recipe = '" + word + "': must be one of " + known +
                                    ", or key=value");
      out = found->recipe;
    } else {
      const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
      if (!given.insert(key).second)
        throw std::invalid_argument("recipe: " + key + " = '" + value +
                                    "': is given before: must be given once");
      if (key == "inv_freq")
        out.inv_freq = format_named(value, key);
      else if (key == "position")
        out.position = format_named(value, key);
      else if (key == "angle")
        out.angle = format_named(value, key);
      else if (key == "table")
        out.table = format_named(value, key);
      else if (key == "product")
        out.product = format_named(value, key);
      else if (key == "ladder")
        out.ladder = ladder_named(value);
      else if (key == "pow_ulp")
        out.pow_ulp = ulps(value, key);
      else if (key == "trig_ulp")
        out.trig_ulp = ulps(value, key);
      else if (key == "flush")
        out.flush = yes_or_no(value, key);
      else if (key == "store")
        out.store = store_named(value);
      else
        throw std::invalid_argument("recipe: unknown key '" + key +
                                    "'; must be inv_freq, position, angle, table, product, store, "
                                    "ladder, pow_ulp, trig_ulp or flush");
    }
    first = false;
  }
  out.name = std::string(text);
  return out;
}

const Recipe& default_recipe(const Format& output) {
  const std::string_view wanted = output == binary64   ? "f64"
                                  : output == bfloat16 ? "hf_bf16"
                                  : output == binary16 ? "hf_f16"
                                                       : "hf_f32";
  for (const RecipeRow& row : rows()) {
    if (row.name == wanted) return row.recipe;
  }
  throw std::logic_error("no default recipe");
}

double store8_error(const Store8& store, double x) {
  const double half_quantum = std::ldexp(1.0, store.emin - store.precision - 1);
  return std::max(std::abs(x) / (std::ldexp(1.0, store.precision) + 1), half_quantum);
}

double unit(const Format& f) { return std::ldexp(1.0, -f.precision); }

PhaseBudget::PhaseBudget(const Recipe& recipe, const FrequencySpectrum& shared, int rung,
                         double inv_freq, const Ladder& ladder)
    : recipe_(recipe), inv_freq_(inv_freq) {
  const Format& formed = recipe.inv_freq == binary64 ? binary64 : binary32;
  if (inv_freq == 0) return;
  FrequencySpectrum spectrum = shared;
  if (ladder.rope_theta) spectrum.rope_theta = *ladder.rope_theta;
  if (ladder.dim != 0) spectrum.rotary_dim = ladder.dim;
  double roundings =
      std::visit(FrequencyRoundings(recipe, formed, spectrum, rung, inv_freq), spectrum.scaling);
  if (ladder.exponent != 1)
    roundings = std::max(1.0, to_double(ladder.exponent)) * roundings + 2 * recipe.pow_ulp +
                std::abs(std::log(inv_freq));  // the exponent itself is rounded
  if (ladder.turns) roundings += 2;
  frequency_ = unit(formed) * roundings;
  if (!(recipe.inv_freq == formed)) {
    frequency_ = compound(frequency_, unit(recipe.inv_freq));
    underflow_ = half_quantum(recipe.inv_freq);
  }
}

double PhaseBudget::at(double position, bool exact) const {
  const double whole = std::ldexp(1.0, recipe_.position.precision);
  const bool held = (std::abs(position) <= whole && position == std::trunc(position)) ||
                    decode_double(round_to(from_double(position), recipe_.position),
                                  recipe_.position) == position;
  double relative = compound(frequency_, unit(recipe_.angle));
  if (!held) relative = compound(relative, unit(recipe_.position));
  if (!exact) relative = compound(relative, unit(binary64));
  const double bound = std::abs(position * inv_freq_) * relative + std::abs(position) * underflow_;
  return std::isfinite(bound) ? std::min(bound, std::numbers::pi) : std::numbers::pi;
}

ArithmeticBudget arithmetic_budget(const Recipe& recipe, double a, const Format& output) {
  ArithmeticBudget out;
  // Entries reach A: the spacing of its binade, relative to A, doubles where A is just above a
  // power of two.
  const double binade = std::exp2(std::ceil(std::log2(a)));
  const double u_angle = unit(recipe.angle);
  double tau = recipe.trig_ulp * u_angle;
  if (a != 1) tau = compound(compound(tau, u_angle), u_angle);  // A rounded, and one product
  // Entries of a tiny A are subnormal in their own type.
  tau += half_quantum(recipe.angle) / a;
  if (!(recipe.table == recipe.angle)) tau += half_quantum(recipe.table) / a;
  if (!(recipe.table == recipe.angle)) tau += (1 + tau) * 0.5 * unit(recipe.table) * binade / a;
  out.table = tau;
  const double root = std::numbers::sqrt2, u_product = unit(recipe.product);
  const double u_store = output == recipe.product ? 0 : unit(output);
  out.relative = compound(root * tau, compound(compound(u_product, u_product), u_store));
  out.absolute = half_quantum(output) + 3 * half_quantum(recipe.product);
  if (recipe.flush)
    out.absolute += std::ldexp(1.0, output.emin - 1) + 3 * std::ldexp(1.0, recipe.product.emin - 1);
  return out;
}

}  // namespace plumbline
