// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/plane_reading.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace plumbline {
namespace {

SparseVector sparse(const std::vector<Rational>& dense, int first_lane) {
  SparseVector out;
  for (std::size_t i = 0; i < dense.size(); ++i) {
    if (dense[i] != 0) out.emplace_back(first_lane + static_cast<int>(i), dense[i]);
  }
  return out;
}

Rational dot(const SparseVector& x, const SparseVector& y) {
  Rational sum = 0;
  for (auto i = x.begin(), j = y.begin(); i != x.end() && j != y.end();) {
    if (i->first == j->first) {
      sum += i->second * j->second;
      ++i;
      ++j;
    } else if (i->first < j->first) {
      ++i;
    } else {
      ++j;
    }
  }
  return sum;
}

Rational dot(const std::vector<Rational>& x, const std::vector<Rational>& y) {
  Rational sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

struct Span {
  const SparseVector &a, &b;
};

bool across(const Span& p, const Span& q) {
  return dot(p.a, q.a) == 0 && dot(p.a, q.b) == 0 && dot(p.b, q.a) == 0 && dot(p.b, q.b) == 0;
}

// 1 where both span the same plane and turn the same way in it, -1 where opposite ways; 0: another.
int same_plane(const Span& p, const Span& q) {
  const Rational aa = dot(p.a, p.a), ab = dot(p.a, p.b), bb = dot(p.b, p.b),
                 det = aa * bb - ab * ab;
  // v = x p.a + y p.b by the normal equations of p, where nothing of v is left over.
  const auto solve = [&](const SparseVector& v) -> std::optional<std::array<Rational, 2>> {
    const Rational va = dot(v, p.a), vb = dot(v, p.b);
    const Rational x = (va * bb - vb * ab) / det, y = (vb * aa - va * ab) / det;
    if (dot(v, v) != x * va + y * vb) return std::nullopt;
    return std::array{x, y};
  };
  const auto first = solve(q.a), second = solve(q.b);
  if (!first || !second) return 0;
  return (*first)[0] * (*second)[1] > (*first)[1] * (*second)[0] ? 1 : -1;
}

// Adds a direction, up to a factor, unless it is there or zero.
void insert(std::vector<std::vector<Rational>>& directions, std::vector<Rational> v) {
  const auto lead = std::find_if(v.begin(), v.end(), [](const Rational& x) { return x != 0; });
  if (lead == v.end()) return;
  const Rational by = *lead;
  for (Rational& x : v) x /= by;
  if (std::find(directions.begin(), directions.end(), v) == directions.end())
    directions.push_back(std::move(v));
}

}  // namespace

PlaneReading::PlaneReading(const Case& c, std::vector<PlaneBank> banks)
    : banks_(std::move(banks)), spectrum_(c.spectrum) {
  spectrum_.scaling = Unscaled{};
  std::vector<std::size_t> bank_of;
  std::vector<Turn> all;
  for (std::size_t i = 0; i < banks_.size(); ++i) {
    for (const Plane& plane : banks_[i].planes) {
      const Rational e(2 * std::max(plane.rung, 0), spectrum_.rotary_dim);
      all.push_back({sparse(plane.a, plane.first_lane),
                     sparse(plane.b, plane.first_lane),
                     {spectrum_.rope_theta, e * plane.exponent, false},
                     plane.direction,
                     plane.unit_direction});
      bank_of.push_back(i);
      insert(directions_, plane.direction);
    }
  }
  join(all, bank_of);
  if (!exact()) return;
  directions_.clear();
  for (const Turn& turn : turns_) insert(directions_, turn.direction);
  const int pairs = spectrum_.rotary_dim / 2;
  const auto as_pairs = [&](auto lanes_of_pair_at) {
    std::vector<int> out(static_cast<std::size_t>(pairs), -1);
    for (std::size_t k = 0; k < turns_.size(); ++k) {
      const auto [pair, first, second] = lanes_of_pair_at(turns_[k].a.front().first);
      const SparseVector one{{first, 1}}, other{{second, 1}};
      if (same_plane({one, other}, {turns_[k].a, turns_[k].b}) != 1) return std::vector<int>{};
      out[static_cast<std::size_t>(pair)] = static_cast<int>(k);
    }
    return out;
  };
  neighbours_ = as_pairs([](int lane) { return std::tuple(lane / 2, lane & ~1, lane | 1); });
  halves_ = as_pairs(
      [pairs](int lane) { return std::tuple(lane % pairs, lane % pairs, lane % pairs + pairs); });
}

// Planes of later banks that are planes of earlier ones turn on with them.
void PlaneReading::join(const std::vector<Turn>& all, const std::vector<std::size_t>& bank_of) {
  std::vector<std::size_t> turn_of(all.size());
  for (std::size_t q = 0; q < all.size(); ++q) {
    int sense = 0;
    const Span own{all[q].a, all[q].b};
    for (std::size_t p = 0; p < q; ++p) {
      const Span other{all[p].a, all[p].b};
      if (across(other, own)) continue;
      isometric_ = isometric_ && bank_of[p] != bank_of[q];
      sense = isometric_ ? same_plane(other, own) : 0;
      orthogonal_ = orthogonal_ && sense != 0;
      turn_of[q] = turn_of[p];
    }
    if (!orthogonal_) continue;
    if (sense == 0) {
      turn_of[q] = turns_.size();
      turns_.push_back(all[q]);
      continue;
    }
    Turn& turn = turns_[turn_of[q]];
    exact_ = exact_ && !turn.unit && !all[q].unit && same(turn.frequency, all[q].frequency);
    for (std::size_t k = 0; k < turn.direction.size(); ++k)
      turn.direction[k] += sense * all[q].direction[k];
  }
}

std::vector<std::size_t> PlaneReading::driving() const {
  std::vector<std::size_t> out;
  for (std::size_t a = 0; a < kMostAxes; ++a) {
    if (std::any_of(directions_.begin(), directions_.end(),
                    [a](const auto& d) { return a < d.size() && d[a] != 0; }))
      out.push_back(a);
  }
  return out;
}

PlaneRotation PlaneReading::at(const std::vector<Rational>& tuple) const {
  std::vector<Interval> position;
  for (const Rational& x : tuple) position.push_back(enclose(x));
  return {banks_, position, spectrum_};
}

std::optional<Rational> PlaneReading::first_turn(const std::vector<Rational>& tuple) const {
  const auto& pairs = neighbours_.empty() ? halves_ : neighbours_;
  if (pairs.empty() || pairs.front() < 0) return std::nullopt;
  return dot(turns_[static_cast<std::size_t>(pairs.front())].direction, tuple);
}

// Both angles are algebraic, so that they turn alike exactly where they are equal.
std::optional<bool> PlaneReading::pairs_as_base(const std::vector<int>& turn_of,
                                                const std::vector<Rational>& x,
                                                const Rational& y) const {
  std::optional<bool> out = true;
  for (std::size_t i = 0; i < turn_of.size(); ++i) {
    const Frequency base{spectrum_.rope_theta, Rational(2 * i, spectrum_.rotary_dim), false};
    Rational product = 0, square = 1;
    Frequency own = base;
    if (turn_of[i] >= 0) {
      const Turn& turn = turns_[static_cast<std::size_t>(turn_of[i])];
      product = dot(turn.direction, x);
      if (turn.unit) square = dot(turn.direction, turn.direction);
      own = turn.frequency;
    }
    if (product == 0 || y == 0) {
      if (product != y) return false;
      continue;
    }
    if (same(own, base)) {
      if (product * abs(product) != y * abs(y) * square) return false;
      continue;
    }
    const WorkingPrecision scope(256);
    const Interval difference =
        enclose(product) / sqrt(enclose(square)) * own.enclosure() - enclose(y) * base.enclosure();
    if (!boost::multiprecision::zero_in(difference)) return false;
    out.reset();
  }
  return out;
}

// What becomes of the unit vector of a lane.
std::vector<Interval> PlaneReading::image(int lane, const std::vector<Rational>& tuple) const {
  std::vector<Interval> out(static_cast<std::size_t>(lanes()), enclose(Rational(0)));
  out[static_cast<std::size_t>(lane)] = enclose(Rational(1));
  if (!exact()) return at(tuple).apply(out, false);
  const SparseVector unit{{lane, 1}};
  for (const Turn& turn : turns_) {
    const Rational xa = dot(unit, turn.a), xb = dot(unit, turn.b);
    if (xa == 0 && xb == 0) continue;
    const Rational aa = dot(turn.a, turn.a), ab = dot(turn.a, turn.b),
                   bb = dot(turn.b, turn.b) - ab * ab / aa;  // of the part of b across a
    Interval angle = enclose(dot(turn.direction, tuple)) * turn.frequency.enclosure();
    if (turn.unit) angle /= sqrt(enclose(dot(turn.direction, turn.direction)));
    const Interval a_length = sqrt(enclose(aa)), b_length = sqrt(enclose(bb));
    const Interval xu = enclose(xa) / a_length,
                   xw = enclose(Rational(xb - xa * ab / aa)) / b_length;
    const Interval less = cos(angle) - enclose(Rational(1)), s = sin(angle);
    const Interval along_u = xu * less - xw * s, along_w = xu * s + xw * less;
    const Interval of_a = along_u / a_length - along_w * enclose(Rational(ab / aa)) / b_length,
                   of_b = along_w / b_length;
    for (const auto& [k, x] : turn.a) out[static_cast<std::size_t>(k)] += of_a * enclose(x);
    for (const auto& [k, x] : turn.b) out[static_cast<std::size_t>(k)] += of_b * enclose(x);
  }
  return out;
}

// One lane after the other through the map and through the base model's rotation.
bool PlaneReading::apart_from_base(const std::vector<Rational>& tuple, const Rational& y,
                                   bool halves) const {
  const WorkingPrecision scope(128);
  const int n = lanes() / 2;
  for (int i = 0; i < n; ++i) {
    const int first = halves ? i : 2 * i, second = halves ? i + n : 2 * i + 1;
    std::vector<Interval> want(static_cast<std::size_t>(lanes()), enclose(Rational(0)));
    const Frequency base{spectrum_.rope_theta, Rational(i, n), false};
    const Interval angle = enclose(y) * base.enclosure();
    want[static_cast<std::size_t>(first)] = cos(angle);
    want[static_cast<std::size_t>(second)] = sin(angle);
    const auto got = image(first, tuple);
    for (std::size_t k = 0; k < got.size(); ++k) {
      if (!boost::multiprecision::zero_in(Interval(got[k] - want[k]))) return true;
    }
  }
  return false;
}

std::optional<bool> PlaneReading::turns_as_base(const std::vector<Rational>& tuple,
                                                const Rational& y) {
  auto key = tuple;
  key.push_back(y);
  const auto [entry, is_new] = judged_.try_emplace(std::move(key));
  if (is_new) entry->second = judge_base(tuple, y);
  return entry->second;
}

std::optional<bool> PlaneReading::judge_base(const std::vector<Rational>& tuple,
                                             const Rational& y) const {
  // Without any angle every plane stays.
  if (y == 0 && std::all_of(directions_.begin(), directions_.end(),
                            [&](const auto& d) { return dot(d, tuple) == 0; }))
    return true;
  bool apart = true;
  for (const bool halves : {false, true}) {
    const std::vector<int>& pairs = halves ? halves_ : neighbours_;
    const auto answer = !pairs.empty()                      ? pairs_as_base(pairs, tuple, y)
                        : apart_from_base(tuple, y, halves) ? std::optional(false)
                                                            : std::nullopt;
    if (answer == true) return true;
    apart = apart && answer == false;
  }
  return apart ? std::optional(false) : std::nullopt;
}

std::vector<PlaneReading> plane_readings(const Case& c) {
  std::vector<PlaneReading> out;
  std::vector<std::vector<PlaneBank>> seen;
  for (int head = 0; head < c.shape.num_key_value_heads; ++head) {
    auto banks = planes_of(c, head);
    if (banks.empty() || std::find(seen.begin(), seen.end(), banks) != seen.end()) continue;
    seen.push_back(banks);
    out.emplace_back(c, std::move(banks));
  }
  return out;
}

}  // namespace plumbline
