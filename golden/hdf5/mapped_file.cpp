// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>

#include "golden/hdf5/file_names.h"

namespace plumbline {
namespace {

extern "C" void file_became_shorter(int) {
  constexpr std::string_view kLine = "plumbline: a file became shorter while it was read\n";
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(3);
}

}  // namespace

MappedFile::MappedFile(const Descriptor& file) {
  if (file.size() == 0) return;
  void* at = ::mmap(nullptr, file.size(), PROT_READ, MAP_SHARED, file.number(), 0);
  if (at == MAP_FAILED) {
    throw refused(file.path(),
                  fmt::format("cannot be mapped: {}", std::generic_category().message(errno)));
  }
  bytes_ = {static_cast<const std::byte*>(at), file.size()};
  std::signal(SIGBUS, file_became_shorter);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace plumbline
