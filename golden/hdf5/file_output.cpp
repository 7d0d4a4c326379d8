// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "golden/file.h"

namespace plumbline {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, const std::string& why) {
  throw Refused(fmt::format("cannot write {}: {}", path.string(), why));
}

[[noreturn]] void cannot_write(const fs::path& path, int error) {
  cannot_write(path, std::generic_category().message(error));
}

}  // namespace

OutputFile::OutputFile(fs::path final_path)
    : final_(std::move(final_path)),
      temporary_(fs::path(final_) += fmt::format(".tmp.{}", ::getpid())) {
  std::error_code ignored;
  const fs::file_status status = fs::status(final_, ignored);
  if (fs::is_directory(status) || !final_.has_filename()) cannot_write(final_, "is a directory");
  // The rename would replace a device without a word.
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    cannot_write(final_, "is not a regular file");
  }
  // A killed process with the same id may have left one.
  if (::unlink(temporary_.c_str()) != 0 && errno != ENOENT) cannot_write(final_, errno);
  fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) cannot_write(final_, errno);
}

OutputFile::~OutputFile() {
  ::close(fd_);
  if (!published_) ::unlink(temporary_.c_str());
}

std::span<const std::byte> OutputFile::put(std::uint64_t offset,
                                           std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty() && error_ == 0) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno != EINTR) {
      int none = 0;
      error_.compare_exchange_strong(none, errno);
    }
    if (put <= 0) continue;
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return bytes;
}

void OutputFile::fill(std::uint64_t offset, std::span<const std::byte> bytes) noexcept {
  put(offset, bytes);
}

void OutputFile::write(std::uint64_t offset, std::span<const std::byte> bytes,
                       bool may_be_read) noexcept {
  const std::uint64_t end = offset + bytes.size();
  size_ = std::max(size_, end);
  bytes = put(offset, bytes);
  if (!bytes.empty() && may_be_read) {
    lost_.emplace_back(end - bytes.size(), std::vector<std::byte>(bytes.begin(), bytes.end()));
  }
}

void OutputFile::read(std::uint64_t offset, std::span<std::byte> to) const noexcept {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t got =
        ::pread(fd_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(done), to.end(), std::byte{0});
  for (const auto& [begin, bytes] : lost_) {
    const std::uint64_t from = std::max(begin, offset);
    const std::uint64_t end = std::min(begin + bytes.size(), offset + to.size());
    for (std::uint64_t i = from; i < end; ++i) to[i - offset] = bytes[i - begin];
  }
}

void OutputFile::resize(std::uint64_t size) noexcept {
  int none = 0;
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) error_.compare_exchange_strong(none, errno);
  size_ = size;
}

void OutputFile::require_written() const {
  if (error_ != 0) cannot_write(final_, error_);
}

void OutputFile::sync() {
  require_written();
  if (::fsync(fd_) != 0) cannot_write(final_, errno);
}

void OutputFile::publish() {
  if (std::rename(temporary_.c_str(), final_.c_str()) != 0) cannot_write(final_, errno);
  published_ = true;
  const fs::path folder = final_.has_parent_path() ? final_.parent_path() : ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) cannot_write(final_, error);
}

void OutputFile::withdraw() noexcept { ::unlink(final_.c_str()); }

}  // namespace plumbline
