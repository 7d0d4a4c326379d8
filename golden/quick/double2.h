// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumbline::quick {

// high + low, an unevaluated sum with |low| <= 2^-53 |high|.
struct Double2 {
  double high, low;
};

}  // namespace plumbline::quick
