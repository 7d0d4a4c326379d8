// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumbline::fast {

// The bytes of a tensor [tokens][heads][head_dim]: tokens * heads rows of `row` bytes, the lowest
// of them at `begin`. Steps are magnitudes, 0 along an extent of one; a span is a step times the
// extent less one.
struct TensorBytes {
  std::intptr_t begin, row;
  std::intptr_t token_step, token_span;
  std::intptr_t head_step, head_span;
  std::intptr_t end() const { return begin + row + token_span + head_span; }
};

// Whether no byte belongs to both. False also where that is so but takes more to see than
// intervals, of the addresses or of their rests modulo a step or the steps' common divisor: q and k
// of one fused projection have no common byte modulo their token step, or, head beside head, modulo
// their head step.
bool apart(const TensorBytes& a, const TensorBytes& b);

}  // namespace plumbline::fast
