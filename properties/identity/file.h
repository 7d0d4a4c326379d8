// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/tensor.h"
#include "properties/identity/identity.h"

// The same question of a file: which schemes made these tables, outputs and position_ids?
namespace plumbline::identity {

struct FileIdentified {
  std::string id, skipped;            // why nothing was compared
  std::vector<std::string> evidence;  // datasets that were compared
  bool pairing_seen = false;          // tables alone do not show it
  bool placed = false;                // position_ids of its own were compared
  bool axes_differ = false;           // else maps of different axes are not told apart
  // Schemes that agree with all of it; and those that only turn, or only place the tokens so.
  std::vector<Match> matches;
  std::vector<std::string> turn_only, place_only;
};
// One case of a candidate file; `golden`, where not null, has what it lacks: inputs, position_ids,
// and the case with its shape and sequence. Nothing is read off the numbers: a scheme is tried with
// the parameters and spectrum of the case, of the presets and with its defaults. `recipe`: nothing,
// every number is the truth rounded once. Throws Refused naming what neither file has.
FileIdentified identify_file(const StoredCase& candidate, const StoredCase* golden,
                             const std::function<std::optional<Recipe>(const Format&)>& recipe);

}  // namespace plumbline::identity
