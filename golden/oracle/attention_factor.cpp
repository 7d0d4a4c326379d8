// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <optional>

#include "golden/oracle/scalings.h"

namespace plumbline::oracle {
namespace {

std::optional<AttentionFactor> configured(const Setting& s) {
  if (!has(s.params, "attention_factor")) return std::nullopt;
  const Real value = positive(s.params, "attention_factor");
  return AttentionFactor{value, value * value};
}

// 1 for f <= 1, else m ln(f) / 10 + 1
Real magnitude(const Setting& s, const Rational& factor, const Rational& mscale) {
  if (!(Rational(1) < factor)) return 1;
  return Real(mscale / Rational(10)) * log(factor, s.bits) + 1;
}

double to_double(const Rational& r) {
  arf_t x;
  arf_init(x);
  arf_set_fmpq(x, r.get(), 53, ARF_RND_NEAR);
  const double d = arf_get_d(x, ARF_RND_NEAR);
  arf_clear(x);
  return d;
}

// ln(f) / ln(c) for f, c > 1 where that is rational. If it is p/q in lowest terms then c is a q-th
// power of a rational, so q is at most the bit length of c's numerator; floating point only
// proposes p, the powers decide.
std::optional<Rational> rational_logarithm(const Rational& f, const Rational& c) {
  const double ratio = std::log(to_double(f)) / std::log(to_double(c));
  const auto longest = static_cast<std::int64_t>(fmpz_bits(fmpq_numref(c.get())));
  for (std::int64_t q = 1; q <= longest; ++q) {
    const Rational exponent = Rational(std::llround(ratio * static_cast<double>(q))) / Rational(q);
    const std::optional<Rational> power = exact_power(c, exponent);
    if (power && *power == f) return exponent;
  }
  return std::nullopt;
}

}  // namespace

AttentionFactor yarn_attention_factor(const Setting& s, const Rational& factor) {
  if (const auto explicitly = configured(s)) return *explicitly;
  const Rational mscale = number(s.params, "mscale", 0);
  const Rational all_dim = number(s.params, "mscale_all_dim", 0);
  // A lone mscale is ignored, as deployed.
  Real value = magnitude(s, factor, 1);
  if (mscale.sign() != 0 && all_dim.sign() != 0) {
    value =
        mscale == all_dim ? Real(1) : magnitude(s, factor, mscale) / magnitude(s, factor, all_dim);
  }
  return {value, value * value};
}

// sqrt(1 + ln(f) / ln(L0)), 1 for f <= 1
AttentionFactor longrope_attention_factor(const Setting& s, const Rational& original_context) {
  if (const auto explicitly = configured(s)) return *explicitly;
  const Rational factor = has(s.params, "factor")
                              ? positive(s.params, "factor")
                              : positive(s.params, "max_position_embeddings") / original_context;
  if (!(Rational(1) < factor)) return {};
  const std::optional<Rational> exact =
      Rational(1) < original_context ? rational_logarithm(factor, original_context) : std::nullopt;
  const Real ratio = exact ? Real(*exact) : log(factor, s.bits) / log(original_context, s.bits);
  const Real squared = 1 + ratio;
  return {sqrt(squared, s.bits), squared};
}

}  // namespace plumbline::oracle
