// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "golden/file.h"

namespace plumbline {

// What the metadata of a file say about one dataset, before anybody has checked it against the
// file.
struct StoredDataset {
  Dtype dtype = Dtype::u8;
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // bytes that the file stores
  bool compact = false;    // the data are part of the metadata, and here in `bytes`
  std::vector<std::byte> bytes;
};

struct StoredGroup {
  std::map<std::string, std::string> text;
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, StoredDataset> datasets;  // by path below the group
};

// A whole file without the data of its contiguous datasets.
struct FileIndex {
  RootAttributes root;
  std::map<std::string, StoredGroup> cases;  // by id
};

// Either the index or the one line that says why there is none, as it travels from the process that
// walks the file.
std::vector<std::uint8_t> encode(const FileIndex& index);
std::vector<std::uint8_t> encode_refusal(const std::string& line);
// Throws Refused with that line; std::runtime_error if the message is incomplete.
FileIndex decode(std::span<const std::uint8_t> message);

}  // namespace plumbline
