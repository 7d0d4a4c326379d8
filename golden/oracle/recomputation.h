// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "golden/oracle/evaluation.h"
#include "golden/oracle/scheme.h"

namespace plumbline::oracle {

// Walks one case from its JSON to its datasets, in the order in which each step needs the one
// before.
class Recomputation {
 public:
  Recomputation(const StoredCase& stored, const Case& given);
  Report run();

 private:
  // Notes a dataset that is read and not recomputed.
  void take(const std::string& path, const std::string& why);
  Comparison open(const std::string& path, Dtype dtype, const std::vector<std::uint64_t>& shape,
                  bool optional = false);
  std::uint64_t extent(const std::string& path, std::size_t axis) const;

  bool token_index();
  void compute_positions();
  bool take_positions();
  void compare_positions();
  Allocation find_allocation();
  bool compare_allocation();
  void compare_inv_freq();
  // Whatever was stored and not recomputed, inputs apart.
  void name_the_rest(bool recomputed);

  const StoredCase& stored_;
  const Case& given_;
  std::set<std::string> seen_;
  Report report_;
  Scheme scheme_;
  std::size_t pairs_;
  Allocation allocation_;
  Spectrum spectrum_;
  Turns turns_;
  Evaluation e_;
  std::optional<Rows> rows_;
  std::vector<std::int64_t> token_index_;
};

}  // namespace plumbline::oracle
