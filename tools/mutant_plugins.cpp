// SPDX-License-Identifier: Apache-2.0
// plumbline mutants --plugins: every wrong kernel as a shared library.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <system_error>

#include "golden/hdf5/file_output.h"
#include "properties/mutants/mutant.h"
#include "tools/mutants/library.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

namespace fs = std::filesystem;

// Beside the running program, where the build puts them.
fs::path beside(const char* name) {
  std::error_code none;
  const fs::path self = fs::read_symlink("/proc/self/exe", none), path = self.parent_path() / name;
  if (fs::exists(path, none)) return path;
  throw std::runtime_error(std::string(name) + " is not beside " + self.string());
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string out{std::istreambuf_iterator<char>(in), {}};
  if (!in || out.empty()) throw std::runtime_error(path.string() + ": cannot be read");
  return out;
}

std::string with_id(std::string stub, std::string_view id) {
  const std::string_view tag = PLUMBLINE_MUTANT_TAG;
  const auto at = stub.find(tag);
  if (at == std::string::npos || stub.find(tag, at + 1) != std::string::npos ||
      tag.size() + id.size() >= PLUMBLINE_MUTANT_TAG_BYTES)
    throw std::logic_error("the stub of a mutant has no room for '" + std::string(id) + "'");
  stub.replace(at + tag.size(), id.size(), id);
  return stub;
}

// Folders that are made on the way and go again, unless they are kept.
class NewFolders {
 public:
  NewFolders() = default;
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;
  ~NewFolders() {
    std::error_code ignored;
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder)
      fs::remove(*folder, ignored);
  }
  std::error_code make(const fs::path& path) {
    std::error_code failed;
    if (fs::is_directory(path, failed)) return {};
    if (path.has_parent_path() && path != path.parent_path()) {
      if (const std::error_code above = make(path.parent_path())) return above;
    }
    if (fs::create_directory(path, failed)) made_.push_back(path);
    return failed;
  }
  void keep() { made_.clear(); }

 private:
  std::vector<fs::path> made_;
};

// Files that appear together, or not at all where one of them cannot be written.
class Together {
 public:
  void add(const fs::path& path, const std::string& bytes) {
    OutputFile& out = *files_.emplace_back(std::make_unique<OutputFile>(path));
    out.write(0, std::as_bytes(std::span(bytes)), false);
    out.sync();
  }
  void publish() {
    for (const auto& file : files_) file->publish();
  }

 private:
  std::vector<std::unique_ptr<OutputFile>> files_;
};

}  // namespace

int write_mutant_plugins(const std::string& folder, const std::string& only) {
  const fs::path root = folder;
  NewFolders folders;  // outlives the files in them
  Together files;
  for (const char* part : {"lib", "right", "wrong"}) {
    if (const std::error_code failed = folders.make(root / part))
      throw Refused("--plugins = '" + folder + "': " + part +
                    " below it cannot be a folder: " + failed.message());
  }
  const std::string stub = bytes_of(beside("plumbline-mutant-stub.so"));
  constexpr const char* kLibrary = "libplumbline_mutants.so";
  files.add(root / "lib" / kLibrary, bytes_of(beside(kLibrary)));
  int wrong = 0, right = 1;
  files.add(root / "right" / "faultless.so", with_id(stub, "faultless"));
  for (const mutants::Mutant& m : mutants::mutants()) {
    if (!only.empty() && m.id != only) continue;
    const bool is_wrong = m.kind == mutants::Kind::wrong;
    files.add(root / (is_wrong ? "wrong" : "right") / (std::string(m.id) + ".so"),
              with_id(stub, m.id));
    ++(is_wrong ? wrong : right);
  }
  files.publish();
  folders.keep();
  print_line(stdout,
             "{}: {} in wrong/, each of which a test should fail; {} in right/, which it must pass",
             folder, wrong, right);
  return kConforms;
}

}  // namespace plumbline
