// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "properties/laws/subject.h"

// Deployed pipelines, executed operation by operation in the machine's own float and double:
// faultless by their own lights, and what every recipe must leave alone. They share nothing with
// fast/, with the reference's spectra or with the laid-open kernel of properties/mutants/.
namespace plumbline::pipelines {

struct Pipeline {
  std::string_view id;          // hf_f32, ggml_cpu, ...
  std::string_view definition;  // fl rounds to binary32, RN to the type of the tensors
  std::string_view source;
  // By tensor type, in the order of kFormats: the recipe that it must be held to, as text of
  // golden/recipe.h. Empty: it does not store that type.
  std::array<std::string_view, 4> recipe;
  // Where its own rules make it another operator than the case's: why. Nothing: it is faultless.
  std::function<std::optional<std::string>(const Case&)> departs;

  std::string_view recipe_of(const Format& format) const;
};
// One row for each pipeline.
std::span<const Pipeline> pipelines();
// As a subject under its own recipe. A tensor type that it does not store is refused by `rotate`
// (std::invalid_argument), a spectrum that it cannot form by `skips`.
laws::Subject subject_of(const Pipeline& pipeline);

// Angles in radians of every rung of one ladder at a position, each a number of the pipeline's own
// type.
using Angles = std::function<std::vector<double>(double position)>;
// position x inv_freq with the operation sequence of huggingface/transformers,
// modeling_rope_utils.py, in binary32 or binary64. Defined for every ladder and scaling.
Angles transformers_angles(const FrequencySpectrum& spectrum, const Ladder& ladder, bool wide);
// ggml-org/ggml, ggml_rope_ext: theta_0 = position, theta_(k+1) = fl(theta_k s), or
// fl(position fl(s^k)) with `powers`. Bounds of the YaRN ramp are always rounded.
Angles ggml_angles(const FrequencySpectrum& spectrum, const Ladder& ladder, bool powers);
// ml-explore/mlx, fast::rope without a Metal kernel: inv_freq by exponential, positions scaled.
Angles mlx_angles(const FrequencySpectrum& spectrum, const Ladder& ladder);
// Why a pipeline has no such spectrum; nothing: it has.
std::optional<std::string> ggml_lacks(const Case& c);
std::optional<std::string> mlx_lacks(const Case& c);
// A as Python computes it, in binary64.
double attention_factor(const FrequencySpectrum& spectrum);

}  // namespace plumbline::pipelines
