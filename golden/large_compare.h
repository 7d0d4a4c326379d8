// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "golden/case_file.h"
#include "golden/compare.h"

// The verdict of compare() on tables that no memory holds, on all cores.
namespace plumbline {

// Nothing where the golden case or the candidate holds other outputs than cos and sin, where a
// shape is not the golden's, or where the tables are small: compare() is then the way. Otherwise
// what compare() finds, with two differences: phases are one for each row and axis, its worst
// pair's; and where nothing of a run of rows differs by more than rounding, one for neighbouring
// positions of an axis, with the run's largest `noise`, to 15 digits. Does not depend on `threads`.
//
// Rows go by runs. A run in which no value is further from the truth than what every record so far
// and every budget allow adds nothing but its count; every other run is judged by compare() itself.
std::optional<CaseResult> compare_large(const CaseView& golden, const CaseView& candidate,
                                        const RecipeFor& recipe_for, unsigned threads);

// From this many values of one table on.
inline constexpr std::uint64_t kJudgedByRuns = std::uint64_t{1} << 16;

}  // namespace plumbline
