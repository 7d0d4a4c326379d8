// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/logits.h"

#include <array>
#include <bit>
#include <cmath>

namespace plumbline::quick {
namespace {

constexpr int kMostLanes = 1024;
// Lanes up to this size, and a sum of products from 1 / kLargest on: nothing overflows, and what
// underflow could take from all operations together, kMostLanes 2^6 2^-1074 kLargest, is nothing
// beside the bound.
constexpr double kLargest = 0x1p300;

// Of the weight W = 2 scale^2 sum (|xq| + |yq|) (|xk| + |yk|) + sum |passed products|. By
// proof/logit.g, with a for scale (|x| + |y|):
//   a rotated lane is high + low with |high| <= 1.000001 a and |low| <= 2^-49 a, and stands for a
//     number within kRotationBound a = 2^-97 a of it (proof/rotation.g, for a >= 1/2);
//   the product of two such lanes is taken within 0x1.6p-96 of its own part of W;
//   an addition loses 0x1.9p-94 W at most, while the low part of the sum stays below 2^-42 W;
//   it does: each addition brings it 2^-53 W from the high part and less than that in roundings,
//     1.1 2^-43 W in all, and the low parts of all products together bring 2^-47 W;
//   additions are at most kMostLanes + 8, for the lanes and the eight sums: together 2^-83 W;
//   the product with 1 / sqrt(head_dim), known within 2^-104 of itself, loses less than 2^-100 of
//     the logit, which is at most W / sqrt(head_dim), and so does the rounding of the test.
// The roundings in W itself and in the bound are below 2^-40 of them.
constexpr double kLogitBound = 0x1p-81;

struct Pair2 {
  double high, low;
};
Pair2 two_sum(double a, double b) {
  const double s = a + b, part = s - a;
  return {s, (a - (s - part)) + (b - part)};
}
void add(Pair2& total, double high, double low) {
  const Pair2 s = two_sum(total.high, high);
  total = {s.high, total.low + (s.low + low)};
}

}  // namespace

Logits::Logits(int head_dim, int pairs, Pairing pairing)
    : head_dim_(head_dim), pairs_(pairs), pairing_(pairing) {
  require_nearest();
  const WorkingPrecision precision(kSeedBits);
  const Interval inverse = Interval(1) / sqrt(enclose(Rational(head_dim)));
  int exponent = 0;
  std::frexp(1 / std::sqrt(head_dim), &exponent);
  const auto parts = narrow_double2(inverse, std::ldexp(1.0, exponent));
  if (!parts) throw std::logic_error("an enclosure of 1 / sqrt(head_dim) is too wide");
  inverse_root_ = *parts;
}

std::optional<std::uint64_t> Logits::logit(const TurnedHead& query, const TurnedHead& key,
                                           Dtype dtype, const Kernels& kernels) const {
  if (query.turns.open || key.turns.open || head_dim_ > kMostLanes) return std::nullopt;
  std::array<double, kMostLanes + kPairGroup> q{}, k{};
  double largest = 0, weight = 0;
  bool numbers = true;
  const auto seen = [&](double x) {
    numbers = numbers && std::isfinite(x);
    largest = std::max(largest, std::abs(x));
    return x;
  };
  for (int pair = 0; pair < pairs_; ++pair) {
    const Lanes from = lanes(pairing_, pair, pairs_);
    const auto x = static_cast<std::size_t>(from.x), y = static_cast<std::size_t>(from.y),
               to = static_cast<std::size_t>(pair / kGroup * kPairGroup + pair % kGroup);
    q[to] = seen(query.lanes[x]);
    q[to + kGroup] = seen(query.lanes[y]);
    k[to] = seen(key.lanes[x]);
    k[to + kGroup] = seen(key.lanes[y]);
    weight +=
        (std::abs(q[to]) + std::abs(q[to + kGroup])) * (std::abs(k[to]) + std::abs(k[to + kGroup]));
  }
  weight *= 2 * query.turns.scale * key.turns.scale;
  std::array<double, 2 * kGroup> sums{};
  kernels.logit_sums({query.turns.turns, key.turns.turns, q.data(), k.data(), pairs_, sums.data()});
  Pair2 total{0, 0};
  for (std::size_t lane = 0; lane < kGroup; ++lane) add(total, sums[lane], sums[kGroup + lane]);
  for (int lane = 2 * pairs_; lane < head_dim_; ++lane) {
    const double x = seen(query.lanes[static_cast<std::size_t>(lane)]),
                 y = seen(key.lanes[static_cast<std::size_t>(lane)]), p = x * y;
    weight += std::abs(p);
    add(total, p, std::fma(x, y, -p));
  }
  if (!numbers || largest > kLargest || !(weight >= 1 / kLargest)) return std::nullopt;

  const Pair2 sum = two_sum(total.high, total.low);
  const double value = sum.high * inverse_root_.high,
               rest = std::fma(sum.high, inverse_root_.low,
                               std::fma(sum.low, inverse_root_.high,
                                        std::fma(sum.high, inverse_root_.high, -value))),
               bound = kLogitBound * weight * inverse_root_.high;
  if (dtype == Dtype::f64) {
    const double up = value + (rest + bound), down = value + (rest - bound);
    if (up != down) return std::nullopt;
    return std::bit_cast<std::uint64_t>(up);
  }
  // |rest| <= 2^-51 |value|, and the two sums round by less than that again.
  const double reach = 0x1p-49 * std::abs(value) + 2 * bound;
  const std::uint32_t up = narrow(value + reach, dtype), down = narrow(value - reach, dtype);
  if (up != down) return std::nullopt;
  return up;
}

}  // namespace plumbline::quick
