// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/logits.h"

#include <cmath>

namespace plumbline::oracle {
namespace {

// A pair with an angle between query and key, and the exact coefficients of its cosine and sine.
struct MovingTerm {
  Coordinate distance;
  std::size_t frequency;
  Dyadic on_cos, on_sin;
};

struct Sums {
  Dyadic turned;      // of the pairs at equal angles; to be multiplied by A^2
  Coordinate rooted;  // of those whose angles differ by a rational part of a turn; likewise
  Dyadic plain;
  std::vector<MovingTerm> moving;
};

Sums split(const std::vector<LogitPair>& pairs, const std::vector<std::array<double, 2>>& plain,
           const Turns& turns) {
  Sums sums;
  for (const LogitPair& p : pairs) {
    const Dyadic xq(p.xq), yq(p.yq), xk(p.xk), yk(p.yk);
    Coordinate distance = *p.query.position - *p.key.position;
    if (turns.still(distance, p.query.frequency)) {
      sums.turned.add_product(xq, xk);
      sums.turned.add_product(yq, yk);
      continue;
    }
    MovingTerm term{std::move(distance), p.query.frequency, {}, {}};
    term.on_cos.add_product(xq, xk);
    term.on_cos.add_product(yq, yk);
    term.on_sin.add_product(xq, yk);
    term.on_sin.subtract_product(yq, xk);
    if (const auto exact = turns.exact(term.distance, term.frequency)) {
      sums.rooted = sums.rooted + term.on_cos.rational() * exact->cos;
      sums.rooted = sums.rooted + term.on_sin.rational() * exact->sin;
    } else if (!term.on_cos.is_zero() || !term.on_sin.is_zero()) {
      sums.moving.push_back(std::move(term));
    }
  }
  for (const auto& [q, k] : plain) sums.plain.add_product(Dyadic(q), Dyadic(k));
  return sums;
}

void enclose_logit(Ball& out, slong bits, const Sums& sums, std::int64_t head_dim, Turns& turns) {
  const AttentionFactor& attention = turns.attention(bits);
  Real rooted = 0;
  if (sums.rooted.is_rational()) {
    rooted = sums.rooted.rational();
  } else {
    Ball ball;
    sums.rooted.enclose(ball, bits);
    rooted = Real(std::move(ball), bits);
  }
  Real total = attention.squared * (sums.turned.rational() + rooted) + sums.plain.rational();
  if (!sums.moving.empty()) {
    Ball moving;
    for (const MovingTerm& term : sums.moving) {
      Turn more;
      if (bits != kFirstBits) more = turns.at(term.distance, term.frequency, bits);
      const Turn& turn =
          bits == kFirstBits ? turns.at_first_bits(term.distance, term.frequency) : more;
      arb_addmul_arf(moving.get(), turn.cos.get(), term.on_cos.get(), bits);
      arb_addmul_arf(moving.get(), turn.sin.get(), term.on_sin.get(), bits);
    }
    // A turn carries A once.
    total = total + attention.value * Real(std::move(moving), bits);
  }
  (total / sqrt(Real(head_dim), bits)).enclose(out, bits);
}

// The rotated pair as binary64 numbers that have the sign and zeroness of the exact lanes, or are
// not finite.
std::array<double, 2> rotated_signs(double x, double y, const Place& place, const Format& format,
                                    const Turns& turns) {
  if (!std::isfinite(x) || !std::isfinite(y)) {
    return ieee_rotation(x, y, rounded_turn(place, turns, format), false);
  }
  std::array<double, 2> lanes = {};
  for (const int lane : {0, 1}) {
    if (lane_is_zero(lane, x, y, false, place)) continue;
    lanes[static_cast<std::size_t>(lane)] = at_rising_precision(kFirstBits, [&](slong bits) {
      Ball ball;
      enclose_lane(ball, bits, lane, x, y, false, place, turns);
      return sign(Real(std::move(ball), bits));
    });
  }
  return lanes;
}

// The sum of the products that are not finite; 0 if there are none.
double non_finite_sum(const std::vector<LogitPair>& pairs,
                      const std::vector<std::array<double, 2>>& plain, const Format& format,
                      const Turns& turns) {
  double sum = 0;
  const auto add = [&](double q, double k) {
    if (!std::isfinite(q) || !std::isfinite(k)) sum += q * k;
  };
  for (const LogitPair& p : pairs) {
    if (std::isfinite(p.xq) && std::isfinite(p.yq) && std::isfinite(p.xk) && std::isfinite(p.yk)) {
      continue;
    }
    const auto q = rotated_signs(p.xq, p.yq, p.query, format, turns);
    const auto k = rotated_signs(p.xk, p.yk, p.key, format, turns);
    add(q[0], k[0]);
    add(q[1], k[1]);
  }
  for (const auto& [q, k] : plain) add(q, k);
  return sum;
}

}  // namespace

void compare_logit(Comparison& out, std::size_t index, const std::vector<LogitPair>& pairs,
                   const std::vector<std::array<double, 2>>& plain, std::int64_t head_dim,
                   const Format& format, Turns& turns) {
  try {
    const double special = non_finite_sum(pairs, plain, format, turns);
    if (special != 0) return out.expect(index, encode_special(special, format));
  } catch (const Undecided&) {
    out.give_up(index);
  }
  const Sums sums = split(pairs, plain, turns);
  out.expect_real(
      index, [&](Ball& ball, slong bits) { enclose_logit(ball, bits, sums, head_dim, turns); });
}

}  // namespace plumbline::oracle
