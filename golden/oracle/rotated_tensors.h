// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "golden/oracle/evaluation.h"
#include "golden/oracle/planes.h"

namespace plumbline::oracle {

// One of q and k, in one format, with its forward rotation and its adjoint; at least one of the two
// is usable, and so is the input.
struct RotatedTensors {
  const Format& format;
  std::size_t heads;
  bool query;
  Comparison in, out, adjoint;
};

// Those that the file has, or should have by the case JSON.
std::vector<RotatedTensors> rotated_tensors(const Evaluation& e, Report& report);

// Compares them where learned planes take the place of pairs: by PlaneTurns at the row's position.
// `banks` are those of every head, or of each KV head. Throws std::invalid_argument for inputs that
// are not finite.
void compare_planes(const Evaluation& e, const Spectrum& spectrum,
                    const std::vector<std::vector<Bank>>& banks, Report& report);

}  // namespace plumbline::oracle
