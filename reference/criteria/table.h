// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "reference/criteria/lab.h"

namespace plumbline {

// Which instances a criterion is judged on. small: sequences short enough to be placed anew.
// map: none, the allocation alone.
enum class Instances : std::uint8_t { sequences, small, map, map_and_shapes };

struct CriterionRow {
  CriterionInfo info;
  Instances instances;
  Judge judge;
};
std::span<const CriterionRow> criterion_rows();

}  // namespace plumbline
