// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "golden/oracle/rotation.h"

namespace plumbline::oracle {

// One pair of a logit: its four input lanes and both places.
struct LogitPair {
  double xq, yq, xk, yk;
  Place query, key;
};

// (q_out . k_out) / sqrt(D) for one query row, key row and head, compared with out[index].
//   q_out . k_out = A^2 sum_i [(xq xk + yq yk) cos(d_i) + (xq yk - yq xk) sin(d_i)] + sum of the
//   lanes that do not turn,
// d_i = (query position - key position) inv_freq_i: in this form equal angles cancel exactly, so
// sums that are rational are decided as rationals. An exact zero is +0. A lane that is not finite
// after rotation makes the logit an infinity or NaN: the sum of its products with lanes of the sign
// and zeroness of the exact ones. Throws std::runtime_error through Comparison::expect_real, also
// where moving pairs cancel among themselves.
void compare_logit(Comparison& out, std::size_t index, const std::vector<LogitPair>& pairs,
                   const std::vector<std::array<double, 2>>& plain, std::int64_t head_dim,
                   const Format& format, Turns& turns);

}  // namespace plumbline::oracle
