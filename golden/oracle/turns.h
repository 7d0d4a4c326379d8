// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "golden/oracle/coordinate.h"
#include "golden/oracle/spectrum.h"

namespace plumbline::oracle {

// cos(phi) and sin(phi) of a phi that is a rational part of a turn: sums of roots and of cosines,
// in which whatever cancels is gone. Such sines and cosines can be rational, or cancel against each
// other.
struct ExactTurn {
  Coordinate cos, sin;
};

// A cos(phi) and A sin(phi), phi = position * inv_freq; enclosures. A frequency is given by its
// place in the spectrum.
struct Turn {
  Ball cos, sin;
  std::shared_ptr<const ExactTurn> exact = nullptr;  // without A
};

// factor x, exact for as long as both are rational, because it can be a tie.
void enclose_product(Ball& out, const Real& factor, const Coordinate& x, slong bits);

// Turns by (position, frequency). Those at kFirstBits are remembered, because tokens share
// coordinates.
class Turns {
 public:
  explicit Turns(const Spectrum& spectrum) : spectrum_(spectrum) {}

  // phi is known to be zero or a whole number of turns. Where another phi is algebraic, or an
  // irrational algebraic part of a turn, its cosine and sine are transcendental (Lindemann,
  // Gelfond), so that no rounding of theirs is a tie.
  bool still(const Coordinate& position, std::size_t frequency) const {
    const std::optional<Rational> part = part_of_turn(position, frequency);
    return part && *part == floor(*part);
  }
  // The cosine and sine of a phi that is a rational part of a turn, else null.
  std::shared_ptr<const ExactTurn> exact(const Coordinate& position, std::size_t frequency) const;
  // Valid until forget_if_many(), for turns that are not still.
  const Turn& at_first_bits(const Coordinate& position, std::size_t frequency);
  Turn at(const Coordinate& position, std::size_t frequency, slong bits) const;
  // Bounds the memory: drops everything once many coordinates are held. Call between rows.
  void forget_if_many();

  const AttentionFactor& attention(slong bits) const { return spectrum_.at(bits).attention; }

 private:
  struct Slot {
    bool known = false;
    Turn turn;
  };
  // phi / (2 pi), where that is known to be rational.
  std::optional<Rational> part_of_turn(const Coordinate& position, std::size_t frequency) const;

  const Spectrum& spectrum_;
  const Ladder& first_ = spectrum_.at(kFirstBits);
  std::unordered_map<Coordinate, std::vector<Slot>, CoordinateHash> remembered_;
};

}  // namespace plumbline::oracle
