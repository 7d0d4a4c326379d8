// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "golden/oracle/real.h"
#include "golden/oracle/spectrum.h"

namespace plumbline::oracle {

// A learned plane, with rational parameters: it turns lanes `first` and on from the direction of a
// towards that of b. On a rung, as in GRAPE, by inv_freq[rung]^power * (axis_weight . position) /
// |axis_weight|; without one, as in RoPE-ViT, by axis_weight . position.
struct Plane {
  std::size_t first = 0;
  std::vector<Rational> a, b;  // orthogonal to each other, not normalised
  std::optional<std::size_t> rung = std::nullopt;
  std::vector<Rational> axis_weight = {};  // one for each axis
};
// Planes that are applied in parallel: v + sum_j (rot_j(v) - v). They need not be orthogonal.
using Bank = std::vector<Plane>;

// The banks of one case in the order in which they are applied, one for `mixed` and `block_mixed`,
// three for `axis`; parameters that the case leaves out are those of the initialisation (section
// 2.12 of the schemes). Throws std::invalid_argument for parameters out of range.
std::vector<Bank> learned_banks(const Case& c);
// RoPE-ViT, mixed: for each KV head one bank, pair k on lanes 2k and 2k + 1, axes (h, w), from
// `frequencies`: [num_key_value_heads][pairs][2], fx of the column before fy of the row. Throws
// std::invalid_argument unless it holds that many numbers.
std::vector<std::vector<Bank>> mixed_banks(const Case& c);

// The turns of the planes at one position after another.
class PlaneTurns {
 public:
  PlaneTurns(const Case& c, const Spectrum& spectrum, std::vector<Bank> banks);
  void move_to(std::vector<Rational> position);
  std::size_t lanes() const { return lanes_; }
  // Whether a plane that turns at the position has a share in the lane.
  bool touches(std::size_t lane);
  // The rotary lanes of a vector after all banks, or of the adjoint of that linear map, at about
  // `bits` bits; exact where a lane stays rational.
  std::vector<Real> apply(std::vector<Real> v, bool adjoint, slong bits);

 private:
  struct Share {
    std::size_t lane;
    Real u, w;  // of the orthonormal vectors along a and b
  };
  struct Turning {
    Real versine, sine;  // cos - 1 and sin
    std::vector<Share> shares;
  };
  using TurningBank = std::vector<Turning>;
  const std::vector<TurningBank>& at(slong bits);
  Turning turn(const Plane& plane, const Rational& along, const Rational& length, slong bits) const;

  const Spectrum& spectrum_;
  std::size_t lanes_;
  std::vector<Bank> banks_;
  std::vector<Rational> position_;
  std::map<slong, std::vector<TurningBank>> known_;  // at position_
};

}  // namespace plumbline::oracle
