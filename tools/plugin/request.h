// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "tools/plugin/process.h"

// One call in shared memory: where each buffer lies, and what the memory says afterwards.
namespace plumbline::plugin {

class Layout {
 public:
  // `alignment` is the kernel's; 0: that of an element. Keeps a reference to `call`.
  Layout(const CallBytes& call, std::uint64_t alignment);
  std::uint64_t end() const { return end_; }
  // Address space of tensors in pieces.
  std::uint64_t far_bytes() const { return far_bytes_; }
  // The whole request: control block, inputs, what outputs hold before the call, poison around.
  void write(std::byte* memory) const;
  // Poison around the buffers, after a call that came back.
  Result check(const std::byte* memory) const;
  void read(const std::byte* memory, CallBytes& call) const;

 private:
  struct Part {
    const void* data = nullptr;
    std::uint64_t bytes = 0;
    const std::vector<Piece>* pieces = nullptr;  // in place of data
    Buffer buffer;
  };
  void add(Slot slot, const void* data, std::uint64_t bytes, bool writable,
           std::uint64_t alignment);
  void add_tensor(Slot slot, const std::vector<std::byte>& dense, const std::vector<Piece>& pieces,
                  bool writable, std::uint64_t alignment);
  const CallBytes& call_;
  std::array<Part, kSlots> parts_{};
  std::uint64_t end_ = kControlBytes, far_bytes_ = 0;
};

// "SIGSEGV: read 1 byte past the end of q", from what the process wrote down before it died.
Result describe_fault(const Fault& fault);

}  // namespace plumbline::plugin
