// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "fast/cuda/device.h"
#include "properties/cuda/golden_run.h"

// Launches on a CUDA device, with memory that is mirrored for the time of a launch.
namespace plumbline::test {

inline void must(cudaError_t status, const char* what) {
  if (status != cudaSuccess)
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t bytes) {
    must(cudaMalloc(&data_, bytes == 0 ? 1 : bytes), "cudaMalloc");
  }
  ~DeviceMemory() { cudaFree(data_); }
  DeviceMemory(DeviceMemory&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_ = nullptr;
};

// The launch with every pointer moved to the mirror of its span, at the same place modulo 256.
inline void on_device(const cuda::Launch& launch, Memory memory) {
  std::vector<DeviceMemory> mirrors;
  std::vector<std::size_t> shifts;
  for (const std::span<std::byte> span : memory) {
    shifts.push_back(reinterpret_cast<std::uintptr_t>(span.data()) % 256);
    mirrors.emplace_back(span.size() + 256);
    must(cudaMemcpy(mirrors.back().data() + shifts.back(), span.data(), span.size(),
                    cudaMemcpyHostToDevice),
         "copy to the device");
  }
  const auto moved = [&](const void* host) -> std::byte* {
    const auto* at = static_cast<const std::byte*>(host);
    for (std::size_t i = 0; i < mirrors.size(); ++i) {
      if (at >= memory[i].data() && at < memory[i].data() + memory[i].size())
        return mirrors[i].data() + shifts[i] + (at - memory[i].data());
    }
    if (host != nullptr) throw std::logic_error("a pointer of the launch has no mirror");
    return nullptr;
  };
  cuda::Launch there = launch;
  for (cuda::Heads* heads : {&there.parameters.q, &there.parameters.k}) {
    heads->input = moved(heads->input);
    heads->output = moved(heads->output);
  }
  there.parameters.cos_sin_cache = moved(there.parameters.cos_sin_cache);
  there.parameters.turns = reinterpret_cast<const cuda::Turn*>(moved(there.parameters.turns));
  there.parameters.position_ids = moved(there.parameters.position_ids);
  must(cuda::launch(there, nullptr), "launch");
  must(cudaDeviceSynchronize(), "run");
  for (std::size_t i = 0; i < mirrors.size(); ++i)
    must(cudaMemcpy(memory[i].data(), mirrors[i].data() + shifts[i], memory[i].size(),
                    cudaMemcpyDeviceToHost),
         "copy from the device");
}

// Prints, for each storage, pairing, source and number of tokens, the time per token and the share
// of the bandwidth that copying on the same device reaches.
void print_bandwidths(std::int64_t threads);

}  // namespace plumbline::test
