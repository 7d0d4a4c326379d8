// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/golden.h"
#include "tools/plugin/process.h"

// Dense tensors laid out for a call, and the outputs taken back.
namespace plumbline::plugin {

// Dense [tokens][heads][head_dim] elements of `size` bytes.
struct Dense {
  std::vector<std::byte> bytes;
  std::int64_t tokens = 0;
  int heads = 0, head_dim = 0;
  std::size_t size = 0;
  std::size_t elements() const { return bytes.size() / size; }
};

// Unused elements after each head and each token.
struct Gaps {
  int head = 0, token = 0;
};

// Memory of a tensor for a call; gaps and the output hold `poison`.
TensorBytes lay_out(const Dense& in, const Gaps& gaps, bool in_place, std::byte poison);
// The output, dense again.
Dense taken(const TensorBytes& from, const Dense& like, bool in_place);
// First byte of a gap of the output that no longer holds `poison`, in words; empty: none.
std::string written_gap(const TensorBytes& from, const Dense& like, bool in_place,
                        std::byte poison);
// Index of the first element at which two tensors differ, NaNs as one class; elements() if none.
std::size_t first_difference(const Dense& a, const Dense& b, const Format& format);
// "token 3, head 1, lane 7"
std::string place_of(const Dense& tensor, std::size_t element);

}  // namespace plumbline::plugin
