// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fast/phase.h"
#include "fast/spectrum.h"

namespace plumbline::fast {

// (A cos, A sin) of position * inv_freq[rung] for one spectrum, with the errors stated in phase.h.
class ExactPhase {
 public:
  explicit ExactPhase(const Spectrum& spectrum) : ladder_(ladder(spectrum)) {
    factor_ = to_double(ladder_.attention_factor);
    factor_low_ = to_double(ladder_.attention_factor - Wide(factor_));
    for (const Wide& frequency : ladder_.inv_freq) turns_.push_back(quarter_turns(frequency));
  }
  double attention_factor() const { return factor_; }
  double inv_freq(std::size_t rung) const { return to_double(ladder_.inv_freq[rung]); }
  CosSin in_f64(double position, std::size_t rung) const {
    return exact_cos_sin(position, turns_[rung], factor_, factor_low_);
  }
  // Without A.
  CosSin unscaled(double position, std::size_t rung) const {
    return exact_cos_sin(position, turns_[rung], 1, 0);
  }
  CosSinF32 in_f32(double position, std::size_t rung) const {
    return nearest_cos_sin(position, ladder_.inv_freq[rung], turns_[rung],
                           ladder_.attention_factor);
  }
  // What a pair that does not turn has.
  CosSinF32 still_f32() const { return {to_float(ladder_.attention_factor), 0.0F}; }

 private:
  Ladder ladder_;
  std::vector<Turns> turns_;
  double factor_, factor_low_;
};

}  // namespace plumbline::fast
