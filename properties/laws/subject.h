// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golden/recipe.h"
#include "reference/evaluate.h"

// Whatever claims to place tokens and to rotate heads, behind one interface: the reference, every
// kernel of fast/, and the broken ones that tests make.
namespace plumbline::laws {

// Elements from one token to the next, and from one head to the next.
struct Strides {
  std::ptrdiff_t token = 0, head = 0;
};
// One tensor [tokens][heads][head_dim] in memory, little-endian elements of the call's format; the
// last index has unit stride. in == out: in place, with equal strides.
struct HeadView {
  const std::byte* in = nullptr;
  std::byte* out = nullptr;
  Strides in_strides, out_strides;
};
// Rotates q and k at the coordinates of `ids`, row by row; `c` says shape, spectrum, map and
// pairing, and its sequence plays no part.
struct Call {
  const Case& c;
  const PositionTable& ids;
  const Format& format;
  bool adjoint = false;
  HeadView q, k;
  // Where the sequences of a packed batch begin, and the end; empty: one sequence.
  std::vector<std::int32_t> cu_seqlens = {};
};

struct Subject {
  std::string name;
  std::function<PositionTable(const Case&)> positions;
  std::function<void(const Call&)> rotate;
  // The arithmetic it declares for tensors of a format; nothing: each output is the truth, rounded
  // once.
  std::function<std::optional<Recipe>(const Format&)> recipe;
  // Why it cannot run a case; nothing: it can.
  std::function<std::optional<std::string>(const Case&)> skips;
  bool own_positions = false;  // false: `positions` is the reference's, and judged there
};

// The reference, then every kernel of fast/ that this machine supports.
std::span<const Subject> subjects();
// Throws std::invalid_argument naming the knob that gave the name, and the subjects there are.
const Subject& find_subject(std::span<const Subject> among, std::string_view name,
                            std::string_view knob = "subject");

// Why the scheme's rotation is not one turn per pair of lanes; nothing: it is.
std::optional<std::string> not_by_pairs(const Case& c);

}  // namespace plumbline::laws
