// SPDX-License-Identifier: Apache-2.0
#include "golden/shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "golden/case_file.h"
#include "golden/hdf5/file_descriptor.h"
#include "golden/hdf5/file_digest.h"
#include "golden/hdf5/file_names.h"
#include "golden/hdf5/file_output.h"
#include "golden/hdf5/manifest.h"
#include "golden/large_case.h"
#include "reference/parallel.h"

namespace plumbline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "plumbline-shards 1";
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{64} << 20;

std::string text_of(const fs::path& path) {
  const Descriptor file(path);
  if (file.size() > kMaxTextBytes) throw refused(path, "is too long");
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

// Rows come first: the parts of such datasets stand one behind the other in the whole.
bool rows_first(const std::string& path) {
  return path == "token_index" || path.ends_with("/cos") || path.ends_with("/sin");
}

// A shard has these where the coordinates of its own rows fit.
bool of_own_rows(const std::string& path) {
  return std::ranges::find(kExactPositions, path) != std::end(kExactPositions);
}

// Bytes [begin, end) of what the parts make together.
Sha256::Digest digest_of(const std::vector<std::span<const std::byte>>& parts, std::uint64_t begin,
                         std::uint64_t end) {
  Sha256 hash;
  std::uint64_t start = 0;
  for (const auto& part : parts) {
    const std::uint64_t from = std::max(begin, start), to = std::min(end, start + part.size());
    if (from < to) hash.update(part.subspan(from - start, to - from));
    start += part.size();
  }
  return hash.finish();
}

// Names are relative to the folder of `beside`.
std::string shards_text(const std::vector<fs::path>& files, const fs::path& beside) {
  std::vector<std::unique_ptr<CaseFile>> open;
  std::string text = fmt::format("{}\n", kFirstLine);
  for (const fs::path& path : files) {
    open.push_back(std::make_unique<CaseFile>(path));
    if (open.back()->ids() != open.front()->ids())
      throw refused(path, "does not hold the cases of the first file");
    const fs::path folder = beside.has_parent_path() ? beside.parent_path() : fs::path(".");
    const std::string name = fs::relative(path, folder).generic_string();
    if (name.find('\n') != std::string::npos)
      throw refused(name, "a shard's name must be one line");
    text += fmt::format("shard {} {} {}\n", name, fs::file_size(path),
                        sha256_hex(text_of(manifest_path(path))));
  }
  for (const std::string& id : open.front()->ids()) {
    std::vector<CaseView> views;
    for (const auto& file : open) views.push_back(file->view(id));
    for (const auto& [path, first] : views.front().datasets) {
      if (of_own_rows(path)) continue;
      std::vector<std::span<const std::byte>> parts;
      std::uint64_t size = 0;
      for (std::size_t i = 0; i < views.size(); ++i) {
        const auto found = views[i].datasets.find(path);
        if (found == views[i].datasets.end() || found->second.dtype != first.dtype)
          throw refused(files[i], fmt::format("lacks dataset /cases/{}/{}", id, path));
        parts.push_back(found->second.bytes);
        size += found->second.bytes.size();
      }
      if (!rows_first(path)) continue;
      std::vector<Sha256::Digest> blocks((size + kBlockBytes - 1) / kBlockBytes);
      each_on_all_cores(blocks.size(), [&](std::size_t i) {
        const std::uint64_t begin = i * kBlockBytes;
        blocks[i] = digest_of(parts, begin, std::min<std::uint64_t>(begin + kBlockBytes, size));
      });
      text += fmt::format("dataset /cases/{}/{} {} {}\n", id, path, size, tree_digest(blocks));
    }
  }
  return text + fmt::format("end {}\n", sha256_hex(text));
}

void require_shards(const std::vector<GoldenCase>& cases, const std::vector<fs::path>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const CaseFile file(files[i]);
    std::vector<std::string> ids;
    for (const GoldenCase& g : cases) ids.push_back(g.c.id);
    if (file.ids() != ids) throw refused(files[i], "does not hold the cases asked for");
    for (const GoldenCase& g : cases) {
      const std::string wanted = case_to_json(shard_of(g.c, i, files.size())).dump();
      const CaseView view = file.view(g.c.id);
      const auto found = view.text.find("case");
      if (found == view.text.end() || found->second != wanted)
        throw refused(files[i],
                      fmt::format("is not shard {}/{} of case {}", i, files.size(), g.c.id));
    }
  }
}

}  // namespace

void join_shards(const std::vector<GoldenCase>& cases, const std::vector<fs::path>& files,
                 const fs::path& out) {
  if (files.empty()) throw std::invalid_argument("--join: names no files");
  require_shards(cases, files);
  const std::string text = shards_text(files, out);
  OutputFile file(out);
  file.write(0, std::as_bytes(std::span(text)), false);
  file.sync();
  file.publish();
}

std::vector<fs::path> shards_of(const fs::path& path) {
  std::string start(kFirstLine.size(), '\0');
  std::ifstream(path, std::ios::binary)
      .read(start.data(), static_cast<std::streamsize>(start.size()));
  if (start != kFirstLine) return {};
  const std::string text = text_of(path);
  const std::size_t end = text.rfind("end ");
  if (end == std::string::npos ||
      text.substr(end) != fmt::format("end {}\n", sha256_hex(text.substr(0, end))))
    throw refused(path, "is damaged");
  std::vector<fs::path> files;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("shard ")) continue;
    // A name may hold spaces; the two words behind it do not.
    const std::size_t digest = line.rfind(' '), size = line.rfind(' ', digest - 1);
    if (size == std::string::npos || size < 6) throw refused(path, "is damaged");
    files.push_back(path.parent_path() / line.substr(6, size - 6));
  }
  if (files.empty()) throw refused(path, "names no files");
  return files;
}

void check_shards(const fs::path& path) {
  const std::vector<fs::path> files = shards_of(path);
  if (files.empty()) throw refused(path, "joins no shards");
  for (const fs::path& file : files) check_manifest(file);
  if (shards_text(files, path) != text_of(path))
    throw refused(path, "its files are not those that it joined");
}

}  // namespace plumbline
