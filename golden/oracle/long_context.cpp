// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "golden/oracle/scalings.h"

namespace plumbline::oracle {
namespace {

Rational original_context(const Setting& s) {
  return positive(s.params, has(s.params, "original_max_position_embeddings")
                                ? "original_max_position_embeddings"
                                : "max_position_embeddings");
}

// A beta of zero or null means the default.
Rational beta(const Setting& s, const char* key, std::int64_t otherwise) {
  const Rational value = number(s.params, key, 0);
  return value.sign() == 0 ? Rational(otherwise) : positive(s.params, key);
}

// The pair, as a real number, that turns beta times in the original context: n ln(L0 / (2 pi beta))
// / ln b.
Real correction(const Setting& s, const Rational& original, const Rational& beta) {
  const Real turns = Real(original / (Rational(2) * beta)) / pi(s.bits);
  return Real(s.pairs) * log(turns, s.bits) / log(s.base, s.bits);
}

Real clamp_to_unit(const Real& r) {
  if (sign(r) <= 0) return 0;
  return sign(r - 1) >= 0 ? Real(1) : r;
}

}  // namespace

// b^(-k/n) ((1 - r) + r / f), with the ramp r rising from 0 at pair `low` to 1 at pair `high`.
Ladder yarn(const Setting& s) {
  if (!(Rational(1) < s.base)) throw std::invalid_argument("base: must be above 1 for yarn");
  const Rational original = original_context(s);
  const Rational factor = has(s.params, "factor")
                              ? positive(s.params, "factor")
                              : positive(s.params, "max_position_embeddings") / original;
  const Rational fast = beta(s, "beta_fast", 32);
  const Rational slow = beta(s, "beta_slow", 1);
  Real low = correction(s, original, fast);
  Real high = correction(s, original, slow);
  if (!has(s.params, "truncate") || s.params.at("truncate").get<bool>()) {
    low = floor(low);
    high = Real(0) - floor(Real(0) - high);
  }
  const Real last_channel = 2 * s.pairs - 1;  // in channels, not pairs, as deployed
  if (sign(low) < 0) low = 0;
  if (sign(high - last_channel) > 0) high = last_channel;
  // Enclosures of one real number cannot be told apart by widening, so equality is read off the
  // betas.
  const bool equal = low.is_exact() && high.is_exact()
                         ? low.exact() == high.exact()
                         : !low.is_exact() && !high.is_exact() && fast == slow;
  const Real span = equal ? Real(Rational(1) / Rational(1000)) : high - low;

  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) {
    const Real ramp = clamp_to_unit((Real(k) - low) / span);
    ladder.inv_freq.push_back(s.unscaled(k) * (1 - ramp + ramp / factor));
  }
  ladder.attention = yarn_attention_factor(s, factor);
  return ladder;
}

// By the wavelength 2 pi / w against L0 / low_freq_factor and L0 / high_freq_factor; with x = L0 w
// / (2 pi) the number of turns in the original context, the bands are x < low_freq_factor, x >
// high_freq_factor, and between.
Ladder llama3(const Setting& s) {
  const Rational factor = positive(s.params, "factor");
  const Rational low = positive(s.params, "low_freq_factor");
  const Rational high = positive(s.params, "high_freq_factor");
  const Rational original = original_context(s);
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) {
    const Real w = s.unscaled(k);
    const Real turns = w * Real(original / Rational(2)) / pi(s.bits);
    if (sign(turns - low) < 0) {
      ladder.inv_freq.push_back(w / factor);
    } else if (low == high || sign(turns - high) > 0) {
      ladder.inv_freq.push_back(w);
    } else {
      const Real smooth = (turns - low) / Real(high - low);
      ladder.inv_freq.push_back((1 - smooth) * w / factor + smooth * w);
    }
  }
  return ladder;
}

Ladder longrope(const Setting& s) {
  const Json& factors = s.params.at("factors");
  if (!factors.is_array() || static_cast<std::int64_t>(factors.size()) != s.pairs) {
    throw std::invalid_argument("factors: needs one number per pair");
  }
  Ladder ladder;
  for (std::int64_t k = 0; k < s.pairs; ++k) {
    const Rational stretch = number(factors[static_cast<std::size_t>(k)]);
    if (stretch.sign() <= 0) throw std::invalid_argument("factors: must be above zero");
    ladder.inv_freq.push_back(s.unscaled(k) / stretch);
  }
  ladder.attention = longrope_attention_factor(
      s, has(s.params, "attention_factor") ? Rational(1) : original_context(s));
  return ladder;
}

}  // namespace plumbline::oracle
