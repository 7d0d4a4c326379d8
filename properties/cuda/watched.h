// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fast/cuda/shim.h"

// A machine that keeps book of every access of a kernel body, byte by byte.
namespace plumbline::test {

struct Region {
  std::string name;
  const std::byte* data = nullptr;
  std::size_t size = 0;
  bool writable = false;
  int width = 0;  // bytes that each access must have; 0: any
  // How often each byte was read and written, and by which thread it was written last.
  std::vector<std::uint16_t> reads, writes;
};

class Watch {
 public:
  void add(std::string name, const void* data, std::size_t size, bool writable, int width) {
    regions_.push_back({std::move(name), static_cast<const std::byte*>(data), size, writable, width,
                        std::vector<std::uint16_t>(size), std::vector<std::uint16_t>(size)});
  }
  // Called before an access; false: it must not happen.
  bool access(const void* address, std::size_t bytes, bool write) {
    const auto* at = static_cast<const std::byte*>(address);
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    for (Region& r : regions_) {
      if (at < r.data || at + bytes > r.data + r.size) continue;
      const auto first = static_cast<std::size_t>(at - r.data);
      if (number % bytes != 0) return refuse(r.name + ": access is not aligned", first);
      if (write && !r.writable) return refuse(r.name + ": written", first);
      if (r.width != 0 && bytes != static_cast<std::size_t>(r.width))
        return refuse(r.name + ": access of " + std::to_string(bytes) + " bytes", first);
      for (std::size_t i = first; i < first + bytes; ++i) {
        if (!write && r.writes[i] != 0) return refuse(r.name + ": read after write", i);
        ++(write ? r.writes : r.reads)[i];
      }
      return true;
    }
    return refuse("access outside all views", 0);
  }
  const std::string& fault() const { return fault_; }
  const Region& region(const std::string& name) const {
    for (const Region& r : regions_) {
      if (r.name == name) return r;
    }
    return regions_.front();
  }

 private:
  bool refuse(const std::string& what, std::size_t offset) {
    if (fault_.empty()) fault_ = what + " at byte " + std::to_string(offset);
    return false;
  }
  std::vector<Region> regions_;
  std::string fault_;
};

struct Watched : fast::cuda::Machine {
  static inline Watch* watch = nullptr;

  template <class Bytes>
  static Bytes load(const void* from) {
    if (!watch->access(from, sizeof(Bytes), false)) return Bytes{};
    return fast::cuda::Machine::load<Bytes>(from);
  }
  template <class Bytes>
  static void store(void* to, const Bytes& chunk) {
    if (watch->access(to, sizeof(Bytes), true)) fast::cuda::Machine::store(to, chunk);
  }
};

}  // namespace plumbline::test
