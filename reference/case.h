// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/certify.h"
#include "reference/frequency_spectrum.h"
#include "reference/scheme.h"

// One scheme with parameters, head shape, spectrum, pairing and sequence; and the JSON that says
// so.
namespace plumbline {

using Json = nlohmann::ordered_json;

// Rows [first, first + count) of the padded sequence.
struct Window {
  std::int64_t first = 0, count = 0;
};

// Tensors that a golden case carries besides ids and spectrum.
struct Contents {
  bool tables = true, rotated = true, adjoint = true, logits = true;
  bool own_tables = false;  // tables in binary64 and the case's dtypes alone
};

struct Case {
  std::string id, model;
  const Scheme* scheme = nullptr;
  Parameters parameters;
  HeadShape shape;
  FrequencySpectrum spectrum;
  Json spectrum_json;  // {"scaling": name, "params": {...}}: what `spectrum` was read from
  Pairing pairing = Pairing::neox;
  Sequence sequence;
  std::vector<std::uint8_t> attention_mask;  // over the padded row; empty: all real
  std::int64_t pad_left = 0, pad_right = 0;  // used where attention_mask is empty
  std::vector<Window> windows;               // empty: the whole padded row
  bool float32 = false;
  std::vector<Format> dtypes{binary32};
  Contents contents;
  std::uint64_t seed = 1;             // of the inputs that a golden file carries
  bool special_inputs = false;        // zeros, subnormals, infinities and NaN among them
  std::vector<std::string> warnings;  // one line each

  std::int64_t padded_length() const;
  std::vector<Window> rows() const;  // windows, or the whole row
};

// Parses JSON text with every number kept as the decimal text it is written in (a binary node, see
// exact_number), so that 0.3 is 3/10. Throws std::invalid_argument with one line for anything
// malformed, NaN and duplicate keys included.
Json parse_json(std::string_view text);
// The exact value of a number, or of a string that denotes one ("3/10"). Throws
// std::invalid_argument naming `knob`.
Rational exact_number(const Json& value, std::string_view knob);
// An integer of [low, high]. Throws std::invalid_argument naming `knob`.
std::int64_t integer_in(const Json& value, std::string_view knob, std::int64_t low,
                        std::int64_t high);
// JSON of an exact number: an integer, or the text "p/q".
Json number_json(const Rational& value);

// Reads one case object. Missing fields come from `model`, then from the scheme. Throws
// std::invalid_argument with one line naming the knob, its value and what is allowed.
Case case_from_json(const Json& object);
// The resolved form of golden/FORMAT.md, section 4:
// case_from_json(parse_json(case_to_json(c).dump())) == c.
Json case_to_json(const Case& c);
// "16,24,24" as a list of texts, empty ones too, so that readers refuse them; text without a comma
// as it is.
Json text_or_list(const std::string& text);
// The scheme at about this shape, with the knobs that need it fitted or set to their examples:
// rotary_dim is rounded up to what the scheme can carry, and a scheme that deals whole KV heads
// gets at least five. An object without a sequence for case_from_json.
Json fitted_case(const Scheme& scheme, HeadShape shape);
Sequence sequence_from_json(const Json& segments);

// {"scaling": name, "params": {...}} or the flat and nested spellings of a model file; keys exactly
// as in FORMAT.md, section 4. Fills rotary_dim from the shape where the parameters do not say.
// `normal` receives the explicit form, `warnings` a line where a product was rounded.
FrequencySpectrum spectrum_from_json(const Json& object, const std::optional<HeadShape>& shape,
                                     Json& normal, std::vector<std::string>* warnings = nullptr);

}  // namespace plumbline
