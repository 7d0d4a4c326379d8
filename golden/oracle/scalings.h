// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "golden/oracle/case.h"
#include "golden/oracle/real.h"

namespace plumbline::oracle {

// The factor A on cos and sin, and A^2, which longrope can make rational where A is not.
struct AttentionFactor {
  Real value = 1;
  Real squared = 1;
};

// The frequencies of one spectrum at one working precision.
struct Ladder {
  std::vector<Real> inv_freq;  // [pairs], radians per position, rung 0 first; exact 0: stands still
  // [pairs], filled by the spectrum: inv_freq / (2 pi) where that is known to be rational.
  std::vector<std::optional<Rational>> turns;
  AttentionFactor attention;
};

// What a scaling starts from. unscaled(k) = base^(-k / pairs).
struct Setting {
  const Json& params;
  const Rational& base;
  std::int64_t pairs;
  slong bits;
  Real unscaled(std::int64_t k) const { return power(base, Rational(-k) / Rational(pairs), bits); }
};

// Error: exact rational or enclosure; floor, ceil, clamps and bands are decided on the exact real
// values, and throw Undecided where the precision is too low. Source: huggingface/transformers
// modeling_rope_utils.py, except ntk_fixed_su, which is vllm-project/vllm
// rotary_embedding/ntk_scaling_rope.py.
using Scaling = Ladder (*)(const Setting&);

// By the name in `spectrum.scaling`; throws std::invalid_argument for an unknown one.
Scaling find_scaling(const std::string& name);

// Those that treat slow and fast pairs differently.
Ladder yarn(const Setting& s);
Ladder llama3(const Setting& s);
Ladder longrope(const Setting& s);

AttentionFactor yarn_attention_factor(const Setting& s, const Rational& factor);
AttentionFactor longrope_attention_factor(const Setting& s, const Rational& original_context);

// The parameter under a key; throws std::invalid_argument unless it is above zero.
Rational positive(const Json& params, const char* key);

}  // namespace plumbline::oracle
