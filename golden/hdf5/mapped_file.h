// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "golden/hdf5/file_descriptor.h"

namespace plumbline {

// A whole file as memory, to be read only. From the first one on, a page that is no longer in its
// file ends the process with one line and exit code 3, which no check beforehand can promise away.
class MappedFile {
 public:
  explicit MappedFile(const Descriptor& file);  // throws Refused naming the path
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace plumbline
