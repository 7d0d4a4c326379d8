// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "fast/fast.h"
#include "fast/phase.h"
#include "fast/refuse.h"
#include "fast/spectrum.h"

namespace plumbline::fast {
namespace {

constexpr double kMaxPosition = 0x1p31;
constexpr double kMaxInvFreq = 0x1p20;

void check_shape(const RotaryCase& c) {
  require(c.head_dim >= 2, "head_dim", c.head_dim, "must be at least 2");
  require(c.rotary_dim >= 2 && c.rotary_dim <= c.head_dim && c.rotary_dim % 2 == 0, "rotary_dim",
          c.rotary_dim, "must be even and lie in [2, head_dim]");
  require(c.num_key_value_heads >= 1, "num_key_value_heads", c.num_key_value_heads,
          "must be at least 1");
  require(c.num_heads >= 1 && c.num_heads % c.num_key_value_heads == 0, "num_heads", c.num_heads,
          "must be a positive multiple of num_key_value_heads");
  require(c.maps == 1 || c.maps == c.num_key_value_heads, "maps", c.maps,
          "must be 1 or num_key_value_heads");
  require(c.axes >= 1 && c.axes < kNoAxis, "axes", c.axes, "must lie in [1, 254]");
  require(c.spectra.size() == 1 || c.spectra.size() == static_cast<std::size_t>(c.axes),
          "number of spectra", c.spectra.size(), "must be 1 or the number of axes");
  const std::size_t entries =
      static_cast<std::size_t>(c.maps) * static_cast<std::size_t>(c.rotary_dim / 2);
  require(c.axis_map.size() == entries, "size of axis_map", c.axis_map.size(),
          "must be maps * rotary_dim / 2");
  require(c.rung.size() == entries, "size of rung", c.rung.size(), "must be maps * rotary_dim / 2");
}

std::size_t spectrum_of(const RotaryCase& c, std::size_t axis) {
  return c.spectra.size() == 1 ? 0 : axis;
}

void check_allocation(const RotaryCase& c) {
  std::vector<int> available;
  for (const Spectrum& spectrum : c.spectra) available.push_back(rungs(spectrum));
  for (std::size_t i = 0; i < c.axis_map.size(); ++i) {
    const int axis = c.axis_map[i];
    if (axis == kNoAxis) continue;
    require(axis < c.axes, "axis_map[" + std::to_string(i) + "]", axis,
            "must be below axes, or 255");
    require(c.rung[i] >= 0 && c.rung[i] < available[spectrum_of(c, static_cast<std::size_t>(axis))],
            "rung[" + std::to_string(i) + "]", c.rung[i], "is not on the ladder of its axis");
  }
}

void check_positions(const RotaryCase& c, std::span<const double> position_ids, int tokens) {
  require(tokens >= 0, "tokens", tokens, "must not be negative");
  require(
      position_ids.size() == static_cast<std::size_t>(c.axes) * static_cast<std::size_t>(tokens),
      "size of position_ids", position_ids.size(), "must be axes * tokens");
  for (const double position : position_ids)
    require(std::abs(position) <= kMaxPosition, "position_ids", position,
            "must lie in [-2^31, 2^31]");
}

// One (cos, sin) a rung of one spectrum, in each phase. Both say what inv_freq and A they use, as
// doubles.
class ExactPhase {
 public:
  explicit ExactPhase(const Spectrum& spectrum) {
    const Ladder exact = ladder(spectrum);
    attention_factor_ = to_double(exact.attention_factor);
    attention_factor_low_ = to_double(exact.attention_factor - Wide(attention_factor_));
    for (const Wide& frequency : exact.inv_freq) {
      inv_freq_.push_back(to_double(frequency));
      turns_.push_back(quarter_turns(frequency));
    }
  }
  double attention_factor() const { return attention_factor_; }
  double inv_freq(std::size_t rung) const { return inv_freq_[rung]; }
  CosSin operator()(double position, std::size_t rung) const {
    return exact_cos_sin(position, turns_[rung], attention_factor_, attention_factor_low_);
  }

