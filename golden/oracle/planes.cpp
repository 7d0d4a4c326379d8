// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/planes.h"

namespace plumbline::oracle {
namespace {

struct Lane {
  std::size_t lane;
  Rational a, b;
};

std::vector<Lane> lanes_touched(const Plane& plane) {
  std::vector<Lane> lanes;
  for (std::size_t k = 0; k < plane.a.size(); ++k) {
    if (plane.a[k].sign() == 0 && plane.b[k].sign() == 0) continue;
    lanes.push_back({plane.first + k, plane.a[k], plane.b[k]});
  }
  return lanes;
}

Rational square(const std::vector<Rational>& x) {
  Rational sum;
  for (const Rational& entry : x) sum = sum + entry * entry;
  return sum;
}

std::vector<Real> identity(std::size_t lanes) {
  std::vector<Real> map(lanes * lanes, Real(0));
  for (std::size_t k = 0; k < lanes; ++k) map[k * lanes + k] = 1;
  return map;
}

std::vector<Real> product(const std::vector<Real>& x, const std::vector<Real>& y,
                          std::size_t lanes) {
  std::vector<Real> z(lanes * lanes, Real(0));
  for (std::size_t k = 0; k < lanes; ++k) {
    for (std::size_t m = 0; m < lanes; ++m) {
      const Real& factor = x[k * lanes + m];
      if (factor.is(0)) continue;
      for (std::size_t l = 0; l < lanes; ++l) {
        if (!y[m * lanes + l].is(0)) {
          z[k * lanes + l] = z[k * lanes + l] + factor * y[m * lanes + l];
        }
      }
    }
  }
  return z;
}

}  // namespace

PlaneMaps::PlaneMaps(const Case& c, const Spectrum& spectrum)
    : spectrum_(spectrum),
      lanes_(static_cast<std::size_t>(c.rotary_dim)),
      banks_(learned_banks(c)) {}

const std::vector<Real>& PlaneMaps::at(const std::vector<Rational>& position, slong bits) {
  if (position_ != position) known_.clear();
  position_ = position;
  const auto found = known_.find(bits);
  if (found != known_.end()) return found->second;
  std::vector<Real> map = identity(lanes_);
  for (const Bank& bank : banks_) map = product(bank_map(bank, position, bits), map, lanes_);
  return known_.emplace(bits, std::move(map)).first->second;
}

// I + sum_j [(cos - 1) (u u' + w w') + sin (w u' - u w')], u = a / |a|, w = b / |b|
std::vector<Real> PlaneMaps::bank_map(const Bank& bank, const std::vector<Rational>& position,
                                      slong bits) const {
  std::vector<Real> map = identity(lanes_);
  for (const Plane& plane : bank) {
    Rational along, length;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      along = along + plane.axis_weight[axis] * position[axis];
      length = length + plane.axis_weight[axis] * plane.axis_weight[axis];
    }
    const Real& w = spectrum_.at(bits).inv_freq[plane.rung];
    if (along.sign() == 0 || w.is(0)) continue;
    Ball angle, sin, cos;
    (w * along / sqrt(Real(length), bits)).enclose(angle, bits);
    arb_sin_cos(sin.get(), cos.get(), angle.get(), bits);
    const Rational aa = square(plane.a), bb = square(plane.b);
    const Real versine = Real(std::move(cos), bits) - 1;
    const Real tilt = Real(std::move(sin), bits) / sqrt(Real(aa * bb), bits);
    const std::vector<Lane> lanes = lanes_touched(plane);
    for (const Lane& x : lanes) {
      for (const Lane& y : lanes) {
        Real& entry = map[x.lane * lanes_ + y.lane];
        const Rational even = x.a * y.a / aa + x.b * y.b / bb;
        const Rational odd = x.b * y.a - x.a * y.b;
        if (even.sign() != 0) entry = entry + versine * Real(even);
        if (odd.sign() != 0) entry = entry + tilt * Real(odd);
      }
    }
  }
  return map;
}

}  // namespace plumbline::oracle
