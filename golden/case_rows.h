// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/case_file.h"

namespace plumbline {

// Rows of a golden case: the length of token_index. Throws Refused where that is missing.
std::uint64_t row_count(const CaseView& golden);

// Rows [first, first + count) of every dataset that has one entry a row, of `rows` rows; the others
// whole. Attributes as they are, the case's window too. Throws Refused naming a dataset whose shape
// has no such rows.
StoredCase rows_of(const CaseView& all, std::uint64_t first, std::uint64_t count,
                   std::uint64_t rows);

}  // namespace plumbline
