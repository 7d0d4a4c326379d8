// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/spectrum.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace plumbline::oracle {
namespace {

Rational pairs_of(const std::string& scaling, const Json& params) {
  const Rational two(2);
  if (scaling == "proportional") return number(params, "head_dim") / two;
  if (has(params, "rotary_dim")) return number(params, "rotary_dim") / two;
  return floor(number(params, "head_dim") * number(params, "partial_rotary_factor", 1) / two);
}

// x^exponent for x >= 0.
Real raised(const Real& x, const Rational& exponent, slong bits) {
  if (exponent == Rational(1) || x.is(0)) return x;
  if (x.is_exact()) return power(x.exact(), exponent, bits);
  return exp(Real(exponent) * log(x, bits), bits);
}

}  // namespace

Spectrum::Spectrum(const Json& spectrum, std::int64_t pairs, std::vector<LadderRule> rules)
    : name_(spectrum.at("scaling")),
      scaling_(find_scaling(name_)),
      params_(spectrum.at("params")),
      base_(positive(params_, "base")),
      rules_(std::move(rules)) {
  if (!(pairs_of(name_, params_) == Rational(pairs))) {
    throw std::invalid_argument("spectrum: its rotary_dim is not that of the shape");
  }
}

std::size_t Spectrum::frequencies() const {
  std::int64_t sum = 0;
  for (const LadderRule& rule : rules_) sum += rule.rungs;
  return static_cast<std::size_t>(sum);
}

const Ladder& Spectrum::at(slong bits) const {
  if (const auto found = ladders_.find(bits); found != ladders_.end()) return found->second;
  const auto build = [&](slong more) {
    Ladder all;
    for (const LadderRule& rule : rules_) {
      const Rational& base = rule.base ? *rule.base : base_;
      Ladder one = scaling_({params_, base, rule.rungs, more});
      for (const Real& w : one.inv_freq) {
        const Real speed = raised(w, rule.power, more);
        const bool whole = speed.is(0) || (rule.two_pi && speed.is_exact());
        all.turns.push_back(whole ? std::optional(speed.exact()) : std::nullopt);
        all.inv_freq.push_back(rule.two_pi ? 2 * pi(more) * speed : speed);
      }
      all.attention = one.attention;
    }
    return all;
  };
  try {
    return ladders_.emplace(bits, at_rising_precision(bits, build)).first->second;
  } catch (const Undecided&) {
    throw std::runtime_error(fmt::format("inv_freq: {} is undecided at {} bits", name_, kLastBits));
  }
}

}  // namespace plumbline::oracle
