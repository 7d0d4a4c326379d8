// SPDX-License-Identifier: Apache-2.0
#include "golden/recipe.h"

#include <charconv>
#include <cmath>
#include <numbers>
#include <sstream>
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
    };
  }();
  return kRows;
}

Format format_named(std::string_view word, std::string_view key) {
  constexpr std::string_view kNames[] = {"f64", "f32", "bf16", "f16"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == word) return kFormats[i];
  }
  throw std::invalid_argument("recipe: " + std::string(key) + " = '" + std::string(word) +
                              "': must be f64, f32, bf16 or f16");
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

// Roundings of the type in which inv_freq is formed, beyond the power and the reciprocal, as
// multiples of its unit; one term per rounded operation of huggingface/transformers
// modeling_rope_utils.py. `omega` is the exact inv_freq.
class ScalingRoundings {
 public:
  ScalingRoundings(const FrequencySpectrum& s, int rung, double omega)
      : share_(2.0 * rung / s.rotary_dim),
        unscaled_(std::pow(to_double(s.rope_theta), -share_)),
        ratio_(omega / unscaled_) {}
  double operator()(const Unscaled&) const { return 0; }
  double operator()(const Linear&) const { return 2; }        // the factor, one division
  double operator()(const Proportional&) const { return 2; }  // the same
  double operator()(const LongRope&) const { return 2; }      // the list's entry, one product
  double operator()(const NtkAware&) const {
    return 2 * share_;
  }  // the base, amplified by the exponent
  double operator()(const NtkFixed&) const {
    return share_ + 3;
  }  // base; f^(2/d) twice; one division
  double operator()(const DynamicNtk& d) const {
    // f S / L - (f - 1): three roundings, amplified by the cancellation; then the base's power.
    const double length = std::max(1.0, to_double(Rational(d.seq_len / d.max_position_embeddings)));
    return share_ * (3 * to_double(d.factor) * length + 4) + 2;
  }
  double operator()(const Yarn& y) const {
    // I (1 - x) + E x: four roundings of terms that add up; an error of 3 u in the ramp moves the
    // sum, ratio_ E, by 3 u (1 - 1/f) E.
    return 4 + 3 * std::max(0.0, 1 - 1 / to_double(y.factor)) / ratio_;
  }
  double operator()(const Llama3& l) const {
    // smooth = (turns - low) / (high - low): seven roundings relative to turns = L0 / lambda; it
    // moves the sum by (1 - 1/f) times its error.
    const double low = to_double(l.low_freq_factor), high = to_double(l.high_freq_factor);
    const double turns =
        to_double(l.original_max_position_embeddings) * unscaled_ / (2 * std::numbers::pi);
    if (high <= low || turns < low || turns > high) return 3;
    return 3 + (7 * turns / (high - low) + 2) * std::max(0.0, 1 - 1 / to_double(l.factor)) / ratio_;
  }

 private:
  double share_, unscaled_, ratio_;
};

// (1 + a)(1 + b) - 1 without forming 1 + a, which a unit of binary64 would not survive.
double compound(double a, double b) { return a + b + a * b; }

double half_quantum(const Format& f) { return std::ldexp(1.0, f.emin - f.precision - 1); }

}  // namespace

std::span<const RecipeRow> recipes() { return rows(); }

Recipe parse_recipe(std::string_view text) {
  Recipe out = rows().front().recipe;
  std::istringstream words{std::string(text)};
  bool first = true;
  for (std::string word; std::getline(words, word, ',');) {
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
      else if (key == "pow_ulp")
        out.pow_ulp = ulps(value, key);
      else if (key == "trig_ulp")
        out.trig_ulp = ulps(value, key);
      else if (key == "flush")
        out.flush = ulps(value, key) != 0;
      else
        throw std::invalid_argument(
            "recipe: unknown key '" + key +
            "'; must be inv_freq, position, angle, table, product, pow_ulp, trig_ulp or flush");
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

double unit(const Format& f) { return std::ldexp(1.0, -f.precision); }

double PhaseBudget::at(double position, double angle) const {
  return std::abs(angle) * relative + std::abs(position) * per_position;
}

PhaseBudget phase_budget(const Recipe& recipe, const FrequencySpectrum& spectrum, int rung,
                         double inv_freq, double position) {
  const Format& formed = recipe.inv_freq == binary64 ? binary64 : binary32;
  const double u = unit(formed);
  double extra = std::visit(ScalingRoundings(spectrum, rung, inv_freq), spectrum.scaling);
  if (!power_of_two(spectrum.rotary_dim)) {
    // The exponent 2k / d is rounded; the power turns that into |exponent| ln b.
    extra += 2.0 * rung / spectrum.rotary_dim * std::log(to_double(spectrum.rope_theta));
  }
  double e = (2 * recipe.pow_ulp + 1 + extra) * u;
  PhaseBudget out;
  if (!(recipe.inv_freq == formed)) {
    e = compound(e, unit(recipe.inv_freq));
    out.per_position = half_quantum(recipe.inv_freq);
  }
  const double held =
      decode_double(round_to(from_double(position), recipe.position), recipe.position);
  const double u_position = held == position ? 0 : unit(recipe.position);
  out.relative = compound(compound(e, u_position), unit(recipe.angle));
  return out;
}

ArithmeticBudget arithmetic_budget(const Recipe& recipe, double a, const Format& output) {
  ArithmeticBudget out;
  // Entries reach A: the spacing of its binade, relative to A, doubles where A is just above a
  // power of two.
  const double binade = std::exp2(std::ceil(std::log2(a)));
  const double u_angle = unit(recipe.angle);
  double tau = recipe.trig_ulp * u_angle;
  if (a != 1) tau = compound(compound(tau, u_angle), u_angle);  // A rounded, and one product
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
