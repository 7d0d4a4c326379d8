// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace plumbline {

// Where a dataset's data lie in the file.
struct Extent {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string digest = {};
};

std::filesystem::path manifest_path(const std::filesystem::path& file);

// The manifest of FORMAT.md, section 8, of a file whose datasets were digested as they were
// written; its metadata are read. Extents in any order, without overlap.
std::string manifest_text(const std::filesystem::path& file, std::vector<Extent> datasets);

}  // namespace plumbline
