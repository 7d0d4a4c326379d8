// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
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
    if (const auto q = quarters(position, rung)) return {kCos[*q] * factor_, kSin[*q] * factor_};
    return exact_cos_sin(position, turns_[rung], factor_, factor_low_);
  }
  // Without A.
  CosSin unscaled(double position, std::size_t rung) const {
    if (const auto q = quarters(position, rung)) return {kCos[*q], kSin[*q]};
    return exact_cos_sin(position, turns_[rung], 1, 0);
  }
  CosSinF32 in_f32(double position, std::size_t rung) const {
    if (const auto q = quarters(position, rung)) {
      const float factor = to_float(ladder_.attention_factor);
      return {static_cast<float>(kCos[*q]) * factor, static_cast<float>(kSin[*q]) * factor};
    }
    return nearest_cos_sin(position, ladder_.inv_freq[rung], turns_[rung],
                           ladder_.attention_factor);
  }
  // What a pair that does not turn has.
  CosSinF32 still_f32() const { return {to_float(ladder_.attention_factor), 0.0F}; }

 private:
  static constexpr double kCos[] = {1, 0, -1, 0}, kSin[] = {0, 1, 0, -1};

  // 0 to 3 where a spectrum in turns stands at so many quarter turns, modulo 4. A frequency of
  // about 120 bits cannot prove it; that another position comes as close by chance is some 2^-80.
  std::optional<std::size_t> quarters(double position, std::size_t rung) const {
    if (ladder_.turns.empty()) return std::nullopt;
    const Wide all = ladder_.turns[rung] * (4 * static_cast<long double>(position));
    const Wide whole = floor(all + Wide(0.5L));
    if (std::abs((all - whole).high) > 0x1p-116L * std::abs(all.high)) return std::nullopt;
    const Wide rest = whole - floor(whole / 4) * 4;
    return static_cast<std::size_t>(rest.high);
  }

  Ladder ladder_;
  std::vector<Turns> turns_;
  double factor_, factor_low_;
};

}  // namespace plumbline::fast
