// SPDX-License-Identifier: Apache-2.0
#include "fast/cuda/device.h"
#include "fast/cuda/rotate.h"

namespace plumbline::fast::cuda {

template <int row>
constexpr int kHeld = blocks_held(kEntry<row>);

// `row` of kEntries; the report of the assembler is read by it.
template <int row>
__global__ void __launch_bounds__(kBlockThreads, kHeld<row>)
    rotary(const __grid_constant__ Parameters parameters) {
  Thread t;
  t.piece = static_cast<int>(threadIdx.x);
  t.pieces = static_cast<int>(blockDim.x);
  t.token = static_cast<int>(blockIdx.x * blockDim.y + threadIdx.y);
  t.tokens = static_cast<int>(gridDim.x * blockDim.y);
  t.head = static_cast<int>(blockIdx.y);
  t.heads = static_cast<int>(gridDim.y);
  Body<Machine, kEntry<row>>::run(parameters, t);
}

namespace {

using RotaryKernel = void (*)(Parameters);

template <int... index>
constexpr std::array<RotaryKernel, sizeof...(index)> all(
    std::integer_sequence<int, index...> /*rows*/) {
  return {rotary<index>...};
}
const auto kAll = all(std::make_integer_sequence<int, static_cast<int>(kEntries.size())>());

}  // namespace

cudaError_t launch(const Launch& one, cudaStream_t stream) {
  if (one.grid.blocks_of_tokens == 0) return cudaSuccess;
  const dim3 grid(static_cast<unsigned>(one.grid.blocks_of_tokens),
                  static_cast<unsigned>(one.grid.blocks_of_heads));
  const dim3 block(static_cast<unsigned>(one.grid.pieces), static_cast<unsigned>(one.grid.tokens));
  kAll[one.entry]<<<grid, block, 0, stream>>>(one.parameters);
  return cudaGetLastError();
}

}  // namespace plumbline::fast::cuda
