// SPDX-License-Identifier: Apache-2.0
// Seeds of certified rows: two enclosures a channel, and everything else by fixed-point products.
#include <cmath>
#include <stdexcept>

#include "golden/quick/channels.h"
#include "golden/quick/fixed.h"

namespace plumbline::quick {
namespace {

// Of a number taken from its enclosure. With E(n) the distance of e^(i n step) from its exact
// value, E(m +- n) <= (E(m) + E(n)) (1 + 2^-100) + 2^-187, the last for four products toward zero:
// E(2^k) <= 2^k 2^-183, and n is a sum of distinct powers of two, added or taken away, that is
// below 2^24, so that with the start's own kTaken E(n) is below 2^-158.
constexpr double kTaken = 0x1p-185;
constexpr int kMostSeeds = 1 << 24;

Fixed fixed_of(const Interval& x) {
  const Interval middle = Interval(median(x));
  const Integer digits = floor(times(middle, std::ldexp(1.0, kFixedFraction)));
  const Interval taken = Interval(Rational(digits, Integer(1) << kFixedFraction));
  const Interval error = x - taken;
  if (!(lower(error) >= -kTaken && upper(error) <= kTaken && abs(middle) <= 2))
    throw std::logic_error("a seed of certified rows is wider than its bound");
  Integer rest = abs(digits);
  Fixed out{{}, digits < 0};
  for (std::uint64_t& limb : out.limbs) {
    limb = Integer(rest & Integer(~std::uint64_t{0})).convert_to<std::uint64_t>();
    rest >>= 64;
  }
  return out;
}

struct FixedTurn {
  Fixed cos, sin;
};

// a turned by b, and by b backwards.
struct FixedTurns {
  FixedTurn on, back;
  FixedTurns(const FixedTurn& a, const FixedTurn& b) {
    const Fixed cos_cos = a.cos * b.cos, sin_sin = a.sin * b.sin, cos_sin = a.cos * b.sin,
                sin_cos = a.sin * b.cos;
    on = {cos_cos - sin_sin, sin_cos + cos_sin};
    back = {cos_cos + sin_sin, sin_cos - cos_sin};
  }
};

Double2 scaled(const Fixed& x, double scale) {
  const Double2 one = to_double2(x);
  return {one.high * scale, one.low * scale};
}

}  // namespace

std::vector<SeedTurn> seeds(const Interval& start, const Interval& step, int count,
                            const Interval& factor, double scale) {
  if (count > kMostSeeds) throw std::logic_error("too many seeds of certified rows");
  const Interval size = factor / Interval(scale);
  const auto n = static_cast<std::size_t>(count);
  std::vector<FixedTurn> powers{{fixed_of(cos(step)), fixed_of(sin(step))}};  // of 2^k step
  while (n > std::size_t{1} << powers.size())
    powers.push_back(FixedTurns(powers.back(), powers.back()).on);
  std::vector<FixedTurn> turn(n);
  turn[0] = {fixed_of(size * cos(start)), fixed_of(size * sin(start))};
  // The odd multiples of 2^k lie on both sides of those of 2^(k + 1), two for the products of one;
  // past the last of these, above a multiple of 2^(k + 2).
  for (std::size_t k = powers.size(); k-- > 0;) {
    const std::size_t half = std::size_t{1} << k;
    for (std::size_t at = half; at < n; at += 4 * half) {
      if (at + half >= n) {
        turn[at] = FixedTurns(turn[at - half], powers[k]).on;
        continue;
      }
      const FixedTurns both(turn[at + half], powers[k]);
      turn[at] = both.back;
      if (at + 2 * half < n) turn[at + 2 * half] = both.on;
    }
  }
  std::vector<SeedTurn> out;
  out.reserve(n);
  for (const FixedTurn& t : turn) out.push_back({scaled(t.cos, scale), scaled(t.sin, scale)});
  return out;
}

}  // namespace plumbline::quick
