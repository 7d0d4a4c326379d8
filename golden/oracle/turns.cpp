// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/turns.h"

namespace plumbline::oracle {

const Turn& Turns::at_first_bits(const Coordinate& position, std::size_t frequency) {
  std::vector<Slot>& slots = remembered_[position];
  if (slots.empty()) slots.resize(first_.inv_freq.size());
  Slot& slot = slots[frequency];
  if (!slot.known) slot = {true, at(position, frequency, kFirstBits)};
  return slot.turn;
}

Turn Turns::at(const Coordinate& position, std::size_t frequency, slong bits) const {
  const Ladder& ladder = spectrum_.at(bits);
  Turn turn;
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
