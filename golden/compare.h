// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "golden/context_length.h"
#include "golden/file.h"

// A candidate against a golden case: phase budget and arithmetic budget apart, the worst element
// kept.
namespace plumbline {

// Datasets of a float type's folder that are judged, golden/FORMAT.md section 5.
inline constexpr const char* kOutputs[] = {"cos",   "sin",   "q_out", "k_out",
                                           "q_adj", "k_adj", "logits"};

// Where one element stands, in words that a kernel author uses. Indices are -1 where they do not
// apply.
struct Place {
  std::string dataset;                // "f32/q_out"
  std::int64_t row = -1, token = -1;  // row of the tensor; index in the padded sequence
  int head = -1, lane = -1, pair = -1;
  char axis = ' ';      // letter of the axis that drives the pair; '-' where it does not turn
  double position = 0;  // coordinate on that axis
  double golden = 0, candidate = 0;
  double ulp =
      0;  // |candidate - truth| in units in the last place of the dataset's format at the truth
  double error = 0;   // |candidate - truth|
  double budget = 0;  // what the recipe allows: phase and arithmetic together
};

// One dataset. `ratio` is error / budget; above 1 the element fails.
struct ClassResult {
  std::string dataset;
  std::uint64_t values = 0, failures = 0;
  double worst_ratio = 0;
  double worst_norm_ulp =
      0;            // error in ulp of A |(x, y)|, which cancellation in the result does not inflate
  Place worst;      // by ratio
  Place worst_ulp;  // by ulp
  std::optional<Place> first_failure;  // lowest row, head, lane
  std::array<std::uint64_t, 7>
      failures_by_axis{};  // T, H, W, fourth, unturned pairs, pass-through lanes, logits
};

struct CaseResult {
  std::string id;
  std::vector<ClassResult> classes;
  std::vector<std::string> missing;  // golden datasets that the candidate lacks
  std::vector<PhaseSample> phases;
  std::string recipe;
  bool conforms() const;
};

// A candidate's dataset of another type or shape than the golden's; whoever knows the candidate's
// file puts its name in front.
struct Unfit : Refused {
  using Refused::Refused;
};

// The recipe that a dataset of this format is held to.
using RecipeFor = std::function<Recipe(const Format&)>;

// Compares every output dataset of `golden` that `candidate` holds.
// Throws Unfit naming the dataset whose type or shape is not the golden's.
CaseResult compare(const StoredCase& golden, const StoredCase& candidate,
                   const RecipeFor& recipe_for);

}  // namespace plumbline
