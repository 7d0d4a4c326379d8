// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

#include "golden/hdf5/file_descriptor.h"
#include "golden/hdf5/file_digest.h"
#include "golden/hdf5/file_names.h"
#include "reference/parallel.h"

namespace plumbline {
namespace {

// Version 1 had a digest of the whole file too, which no two processors can share.
constexpr std::string_view kFirstLines[] = {"plumbline-manifest 1", "plumbline-manifest 2"};
constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{64} << 20;

struct Metadata {
  std::uint64_t size = 0, sum = 0, moment = 0;
  std::string sha256;
};

struct Manifest {
  std::uint64_t size = 0;
  std::string sha256;  // of the whole file; empty in version 2
  std::vector<Extent> datasets;
  Metadata metadata;
};

// One changed byte, at `offset`, that held `original`.
struct ChangedByte {
  std::uint64_t offset;
  std::byte original;
};

// Calls `metadata(begin, end)` and `dataset(index)` for the consecutive pieces of the file.
template <class OnMetadata, class OnDataset>
void walk(const std::vector<Extent>& datasets, std::uint64_t size, OnMetadata metadata,
          OnDataset dataset) {
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    if (datasets[i].size != 0) {
      metadata(at, datasets[i].offset);
      at = datasets[i].offset + datasets[i].size;
    }
    dataset(i);
  }
  metadata(at, size);
}

bool in_order(const std::vector<Extent>& datasets, std::uint64_t size) {
  std::uint64_t at = 0;
  for (const Extent& one : datasets) {
    if (one.size == 0) continue;
    if (one.offset < at || one.offset > size || one.size > size - one.offset) return false;
    at = one.offset + one.size;
  }
  return true;
}

// The datasets must be in order.
Metadata measure_metadata(const Descriptor& file, const std::vector<Extent>& datasets) {
  Metadata all;
  Sha256 outside;
  walk(
      datasets, file.size(),
      [&](std::uint64_t begin, std::uint64_t end) {
        file.each_block(begin, end, [&](std::uint64_t offset, std::span<const std::byte> block) {
          outside.update(block);
          all.size += block.size();
          for (const std::byte b : block) {
            all.sum += std::to_integer<std::uint64_t>(b);
            all.moment += offset++ * std::to_integer<std::uint64_t>(b);
          }
        });
      },
      [](std::size_t) {});
  all.sha256 = hex(outside.finish());
  return all;
}

// Blocks are handed out by number to as many threads as there are processors.
void measure_datasets(const Descriptor& file, std::vector<Extent>& datasets) {
  struct Job {
    std::uint64_t offset, size;
    Sha256::Digest digest = {};
  };
  std::vector<Job> jobs;
  for (const Extent& one : datasets)
    for (std::uint64_t at = 0; at < one.size; at += kBlockBytes)
      jobs.push_back({one.offset + at, std::min<std::uint64_t>(kBlockBytes, one.size - at)});
  each_on_all_cores(jobs.size(), [&](std::size_t i) {
    Sha256 leaf;
    file.each_piece(jobs[i].offset, jobs[i].offset + jobs[i].size,
                    [&](std::uint64_t, std::span<const std::byte> piece) { leaf.update(piece); });
    jobs[i].digest = leaf.finish();
  });
  auto job = jobs.begin();
  for (Extent& one : datasets) {
    std::vector<Sha256::Digest> blocks;
    for (std::uint64_t at = 0; at < one.size; at += kBlockBytes) blocks.push_back((job++)->digest);
    one.digest = tree_digest(blocks);
  }
}

std::string whole_digest(const Descriptor& file) {
  Sha256 whole;
  file.each_block(0, file.size(),
                  [&](std::uint64_t, std::span<const std::byte> block) { whole.update(block); });
  return hex(whole.finish());
}

std::string to_text(const Manifest& all) {
  const bool first = !all.sha256.empty();
  std::string text = fmt::format("{}\nfile {}{}{}\n", kFirstLines[first ? 0 : 1], all.size,
                                 first ? " " : "", all.sha256);
  for (const Extent& one : all.datasets)
    text += fmt::format("dataset {} {} {} {}\n", one.path, one.offset, one.size, one.digest);
  const Metadata& m = all.metadata;
  text += fmt::format("metadata {} {} {} {}\n", m.size, m.sum, m.moment, m.sha256);
  return text + fmt::format("end {}\n", sha256_hex(text));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// None for a line of any other form; the order of the lines is left to the comparison with
// to_text().
std::optional<Manifest> parse(std::string_view text) {
  Manifest all;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    std::vector<std::optional<std::uint64_t>> numbers;
    for (const std::string_view word : words) numbers.push_back(number(word));
    if (words[0] == "file" && (words.size() == 2 || words.size() == 3) && numbers[1]) {
      all.size = *numbers[1];
      if (words.size() == 3) all.sha256 = words[2];
    } else if (words[0] == "dataset" && words.size() == 5 && numbers[2] && numbers[3]) {
      all.datasets.push_back(
          {std::string(words[1]), *numbers[2], *numbers[3], std::string(words[4])});
    } else if (words[0] == "metadata" && words.size() == 5 && numbers[1] && numbers[2] &&
               numbers[3]) {
      all.metadata = {*numbers[1], *numbers[2], *numbers[3], std::string(words[4])};
    }
  }
  // Writing it again covers the end line, and with it every byte.
  if (!in_order(all.datasets, all.size) || to_text(all) != text) return std::nullopt;
  return all;
}

Manifest read_manifest(const std::filesystem::path& file) {
  const std::filesystem::path path = manifest_path(file);
  if (!std::filesystem::exists(path)) throw refused(file, "no manifest beside the file");
  const Descriptor source(path);
  if (source.size() > kMaxManifestBytes) throw refused(path, "the manifest is damaged");
  std::string text(source.size(), '\0');
  source.read(0, std::as_writable_bytes(std::span(text)));
  const std::optional<Manifest> all = parse(text);
  if (!all) throw refused(path, "the manifest is damaged");
  return *all;
}

std::string metadata_digest(const Descriptor& file, const std::vector<Extent>& datasets,
                            const ChangedByte& undo) {
  Sha256 hash;
  const auto hash_range = [&](std::uint64_t begin, std::uint64_t end) {
    file.each_block(begin, end,
                    [&](std::uint64_t, std::span<const std::byte> block) { hash.update(block); });
  };
  walk(
      datasets, file.size(),
      [&](std::uint64_t begin, std::uint64_t end) {
        if (undo.offset < begin || undo.offset >= end) return hash_range(begin, end);
        hash_range(begin, undo.offset);
        hash.update(std::span(&undo.original, 1));
        hash_range(undo.offset + 1, end);
      },
      [](std::size_t) {});
  return hex(hash.finish());
}

// With one changed byte the moment differs by offset * difference, and the sum by the difference.
// Two changed bytes can look like one between them, so the digest of the undone file decides.
std::optional<std::uint64_t> find_changed_byte(const Descriptor& file, const Manifest& expected,
                                               const Metadata& found) {
  const auto difference = static_cast<std::int64_t>(found.sum - expected.metadata.sum);
  const auto moment = static_cast<std::int64_t>(found.moment - expected.metadata.moment);
  if (difference == 0 || difference < -255 || difference > 255) return std::nullopt;
  if (moment % difference != 0 || moment / difference < 0) return std::nullopt;
  const auto offset = static_cast<std::uint64_t>(moment / difference);
  if (offset >= file.size()) return std::nullopt;
  std::byte now{};
  file.read(offset, std::span(&now, 1));
  const std::int64_t original = std::to_integer<std::int64_t>(now) - difference;
  if (original < 0 || original > 255) return std::nullopt;
  const ChangedByte undo{offset, static_cast<std::byte>(original)};
  if (metadata_digest(file, expected.datasets, undo) != expected.metadata.sha256) {
    return std::nullopt;
  }
  return offset;
}

}  // namespace

