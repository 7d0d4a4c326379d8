// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "golden/file.h"

namespace plumbline {

// A regular file, open for reading. Every failure is a Refused that names the path.
class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  std::uint64_t size() const { return size_; }
  int number() const { return fd_; }
  const std::filesystem::path& path() const { return path_; }
  // Fills `to`; a file that became shorter is refused.
  void read(std::uint64_t offset, std::span<std::byte> to) const;
  // Calls `use` with [begin, end) in order, in pieces that stay in a processor's own cache.
  void each_piece(std::uint64_t begin, std::uint64_t end,
                  const std::function<void(std::uint64_t, std::span<const std::byte>)>& use) const;
  // The same in blocks of kBlockBytes from `begin`, the last one
  // shorter.
  void each_block(std::uint64_t begin, std::uint64_t end,
                  const std::function<void(std::uint64_t, std::span<const std::byte>)>& use) const;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace plumbline