 private:
  std::vector<double> inv_freq_;
  std::vector<Turns> turns_;
  double attention_factor_, attention_factor_low_;
};

class F32Phase {
 public:
  explicit F32Phase(const Spectrum& spectrum)
      : inv_freq_(inv_freq_f32(spectrum)), attention_factor_(attention_factor_f32(spectrum)) {}
  double attention_factor() const { return attention_factor_; }
  double inv_freq(std::size_t rung) const { return inv_freq_[rung]; }
  CosSin operator()(double position, std::size_t rung) const {
    const float angle = static_cast<float>(position) * inv_freq_[rung];
    return {std::cos(angle) * attention_factor_, std::sin(angle) * attention_factor_};
  }

 private:
  std::vector<float> inv_freq_;
  float attention_factor_;
};

// What drives one pair of one map. turns is false for kNoAxis and for frequency zero, whatever the
// position.
struct Driver {
  std::size_t spectrum = 0, axis = 0, rung = 0;
  bool turns = false;
};

template <class PhaseTables>
std::vector<Driver> drivers(const RotaryCase& c, const std::vector<PhaseTables>& phases,
                            std::vector<double>& inv_freq) {
  std::vector<Driver> result(c.axis_map.size());
  inv_freq.assign(result.size(), 0.0);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (c.axis_map[i] == kNoAxis) continue;
    Driver& driver = result[i];
    driver.axis = c.axis_map[i];
    driver.spectrum = spectrum_of(c, driver.axis);
    driver.rung = static_cast<std::size_t>(c.rung[i]);
    inv_freq[i] = phases[driver.spectrum].inv_freq(driver.rung);
    require(inv_freq[i] <= kMaxInvFreq, "inv_freq", inv_freq[i], "must not exceed 2^20");
    driver.turns = inv_freq[i] != 0;
  }
  return result;
}

template <class Real, class PhaseTables>
void fill(std::vector<Real>& cache, const RotaryPlan& plan, const std::vector<Driver>& driver,
          const std::vector<PhaseTables>& phases, std::span<const double> position_ids) {
  const auto tokens = static_cast<std::size_t>(plan.tokens);
  const auto pairs = static_cast<std::size_t>(plan.rotary_dim / 2);
  cache.resize(tokens * driver.size() * 2);
  Real* cos = cache.data();
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t map = 0; map < driver.size(); map += pairs, cos += 2 * pairs) {
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        const Driver& d = driver[map + pair];
        const CosSin value = d.turns
                                 ? phases[d.spectrum](position_ids[d.axis * tokens + token], d.rung)
                                 : CosSin{plan.attention_factor, 0.0};
        cos[pair] = static_cast<Real>(value.cos);
        cos[pairs + pair] = static_cast<Real>(value.sin);
      }
    }
  }
}

template <class PhaseTables>
void fill(RotaryPlan& plan, const RotaryCase& c, std::span<const double> position_ids) {
  std::vector<PhaseTables> phases;
  for (const Spectrum& spectrum : c.spectra) phases.emplace_back(spectrum);
  plan.attention_factor = phases.front().attention_factor();
  for (const PhaseTables& tables : phases)
    require(tables.attention_factor() == plan.attention_factor, "attention_factor",
            tables.attention_factor(), "must be the same on all axes");
  const std::vector<Driver> driver = drivers(c, phases, plan.inv_freq);
  if (plan.table == Storage::f64) {
    fill(plan.cos_sin_cache_f64, plan, driver, phases, position_ids);
  } else {
    fill(plan.cos_sin_cache, plan, driver, phases, position_ids);
  }
}

}  // namespace

RotaryPlan make_plan(const RotaryCase& c, std::span<const double> position_ids, int tokens,
                     Phase phase, Storage storage) {
  check_shape(c);
  check_allocation(c);
  check_positions(c, position_ids, tokens);
  RotaryPlan plan;
  plan.tokens = tokens;
  plan.head_dim = c.head_dim;
  plan.rotary_dim = c.rotary_dim;
  plan.num_heads = c.num_heads;
  plan.num_key_value_heads = c.num_key_value_heads;
  plan.maps = c.maps;
  plan.neox = c.neox;
  plan.phase = phase;
  plan.table = storage == Storage::f64 ? Storage::f64 : Storage::f32;
  if (phase == Phase::exact) {
    fill<ExactPhase>(plan, c, position_ids);
  } else {
    fill<F32Phase>(plan, c, position_ids);
  }
  return plan;
}

}  // namespace plumbline::fast
