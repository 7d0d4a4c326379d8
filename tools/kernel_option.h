// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

#include "properties/laws/subject.h"

namespace plumbline {

// Throws std::invalid_argument naming --kernel and the subjects there are, unless it names one.
inline void check_kernel_option(std::span<const laws::Subject> among, const std::string& kernel) {
  std::string known;
  for (const laws::Subject& s : among) {
    if (s.name == kernel) return;
    known += (known.empty() ? "" : ", ") + s.name;
  }
  throw std::invalid_argument("--kernel = '" + kernel.substr(0, 60) + "': must be one of " + known);
}

}  // namespace plumbline
