// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/scalings.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace plumbline::oracle {
namespace {

Ladder unscaled(const Setting& s) {
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) ladder.inv_freq.push_back(s.unscaled(k));
  return ladder;
}

Ladder linear(const Setting& s) {
  const Rational factor = positive(s.params, "factor");
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) ladder.inv_freq.push_back(s.unscaled(k) / factor);
  return ladder;
}

// The denominator of the exponent stays the full head_dim; only the first pairs turn.
Ladder proportional(const Setting& s) {
  const Rational factor = has(s.params, "factor") ? positive(s.params, "factor") : 1;
  const Rational turning =
      has(s.params, "rope_angles")
          ? number(s.params, "rope_angles")
          : floor(number(s.params, "partial_rotary_factor", 1) * Rational(s.pairs));
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) {
    ladder.inv_freq.push_back(Rational(k) < turning ? s.unscaled(k) / factor : Real(0));
  }
  return ladder;
}

// With n pairs, (b s^(d/(d-2)))^(-2k/d) = b^(-k/n) s^(-k/(n-1)).
Ladder stretched_base(const Setting& s, const Rational& stretch) {
  if (s.pairs < 2) throw std::invalid_argument("rotary_dim: 2 is too small for an NTK scaling");
  if (stretch.sign() <= 0) throw std::invalid_argument("factor: the stretched base is negative");
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) {
    const Rational exponent = Rational(-k) / Rational(s.pairs - 1);
    ladder.inv_freq.push_back(s.unscaled(k) * power(stretch, exponent, s.bits));
  }
  return ladder;
}

Ladder ntk_aware_static(const Setting& s) { return stretched_base(s, positive(s.params, "alpha")); }

Ladder dynamic(const Setting& s) {
  const Rational factor = positive(s.params, "factor");
  const Rational trained = positive(s.params, "max_position_embeddings");
  const Rational length = max(number(s.params, "seq_len", trained), trained);
  return stretched_base(s, factor * length / trained - (factor - 1));
}

Ladder ntk_fixed_su(const Setting& s) {
  const Rational factor = positive(s.params, "factor");
  const Rational n(s.pairs);
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) {
    if (!has(s.params, "mixed_b")) {
      // (b f)^(-k/n) / f^(1/n)
      ladder.inv_freq.push_back(s.unscaled(k) * power(factor, Rational(-k - 1) / n, s.bits));
      continue;
    }
    // b^(-k/n) / exp(ln(f) / n^beta * (k+1)^beta)
    const Real share = power(Rational(k + 1) / n, number(s.params, "mixed_b"), s.bits);
    ladder.inv_freq.push_back(s.unscaled(k) / exp(log(factor, s.bits) * share, s.bits));
  }
  return ladder;
}

constexpr std::pair<const char*, Scaling> kScalings[] = {
    {"default", unscaled},  {"linear", linear},
    {"dynamic", dynamic},   {"ntk_aware_static", ntk_aware_static},
    {"yarn", yarn},         {"ntk_fixed_su", ntk_fixed_su},
    {"longrope", longrope}, {"proportional", proportional},
    {"llama3", llama3},
};

}  // namespace

Scaling find_scaling(const std::string& name) {
  for (const auto& [known, scaling] : kScalings) {
    if (name == known) return scaling;
  }
  throw std::invalid_argument(fmt::format("scaling: \"{}\" is not known", name));
}

Rational positive(const Json& params, const char* key) {
  Rational value = number(params, key);
  if (value.sign() <= 0) throw std::invalid_argument(fmt::format("{}: must be above zero", key));
  return value;
}

}  // namespace plumbline::oracle
