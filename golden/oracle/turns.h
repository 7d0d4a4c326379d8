// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>
#include <vector>

#include "golden/oracle/spectrum.h"

namespace plumbline::oracle {

// A cos(phi) and A sin(phi), phi = position * inv_freq; enclosures.
struct Turn {
  Ball cos, sin;
};

// Turns by (position, pair). Those at kFirstBits are remembered, because tokens share coordinates.
class Turns {
 public:
  Turns(const Spectrum& spectrum, std::int64_t pairs)
      : spectrum_(spectrum), pairs_(static_cast<std::size_t>(pairs)) {}

  // phi is exactly zero. Any other phi is non-zero; where it is algebraic, its cosine and sine are
  // transcendental (Lindemann), so that no rounding of theirs is a tie.
  bool still(const Rational& position, std::size_t pair) const {
    return position.sign() == 0 || first_.inv_freq[pair].is(0);
  }
  // Valid until forget_if_many(), for pairs that are not still.
  const Turn& at_first_bits(const Rational& position, std::size_t pair);
  Turn at(const Rational& position, std::size_t pair, slong bits) const;
  // Bounds the memory: drops everything once many coordinates are held. Call between rows.
  void forget_if_many();

  const AttentionFactor& attention(slong bits) const { return spectrum_.at(bits).attention; }

 private:
  struct Slot {
    bool known = false;
    Turn turn;
  };
  const Spectrum& spectrum_;
  std::size_t pairs_;
  const Ladder& first_ = spectrum_.at(kFirstBits);
  std::unordered_map<Rational, std::vector<Slot>, RationalHash> remembered_;
};

}  // namespace plumbline::oracle
