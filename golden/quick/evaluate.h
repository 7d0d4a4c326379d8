// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/quick/rows.h"
#include "reference/evaluate.h"

namespace plumbline::quick {

// For tests: the kernels, and a factor on the bounds, so that the test leaves more to reference/.
struct Means {
  const Kernels* kernels = &best_kernels();
  double widened = 1;
};

// plumbline::evaluate(), bit for bit: tables and heads from double-double turns of proven error and
// the test of rows.h, what the test leaves open from reference/. `precision` is that of the
// hardest value that reference/ decided, inv_freq among them. Dense planes are evaluate()'s own.
// Throws as it does. `count`: cos, sin and lanes, and those that reference/ decided.
Tensors evaluate(const Case& c, const PositionTable& ids, const std::vector<Format>& table_formats,
                 const std::vector<Heads>& inputs, bool adjoint, unsigned threads,
                 Count* count = nullptr, const Means& means = {});

}  // namespace plumbline::quick
