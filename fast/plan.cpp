// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "fast/drivers.h"
#include "fast/exact_phase.h"
#include "fast/job.h"
#include "fast/refuse.h"

namespace plumbline::fast {
namespace {

// The float32 pipeline of one spectrum; the counterpart of ExactPhase.
class F32Phase {
 public:
  explicit F32Phase(const Spectrum& spectrum)
      : inv_freq_(inv_freq_f32(spectrum)), attention_factor_(attention_factor_f32(spectrum)) {}
  double attention_factor() const { return attention_factor_; }
  double inv_freq(std::size_t rung) const { return inv_freq_[rung]; }
  CosSinF32 in_f32(double position, std::size_t rung) const {
    const float angle = static_cast<float>(position) * inv_freq_[rung];
    return {std::cos(angle) * attention_factor_, std::sin(angle) * attention_factor_};
  }
  CosSinF32 still_f32() const { return {attention_factor_, 0.0F}; }
  CosSin in_f64(double position, std::size_t rung) const {
    const CosSinF32 value = in_f32(position, rung);
    return {value.cos, value.sin};
  }

 private:
  std::vector<float> inv_freq_;
  float attention_factor_;
};

template <class Real, class Value>
void fill(std::vector<Real>& cache, const RotaryPlan& plan, const std::vector<Driver>& driver,
          std::span<const double> position_ids, const Value& value) {
  const auto tokens = static_cast<std::size_t>(plan.tokens);
  const auto pairs = static_cast<std::size_t>(plan.rotary_dim / 2);
  cache.resize(tokens * driver.size() * 2);
  Real* cos = cache.data();
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t map = 0; map < driver.size(); map += pairs, cos += 2 * pairs) {
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        const Driver& d = driver[map + pair];
        const auto [c, s] = value(d, position_ids[d.axis * tokens + token]);
        cos[pair] = c;
        cos[pairs + pair] = s;
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
  const std::vector<Driver> driver = drivers(
      c, [&](std::size_t spectrum, std::size_t rung) { return phases[spectrum].inv_freq(rung); });
  plan.inv_freq.clear();
  for (const Driver& d : driver)
    plan.inv_freq.push_back(d.turns ? phases[d.spectrum].inv_freq(d.rung) : 0.0);
  if (plan.table == Storage::f64) {
    fill(plan.cos_sin_cache_f64, plan, driver, position_ids, [&](const Driver& d, double position) {
      return d.turns ? phases[d.spectrum].in_f64(position, d.rung)
                     : CosSin{plan.attention_factor, 0.0};
    });
  } else {
    fill(plan.cos_sin_cache, plan, driver, position_ids, [&](const Driver& d, double position) {
      return d.turns ? phases[d.spectrum].in_f32(position, d.rung) : phases.front().still_f32();
    });
  }
}

}  // namespace

RotaryPlan make_plan(const RotaryCase& c, std::span<const double> position_ids, int tokens,
                     Phase phase, Storage storage) {
  require(phase <= Phase::f32, "phase", static_cast<int>(phase), "is neither exact nor f32");
  element_size(storage);
  check(c);
  check_positions(c, position_ids.size(), tokens);
  for (const double position : position_ids) check_position(position);
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
