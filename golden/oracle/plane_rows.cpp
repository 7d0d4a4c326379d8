// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <stdexcept>

#include "golden/oracle/rotated_tensors.h"

namespace plumbline::oracle {
namespace {

std::vector<Real> rotary_lanes(const RotatedTensors& t, std::size_t first, std::size_t lanes) {
  std::vector<Real> v;
  for (std::size_t k = 0; k < lanes; ++k) {
    const double x = decode(t.in.stored(first + k), t.format);
    if (!std::isfinite(x)) {
      throw std::invalid_argument("learned planes have no rule for inputs that are not finite");
    }
    v.push_back(Dyadic(x).rational());
  }
  return v;
}

// One head of one row. Lanes that no turning plane touches are copied.
void compare_head(PlaneTurns& turns, RotatedTensors& t, std::size_t first, std::size_t width) {
  const std::vector<Real> v = rotary_lanes(t, first, turns.lanes());
  for (Comparison* out : {&t.out, &t.adjoint}) {
    if (!out->usable()) continue;
    std::map<slong, std::vector<Real>> turned;
    for (std::size_t k = 0; k < width; ++k) {
      if (k >= turns.lanes() || !turns.touches(k)) {
        out->expect(first + k, t.in.stored(first + k));
        continue;
      }
      out->expect_real(first + k, [&](Ball& ball, slong bits) {
        if (!turned.contains(bits)) {
          turned.emplace(bits, turns.apply(v, out == &t.adjoint, bits));
        }
        turned.at(bits)[k].enclose(ball, bits);
      });
    }
  }
}

}  // namespace

void compare_planes(const Evaluation& e, const Spectrum& spectrum,
                    const std::vector<std::vector<Bank>>& banks, Report& report) {
  if (banks[0][0][0].axis_weight.size() != e.axes) {
    throw std::invalid_argument("learned planes and positions have other axes");
  }
  if (!spectrum.at(kFirstBits).attention.value.is(1)) {
    throw std::invalid_argument("learned planes have no attention factor");
  }
  std::vector<PlaneTurns> turns;
  for (const auto& of_head : banks) turns.emplace_back(e.given, spectrum, of_head);
  const auto group = static_cast<std::size_t>(e.given.num_heads / e.given.num_key_value_heads);
  const auto width = static_cast<std::size_t>(e.given.head_dim);
  std::vector<RotatedTensors> tensors = rotated_tensors(e, report);
  for (std::size_t row = 0; row < e.rows; ++row) {
    std::vector<Rational> position;
    for (std::size_t a = 0; a < e.axes; ++a) {
      position.push_back(e.coordinates[e.axes * row + a].rational());
    }
    for (PlaneTurns& t : turns) t.move_to(position);
    for (RotatedTensors& t : tensors) {
      for (std::size_t head = 0; head < t.heads; ++head) {
        const std::size_t own = turns.size() == 1 ? 0 : t.query ? head / group : head;
        compare_head(turns[own], t, (row * t.heads + head) * width, width);
      }
    }
  }
}

}  // namespace plumbline::oracle
