// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>
#include <vector>

#include "golden/oracle/coordinate.h"
#include "golden/oracle/spectrum.h"

namespace plumbline::oracle {

// A cos(phi) and A sin(phi), phi = position * inv_freq; enclosures. A frequency is given by its
// place in the spectrum.
struct Turn {
  Ball cos, sin;
};

// Turns by (position, frequency). Those at kFirstBits are remembered, because tokens share
// coordinates.
class Turns {
 public:
  explicit Turns(const Spectrum& spectrum) : spectrum_(spectrum) {}

  // phi is known to be exactly zero. Where another phi is algebraic, its cosine and sine are
  // transcendental (Lindemann), so that no rounding of theirs is a tie.
  bool still(const Coordinate& position, std::size_t frequency) const {
    return position.is_zero() || first_.inv_freq[frequency].is(0);
  }
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
  const Spectrum& spectrum_;
  const Ladder& first_ = spectrum_.at(kFirstBits);
  std::unordered_map<Coordinate, std::vector<Slot>, CoordinateHash> remembered_;
};

}  // namespace plumbline::oracle
