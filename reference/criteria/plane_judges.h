// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/criteria/lab.h"

// What the map criteria are on dense planes, for rational tuples.
namespace plumbline {

Outcome planes_rel(Lab& lab);
Outcome planes_iso(Lab& lab);
// Is the token turned as the base model turns y, with lanes paired either way?
Outcome planes_text(Lab& lab, const Placement& at, std::int64_t token, const Value& y);
// The only y that pair 0 of the token allows; where there is no pair 0, its first coordinate.
Value planes_start(Lab& lab, const Placement& at, std::int64_t token);
// What the planes read of each token: see PlaneReading::directions.
Placement planes_turns(const PlaneReading& planes, const Placement& at);
// Are two tokens turned otherwise? By enclosures of a few lanes; false says nothing.
bool planes_apart(const PlaneReading& planes, const Placement& at, std::int64_t token,
                  std::int64_t other);

}  // namespace plumbline
