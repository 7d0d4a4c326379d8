// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/recipe.h"
#include "golden/tensor.h"
#include "reference/evaluate.h"
#include "tools/plugin/process.h"

// A plug-in on golden cases: its answers, and what it did besides.
namespace plumbline::plugin {

// A rule of tools/plumbline_kernel.h that a call broke, whatever the numbers.
struct Finding {
  std::string id;    // "crashed", "stale-state", ...: of a FindingRow
  std::string call;  // "f32 forward, strided"
  std::string why;
  bool fatal = false;  // exit code 4: a crash, a hang, an access out of bounds
};
struct FindingRow {
  std::string_view id, meaning;
  bool fatal = false;
};
// Throws std::logic_error for an id that none has.
const FindingRow& finding_row(std::string_view id);

struct Answers {
  StoredCase outputs;  // the paths of a candidate file
  std::vector<Finding> findings;
  std::vector<std::string> refused;  // "f16: not offered", "f32 adjoint: no backward pass"
  bool timed_out = false;
};

// Each dtype that the case holds and the kernel offers, in a fresh process: the forward call twice
// over different memory, with gaps, in place, with int32 positions, as two packed rows, after a
// call with other positions and inputs, one row alone, the rows over again in longer batches, the
// heads over again; then the adjoint. Tables likewise. Equal rows must give equal bits, NaNs as one
// class.
Answers run(PluginProcess& plugin, const StoredCase& golden);

// What a kernel is told of a case, tokens and tensors apart. `inv_freq` [maps][pairs].
CallBytes arguments(const Case& c, const FrequencyAllocation& map, int axes,
                    std::vector<double> inv_freq, double attention_factor);
// position_ids as int64 where every one is an integer, else as binary64; `narrow` asks for int32.
// False where they do not fit it.
bool set_positions(CallBytes& call, const std::vector<double>& ids, bool narrow);

// The recipe that the kernel declares; nothing where it does not offer the dtype. Throws Refused
// naming the library for text that is no recipe.
std::optional<Recipe> recipe_of(const PluginProcess& plugin, Dtype dtype);

}  // namespace plumbline::plugin
