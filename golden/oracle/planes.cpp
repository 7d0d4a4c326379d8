// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/planes.h"

#include <utility>

namespace plumbline::oracle {
namespace {

Rational square(const std::vector<Rational>& x) {
  Rational sum;
  for (const Rational& entry : x) sum = sum + entry * entry;
  return sum;
}

}  // namespace

PlaneTurns::PlaneTurns(const Case& c, const Spectrum& spectrum, std::vector<Bank> banks)
    : spectrum_(spectrum),
      lanes_(static_cast<std::size_t>(c.rotary_dim)),
      banks_(std::move(banks)) {}

void PlaneTurns::move_to(std::vector<Rational> position) {
  if (position_ == position) return;
  position_ = std::move(position);
  known_.clear();
}

PlaneTurns::Turning PlaneTurns::turn(const Plane& plane, const Rational& along,
                                     const Rational& length, slong bits) const {
  Ball angle, sin, cos;
  Real phi = along;
  if (plane.rung) {
    phi = spectrum_.at(bits).inv_freq[*plane.rung] * along / sqrt(Real(length), bits);
  }
  phi.enclose(angle, bits);
  arb_sin_cos(sin.get(), cos.get(), angle.get(), bits);
  Turning turning{Real(std::move(cos), bits) - 1, Real(std::move(sin), bits), {}};
  const Real a_length = sqrt(Real(square(plane.a)), bits);
  const Real b_length = sqrt(Real(square(plane.b)), bits);
  for (std::size_t k = 0; k < plane.a.size(); ++k) {
    if (plane.a[k].sign() == 0 && plane.b[k].sign() == 0) continue;
    turning.shares.push_back({plane.first + k, plane.a[k] / a_length, plane.b[k] / b_length});
  }
  return turning;
}

const std::vector<PlaneTurns::TurningBank>& PlaneTurns::at(slong bits) {
  const auto found = known_.find(bits);
  if (found != known_.end()) return found->second;
  std::vector<TurningBank> all;
  for (const Bank& bank : banks_) {
    TurningBank& turns = all.emplace_back();
    for (const Plane& plane : bank) {
      Rational along, length;
      for (std::size_t axis = 0; axis < position_.size(); ++axis) {
        along = along + plane.axis_weight[axis] * position_[axis];
        length = length + plane.axis_weight[axis] * plane.axis_weight[axis];
      }
      const bool slow = plane.rung && spectrum_.at(bits).inv_freq[*plane.rung].is(0);
      if (along.sign() != 0 && !slow) turns.push_back(turn(plane, along, length, bits));
    }
  }
  return known_.emplace(bits, std::move(all)).first->second;
}

bool PlaneTurns::touches(std::size_t lane) {
  for (const TurningBank& bank : at(kFirstBits)) {
    for (const Turning& turning : bank) {
      for (const Share& share : turning.shares) {
        if (share.lane == lane) return true;
      }
    }
  }
  return false;
}

// v + sum_j [(v.u (cos - 1) - v.w sin) u + (v.u sin + v.w (cos - 1)) w]; the adjoint turns the
// other way, in the opposite order of the banks.
std::vector<Real> PlaneTurns::apply(std::vector<Real> v, bool adjoint, slong bits) {
  const std::vector<TurningBank>& banks = at(bits);
  for (std::size_t i = 0; i < banks.size(); ++i) {
    std::vector<Real> out = v;
    for (const Turning& turning : banks[adjoint ? banks.size() - 1 - i : i]) {
      Real along_u = 0, along_w = 0;
      for (const Share& share : turning.shares) {
        along_u = along_u + v[share.lane] * share.u;
        along_w = along_w + v[share.lane] * share.w;
      }
      const Real sine = adjoint ? 0 - turning.sine : turning.sine;
      const Real on_u = along_u * turning.versine - along_w * sine;
      const Real on_w = along_u * sine + along_w * turning.versine;
      for (const Share& share : turning.shares) {
        out[share.lane] = out[share.lane] + on_u * share.u + on_w * share.w;
      }
    }
    v = std::move(out);
  }
  return v;
}

}  // namespace plumbline::oracle
