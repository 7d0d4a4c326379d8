// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace plumbline {

// A new file under a temporary name beside `final_path`, removed at the end of its life unless
// publish() gave it its final name. Throws Refused naming the final path and the reason.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path final_path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return final_; }
  const std::filesystem::path& temporary_path() const { return temporary_; }
  std::uint64_t size() const { return size_; }

  // Never fail, so that a library in between never sees its file refuse: the first failure is kept
  // for require_written(), and what is lost by it can still be read if it was written with
  // `may_be_read`.
  void write(std::uint64_t offset, std::span<const std::byte> bytes, bool may_be_read) noexcept;
  // Into space that the file already counts as its own; any number of threads may call it at once.
  void fill(std::uint64_t offset, std::span<const std::byte> bytes) noexcept;
  void read(std::uint64_t offset, std::span<std::byte> to) const noexcept;  // zeros beyond the end
  void resize(std::uint64_t size) noexcept;

  void require_written() const;
  void sync();               // to the medium
  void publish();            // renames, and syncs the folder
  void withdraw() noexcept;  // removes what publish() made

 private:
  // Returns what it could not write.
  std::span<const std::byte> put(std::uint64_t offset, std::span<const std::byte> bytes) noexcept;

  std::filesystem::path final_, temporary_;
  int fd_ = -1;
  std::atomic<int> error_ = 0;  // the first one
  std::uint64_t size_ = 0;
  std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> lost_;
  bool published_ = false;
};

}  // namespace plumbline
