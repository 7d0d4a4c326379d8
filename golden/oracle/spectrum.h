// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "golden/oracle/allocation.h"
#include "golden/oracle/scalings.h"

namespace plumbline::oracle {

// The frequencies of one case at every precision asked for.
class Spectrum {
 public:
  // Throws std::invalid_argument for parameters without a meaning, or that do not give `pairs`
  // frequencies. Each of the rules is scaled as the spectrum says.
  Spectrum(const Json& spectrum, std::int64_t pairs, std::vector<LadderRule> rules);
  std::size_t frequencies() const;
  // The rungs of all ladders in a row, with enclosures of about `bits` bits. Throws
  // std::runtime_error where an integer decision (floor, band) stays open at kLastBits.
  const Ladder& at(slong bits) const;

 private:
  std::string name_;
  Scaling scaling_;
  Json params_;
  Rational base_;
  std::vector<LadderRule> rules_;
  mutable std::map<slong, Ladder> ladders_;
};

}  // namespace plumbline::oracle
