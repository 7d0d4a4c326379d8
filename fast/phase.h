// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fast/wide.h"

namespace plumbline::fast {

struct CosSin {
  double cos, sin;
};

// A rung in quarter turns per position, 2 inv_freq / pi, as the sum of three doubles.
struct Turns {
  double first = 0, second = 0, third = 0;
};
Turns quarter_turns(Wide inv_freq);

// (A cos phi, A sin phi), phi = position * inv_freq, A = factor + factor_low. Error at most 1.1 ulp
// each where the C library's sin and cos on [-pi/4, pi/4] are good to 0.55, plus 2^-124 |A phi|,
// the rounding of `turns`, and A |phi| times the relative error of inv_freq. Domain: |position| <=
// 2^31, inv_freq <= 2^20.
CosSin exact_cos_sin(double position, const Turns& turns, double factor, double factor_low);

// (A cos phi, A sin phi) rounded to nearest, from an error of about 2^-116 |A phi|; that a value
// might lie closer to a tie is left to chance, some 2^-60 each where inv_freq <= 1. position is not
// 0. The domain above.
struct CosSinF32 {
  float cos, sin;
};
CosSinF32 nearest_cos_sin(double position, Wide inv_freq, Wide factor);

// The same by way of exact_cos_sin, which decides all but a few in 10^7; (A, 0) at position 0.
CosSinF32 nearest_cos_sin(double position, Wide inv_freq, const Turns& turns, Wide factor);

}  // namespace plumbline::fast