std::filesystem::path manifest_path(const std::filesystem::path& file) {
  return std::filesystem::path(file) += ".manifest";
}

std::string manifest_text(const std::filesystem::path& file, std::vector<Extent> datasets) {
  std::sort(datasets.begin(), datasets.end(), [](const Extent& a, const Extent& b) {
    return std::tie(a.offset, a.size, a.path) < std::tie(b.offset, b.size, b.path);
  });
  const Descriptor source(file);
  if (!in_order(datasets, source.size())) throw refused(file, "datasets overlap");
  const Metadata metadata = measure_metadata(source, datasets);
  return to_text({source.size(), {}, std::move(datasets), metadata});
}

void check_manifest(const std::filesystem::path& path) {
  const Descriptor file(path);
  const Manifest expected = read_manifest(path);
  if (file.size() != expected.size) {
    throw refused(path,
                  fmt::format("has {} bytes, its manifest says {}", file.size(), expected.size));
  }
  Manifest found{file.size(), {}, expected.datasets, measure_metadata(file, expected.datasets)};
  measure_datasets(file, found.datasets);
  for (std::size_t i = 0; i < expected.datasets.size(); ++i) {
    if (found.datasets[i].digest != expected.datasets[i].digest) {
      throw refused(path,
                    fmt::format("dataset {} differs from the manifest", expected.datasets[i].path));
    }
  }
  if (found.metadata.sha256 != expected.metadata.sha256) {
    const auto offset = find_changed_byte(file, expected, found.metadata);
    throw refused(path,
                  offset ? fmt::format("metadata at offset {} differs from the manifest", *offset)
                         : "metadata differs from the manifest in more than one byte");
  }
  if (!expected.sha256.empty()) found.sha256 = whole_digest(file);
  // What is left is a manifest that contradicts itself.
  if (to_text(found) != to_text(expected)) throw refused(path, "its manifest contradicts itself");
}

}  // namespace plumbline
