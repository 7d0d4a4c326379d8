// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "golden/quick/map_turns.h"
#include "reference/evaluate.h"

namespace plumbline::quick {

// For tests: the kernels, and a factor on the bounds, so that the test leaves more to reference/.
struct Means {
  const Kernels* kernels = &best_kernels();
  double widened = 1;
};

// plumbline::evaluate() and plumbline::logits(), bit for bit, from double-double turns of proven
// error and the test of rows.h; what the test leaves open is made by reference/. Precisions are
// those of the hardest value that reference/ decided, inv_freq among them. Dense planes are
// reference/'s own. Throws as reference/ does.
class Evaluation {
 public:
  // The case and its positions must outlive this object.
  Evaluation(const Case& c, const PositionTable& ids, const Means& means = {});

  Tensors tensors(const std::vector<Format>& table_formats, const std::vector<Heads>& inputs,
                  bool adjoint, unsigned threads);
  std::vector<Certified> logits(const Heads& inputs, const std::vector<LogitIndex>& index);

  // Of all calls: cos, sin, lanes and logits, and those of them that reference/ decided.
  const Count& count() const { return count_; }

 private:
  const Case& case_;
  const PositionTable& ids_;
  Means means_;
  FrequencyAllocation map_;
  std::optional<Spectra> spectra_;
  std::optional<MapTurns> turns_;
  Count count_;
};

}  // namespace plumbline::quick
