// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>

#include "golden/oracle/planes.h"
#include "golden/oracle/rotated_tensors.h"

namespace plumbline::oracle {
namespace {

// One lane of M v or M' v; v exact numbers.
class Lane {
 public:
  Lane(PlaneMaps& maps, const std::vector<Rational>& position, const std::vector<double>& v,
       std::size_t lane, bool adjoint)
      : maps_(maps), position_(position), v_(v), lane_(lane), adjoint_(adjoint) {}

  const Real& entry(std::size_t other, slong bits) const {
    const std::size_t n = maps_.lanes();
    return maps_.at(position_, bits)[adjoint_ ? other * n + lane_ : lane_ * n + other];
  }
  // The lane is that of the input, because no plane that turns touches it.
  bool copied() const {
    for (std::size_t l = 0; l < maps_.lanes(); ++l) {
      if (!entry(l, kFirstBits).is(l == lane_ ? 1 : 0)) return false;
    }
    return true;
  }
  void enclose(Ball& out, slong bits) const {
    Real sum = 0;
    for (std::size_t l = 0; l < maps_.lanes(); ++l) {
      const Real& factor = entry(l, bits);
      if (!factor.is(0)) sum = sum + factor * Real(Dyadic(v_[l]).rational());
    }
    sum.enclose(out, bits);
  }

 private:
  PlaneMaps& maps_;
  const std::vector<Rational>& position_;
  const std::vector<double>& v_;
  std::size_t lane_;
  bool adjoint_;
};

std::vector<double> rotary_lanes(const RotatedTensors& t, std::size_t first, std::size_t lanes) {
  std::vector<double> v;
  for (std::size_t k = 0; k < lanes; ++k) {
    v.push_back(decode(t.in.stored(first + k), t.format));
    if (!std::isfinite(v.back())) {
      throw std::invalid_argument("learned planes have no rule for inputs that are not finite");
    }
  }
  return v;
}

}  // namespace

void compare_planes(const Evaluation& e, const Spectrum& spectrum, Report& report) {
  if (e.axes != 3) throw std::invalid_argument("learned planes need positions on three axes");
  if (!spectrum.at(kFirstBits).attention.value.is(1)) {
    throw std::invalid_argument("learned planes have no attention factor");
  }
  PlaneMaps maps(e.given, spectrum);
  const auto width = static_cast<std::size_t>(e.given.head_dim);
  std::vector<RotatedTensors> tensors = rotated_tensors(e, report);
  for (std::size_t row = 0; row < e.rows; ++row) {
    std::vector<Rational> position;
    for (std::size_t a = 0; a < 3; ++a) position.push_back(e.coordinates[3 * row + a].rational());
    for (RotatedTensors& t : tensors) {
      for (std::size_t head = 0; head < t.heads; ++head) {
        const std::size_t first = (row * t.heads + head) * width;
        const std::vector<double> v = rotary_lanes(t, first, maps.lanes());
        for (Comparison* out : {&t.out, &t.adjoint}) {
          for (std::size_t k = 0; out->usable() && k < width; ++k) {
            const Lane lane(maps, position, v, k, out == &t.adjoint);
            if (k >= maps.lanes() || lane.copied()) {
              out->expect(first + k, t.in.stored(first + k));
            } else {
              out->expect_real(first + k,
                               [&](Ball& ball, slong bits) { lane.enclose(ball, bits); });
            }
          }
        }
      }
    }
  }
}

}  // namespace plumbline::oracle
