// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "fast/refuse.h"
#include "fast/spectrum.h"

namespace plumbline::fast {
namespace {

constexpr std::string_view kRatio = "must lie in [2^-20, 2^60]";

// Far outside any deployed value, yet narrow enough that no intermediate overflows.
bool is_ratio(double value) { return value >= 0x1p-20 && value <= 0x1p60; }

void require_ratio(std::string_view knob, double value) {
  require(is_ratio(value), knob, value, kRatio);
}

void require_length(std::string_view knob, std::int64_t value) {
  require(value >= 1 && value <= std::int64_t{1} << 40, knob, value,
          "must lie in [1, 2^40] for this scaling");
}

bool reads_original(Scaling scaling) {
  return scaling == Scaling::yarn || scaling == Scaling::longrope || scaling == Scaling::llama3;
}

Wide settle_factor(const Spectrum& s, double original) {
  switch (s.scaling) {
    case Scaling::default_:
    case Scaling::ntk_aware_static:
      return 1;
    case Scaling::proportional:
      if (!s.factor) return 1;
      break;
    case Scaling::yarn:
    case Scaling::longrope:
      if (!s.factor) {
        require_length("max_position_embeddings", s.max_position_embeddings);
        return Wide(static_cast<long double>(s.max_position_embeddings)) / original;
      }
      break;
    case Scaling::linear:
    case Scaling::ntk_fixed_su:
    case Scaling::dynamic:
    case Scaling::llama3:
      require(s.factor.has_value(), "factor", "none", "required by this scaling");
      break;
  }
  require_ratio("factor", *s.factor);
  return decimal(*s.factor);
}

void check_own_knobs(const Spectrum& s, const Knobs& knobs) {
  switch (s.scaling) {
    case Scaling::default_:
    case Scaling::linear:
      break;
    case Scaling::proportional:
      require(s.rope_angles >= 0 && s.rope_angles <= s.head_dim / 2, "rope_angles", s.rope_angles,
              "must lie in [0, head_dim / 2]");
      break;
    case Scaling::ntk_aware_static:
      require_ratio("alpha", s.alpha);
      [[fallthrough]];
    case Scaling::dynamic:
      require(knobs.dim > 2, "rotary_dim", knobs.dim,
              "must exceed 2 where the base changes by d / (d - 2)");
      break;
    case Scaling::ntk_fixed_su:
      if (s.mixed_b)
        require(*s.mixed_b > 0 && *s.mixed_b <= 16, "mixed_b", *s.mixed_b, "must lie in (0, 16]");
      break;
    case Scaling::yarn:
      require_ratio("beta_fast", knobs.beta_fast);
      require_ratio("beta_slow", knobs.beta_slow);
      for (const auto& [knob, scale] :
           {std::pair("mscale", s.mscale), std::pair("mscale_all_dim", s.mscale_all_dim)})
        if (scale) require(*scale >= 0 && *scale <= 1024, knob, *scale, "must lie in [0, 1024]");
      break;
    case Scaling::longrope:
      require(s.factors.size() == static_cast<std::size_t>(knobs.dim / 2), "number of factors",
              s.factors.size(), "must be rotary_dim / 2");
      for (const double factor : s.factors) require_ratio("factors", factor);
      // ln(original_max_position_embeddings) divides.
      require(s.attention_factor || knobs.original > 1, "original_max_position_embeddings",
              knobs.original, "must exceed 1 for longrope");
      break;
    case Scaling::llama3:
      require_ratio("low_freq_factor", s.low_freq_factor);
      require_ratio("high_freq_factor", s.high_freq_factor);
      require(s.low_freq_factor <= s.high_freq_factor, "low_freq_factor", s.low_freq_factor,
              "must not exceed high_freq_factor");
      break;
  }
  if (s.scaling == Scaling::yarn || s.scaling == Scaling::longrope)
    if (s.attention_factor) require_ratio("attention_factor", *s.attention_factor);
}

}  // namespace

Knobs settle(const Spectrum& s) {
  require(s.scaling >= Scaling::default_ && s.scaling <= Scaling::llama3, "scaling",
          static_cast<int>(s.scaling), "is not one of the nine");
  const bool whole_head = s.scaling == Scaling::proportional;
  Knobs knobs{};
  knobs.dim = whole_head ? s.head_dim : s.rotary_dim;
  require(knobs.dim >= 2 && knobs.dim <= 65536 && knobs.dim % 2 == 0,
          whole_head ? "head_dim" : "rotary_dim", knobs.dim, "must be even and lie in [2, 65536]");
  require(std::isfinite(s.log_freq_scale) && s.log_freq_scale > 0, "log_freq_scale",
          s.log_freq_scale, "must be finite and above 0");
  require(s.base > 1 && s.base <= 0x1p60, "base", s.base, "must lie in (1, 2^60]");
  if (reads_original(s.scaling)) {
    const bool own = s.original_max_position_embeddings != 0;
    const std::int64_t original =
        own ? s.original_max_position_embeddings : s.max_position_embeddings;
    require_length("original_max_position_embeddings", original);
    knobs.original = static_cast<double>(original);
  }
  knobs.factor = settle_factor(s, knobs.original);
  if (s.scaling == Scaling::dynamic) {
    require_length("max_position_embeddings", s.max_position_embeddings);
    if (s.seq_len != 0) require_length("seq_len", s.seq_len);
    knobs.seq_len = static_cast<double>(std::max(s.seq_len, s.max_position_embeddings));
  }
  knobs.beta_fast = s.beta_fast == 0 ? 32 : s.beta_fast;
  knobs.beta_slow = s.beta_slow == 0 ? 1 : s.beta_slow;
  check_own_knobs(s, knobs);
  return knobs;
}

void require_finite(const Spectrum& s, bool finite) {
  if (s.log_freq_scale != 1)
    require(finite, "log_freq_scale", s.log_freq_scale, "must keep inv_freq finite");
  if (s.factor) require(finite, "factor", *s.factor, "must keep inv_freq finite");
  require(finite, "base", s.base, "must keep inv_freq finite");
}

int rungs(const Spectrum& spectrum) { return settle(spectrum).dim / 2; }

}  // namespace plumbline::fast
