// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/turns.h"

#include "golden/oracle/roots.h"

namespace plumbline::oracle {

void enclose_product(Ball& out, const Real& factor, const Coordinate& x, slong bits) {
  if (x.is_rational()) return (factor * Real(x.rational())).enclose(out, bits);
  x.enclose(out, bits);
  if (factor.is(1)) return;
  Ball ball;
  factor.enclose(ball, bits);
  arb_mul(out.get(), out.get(), ball.get(), bits);
}

const Turn& Turns::at_first_bits(const Coordinate& position, std::size_t frequency) {
  std::vector<Slot>& slots = remembered_[position];
  if (slots.empty()) slots.resize(first_.inv_freq.size());
  Slot& slot = slots[frequency];
  if (!slot.known) slot = {true, at(position, frequency, kFirstBits)};
  return slot.turn;
}

std::optional<Rational> Turns::part_of_turn(const Coordinate& position,
                                            std::size_t frequency) const {
  if (position.is_zero()) return 0;
  const std::optional<Rational>& turns = first_.turns[frequency];
  if (!turns) return std::nullopt;
  if (turns->sign() == 0) return 0;
  if (!position.is_rational()) return std::nullopt;
  return position.rational() * *turns;
}

std::shared_ptr<const ExactTurn> Turns::exact(const Coordinate& position,
                                              std::size_t frequency) const {
  const std::optional<Rational> part = part_of_turn(position, frequency);
  if (!part) return nullptr;
  const Rational quarter = Rational(1) / Rational(4);
  return std::make_shared<ExactTurn>(
      ExactTurn{root_times_cosine(1, *part), root_times_cosine(1, *part - quarter)});
}

Turn Turns::at(const Coordinate& position, std::size_t frequency, slong bits) const {
  const Ladder& ladder = spectrum_.at(bits);
  Turn turn;
  if (turn.exact = exact(position, frequency); turn.exact) {
    enclose_product(turn.cos, ladder.attention.value, turn.exact->cos, bits);
    enclose_product(turn.sin, ladder.attention.value, turn.exact->sin, bits);
    return turn;
  }
  Ball phi;
  position.enclose(phi, bits);
  Ball w;
  ladder.inv_freq[frequency].enclose(w, bits);
  arb_mul(phi.get(), phi.get(), w.get(), bits);
  arb_sin_cos(turn.sin.get(), turn.cos.get(), phi.get(), bits);
  if (!ladder.attention.value.is(1)) {
    Ball factor;
    ladder.attention.value.enclose(factor, bits);
    arb_mul(turn.cos.get(), turn.cos.get(), factor.get(), bits);
    arb_mul(turn.sin.get(), turn.sin.get(), factor.get(), bits);
  }
  return turn;
}

void Turns::forget_if_many() {
  constexpr std::size_t kMany = 1 << 12;
  if (remembered_.size() > kMany) remembered_.clear();
}

}  // namespace plumbline::oracle
