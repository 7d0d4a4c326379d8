// SPDX-License-Identifier: Apache-2.0
// Seeds of certified rows: two enclosures a channel, and everything else by fixed-point products.
#include <bit>
#include <cmath>
#include <stdexcept>

#include "golden/quick/channels.h"
#include "golden/quick/fixed.h"

namespace plumbline::quick {
namespace {

// Of a number taken from its enclosure. With E(n) the distance of e^(i n step) from its exact
// value, E(m + n) <= (E(m) + E(n)) (1 + 2^-100) + 2^-187, the last for four products toward zero:
// E(n) <= n 2^-183, and with n <= 2^24 and the start's own kTaken, below 2^-158.
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
  friend FixedTurn operator*(const FixedTurn& a, const FixedTurn& b) {
    return {a.cos * b.cos - a.sin * b.sin, a.cos * b.sin + a.sin * b.cos};
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
  const FixedTurn origin{fixed_of(size * cos(start)), fixed_of(size * sin(start))};
  // Of step, 2 step, 4 step ...: each turn is one product of a turn with fewer bits in its number.
  std::vector<FixedTurn> powers{{fixed_of(cos(step)), fixed_of(sin(step))}};
  std::vector<FixedTurn> turn{origin};
  turn.reserve(static_cast<std::size_t>(count));
  std::vector<SeedTurn> out;
  out.reserve(static_cast<std::size_t>(count));
  for (std::size_t n = 0; n < static_cast<std::size_t>(count); ++n) {
    if (n > 0) {
      const auto last = static_cast<std::size_t>(std::bit_width(n) - 1);
      if (last >= powers.size()) powers.push_back(powers.back() * powers.back());
      turn.push_back(turn[n - (std::size_t{1} << last)] * powers[last]);
    }
    out.push_back({scaled(turn[n].cos, scale), scaled(turn[n].sin, scale)});
  }
  return out;
}

}  // namespace plumbline::quick
