// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "fast/spectrum.h"

// The float32 pipeline of huggingface/transformers, modeling_rope_utils.py, operation by operation:
// scalars in binary64 as Python computes them, tensors in binary32. Every cast to float below is a
// rounding of that pipeline.
namespace plumbline::fast {
namespace {

using std::numbers::pi;

float fl(double value) { return static_cast<float>(value); }

// fl(base)^fl(2r / dim)
std::vector<float> powers(double base, int dim) {
  std::vector<float> result(static_cast<std::size_t>(dim / 2));
  for (std::size_t r = 0; r < result.size(); ++r)
    result[r] = std::pow(fl(base), static_cast<float>(2 * r) / static_cast<float>(dim));
  return result;
}

double stretched(double base, double ratio, int dim) {
  return base * std::pow(ratio, static_cast<double>(dim) / (dim - 2));
}

double yarn_bound(const Spectrum& s, const Knobs& knobs, double turns) {
  return knobs.dim * std::log(knobs.original / (turns * 2 * pi)) / (2 * std::log(s.base));
}

void blend_yarn(std::vector<float>& values, const std::vector<float>& power, const Spectrum& s,
                const Knobs& knobs) {
  double low = yarn_bound(s, knobs, knobs.beta_fast);
  double high = yarn_bound(s, knobs, knobs.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(knobs.dim - 1));
  if (low == high) high += 0.001;
  const float factor = fl(to_double(knobs.factor));
  for (std::size_t r = 0; r < values.size(); ++r) {
    const float ramp = std::clamp((static_cast<float>(r) - fl(low)) / fl(high - low), 0.0F, 1.0F);
    const float keep = 1.0F - ramp;
    const float interpolated = 1.0F / (factor * power[r]);
    values[r] = interpolated * (1.0F - keep) + values[r] * keep;
  }
}

void blend_llama3(std::vector<float>& values, const Spectrum& s, const Knobs& knobs) {
  const float factor = fl(to_double(knobs.factor));
  const float longest = fl(knobs.original / s.low_freq_factor),
              shortest = fl(knobs.original / s.high_freq_factor);
  for (float& value : values) {
    const float wavelength = 1.0F / value * fl(2 * pi);
    if (wavelength > longest) {
      value /= factor;
    } else if (wavelength >= shortest && s.low_freq_factor < s.high_freq_factor) {
      const float smooth = (1.0F / wavelength * fl(knobs.original) - fl(s.low_freq_factor)) /
                           fl(s.high_freq_factor - s.low_freq_factor);
      value = (1.0F - smooth) * value / factor + smooth * value;
    }
  }
}

void divide_mixed(std::vector<float>& values, float factor, double mixed_b) {
  const float slope = std::log(factor) / fl(std::pow(static_cast<double>(values.size()), mixed_b));
  for (std::size_t r = 0; r < values.size(); ++r)
    values[r] /= std::exp(slope * std::pow(static_cast<float>(r + 1), fl(mixed_b)));
}

double effective_base(const Spectrum& s, const Knobs& knobs) {
  const double factor = to_double(knobs.factor);
  switch (s.scaling) {
    case Scaling::ntk_aware_static:
      return stretched(s.base, s.alpha, knobs.dim);
    case Scaling::dynamic: {
      const double growth = factor * knobs.seq_len / static_cast<double>(s.max_position_embeddings);
      return stretched(s.base, growth - (factor - 1), knobs.dim);
    }
    case Scaling::ntk_fixed_su:
      return s.mixed_b ? s.base : s.base * factor;
    default:
      return s.base;
  }
}

double yarn_scale(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

}  // namespace

std::vector<float> inv_freq_f32(const Spectrum& spectrum) {
  const Knobs knobs = settle(spectrum);
  const double factor = to_double(knobs.factor);
  const std::vector<float> power = powers(effective_base(spectrum, knobs), knobs.dim);
  std::vector<float> result(power.size());
  std::transform(power.begin(), power.end(), result.begin(), [](float p) { return 1.0F / p; });
  switch (spectrum.scaling) {
    case Scaling::default_:
    case Scaling::ntk_aware_static:
    case Scaling::dynamic:
      break;
    case Scaling::proportional:
      std::fill(result.begin() + spectrum.rope_angles, result.end(), 0.0F);
      [[fallthrough]];
    case Scaling::linear:
      for (float& value : result) value /= fl(factor);
      break;
    case Scaling::ntk_fixed_su:
      if (spectrum.mixed_b) {
        divide_mixed(result, fl(factor), *spectrum.mixed_b);
      } else {
        for (float& value : result) value /= fl(std::pow(factor, 2.0 / knobs.dim));
      }
      break;
    case Scaling::yarn:
      blend_yarn(result, power, spectrum, knobs);
      break;
    case Scaling::longrope:
      for (std::size_t r = 0; r < result.size(); ++r)
        result[r] = 1.0F / (fl(spectrum.factors[r]) * power[r]);
      break;
    case Scaling::llama3:
      blend_llama3(result, spectrum, knobs);
      break;
  }
  for (float& frequency : result) {
    // A rung that does not turn stays 0 where the exponent rounds to 0.
    if (spectrum.log_freq_scale != 1 && frequency != 0)
      frequency = std::pow(frequency, fl(1 / spectrum.log_freq_scale));
    if (spectrum.turns) frequency *= fl(2 * pi);
    require_finite(spectrum, std::isfinite(frequency));
  }
  return result;
}

float attention_factor_f32(const Spectrum& spectrum) {
  const Knobs knobs = settle(spectrum);
  if (spectrum.scaling != Scaling::yarn && spectrum.scaling != Scaling::longrope) return 1.0F;
  if (spectrum.attention_factor) return fl(*spectrum.attention_factor);
  const double factor = to_double(knobs.factor);
  if (spectrum.scaling == Scaling::longrope)
    return factor <= 1 ? 1.0F : fl(std::sqrt(1 + std::log(factor) / std::log(knobs.original)));
  const double mscale = spectrum.mscale.value_or(0),
               mscale_all_dim = spectrum.mscale_all_dim.value_or(0);
  if (mscale == 0 || mscale_all_dim == 0) return fl(yarn_scale(factor, 1));
  return fl(yarn_scale(factor, mscale) / yarn_scale(factor, mscale_all_dim));
}

}  // namespace plumbline::fast
