// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golden/file.h"
#include "golden/tensor.h"
#include "reference/case.h"

// Golden cases: which there are, and how one becomes certified tensors.
namespace plumbline {

struct GoldenCase {
  Case c;
  std::string claims;  // flags that its author says it has, golden/flags.h
};

// "smoke": under 1 MB, windows where axes differ and positions are long. "minimal": what a cover
// keeps of it. "full": at the presets' own head counts, longer windows. All loop over schemes() and
// models(), so a new row appears by itself. Throws std::invalid_argument for another name.
std::vector<GoldenCase> suite(std::string_view name);

// The cases of a prompt: cos and sin of the whole prompt, and rotated windows at its seams (case id
// + ".seams").
std::vector<GoldenCase> prompt_suite(const Json& prompt, std::string_view model,
                                     std::string_view fallback_id);

// The two oracles do not agree: a defect of this project, never of the input. what() names case and
// dataset.
struct Disagreement : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct GenerateResult {
  StoredCase stored;
  std::uint64_t certified = 0;  // values proven correctly rounded
  std::uint64_t agreed = 0;     // values that the second oracle recomputed and found equal
  double seconds = 0;           // spent certifying, without the second oracle
};
// Everything of golden/FORMAT.md, section 3. Throws std::runtime_error where the two oracles
// disagree, naming the dataset, Unresolved where a rounding cannot be proven, and
// std::invalid_argument where a claim does not hold.
GenerateResult generate(const GoldenCase& golden, unsigned threads);

// The formats in which a case carries cos and sin: binary64, and those that its contents ask for;
// none for dense planes.
std::vector<Format> table_formats(const Case& c);

RootAttributes golden_root(std::string_view suite);

// Input encodings [rows][heads][head_dim] of one tensor: a function of seed, tensor name and index
// only. `special` mixes in zeros of both signs, subnormals, the largest finite value, infinities
// and NaN.
std::vector<std::uint64_t> draw_inputs(std::uint64_t seed, std::string_view tensor,
                                       const Format& format, std::size_t count, bool special);

// Encodings to and from a stored tensor.
Dtype dtype_of(const Format& format);
const Format& format_of(Dtype dtype);  // throws std::logic_error for an integer type
Tensor tensor_of(const Format& format, std::vector<std::uint64_t> shape,
                 const std::vector<std::uint64_t>& bits);
std::vector<std::uint64_t> bits_of(const Tensor& tensor);

}  // namespace plumbline
