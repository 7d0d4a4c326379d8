// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "golden/hdf5/file_names.h"

namespace plumbline {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

// O_NONBLOCK, so that a named pipe is refused instead of waited for.
Descriptor::Descriptor(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (fd_ < 0) throw refused(path_, fmt::format("cannot be opened: {}", reason(errno)));
  struct stat status {};
  const bool known = ::fstat(fd_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    throw refused(path_, "is not a regular file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

Descriptor::~Descriptor() { ::close(fd_); }

void Descriptor::read(std::uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t got = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refused(path_, fmt::format("cannot be read: {}", reason(errno)));
    if (got == 0) throw refused(path_, fmt::format("ends at offset {}", offset));
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
}

namespace {

void each(const Descriptor& file, std::uint64_t begin, std::uint64_t end, std::size_t most,
          const std::function<void(std::uint64_t, std::span<const std::byte>)>& use) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(most, end - begin));
  while (begin < end) {
    const std::span<std::byte> block(buffer.data(),
                                     std::min<std::uint64_t>(buffer.size(), end - begin));
    file.read(begin, block);
    use(begin, block);
    begin += block.size();
  }
}

}  // namespace

void Descriptor::each_piece(
    std::uint64_t begin, std::uint64_t end,
    const std::function<void(std::uint64_t, std::span<const std::byte>)>& use) const {
  each(*this, begin, end, std::size_t{256} << 10, use);
}

void Descriptor::each_block(
    std::uint64_t begin, std::uint64_t end,
    const std::function<void(std::uint64_t, std::span<const std::byte>)>& use) const {
  each(*this, begin, end, kBlockBytes, use);
}

}  // namespace plumbline
