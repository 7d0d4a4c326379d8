// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/spectrum.h"

#include <fmt/format.h>

#include <stdexcept>

namespace plumbline::oracle {
namespace {

Rational pairs_of(const std::string& scaling, const Json& params) {
  const Rational two(2);
  if (scaling == "proportional") return number(params, "head_dim") / two;
  if (has(params, "rotary_dim")) return number(params, "rotary_dim") / two;
  return floor(number(params, "head_dim") * number(params, "partial_rotary_factor", 1) / two);
}

}  // namespace

Spectrum::Spectrum(const Json& spectrum, std::int64_t pairs)
    : name_(spectrum.at("scaling")),
      scaling_(find_scaling(name_)),
      params_(spectrum.at("params")),
      base_(positive(params_, "base")),
      pairs_(pairs) {
  if (!(pairs_of(name_, params_) == Rational(pairs))) {
    throw std::invalid_argument("spectrum: its rotary_dim is not that of the shape");
  }
}

const Ladder& Spectrum::at(slong bits) const {
  if (const auto found = ladders_.find(bits); found != ladders_.end()) return found->second;
  try {
    const auto build = [&](slong more) { return scaling_({params_, base_, pairs_, more}); };
    return ladders_.emplace(bits, at_rising_precision(bits, build)).first->second;
  } catch (const Undecided&) {
    throw std::runtime_error(fmt::format("inv_freq: {} is undecided at {} bits", name_, kLastBits));
  }
}

}  // namespace plumbline::oracle
