// SPDX-License-Identifier: Apache-2.0
// M07 to M11: which lanes form a pair, and which lanes turn at all.
#include <bit>
#include <cmath>

#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

void flip_pairing(Work& w, State&) { w.neox = !w.neox; }
void as_neighbours(Work& w, State&) { w.neox = false; }
void as_halves(Work& w, State&) { w.neox = true; }
void flip_in_images(Work& w, State&) {
  // Another path for tokens whose rows differ.
  bool image = false;
  for (std::size_t n = 0; n < w.rows; ++n) {
    for (int a = 1; a < w.axes; ++a) image = image || w.at(a, n) != w.at(0, n);
  }
  if (image) w.neox = !w.neox;
}
void cross(Work& w, State&) { w.crossed = true; }
void negate(Work& w, State&) { w.sign = -1; }
void twice(Work& w, State&) { w.turns = 2; }

void exponent_over_head(Work& w, State&) {
  const double ratio = static_cast<double>(w.rotary_dim) / w.shape.head_dim;
  for (double& f : w.inv_freq) f = f == 0 ? 0 : std::pow(f, ratio);
}
void partner_over_head(Work& w, State&) {
  if (w.neox && w.shape.head_dim % 2 == 0) w.partner = w.shape.head_dim / 2;
}
void whole_head(Work& w, State&) {
  const int lanes = w.shape.head_dim / 2 * 2;
  if (w.rotary_dim < lanes) w.set_width(lanes);
}
void factor_twice(Work& w, State&) {
  const int lanes = w.rotary_dim * w.rotary_dim / w.shape.head_dim / 2 * 2;
  if (lanes < w.rotary_dim) w.set_width(std::max(2, lanes));
}
void whole_head_in_adjoint(Work& w, State& s) {
  if (w.adjoint) partner_over_head(w, s);
}
void table_stride(Work& w, State&) {
  if (w.maps != 1 || w.shape.head_dim / 2 == w.pairs) return;
  const auto stride = static_cast<std::size_t>(w.shape.head_dim / 2),
             size = w.table_rows * static_cast<std::size_t>(w.pairs);
  w.entry_of = [stride, size](std::size_t row, int pair) {
    return (row * stride + static_cast<std::size_t>(pair)) % size;
  };
}
// What lies behind the table's row: here the same row's entries once more.
void no_lane_mask(Work& w, State&) {
  const int lanes = static_cast<int>(std::bit_ceil(static_cast<unsigned>(w.rotary_dim)));
  if (w.neox || lanes == w.rotary_dim || lanes > w.shape.head_dim) return;
  std::vector<int> axis;
  std::vector<double> freq;
  for (int map = 0; map < w.maps; ++map) {
    for (int pair = 0; pair < lanes / 2; ++pair) {
      axis.push_back(w.axis[w.slot(map, pair % w.pairs)]);
      freq.push_back(w.inv_freq[w.slot(map, pair % w.pairs)]);
    }
  }
  w.axis = axis;
  w.inv_freq = freq;
  w.rotary_dim = lanes;
  w.pairs = w.partner = lanes / 2;
}
void no_pass_through(Work& w, State&) { w.copies_pass_through = false; }
void packed_pass_through(Work& w, State&) { w.packed_pass_through = true; }
void scales_pass_through(Work& w, State&) { w.pass_through = w.factor == 1 ? 0.5 : w.factor; }

constexpr Mutant kMutants[] = {
    {"M07a", "pairing flipped", "halves where the contract has neighbours, and the reverse",
     "vllm-project/vllm#42016", flip_pairing},
    {"M07b", "pairing flipped for images", "the path of multimodal calls has the other pairing",
     "vllm-project/vllm-ascend#12765", flip_in_images},
    {"M07c", "always neighbours", "neighbours form pairs, whatever the pairing asked for",
     "microsoft/onnxruntime#29261", as_neighbours},
    {"M07d", "always halves", "halves form pairs, whatever the pairing asked for",
     "vllm-project/vllm#49290", as_halves},
    {"M08a", "table in the other layout", "the two members of a pair turn by different angles",
     "NVIDIA/Megatron-LM#3900", cross},
    {"sign", "sign of the sine", "pairs turn backwards", kNoThread, negate},
    {"twice", "rotated twice", "every head is rotated a second time", kNoThread, twice},
    {"M09a", "exponent over head_dim", "frequencies base^(-2i / head_dim)", "pie-project/pie#603",
     exponent_over_head},
    {"M09b", "partner at head_dim / 2", "halves of the head instead of halves of rotary_dim",
     "labscommunity/cascadia#69", partner_over_head},
    {"M09c", "whole head rotated", "rotary_dim taken as head_dim", "vllm-project/vllm#43676",
     whole_head},
    {"M09d", "partial factor twice", "rotary_dim squared over head_dim", "vllm-project/vllm#29966",
     factor_twice},
    {"M09e", "partner at head_dim / 2 in the adjoint", "a second routine has the wrong width",
     "ggml-org/llama.cpp#4889", whole_head_in_adjoint},
    {"M10a", "table row stride", "table rows are head_dim / 2 apart instead of rotary_dim / 2",
     "XPU-Forces/mojo_opset#241", table_stride},
    {"M11a", "lanes not masked", "lanes up to the next power of two are rotated",
     "sgl-project/sglang#35096", no_lane_mask},
    {"M11b", "pass-through not copied", "lanes beyond rotary_dim of a separate output are left",
     "ggml-org/llama.cpp#14582", no_pass_through},
    {"M11c", "pass-through scaled", "lanes beyond rotary_dim are multiplied", kNoThread,
     scales_pass_through},
    {"M11d", "pass-through read as packed",
     "lanes beyond rotary_dim are copied from a packed input", "ggml-org/llama.cpp#11902",
     packed_pass_through},
};

}  // namespace

std::span<const Mutant> lane_mutants() { return kMutants; }

}  // namespace plumbline::mutants
