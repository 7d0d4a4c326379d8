// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "properties/laws/draw.h"

namespace plumbline::laws {

// A small positive number, whole or not.
Json drawn_number(Random& random);
// A spectrum of any scaling, as a case's "spectrum".
Json drawn_spectrum(Random& random, const HeadShape& shape);
// A list of segments; `rare`: of kinds that only some schemes take.
Json drawn_sequence(Random& random, Reach reach, bool rare);

}  // namespace plumbline::laws
