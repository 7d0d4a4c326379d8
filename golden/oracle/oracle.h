// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golden/tensor.h"

namespace plumbline::oracle {

// What the second oracle found in one case.
struct Report {
  std::uint64_t values = 0;  // values recomputed and found equal, bit for bit
  std::vector<std::string>
      taken;  // datasets that were read, not recomputed, and why; inputs are not listed
  std::vector<std::string>
      differs;  // one line per dataset that disagrees: path, index, stored and recomputed bits
  long precision = 0;  // the highest precision in bits that was needed
};

// Recomputes every value of a stored case from its case JSON with Arb, by code that shares nothing
// with reference/: spectrum, scaling, attention factor, position ids, axis map, cos, sin, rotated q
// and k, adjoints and logits. Error: none; every comparison is of encodings decided by an
// enclosure. Throws std::invalid_argument for a case JSON that it cannot read, and
// std::runtime_error when a rounding stays undecided at 16384 bits.
Report recompute(const StoredCase& stored);

// "arb 2.23.0"
std::string version();

}  // namespace plumbline::oracle
