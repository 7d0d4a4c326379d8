// SPDX-License-Identifier: Apache-2.0
#include "reference/planes.h"

#include <algorithm>
#include <stdexcept>

#include "reference/case.h"

namespace plumbline {
namespace {

Rational dot(const std::vector<Rational>& x, const std::vector<Rational>& y) {
  Rational sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// x / |x|, with |x| from the exact square so that axis-aligned vectors stay exact.
std::vector<Interval> unit(const std::vector<Rational>& x, std::string_view what) {
  const Rational square = dot(x, x);
  if (square == 0) throw std::invalid_argument(std::string(what) + ": must not vanish");
  const auto exact = exact_power(square, Rational(1, 2));
  const Interval length = exact ? enclose(*exact) : sqrt(enclose(square));
  std::vector<Interval> out;
  out.reserve(x.size());
  for (const Rational& entry : x) {
    out.push_back(exact ? enclose(Rational(entry / *exact)) : Interval(enclose(entry) / length));
  }
  return out;
}

}  // namespace

std::vector<PlaneBank> planes_of(const Case& c, int kv_head) {
  if (c.scheme->planes == nullptr) return {};
  return c.scheme->planes(c.shape, c.parameters, kv_head);
}

bool has_planes(const Case& c) { return !planes_of(c, 0).empty(); }

PlaneRotation::PlaneRotation(const std::vector<PlaneBank>& banks,
                             const std::vector<Interval>& position,
                             const FrequencySpectrum& spectrum) {
  const ResolvedSpectrum ladder(spectrum);
  for (const PlaneBank& bank : banks) {
    std::vector<Turned>& turned = banks_.emplace_back();
    for (const Plane& plane : bank.planes) {
      // The part of b across a, times |a|^2 to stay rational.
      const Rational square = dot(plane.a, plane.a), along = dot(plane.a, plane.b);
      std::vector<Rational> across;
      for (std::size_t i = 0; i < plane.b.size(); ++i)
        across.push_back(square * plane.b[i] - along * plane.a[i]);
      Interval angle = enclose(Rational(0));
      const auto direction =
          plane.unit_direction ? unit(plane.direction, "axis_weight") : std::vector<Interval>{};
      for (std::size_t k = 0; k < plane.direction.size(); ++k) {
        angle += position[k] * (plane.unit_direction ? direction[k] : enclose(plane.direction[k]));
      }
      if (plane.rung >= 0) {
        const Interval frequency = ladder.inv_freq(plane.rung);
        angle *= plane.exponent == 1 ? frequency : exp(enclose(plane.exponent) * log(frequency));
      }
      turned.push_back({plane.first_lane, unit(plane.a, "a plane's first vector"),
                        unit(across, "a plane's second vector, across the first"),
                        cos(angle) - enclose(Rational(1)), sin(angle)});
    }
  }
}

std::vector<Interval> PlaneRotation::apply(const std::vector<Interval>& x, bool transposed) const {
  std::vector<Interval> now = x;
  for (std::size_t step = 0; step < banks_.size(); ++step) {
    const auto& bank = banks_[transposed ? banks_.size() - 1 - step : step];
    const std::vector<Interval> in = now;
    for (const Turned& plane : bank) {
      const auto first = static_cast<std::size_t>(plane.first_lane);
      Interval xu = enclose(Rational(0)), xw = enclose(Rational(0));
      for (std::size_t i = 0; i < plane.u.size(); ++i) {
        xu += in[first + i] * plane.u[i];
        xw += in[first + i] * plane.w[i];
      }
      const Interval s = transposed ? Interval(-plane.sine) : plane.sine;
      const Interval along_u = xu * plane.cosine_less_one - xw * s;
      const Interval along_w = xu * s + xw * plane.cosine_less_one;
      for (std::size_t i = 0; i < plane.u.size(); ++i)
        now[first + i] += along_u * plane.u[i] + along_w * plane.w[i];
    }
  }
  return now;
}

}  // namespace plumbline
