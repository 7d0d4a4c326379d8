// SPDX-License-Identifier: Apache-2.0
// Seeds of certified rows: two enclosures a channel, and everything else by fixed-point products.
#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "golden/quick/channels.h"
#include "golden/quick/fixed.h"

namespace plumbline::quick {
namespace {

// Of a number taken from its enclosure. With E(n) the distance of e^(i n step / 2) from its exact
// value, E(m +- n) <= (E(m) + E(n)) (1 + 2^-100) + 2^-187, the last for four products toward zero:
// E(2^k) <= 2^k 2^-184, and n is a sum of distinct powers of two, added or taken away, that is
// below 2^25, so that with the start's own kTaken E(n) is below 2^-158.
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

// start turned by n = 0 .. count - 1 times powers[0], of powers[k] = powers[0]^(2^k).
std::vector<FixedTurn> line(const FixedTurn& start, std::span<const FixedTurn> powers,
                            std::size_t count) {
  std::vector<FixedTurn> turn(count);
  turn[0] = start;
  // The odd multiples of 2^k lie on both sides of those of 2^(k + 1), two for the products of one;
  // past the last of these, above a multiple of 2^(k + 2).
  for (std::size_t k = powers.size(); k-- > 0;) {
    const std::size_t half = std::size_t{1} << k;
    for (std::size_t at = half; at < count; at += 4 * half) {
      if (at + half >= count) {
        turn[at] = FixedTurns(turn[at - half], powers[k]).on;
        continue;
      }
      const FixedTurns both(turn[at + half], powers[k]);
      turn[at] = both.back;
      if (at + 2 * half < count) turn[at + 2 * half] = both.on;
    }
  }
  return turn;
}

}  // namespace

struct Seeds::Turns {
  // e^(i (b + 1/2) step), and the middles of the tiles: as the rows that are made of seeds, so that
  // what is on both sides of a middle shares its products.
  std::vector<FixedTurn> fine, middles;
  double scale;
};

Seeds::Seeds(const Interval& start, const Interval& step, int count, const Interval& factor,
             double scale) {
  if (count < 1 || count > kMostSeeds)
    throw std::logic_error("too few or too many seeds of certified rows");
  const Interval half = step / Interval(2), size = factor / Interval(scale),
                 middle = start + half * Interval(kTile - 1);
  const auto tiles = static_cast<std::size_t>((count + kTile - 1) / kTile);
  // Of 2^k step / 2.
  std::vector<FixedTurn> powers{{fixed_of(cos(half)), fixed_of(sin(half))}};
  constexpr std::size_t kWhole = 1, kOfTiles = kWhole + std::bit_width(unsigned{kTile} - 1);
  while (powers.size() < kOfTiles + std::bit_width(tiles - 1))
    powers.push_back(FixedTurns(powers.back(), powers.back()).on);
  const std::span<const FixedTurn> all(powers);
  turns_ = std::make_unique<Turns>(
      line(powers.front(), all.subspan(kWhole, kOfTiles - kWhole - 1), kTile / 2),
      line({fixed_of(size * cos(middle)), fixed_of(size * sin(middle))}, all.subspan(kOfTiles),
           tiles),
      scale);
}

Seeds::Seeds(Seeds&&) noexcept = default;
Seeds::~Seeds() = default;

void Seeds::tile(int tile, std::span<SeedTurn> to) const {
  const FixedTurn& middle = turns_->middles.at(static_cast<std::size_t>(tile));
  const auto put = [&](std::size_t n, const FixedTurn& t) {
    if (n < to.size()) to[n] = {scaled(t.cos, turns_->scale), scaled(t.sin, turns_->scale)};
  };
  constexpr std::size_t kHalf = kTile / 2;
  for (std::size_t b = 0; b < kHalf; ++b) {
    const FixedTurns both(middle, turns_->fine[b]);
    put(kHalf + b, both.on);
    put(kHalf - 1 - b, both.back);
  }
}

std::vector<SeedTurn> seeds(const Interval& start, const Interval& step, int count,
                            const Interval& factor, double scale) {
  const Seeds made(start, step, count, factor, scale);
  std::vector<SeedTurn> out(static_cast<std::size_t>(count));
  for (int first = 0; first < count; first += Seeds::kTile)
    made.tile(first / Seeds::kTile,
              std::span(out)
                  .subspan(static_cast<std::size_t>(first))
                  .first(static_cast<std::size_t>(std::min(Seeds::kTile, count - first))));
  return out;
}

}  // namespace plumbline::quick
