// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fast/cuda/launch.h"
#include "fast/half.h"
#include "properties/cuda/draw.h"

// Calls of the rotary kernels, drawn so that every row of the table of entries gets its turn.
namespace plumbline::test {

namespace cuda = fast::cuda;

// A tensor inside a larger allocation, the rest of which is poison.
struct Tensor3 {
  int heads = 0;
  std::size_t base = 0, bytes = 0;  // first element; size of the allocation
  std::ptrdiff_t token_stride = 0, head_stride = 0;
};

struct DrawnCall {
  std::uint64_t seed = 0;
  std::size_t row = 0;
  int tokens = 1, maps = 1, pairs = 1, tail = 0, axes = 1, kv_heads = 1, group = 1;
  bool in_place = false, adjoint = false, special = false, wide = false, fused = true;
  double attention_factor = 1;
  cuda::Grid grid;  // blocks_of_tokens 0: as launched
  Tensor3 q_in, k_in, q_out, k_out;

  const cuda::Entry& entry() const { return cuda::kEntries[row]; }
  int head_dim() const { return 2 * pairs + tail; }
  std::string text() const {
    const cuda::Entry& e = entry();
    std::string out = "row=" + std::to_string(row) + " seed=" + std::to_string(seed) +
                      " (storage " + std::to_string(static_cast<int>(e.storage)) +
                      (e.neox ? " neox" : " gptj") + " width " + std::to_string(e.width) +
                      (e.source == cuda::Source::table ? " table" : " positions");
    const std::pair<const char*, int> numbers[] = {{" tokens ", tokens},     {" maps ", maps},
                                                   {" pairs ", pairs},       {" tail ", tail},
                                                   {" kv_heads ", kv_heads}, {" group ", group}};
    for (const auto& [name, number] : numbers) out += name + std::to_string(number);
    const std::pair<const char*, bool> flags[] = {
        {" in place", in_place}, {" adjoint", adjoint}, {" special", special}, {" int64", wide}};
    for (const auto& [name, set] : flags) out += set ? name : "";
    return out + ")";
  }
};

// What keeps a wider entry out of a call that is drawn for a narrow one.
enum class Culprit : int { all, base, token_stride, head_stride, halves, tail };

// Multiples of the lanes of an access: of 16 bytes, but for the culprit of the row's own width.
struct Grains {
  int own = 1, widest = 1;
  Culprit culprit = Culprit::all;
  int of(Culprit what) const { return culprit == Culprit::all || culprit == what ? own : widest; }
};

// `count` rounded up to a multiple of `grain`, and up to two grains more.
inline int padded(Draw& draw, int count, int grain) {
  return (count + grain - 1) / grain * grain + grain * draw.number(0, 2);
}

// Strides of either sign, heads inside tokens or tokens inside heads, gaps.
inline Tensor3 draw_tensor(Draw& draw, int tokens, int heads, int head_dim, const Grains& grains,
                           int element) {
  Tensor3 out;
  out.heads = heads;
  const bool heads_inside = draw.coin();
  const int token_grain = grains.of(Culprit::token_stride);
  const int head_grain = grains.of(Culprit::head_stride);
  std::ptrdiff_t token = 0, head = 0;
  if (heads_inside) {
    head = padded(draw, head_dim, head_grain);
    token = padded(draw, static_cast<int>(head) * heads, token_grain);
  } else {
    token = padded(draw, head_dim, token_grain);
    head = padded(draw, static_cast<int>(token) * tokens, head_grain);
  }
  std::ptrdiff_t lowest = 0, highest = (tokens - 1) * token + (heads - 1) * head + head_dim;
  if (draw.number(0, 3) == 0) lowest -= (tokens - 1) * token, token = -token;
  if (draw.number(0, 3) == 0) lowest -= (heads - 1) * head, head = -head;
  if (lowest < 0) highest += lowest;
  const std::ptrdiff_t base = padded(draw, static_cast<int>(-lowest), grains.of(Culprit::base));
  out.base = static_cast<std::size_t>(base);
  out.bytes = static_cast<std::size_t>(base + highest + draw.number(0, 9)) *
              static_cast<std::size_t>(element);
  out.token_stride = token;
  out.head_stride = head;
  return out;
}

inline DrawnCall draw_call(std::size_t row, std::uint64_t seed) {
  Draw draw(seed * 1000003 + row);
  DrawnCall call;
  call.seed = seed;
  call.row = row;
  const cuda::Entry& e = call.entry();
  const int element = cuda::element_bytes(e.storage), lanes = e.width / element;
  const Grains grains{lanes, 16 / element, static_cast<Culprit>(draw.number(0, 5))};
  const auto pairs_of = [&](int wide) { return e.neox || wide == 1 ? wide : wide / 2; };
  const bool large = draw.number(0, 7) == 0;
  call.tokens = draw.number(1, large ? 40 : 6);
  call.kv_heads = draw.number(1, 3);
  call.group = draw.number(1, 4);
  call.maps = draw.coin() ? 1 : call.kv_heads;
  call.pairs = pairs_of(grains.of(Culprit::halves)) * draw.number(1, large ? 20 : 5);
  call.tail = draw.coin() ? 0 : grains.of(Culprit::tail) * draw.number(1, 3);
  call.axes = draw.number(1, 4);
  call.in_place = draw.coin();
  call.adjoint = draw.coin();
  call.special = draw.number(0, 3) == 0;
  call.wide = draw.coin();
  call.fused = draw.number(0, 3) != 0;
  if (draw.number(0, 2) == 0) call.attention_factor = 1.1386294361119891;
  if (draw.coin()) {
    call.grid.pieces = draw.number(1, 7);
    call.grid.tokens = draw.number(1, 5);
    call.grid.blocks_of_tokens = draw.number(1, 4);
    call.grid.blocks_of_heads = draw.number(1, 5);
  }
  const int heads = call.kv_heads * call.group;
  const auto tensor = [&](int count) {
    return draw_tensor(draw, call.tokens, count, call.head_dim(), grains, element);
  };
  call.q_in = tensor(heads);
  call.k_in = tensor(call.kv_heads);
  call.q_out = call.in_place ? call.q_in : tensor(heads);
  call.k_out = call.in_place ? call.k_in : tensor(call.kv_heads);
  return call;
}

// Encodings: ordinary numbers of all sizes, and zeros, subnormals, infinities and NaNs where
// `special`.
inline void fill(std::byte* to, std::size_t bytes, fast::Storage storage, bool special,
                 Draw& draw) {
  const auto value = [&]() -> double {
    if (special) {
      switch (draw.number(0, 15)) {
        case 0:
          return std::numeric_limits<double>::quiet_NaN();
        case 1:
          return draw.coin() ? HUGE_VAL : -HUGE_VAL;
        case 2:
          return draw.coin() ? 0.0 : -0.0;
        case 3:
          return std::ldexp(draw.number(-1000, 1000), -140);
        case 4:
          return std::ldexp(draw.number(-1000, 1000), -26);
        default:
          break;
      }
    }
    return std::ldexp(draw.number(-(1 << 26), 1 << 26), draw.number(-36, -20));
  };
  const auto size = static_cast<std::size_t>(cuda::element_bytes(storage));
  for (std::size_t i = 0; i + size <= bytes; i += size) {
    const double x = value();
    const auto narrow = static_cast<float>(x);
    const std::uint16_t half =
        storage == fast::Storage::bf16 ? fast::to_bf16(narrow) : fast::to_f16(narrow);
    if (size == 8) std::memcpy(to + i, &x, 8);
    if (size == 4) std::memcpy(to + i, &narrow, 4);
    if (size == 2) std::memcpy(to + i, &half, 2);
  }
}

}  // namespace plumbline::test
