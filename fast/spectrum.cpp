// SPDX-License-Identifier: Apache-2.0
#include "fast/spectrum.h"

#include <algorithm>

namespace plumbline::fast {
namespace {

using Frequencies = std::vector<Wide>;

// base^(-2r / dim). Products start anew at every 16th rung, so that their errors do not add up.
Frequencies geometric(Wide log_base, int dim) {
  Frequencies result(static_cast<std::size_t>(dim / 2), 1);
  const Wide step = exp(-2 * log_base / dim);
  for (std::size_t r = 1; r < result.size(); ++r)
    result[r] =
        r % 16 == 0 ? exp(-2 * log_base * static_cast<long double>(r) / dim) : result[r - 1] * step;
  return result;
}

void divide(Frequencies& frequencies, Wide divisor) {
  for (Wide& frequency : frequencies) frequency = frequency / divisor;
}

// ln(base * ratio^(d / (d - 2))): the base for which the slowest frequency is divided by exactly
// `ratio`.
Wide log_stretched(Wide base, Wide ratio, int dim) {
  return log(base) + log(ratio) * dim / (dim - 2);
}

void divide_mixed(Frequencies& frequencies, Wide factor, Wide mixed_b) {
  const Wide slope = log(factor) / pow(static_cast<long double>(frequencies.size()), mixed_b);
  for (std::size_t r = 0; r < frequencies.size(); ++r)
    frequencies[r] = frequencies[r] / exp(slope * pow(static_cast<long double>(r + 1), mixed_b));
}

// The real-valued pair index that makes `turns` full turns within the original context.
Wide yarn_bound(const Spectrum& s, const Knobs& knobs, double turns) {
  return log(Wide(knobs.original) / (2 * kPi * decimal(turns))) * knobs.dim /
         (2 * log(decimal(s.base)));
}

void blend_yarn(Frequencies& frequencies, const Spectrum& s, const Knobs& knobs) {
  Wide low = yarn_bound(s, knobs, knobs.beta_fast);
  Wide high = yarn_bound(s, knobs, knobs.beta_slow);
  if (s.truncate) {
    low = floor(low);
    high = -floor(-high);
  }
  low = std::max(low, Wide(0));
  high = std::min(
      high, Wide(knobs.dim - 1));  // counted in lanes although the bound is in pairs: as deployed
  if (low == high) high = high + decimal(0.001);
  for (std::size_t r = 0; r < frequencies.size(); ++r) {
    const Wide keep =
        std::clamp((high - static_cast<long double>(r)) / (high - low), Wide(0), Wide(1));
    frequencies[r] = frequencies[r] * (keep + (1 - keep) / knobs.factor);
  }
}

void blend_llama3(Frequencies& frequencies, const Spectrum& s, const Knobs& knobs) {
  const Wide low = decimal(s.low_freq_factor), high = decimal(s.high_freq_factor);
  for (Wide& frequency : frequencies) {
    // Turns within the original context. It contains pi, so it never equals a rational factor.
    const Wide turns = frequency * knobs.original / (2 * kPi);
    if (turns < low) {
      frequency = frequency / knobs.factor;
    } else if (turns < high) {
      const Wide smooth = (turns - low) / (high - low);
      frequency = frequency * ((1 - smooth) / knobs.factor + smooth);
    }
  }
}

Wide yarn_scale(Wide factor, double mscale) {
  return 1 < factor ? decimal(mscale) * log(factor) / 10 + 1 : Wide(1);
}

Wide attention(const Spectrum& s, const Knobs& knobs) {
  if (s.scaling != Scaling::yarn && s.scaling != Scaling::longrope) return 1;
  if (s.attention_factor) return decimal(*s.attention_factor);
  if (s.scaling == Scaling::longrope)
    return 1 < knobs.factor ? sqrt(1 + log(knobs.factor) / log(Wide(knobs.original))) : Wide(1);
  const double mscale = s.mscale.value_or(0), mscale_all_dim = s.mscale_all_dim.value_or(0);
  if (mscale == 0 || mscale_all_dim == 0) return yarn_scale(knobs.factor, 1);
  return yarn_scale(knobs.factor, mscale) / yarn_scale(knobs.factor, mscale_all_dim);
}

Frequencies frequencies(const Spectrum& s, const Knobs& knobs) {
  const Wide base = decimal(s.base);
  Wide log_base = log(base);
  if (s.scaling == Scaling::ntk_aware_static) {
    log_base = log_stretched(base, decimal(s.alpha), knobs.dim);
  } else if (s.scaling == Scaling::dynamic) {
    // factor seq_len / max_position_embeddings - (factor - 1), without the cancellation.
    const auto most = static_cast<long double>(s.max_position_embeddings);
    log_base = log_stretched(base, 1 + knobs.factor * (knobs.seq_len - most) / most, knobs.dim);
  } else if (s.scaling == Scaling::ntk_fixed_su && !s.mixed_b) {
    log_base = log(base * knobs.factor);
  }
  Frequencies result = geometric(log_base, knobs.dim);
  switch (s.scaling) {
    case Scaling::default_:
    case Scaling::ntk_aware_static:
    case Scaling::dynamic:
      break;
    case Scaling::linear:
      divide(result, knobs.factor);
      break;
    case Scaling::proportional:
      divide(result, knobs.factor);
      std::fill(result.begin() + s.rope_angles, result.end(), Wide(0));
      break;
    case Scaling::ntk_fixed_su:
      if (s.mixed_b) {
        divide_mixed(result, knobs.factor, decimal(*s.mixed_b));
      } else {
        divide(result, exp(2 * log(knobs.factor) / knobs.dim));
      }
      break;
    case Scaling::yarn:
      blend_yarn(result, s, knobs);
      break;
    case Scaling::longrope:
      for (std::size_t r = 0; r < result.size(); ++r) result[r] = result[r] / decimal(s.factors[r]);
      break;
    case Scaling::llama3:
      blend_llama3(result, s, knobs);
      break;
  }
  if (s.log_freq_scale == 1) return result;
  for (Wide& frequency : result) {
    if (to_double(frequency) == 0) continue;
    const Wide logarithm = log(frequency) / decimal(s.log_freq_scale);
    require_finite(s, logarithm.high < 700);
    // Below, no double is left but 0.
    frequency = logarithm.high < -1000 ? Wide(0) : exp(logarithm);
  }
  return result;
}

}  // namespace

Ladder ladder(const Spectrum& spectrum) {
  const Knobs knobs = settle(spectrum);
  Ladder result{frequencies(spectrum, knobs), {}, attention(spectrum, knobs)};
  if (!spectrum.turns) return result;
  result.turns = result.inv_freq;
  for (Wide& frequency : result.inv_freq) frequency = frequency * 2 * kPi;
  return result;
}

std::vector<double> inv_freq(const Spectrum& spectrum) {
  const Ladder exact = ladder(spectrum);
  std::vector<double> result;
  for (const Wide& frequency : exact.inv_freq) result.push_back(to_double(frequency));
  return result;
}

double attention_factor(const Spectrum& spectrum) {
  return to_double(attention(spectrum, settle(spectrum)));
}

}  // namespace plumbline::fast
