// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "golden/tensor.h"

namespace plumbline {

// Thrown for every file that is not what FORMAT.md allows; what() is one line naming the dataset,
// the attribute or the offset. Exit code 3.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Root attributes: text and integers of FORMAT.md, section 2.
struct RootAttributes {
  std::map<std::string, std::string> text;
  std::map<std::string, std::int64_t> numbers;
};

// Writes a golden or candidate file, case by case, so that memory is bounded by one case. Nothing
// appears under `path` until finish() returns; the destructor of an unfinished writer removes what
// it wrote. Equal calls give equal bytes. Throws std::runtime_error naming the path when the file
// system refuses.
class FileWriter {
 public:
  FileWriter(const std::filesystem::path& path, const RootAttributes& root);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  void add(const StoredCase& one);
  // Flushes, syncs, writes the manifest beside the file (path + ".manifest") and renames both into
  // place.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Opens a file that may come from a stranger. The constructor runs the gate of FORMAT.md, section
// 6, over the whole tree before any data are read. Throws Refused.
class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  const RootAttributes& root() const;
  const std::vector<std::string>& ids()
      const;  // in the order of the `order` attribute, else sorted
  StoredCase load(const std::string& id) const;  // throws Refused for an unknown id

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Compares the bytes of `path` with its manifest, without opening it as HDF5. Throws Refused with
// one line that names the dataset ("dataset /cases/x/f32/cos differs from the manifest") or the
// place ("metadata at offset 1234 differs from the manifest"), a missing manifest ("no manifest
// beside ..."), or a damaged one.
void check_manifest(const std::filesystem::path& path);

}  // namespace plumbline
