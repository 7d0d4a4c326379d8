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
};

std::filesystem::path manifest_path(const std::filesystem::path& file);

// The manifest of FORMAT.md, section 8, of the file as it lies on disk. Extents in any order,
// without overlap. Reads each byte once, in bounded memory.
std::string manifest_text(const std::filesystem::path& file, std::vector<Extent> datasets);

}  // namespace plumbline
