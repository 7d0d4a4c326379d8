// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "golden/tensor.h"

namespace plumbline {

// What |candidate - exact| may be at most, with P the power of two at or below |exact|, in column
// j: min(budget[j] + slope P, scale P, limit), the sum rounded once to binary64.
struct NearRule {
  const double* budget;  // [columns]
  double slope, scale, limit;
};

// Whether every value of [rows][columns] keeps to the rule; no NaN and no infinity does. `exact` is
// binary64, the candidate one of the four float types.
bool all_near(const std::byte* exact, Dtype dtype, const std::byte* candidate, std::size_t rows,
              std::size_t columns, const NearRule& rule);

}  // namespace plumbline
