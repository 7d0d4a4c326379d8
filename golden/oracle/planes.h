// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "golden/oracle/real.h"
#include "golden/oracle/spectrum.h"

namespace plumbline::oracle {

// A learned plane of GRAPE, with rational parameters: it turns lanes `first` and on from the
// direction of a towards that of b, by inv_freq[rung]^power * (axis_weight . position) /
// |axis_weight|.
struct Plane {
  std::size_t first = 0;
  std::vector<Rational> a, b;  // orthogonal to each other, not normalised
  std::size_t rung = 0;
  std::array<Rational, 3> axis_weight;
};
// Planes that are applied in parallel: v + sum_j (rot_j(v) - v). They need not be orthogonal.
using Bank = std::vector<Plane>;

// The banks of one case in the order in which they are applied, one for `mixed` and `block_mixed`,
// three for `axis`; parameters that the case leaves out are those of the initialisation (section
// 2.12 of the schemes). Throws std::invalid_argument for parameters out of range.
std::vector<Bank> learned_banks(const Case& c);

// The linear maps of the rotary lanes that the banks make, [lanes][lanes], row-major; exact where
// an entry is rational.
class PlaneMaps {
 public:
  PlaneMaps(const Case& c, const Spectrum& spectrum);
  // At a position, at about `bits` bits. Valid until the next call with another position.
  const std::vector<Real>& at(const std::vector<Rational>& position, slong bits);
  std::size_t lanes() const { return lanes_; }

 private:
  std::vector<Real> bank_map(const Bank& bank, const std::vector<Rational>& position,
                             slong bits) const;

  const Spectrum& spectrum_;
  std::size_t lanes_;
  std::vector<Bank> banks_;
  std::vector<Rational> position_;
  std::map<slong, std::vector<Real>> known_;  // at position_
};

}  // namespace plumbline::oracle
