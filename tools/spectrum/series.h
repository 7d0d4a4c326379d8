// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tools/spectrum/report.h"

namespace plumbline::spectrum {

// One list of numbers of a report, for the writers that know nothing but lists.
struct Series {
  std::string group, name;           // "map-0", "T.embedded"
  std::vector<double> x, values;     // x: what the values stand over; empty: their index
  std::vector<std::uint64_t> shape;  // row-major
};
std::vector<Series> all_series(const Report& report);

}  // namespace plumbline::spectrum
