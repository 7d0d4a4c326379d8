// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fast/fast.h"
#include "fast/wide.h"

namespace plumbline::fast {

// inv_freq [rungs] and A before any rounding to a format.
struct Ladder {
  std::vector<Wide> inv_freq;
  std::vector<Wide> turns;  // inv_freq / (2 pi), where that is what the spectrum counts; else empty
  Wide attention_factor;
};
Ladder ladder(const Spectrum& spectrum);

// The knobs with defaults and fallbacks settled; what both precisions start from.
struct Knobs {
  int dim;          // denominator of the exponents: rotary_dim, or head_dim for proportional
  Wide factor;      // 1 where the scaling has none
  double original;  // original_max_position_embeddings, 0 where unused
  double seq_len;   // dynamic
  double beta_fast, beta_slow;
};
// Checks every knob that the scaling reads; throws std::invalid_argument.
Knobs settle(const Spectrum& spectrum);
// Refuses a log_freq_scale that raises a frequency beyond all bounds.
void require_finite(const Spectrum& spectrum, bool finite);

}  // namespace plumbline::fast
