// SPDX-License-Identifier: Apache-2.0
#include "reference/frequency_spectrum.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "reference/certify.h"

namespace plumbline {
namespace {

void need(bool holds, std::string_view knob, const Rational& value, std::string_view rule) {
  if (!holds) {
    throw std::invalid_argument(std::string(knob) + " = " + to_text(value) + ": must be " +
                                std::string(rule));
  }
}

void need_positive(std::string_view knob, const Rational& value) {
  need(value > 0, knob, value, "above 0");
}

// Named apart from enclose: a Rational would convert to the variant and call itself.
Interval enclose_factor(const std::variant<Rational, std::function<Interval()>>& factor) {
  if (const auto* exact = std::get_if<Rational>(&factor)) return enclose(*exact);
  return std::get<1>(factor)();
}

// 0.1 m ln s + 1 for s > 1, else 1: YaRN's g(s, m), arXiv 2309.00071, section 3.4.
Interval yarn_magnitude(const Rational& s, const Rational& m) {
  if (s <= 1) return enclose(Rational(1));
  return enclose(Rational(m / 10)) * log(enclose(s)) + enclose(Rational(1));
}

// d ln(L / (2 pi beta)) / (2 ln b), in pairs.
Interval correction_dimension(int dim, const Rational& base, const Rational& length,
                              const Rational& beta) {
  return enclose(Rational(dim, 2)) * log(enclose(Rational(length / (2 * beta))) / pi()) /
         log(enclose(base));
}

// ln x / ln base where that is p / q with q <= 64: base^p = x^q.
std::optional<Rational> exact_logarithm(const Rational& x, const Rational& base) {
  const double ratio = std::log(to_double(x)) / std::log(to_double(base));
  for (int q = 1; q <= 64; ++q) {
    const Rational p(static_cast<long long>(std::llround(ratio * q)));
    if (p > 0 && p <= 64 && exact_power(base, p) == exact_power(x, Rational(q))) return p / q;
  }
  return std::nullopt;
}

Rational clamp01(const Rational& x) { return x < 0 ? Rational(0) : x > 1 ? Rational(1) : x; }

}  // namespace

ResolvedSpectrum::ResolvedSpectrum(const FrequencySpectrum& spectrum, const Ladder& ladder)
    : base_(ladder.rope_theta.value_or(spectrum.rope_theta)),
      dim_(ladder.dim == 0 ? spectrum.rotary_dim : ladder.dim),
      turns_(ladder.turns) {
  need(base_ > 1, "base", base_, "above 1");
  need(dim_ >= 2 && dim_ % 2 == 0 && dim_ <= 65536, "rotary_dim", dim_, "even, from 2 to 65536");
  for (int k = 0; k < dim_ / 2; ++k)
    lanes_.push_back({{{base_, Rational(-2 * k, dim_)}}, Rational(1)});
  std::visit([this](const auto& scaling) { resolve(scaling); }, spectrum.scaling);
  if (attention_) attention_square_ = *attention_ * *attention_;
  if (ladder.exponent != 1) raise(ladder.exponent);
}

void ResolvedSpectrum::raise(const Rational& exponent) {
  for (Lane& lane : lanes_) {
    for (auto& power : lane.powers) power.second *= exponent;
    if (const auto* exact = std::get_if<Rational>(&lane.factor)) {
      if (*exact == 0 || *exact == 1) continue;
      lane.powers.emplace_back(*exact, exponent);
      lane.factor = Rational(1);
    } else {
      lane.factor = [inner = std::get<1>(lane.factor), exponent] {
        return exp(enclose(exponent) * log(inner()));
      };
    }
  }
}

Interval ResolvedSpectrum::inv_freq(int rung) const {
  if (const auto exact = exact_inv_freq(rung)) return enclose(*exact);
  const Lane& lane = lanes_.at(static_cast<std::size_t>(rung));
  Interval product = enclose_factor(lane.factor);
  for (const auto& [base, exponent] : lane.powers) product *= power(base, exponent);
  return turns_ ? product * pi() * enclose(Rational(2)) : product;
}

std::optional<Rational> ResolvedSpectrum::exact_inv_freq(int rung) const {
  const auto product = exact_product(rung);
  return turns_ && product != Rational(0) ? std::nullopt : product;
}

std::optional<Rational> ResolvedSpectrum::exact_turns(int rung) const {
  return turns_ ? exact_product(rung) : std::nullopt;
}

std::optional<Rational> ResolvedSpectrum::exact_product(int rung) const {
  const Lane& lane = lanes_.at(static_cast<std::size_t>(rung));
  const auto* factor = std::get_if<Rational>(&lane.factor);
  if (factor == nullptr) return std::nullopt;
  Rational product = *factor;
  if (product == 0) return product;
  for (const auto& [base, exponent] : lane.powers) {
    const auto exact = exact_power(base, exponent);
    if (!exact) return std::nullopt;
    product *= *exact;
  }
  return product;
}

void ResolvedSpectrum::resolve(const Unscaled&) {}

void ResolvedSpectrum::resolve(const Linear& s) {
  need_positive("factor", s.factor);
  for (Lane& lane : lanes_) lane.factor = Rational(1 / s.factor);
}

void ResolvedSpectrum::resolve(const Proportional& s) {
  need_positive("factor", s.factor);
  need(s.angles >= 0 && s.angles <= dim_ / 2, "rope_angles", s.angles, "0 to head_dim / 2");
  for (std::size_t k = 0; k < lanes_.size(); ++k) {
    lanes_[k].factor =
        k < static_cast<std::size_t>(s.angles) ? Rational(1 / s.factor) : Rational(0);
  }
}

// b' = b alpha^(d/(d-2)) turns b'^(-k/n) into b^(-k/n) alpha^(-k/(n-1)), n = d/2.
void ResolvedSpectrum::change_base(const Rational& alpha) {
  need(dim_ > 2, "rotary_dim", dim_, "above 2 for an NTK scaling");
  const auto n = static_cast<int>(lanes_.size());
  for (int k = 0; k < n; ++k)
    lanes_[static_cast<std::size_t>(k)].powers.emplace_back(alpha, Rational(-k, n - 1));
}

void ResolvedSpectrum::resolve(const NtkAware& s) {
  need_positive("alpha", s.alpha);
  change_base(s.alpha);
}

void ResolvedSpectrum::resolve(const DynamicNtk& s) {
  need(s.factor >= 1, "factor", s.factor, "at least 1");
  need_positive("max_position_embeddings", s.max_position_embeddings);
  need(s.seq_len >= 0, "seq_len", s.seq_len, "not below 0");
  const Rational length = std::max(s.seq_len, s.max_position_embeddings);
  change_base(s.factor * length / s.max_position_embeddings - (s.factor - 1));
}

void ResolvedSpectrum::resolve(const NtkFixed& s) {
  need_positive("factor", s.factor);
  need(dim_ > 2, "rotary_dim", dim_, "above 2 for an NTK scaling");
  const auto n = static_cast<int>(lanes_.size());
  for (int k = 0; k < n; ++k) {
    Lane& lane = lanes_[static_cast<std::size_t>(k)];
    if (!s.mixed_b) {
      lane.powers.emplace_back(s.factor, Rational(-(k + 1), n));
      continue;
    }
    const Rational beta = *s.mixed_b, factor = s.factor;
    lane.factor = [=] {
      const Interval a = log(enclose(factor)) / power(Rational(n), beta);
      return exp(-(a * power(Rational(k + 1), beta)));
    };
  }
}

void ResolvedSpectrum::resolve(const Yarn& s) {
  need_positive("factor", s.factor);
  need_positive("original_max_position_embeddings", s.original_max_position_embeddings);
  need_positive("beta_fast", s.beta_fast);
  need_positive("beta_slow", s.beta_slow);
  const int dim = dim_;
  const Rational base = base_, length = s.original_max_position_embeddings;
  const auto bound = [=](const Rational& beta) {
    return correction_dimension(dim, base, length, beta);
  };
  const auto decide = [](auto attempt) {
    return at_rising_precision([&] { return std::optional(attempt()); }, "a YaRN correction bound");
  };
  if (s.truncate) {
    const Rational low =
        std::max(Rational(decide([&] { return floor(bound(s.beta_fast)); })), Rational(0));
    Rational high =
        std::min(Rational(decide([&] { return ceil(bound(s.beta_slow)); })), Rational(dim - 1));
    if (low == high) high += Rational(1, 1000);
    for (std::size_t k = 0; k < lanes_.size(); ++k) {
      const Rational r = clamp01((Rational(k) - low) / (high - low));
      lanes_[k].factor = Rational(1 - r + r / s.factor);
    }
  } else {
    // Each bound is either the real C(beta) or the end of its clamp; which one is decided here.
    const bool low_is_zero = decide([&] { return sign(bound(s.beta_fast)) <= 0; });
    const bool high_is_top =
        decide([&] { return sign(bound(s.beta_slow) - enclose(Rational(dim - 1))) >= 0; });
    const Rational fast = s.beta_fast, slow = s.beta_slow;
    const auto low = [=] { return low_is_zero ? enclose(Rational(0)) : bound(fast); };
    const auto high = [=] {
      const Interval top = high_is_top ? enclose(Rational(dim - 1)) : bound(slow);
      return fast == slow && !low_is_zero && !high_is_top
                 ? Interval(top + enclose(Rational(1, 1000)))
                 : top;
    };
    for (std::size_t k = 0; k < lanes_.size(); ++k) {
      const auto ramp = [=] { return (enclose(Rational(k)) - low()) / (high() - low()); };
      if (decide([&] { return sign(ramp()) <= 0; })) continue;
      const Rational f = s.factor;
      if (decide([&] { return sign(ramp() - enclose(Rational(1))) >= 0; })) {
        lanes_[k].factor = Rational(1 / f);
      } else {
        lanes_[k].factor = [=] {
          return enclose(Rational(1)) - ramp() * enclose(Rational(1 - 1 / f));
        };
      }
    }
  }
  const auto given = [](const std::optional<Rational>& m) { return m && *m != 0; };
  if (s.attention_factor) {
    need_positive("attention_factor", *s.attention_factor);
    attention_ = s.attention_factor;
  } else if (given(s.mscale) && given(s.mscale_all_dim)) {
    if (*s.mscale == *s.mscale_all_dim || s.factor <= 1) return;
    // Neither is ever zero: the logarithm of a rational above 1 is irrational.
    const auto above_zero = [&](const Rational& m) {
      return at_rising_precision(
          [&] { return std::optional(sign(yarn_magnitude(s.factor, m)) > 0); },
          "the sign of YaRN's attention factor");
    };
    const bool top = above_zero(*s.mscale), bottom = above_zero(*s.mscale_all_dim);
    need(top == bottom, top ? "mscale_all_dim" : "mscale", top ? *s.mscale_all_dim : *s.mscale,
         "such that the attention factor is above 0, which is (0.1 mscale ln factor + 1) / "
         "(0.1 mscale_all_dim ln factor + 1)");
    attention_.reset();
    attention_enclosure_ = [f = s.factor, a = *s.mscale, b = *s.mscale_all_dim] {
      return yarn_magnitude(f, a) / yarn_magnitude(f, b);
    };
  } else if (s.factor > 1) {
    attention_.reset();
    attention_enclosure_ = [f = s.factor] { return yarn_magnitude(f, Rational(1)); };
  }
}

void ResolvedSpectrum::resolve(const LongRope& s) {
  if (s.factors.size() != lanes_.size()) {
    throw std::invalid_argument(
        "factors has " + std::to_string(s.factors.size()) +
        " entries: must have rotary_dim / 2 = " + std::to_string(lanes_.size()));
  }
  for (std::size_t k = 0; k < lanes_.size(); ++k) {
    need_positive("factors", s.factors[k]);
    lanes_[k].factor = Rational(1 / s.factors[k]);
  }
  need_positive("factor", s.extension);
  if (s.attention_factor) {
    need_positive("attention_factor", *s.attention_factor);
    attention_ = s.attention_factor;
  } else if (s.extension > 1) {
    const Rational length = s.original_max_position_embeddings;
    need(length > 1, "original_max_position_embeddings", length, "above 1");
    attention_.reset();
    if (const auto share = exact_logarithm(s.extension, length)) {
      attention_square_ = 1 + *share;
      attention_ = exact_power(*attention_square_, Rational(1, 2));
    }
    attention_enclosure_ = [f = s.extension, length] {
      return sqrt(enclose(Rational(1)) + log(enclose(f)) / log(enclose(length)));
    };
  }
}

void ResolvedSpectrum::resolve(const Llama3& s) {
  need_positive("factor", s.factor);
  need_positive("low_freq_factor", s.low_freq_factor);
  need(s.high_freq_factor >= s.low_freq_factor, "high_freq_factor", s.high_freq_factor,
       "at least low_freq_factor");
  need_positive("original_max_position_embeddings", s.original_max_position_embeddings);
  const bool threshold = s.high_freq_factor == s.low_freq_factor;
  for (std::size_t k = 0; k < lanes_.size(); ++k) {
    const Rational base = base_, exponent(-2 * static_cast<int>(k), dim_);
    // L0 / lambda, the turns that this rung makes over the original context.
    const auto turns = [=, length = s.original_max_position_embeddings] {
      return enclose(length) * power(base, exponent) / (enclose(Rational(2)) * pi());
    };
    const auto below = [&](const Rational& limit) {
      return at_rising_precision([&] { return std::optional(sign(turns() - enclose(limit)) < 0); },
                                 "a llama3 band");
    };
    if (below(s.low_freq_factor)) {
      lanes_[k].factor = Rational(1 / s.factor);
    } else if (!threshold && below(s.high_freq_factor)) {
      lanes_[k].factor = [=, f = s.factor, low = s.low_freq_factor, high = s.high_freq_factor] {
        const Interval smooth = (turns() - enclose(low)) / enclose(Rational(high - low));
        return (enclose(Rational(1)) - smooth) / enclose(f) + smooth;
      };
    }
  }
}

}  // namespace plumbline
