// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "properties/cuda/device.h"

namespace plumbline::test {
namespace {

constexpr int kHeads = 32, kKvHeads = 8, kHeadDim = 128, kPairs = kHeadDim / 2;

// Seconds of one call: the least of several samples, each of `repeats` calls.
template <class Call>
double seconds(int repeats, const Call& call) {
  cudaEvent_t begin = nullptr, end = nullptr;
  must(cudaEventCreate(&begin), "event");
  must(cudaEventCreate(&end), "event");
  double best = HUGE_VAL;
  for (int sample = 0; sample < 10; ++sample) {
    must(cudaEventRecord(begin), "event");
    for (int i = 0; i < repeats; ++i) call();
    must(cudaEventRecord(end), "event");
    must(cudaEventSynchronize(end), "run");
    float milliseconds = 0;
    must(cudaEventElapsedTime(&milliseconds, begin, end), "event");
    if (sample != 0) best = std::min(best, milliseconds * 1e-3 / repeats);  // the first warms up
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return best;
}

// Bytes read and written by copying half of a buffer onto the other, a second.
double copy_bandwidth(const DeviceMemory& buffer, std::size_t bytes, int repeats) {
  const double time = seconds(repeats, [&] {
    must(cudaMemcpyAsync(buffer.data(), buffer.data() + bytes / 2, bytes / 2,
                         cudaMemcpyDeviceToDevice),
         "copy");
  });
  return static_cast<double>(bytes) / time;
}

void print_one(fast::Storage storage, bool neox, bool from_table, int tokens,
               std::int64_t threads) {
  const auto element = static_cast<std::size_t>(cuda::element_bytes(storage));
  const auto count = static_cast<std::size_t>(tokens);
  const std::size_t row = kHeadDim * element;
  const DeviceMemory q(count * kHeads * row), k(count * kKvHeads * row);
  const DeviceMemory table(count * kHeadDim * 4), turns(kPairs * sizeof(cuda::Turn)),
      positions(count * 4);
  must(cudaMemset(q.data(), 0, count * kHeads * row), "set");
  must(cudaMemset(k.data(), 0, count * kKvHeads * row), "set");
  must(cudaMemset(table.data(), 0, count * kHeadDim * 4), "set");
  must(cudaMemset(turns.data(), 0, kPairs * sizeof(cuda::Turn)), "set");
  must(cudaMemset(positions.data(), 0, count * 4), "set");
  fast::RotaryPlan plan;
  plan.tokens = tokens;
  plan.head_dim = plan.rotary_dim = kHeadDim;
  plan.num_heads = kHeads;
  plan.num_key_value_heads = kKvHeads;
  plan.neox = neox;
  const auto tensor = [](const DeviceMemory& at, int heads) {
    const std::ptrdiff_t token = std::ptrdiff_t{kHeadDim} * heads;
    return cuda::Rotated{heads, {at.data(), token, kHeadDim}, {at.data(), token, kHeadDim}};
  };
  const cuda::Phases phases{reinterpret_cast<const cuda::Turn*>(turns.data()), positions.data(),
                            false, 1};
  const auto direction = fast::Direction::forward;
  const cuda::Launch launch =
      from_table ? plan_launch(plan, storage, tensor(q, kHeads), tensor(k, kKvHeads), direction,
                               static_cast<const void*>(table.data()), threads)
                 : plan_launch(plan, storage, tensor(q, kHeads), tensor(k, kKvHeads), direction,
                               phases, threads);
  // What cannot be avoided: q and k read and written, the table or the positions read.
  const std::size_t bytes =
      count * (2 * (kHeads + kKvHeads) * row + (from_table ? kHeadDim * 4U : 4U));
  const int repeats = tokens < 1000 ? 100 : 10;
  const double time = seconds(repeats, [&] { must(cuda::launch(launch, nullptr), "launch"); });
  const DeviceMemory buffer(bytes);
  const double copy = copy_bandwidth(buffer, bytes / 32 * 32, repeats);
  const double reached = static_cast<double>(bytes) / time;
  constexpr const char* kNames[] = {"f64", "f32", "bf16", "f16"};
  std::printf("%-4s %s %-9s tokens %6d: %9.2f us, %8.2f ns/token, %7.1f GB/s, %5.1f %% of a copy\n",
              kNames[static_cast<std::size_t>(storage)], neox ? "neox" : "gptj",
              from_table ? "table" : "positions", tokens, time * 1e6, time * 1e9 / tokens,
              reached * 1e-9, 100 * reached / copy);
}

}  // namespace

void print_bandwidths(std::int64_t threads) {
  std::printf("q %d + k %d heads of %d, in place; a copy of as many bytes on the same device\n",
              kHeads, kKvHeads, kHeadDim);
  for (const fast::Storage storage :
       {fast::Storage::f32, fast::Storage::bf16, fast::Storage::f16}) {
    for (const bool neox : {true, false}) {
      for (const bool from_table : {true, false}) {
        for (const int tokens : {1, 64, 4096, 32768})
          print_one(storage, neox, from_table, tokens, threads);
      }
    }
  }
}

}  // namespace plumbline::test
