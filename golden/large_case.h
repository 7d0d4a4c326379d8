// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/case_file.h"
#include "golden/golden.h"
#include "golden/quick/rows.h"

// Golden cases that no memory holds: tables alone, written block by block on all cores.
namespace plumbline {

// From this many values of cos and sin on, a case of tables is made at speed and not by
// enclosures alone; below, both oracles see every value. Those of the whole sequence count,
// whatever the window, so that a shard is made as its whole is; a window without rows is never
// large.
inline constexpr std::uint64_t kLargeValues = std::uint64_t{1} << 24;

bool is_large(const Case& c);

// What add_large() did. `sampled`: values of spread rows that both oracles made too and found
// equal.
struct LargeResult {
  quick::Count count;
  std::uint64_t sampled = 0;
};

// Writes the case's datasets, as generate() would have made them, in memory that does not depend on
// its rows and with bytes that do not depend on `threads`. Throws Disagreement where an oracle
// finds another value in the sample, and std::invalid_argument where LargeTables does not fit.
LargeResult add_large(FileWriter& file, const GoldenCase& golden, unsigned threads);

// What verify_large() found. `sampled`: values of spread rows that the second oracle recomputed and
// found equal; `differs`: a line a dataset or attribute.
struct LargeFindings {
  quick::Count count;
  std::uint64_t sampled = 0;
  std::vector<std::string> differs;
};

// Makes every row of a large case anew and compares it with what is stored, in one pass over the
// data; the rest of the case is recomputed by the second oracle at spread rows. Throws Refused for
// a dataset that is missing or of another shape.
LargeFindings verify_large(const CaseView& stored, const Case& c, unsigned threads);

// The i-th of n parts of the case's rows, from 0; parts are runs of rows, and differ by one row at
// most. Throws std::invalid_argument for a case with inputs of its own or with fewer rows than n.
Case shard_of(const Case& c, std::uint64_t i, std::uint64_t n);

}  // namespace plumbline
