// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reference/criteria.h"

namespace plumbline {

// One setting of a subject's knobs; the first is its own.
struct Setting {
  Case c;
  std::string params;  // what differs from the subject's own: "temporal_stride=1/2"
  bool also = false;   // one of the subject's `also`
};
// The subject's own setting, each free knob turned alone through its domain, then those of `also`.
// Values that the scheme refuses are left out.
std::vector<Setting> settings(const Subject& subject);
// The same map at another number of pairs, for the laws that a map may owe to its size.
std::vector<Setting> shape_settings(const Subject& subject);
// "temporal_stride 1/2, 1, 2; method circle, no_circle": what settings() turns.
std::string knob_domain(const Subject& subject);

}  // namespace plumbline
