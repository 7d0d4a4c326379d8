// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/rotation.h"

#include <cmath>

namespace plumbline::oracle {
namespace {

double nearest(const Format& format, const auto& enclose) {
  return at_rising_precision(kFirstBits, [&](slong bits) {
    Ball ball;
    enclose(ball, bits);
    const auto rounded = round(ball, bits, format);
    if (!rounded) throw Undecided();
    return decode(*rounded, format);
  });
}

void enclose_turn(Ball& out, slong bits, bool sine, const Place& place, const Turns& turns) {
  if (place.turn == nullptr) {
    if (!sine) turns.attention(bits).value.enclose(out, bits);
  } else if (bits == kFirstBits) {
    arb_set(out.get(), (sine ? place.turn->sin : place.turn->cos).get());
  } else {
    Turn turn = turns.at(*place.position, place.frequency, bits);
    out = sine ? std::move(turn.sin) : std::move(turn.cos);
  }
}

}  // namespace

void compare_table(Comparison& cos, Comparison& sin, std::size_t index, const Place& place,
                   const Turns& turns) {
  const auto enclose = [&](bool sine) {
    return [&, sine](Ball& out, slong bits) { enclose_turn(out, bits, sine, place, turns); };
  };
  if (cos.usable()) cos.expect_real(index, enclose(false));
  if (sin.usable()) sin.expect_real(index, enclose(true));
}

std::array<double, 2> rounded_turn(const Place& place, const Turns& turns, const Format& format) {
  std::array<double, 2> turn;
  for (const bool sine : {false, true}) {
    turn[sine ? 1 : 0] = nearest(
        format, [&](Ball& out, slong bits) { enclose_turn(out, bits, sine, place, turns); });
  }
  return turn;
}

std::array<double, 2> ieee_rotation(double x, double y, const std::array<double, 2>& turn,
                                    bool adjoint) {
  const auto [c, s] = turn;
  if (adjoint) return {x * c + y * s, y * c - x * s};
  return {x * c - y * s, y * c + x * s};
}

namespace {

// own cos - other sin, or with a plus sign, of lane 0 or 1.
Coordinate exact_lane(int lane, double x, double y, bool adjoint, const ExactTurn& turn) {
  const Coordinate along = Dyadic(lane == 0 ? x : y).rational() * turn.cos;
  const Coordinate across = Dyadic(lane == 0 ? y : x).rational() * turn.sin;
  return (lane == 0) == adjoint ? along + across : along - across;
}

}  // namespace

bool lane_is_zero(int lane, double x, double y, bool adjoint, const Place& place) {
  if (place.turn == nullptr) return (lane == 0 ? x : y) == 0;
  if (place.turn->exact) return exact_lane(lane, x, y, adjoint, *place.turn->exact).is_zero();
  // A sum of non-zero algebraic multiples of cos and sin does not vanish at the other angles of a
  // moving pair.
  return x == 0 && y == 0;
}

void enclose_lane(Ball& out, slong bits, int lane, double x, double y, bool adjoint,
                  const Place& place, const Turns& turns) {
  const Dyadic own(lane == 0 ? x : y);
  if (place.turn == nullptr) {
    const Real& factor = turns.attention(bits).value;
    // The product with a rational factor can be a tie, so it stays exact for as long as it can.
    if (factor.is_exact()) return Real(factor.exact() * own.rational()).enclose(out, bits);
    factor.enclose(out, bits);
    arb_mul_arf(out.get(), out.get(), own.get(), bits);
    return;
  }
  if (place.turn->exact) {
    const Coordinate value = exact_lane(lane, x, y, adjoint, *place.turn->exact);
    return enclose_product(out, turns.attention(bits).value, value, bits);
  }
  Turn more;
  const Turn* turn = place.turn;
  if (bits != kFirstBits) {
    more = turns.at(*place.position, place.frequency, bits);
    turn = &more;
  }
  const Dyadic other(lane == 0 ? y : x);
  arb_mul_arf(out.get(), turn->cos.get(), own.get(), bits);
  if ((lane == 0) == adjoint) {
    arb_addmul_arf(out.get(), turn->sin.get(), other.get(), bits);
  } else {
    arb_submul_arf(out.get(), turn->sin.get(), other.get(), bits);
  }
}

void PairRotation::compare(Comparison& out, const std::array<std::size_t, 2>& lanes,
                           std::uint64_t x_bits, std::uint64_t y_bits, const Place& place) const {
  const double x = decode(x_bits, format), y = decode(y_bits, format);
  const bool finite = std::isfinite(x) && std::isfinite(y);
  const std::array<bool, 2> zero = {finite && lane_is_zero(0, x, y, adjoint, place),
                                    finite && lane_is_zero(1, x, y, adjoint, place)};
  std::array<double, 2> special = {};
  if (!finite || zero[0] || zero[1]) {
    try {
      special = ieee_rotation(x, y, rounded_turn(place, turns, format), adjoint);
    } catch (const Undecided&) {
      out.give_up(lanes[0]);
    }
  }
  const bool copied = place.turn == nullptr && turns.attention(kFirstBits).value.is(1);
  for (const int lane : {0, 1}) {
    const std::size_t element = lanes[static_cast<std::size_t>(lane)];
    if (!finite || zero[static_cast<std::size_t>(lane)]) {
      out.expect(element, encode_special(special[static_cast<std::size_t>(lane)], format));
    } else if (copied) {
      out.expect(element, lane == 0 ? x_bits : y_bits);
    } else {
      out.expect_real(element, [&](Ball& ball, slong bits) {
        enclose_lane(ball, bits, lane, x, y, adjoint, place, turns);
      });
    }
  }
}

}  // namespace plumbline::oracle
