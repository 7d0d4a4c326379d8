// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/evaluate.h"

// What stretching the context does to a ladder before its rungs are handed to axes.
namespace plumbline {

struct ExtensionMethod {
  std::string name;  // "linear", "ntk", "dynamic-ntk", "yarn"
  RopeScaling scaling;
};
// The four of the field for a trained length and a factor above 1; dynamic NTK at the length factor
// x trained. Source: arXiv 2306.15595, 2309.00071; huggingface/transformers
// modeling_rope_utils.py.
std::vector<ExtensionMethod> extension_methods(const Rational& factor, std::int64_t trained);

// inv_freq under the scaling over inv_freq without any, for each rung of the ladder: the binary64
// nearest to it. 1 for a rung that never turns.
std::vector<double> stretched(const FrequencySpectrum& spectrum, const Ladder& ladder,
                              const RopeScaling& scaling);

}  // namespace plumbline
