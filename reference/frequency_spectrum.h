// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reference/frequency_allocation.h"
#include "reference/real.h"

// The ladder of speeds: base^(-2 rung / rotary_dim), scaled; radians per position, as exact reals:
// every parameter is the rational that its decimal text denotes, and floors, ceilings and band
// tests are made on the exact values.
namespace plumbline {

struct Unscaled {};
// omega / factor. Source: arXiv 2306.15595; huggingface/transformers modeling_rope_utils.py.
struct Linear {
  Rational factor;
};
// The first `angles` rungs as Unscaled over the full head, the others 0; all divided by factor.
// Gemma-4.
struct Proportional {
  std::int64_t angles;
  Rational factor{1};
};
// Base b alpha^(d / (d - 2)). Source: huggingface/transformers models/hunyuan_v1_dense.
struct NtkAware {
  Rational alpha;
};
// (b f)^(-2k/d) / f^(2/d), or b^(-2k/d) / exp(a (k + 1)^beta) with a = ln f / (d/2)^beta where beta
// is given. Source: vllm-project/vllm, rotary_embedding/ntk_scaling_rope.py.
struct NtkFixed {
  Rational factor;
  std::optional<Rational> mixed_b;
};
// Base b (f S/L - (f - 1))^(d / (d - 2)), S = max(seq_len, L).
struct DynamicNtk {
  Rational factor, seq_len, max_position_embeddings;
};
// omega ((1 - r) + r / f), r the ramp between two correction bounds. Source: arXiv 2309.00071,
// section 3.
struct Yarn {
  Rational factor, original_max_position_embeddings;
  Rational beta_fast{32}, beta_slow{1};
  bool truncate = true;
  std::optional<Rational> attention_factor, mscale, mscale_all_dim;
};
// omega / factors[k]. Source: arXiv 2402.13753; huggingface/transformers modeling_rope_utils.py.
struct LongRope {
  std::vector<Rational> factors;
  Rational extension;  // factor, or L / L0
  Rational original_max_position_embeddings;
  std::optional<Rational> attention_factor;
};
// Three bands by wavelength. Source: meta-llama/llama-models, models/llama3;
// huggingface/transformers.
struct Llama3 {
  Rational factor, low_freq_factor, high_freq_factor, original_max_position_embeddings;
};
using RopeScaling = std::variant<Unscaled, Linear, Proportional, NtkAware, NtkFixed, DynamicNtk,
                                 Yarn, LongRope, Llama3>;

struct FrequencySpectrum {
  Rational rope_theta{10000};
  int rotary_dim = 128;
  RopeScaling scaling;
};

// A spectrum on one ladder with its decisions made: bands, floors and ceilings are settled on
// construction, at whatever precision they need. Throws std::invalid_argument naming the parameter
// that is out of range, Unresolved where a decision cannot be settled.
class ResolvedSpectrum {
 public:
  explicit ResolvedSpectrum(const FrequencySpectrum& spectrum, const Ladder& ladder = {});
  int rungs() const { return static_cast<int>(lanes_.size()); }
  // inv_freq of a rung on the scheme's own ladder; an enclosure at the working precision.
  Interval inv_freq(int rung) const;
  // The same where it is rational.
  std::optional<Rational> exact_inv_freq(int rung) const;
  // In turns per position, where the ladder counts turns and the number is rational.
  std::optional<Rational> exact_turns(int rung) const;
  // The factor on cos and sin; an enclosure; exactly where it is rational.
  Interval attention_factor() const {
    return attention_ ? enclose(*attention_) : attention_enclosure_();
  }
  const std::optional<Rational>& exact_attention_factor() const { return attention_; }
  // Its square where that is rational, which LongRoPE's root can be without the factor being so.
  const std::optional<Rational>& exact_attention_square() const { return attention_square_; }
  // A rung of frequency zero.
  bool never_turns(int rung) const {
    const auto* factor = std::get_if<Rational>(&lanes_.at(static_cast<std::size_t>(rung)).factor);
    return factor != nullptr && *factor == 0;
  }

 private:
  using Factor = std::variant<Rational, std::function<Interval()>>;
  struct Lane {
    std::vector<std::pair<Rational, Rational>> powers;  // base, exponent: their product ...
    Factor factor;                                      // ... times this
  };
  void resolve(const Unscaled&);
  void resolve(const Linear&);
  void resolve(const Proportional&);
  void resolve(const NtkAware&);
  void resolve(const NtkFixed&);
  void resolve(const DynamicNtk&);
  void resolve(const Yarn&);
  void resolve(const LongRope&);
  void resolve(const Llama3&);
  void change_base(const Rational& alpha);
  void raise(const Rational& exponent);
  std::optional<Rational> exact_product(int rung) const;
  Rational base_;
  int dim_;
  bool turns_;
  std::vector<Lane> lanes_;
  std::optional<Rational> attention_{Rational(1)}, attention_square_;
  std::function<Interval()> attention_enclosure_;
};

}  // namespace plumbline
