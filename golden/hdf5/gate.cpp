// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "golden/hdf5/file_names.h"
#include "golden/hdf5/gate_child.h"

namespace plumbline {
namespace {

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

// HDF5 file format specification, section II.A: the fields that all three versions share, at their
// own places.
void check_superblock(const Descriptor& file) {
  std::array<std::byte, 96> head{};
  const std::span<std::byte> start =
      std::span(head).first(std::min<std::uint64_t>(head.size(), file.size()));
  file.read(0, start);
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  if (!std::ranges::equal(std::span(head).first(8), std::as_bytes(std::span(kSignature)))) {
    throw Refused("has no HDF5 signature at offset 0");
  }
  const unsigned version = std::to_integer<unsigned>(head[8]);
  if (version != 0 && version != 2 && version != 3) {
    throw Refused(fmt::format("has superblock version {}, not 0, 2 or 3", version));
  }
  const std::size_t width = std::to_integer<std::size_t>(head[version == 0 ? 13 : 9]);
  if (width != 2 && width != 4 && width != 8) {
    throw Refused(fmt::format("has addresses of {} bytes", width));
  }
  // Base address, another address, end-of-file address.
  const auto addresses = std::span(head).subspan(version == 0 ? 24 : 12);
  const std::uint64_t base = little_endian(addresses.first(width));
  if (base != 0) throw Refused(fmt::format("has base address {}, not 0", base));
  const std::uint64_t end = little_endian(addresses.subspan(2 * width, width));
  if (end != file.size()) {
    throw Refused(fmt::format("has {} bytes, its superblock says {}", file.size(), end));
  }
}

struct Claim {
  std::uint64_t offset, size;
  std::string path;
};

void check_extents(const FileIndex& index, std::uint64_t file_size) {
  std::vector<Claim> claims;
  for (const auto& [id, group] : index.cases) {
    for (const auto& [name, one] : group.datasets) {
      const std::string path = fmt::format("/cases/{}/{}", id, name);
      const auto bytes = byte_count(one.shape, info(one.dtype).bytes);
      if (one.size == 0 && bytes != 0) throw Refused(fmt::format("dataset {} has no data", path));
      if (bytes != one.size) {
        throw Refused(
            fmt::format("dataset {} stores {} bytes, not those of its shape", path, one.size));
      }
      if (one.compact || one.size == 0) continue;
      if (one.offset > file_size || one.size > file_size - one.offset) {
        throw Refused(fmt::format("dataset {} lies outside the file", path));
      }
      claims.push_back({one.offset, one.size, path});
    }
  }
  std::ranges::sort(claims, {}, &Claim::offset);
  for (std::size_t i = 1; i < claims.size(); ++i) {
    if (claims[i].offset - claims[i - 1].offset < claims[i - 1].size) {
      throw Refused(fmt::format("datasets {} and {} overlap", claims[i - 1].path, claims[i].path));
    }
  }
}

}  // namespace

FileIndex inspect(const std::filesystem::path& path, const Descriptor& file) {
  check_superblock(file);
  FileIndex index = walk_in_child(path);
  check_extents(index, file.size());
  return index;
}

}  // namespace plumbline
