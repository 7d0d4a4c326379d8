// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/real.h"

namespace plumbline {

// base^(-exponent), times 2 pi where `two_pi`; radians per position.
struct Frequency {
  Rational base, exponent;
  bool two_pi = false;
  Interval enclosure() const;
};
// Equal as real numbers: decided on powers of integers, exactly.
bool same(const Frequency& a, const Frequency& b);

}  // namespace plumbline
