// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "golden/tensor.h"

namespace plumbline {

// Thrown for every file that is not what FORMAT.md allows or that cannot be written; what() is one
// line naming the dataset, the attribute, the offset or the path. Exit code 3.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Root attributes: text and integers of FORMAT.md, section 2.
struct RootAttributes {
  std::map<std::string, std::string> text;
  std::map<std::string, std::int64_t> numbers;
};

// A dataset that is announced without its data.
struct LaterDataset {
  std::string path;  // below the case
  Dtype dtype = Dtype::u8;
  std::vector<std::uint64_t> shape;
  std::uint64_t bytes() const;
};

// Data of announced datasets come in blocks of this size, the last one of a dataset shorter.
inline constexpr std::size_t kBlockBytes = std::size_t{4} << 20;

// Writes a golden or candidate file, case by case, so that memory is bounded by one case. Nothing
// appears under `path` until finish() returns; the destructor of an unfinished writer removes what
// it wrote. Equal calls give equal bytes. Throws Refused naming the path when the file system
// refuses.
class FileWriter {
 public:
  FileWriter(const std::filesystem::path& path, const RootAttributes& root);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  void add(const StoredCase& one) { add(one, {}); }
  // The datasets of `later` stand behind those of `one`, in the order given.
  void add(const StoredCase& one, const std::vector<LaterDataset>& later);

  // One block of a dataset of the last add(), by its place in `later`: its bytes in order, in
  // pieces of any size, digested and written as they come. Any number of threads may each have one.
  // The bytes of a block that fails are reported by finish() of the file.
  class Block {
   public:
    Block(FileWriter& file, std::size_t dataset, std::uint64_t block);
    ~Block();
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    std::uint64_t begin() const;  // in bytes of the dataset
    std::uint64_t size() const;
    void append(std::span<const std::byte> bytes);
    void finish();  // std::logic_error unless every byte was appended

   private:
    struct Open;
    std::unique_ptr<Open> open_;
  };

  // Flushes, syncs, writes the manifest beside the file (path + ".manifest") and renames both into
  // place. std::logic_error where a block of an announced dataset is missing.
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
