// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "golden/file.h"

namespace plumbline {

class Descriptor;

// A case whose data lie elsewhere.
struct DatasetView {
  Dtype dtype = Dtype::u8;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
  // Where a file holds `bytes`; nullptr: they are memory.
  const Descriptor* file = nullptr;
  std::uint64_t offset = 0;

  // bytes.subspan(from, count), for a single use: of a file, read into `room`, which stays in cache
  // where one mapped page after another has to be found. Throws Refused where the file ends early.
  std::span<const std::byte> piece(std::uint64_t from, std::uint64_t count,
                                   std::vector<std::byte>& room) const;
};
struct CaseView {
  std::string id;
  std::map<std::string, std::string> text;
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, DatasetView> datasets;
};

// What a FileReader reads, and the same without a copy. The constructor runs the gate of FORMAT.md,
// section 6, over the whole tree before any data are read. Throws Refused.
class CaseFile {
 public:
  explicit CaseFile(const std::filesystem::path& path);
  ~CaseFile();
  CaseFile(const CaseFile&) = delete;
  CaseFile& operator=(const CaseFile&) = delete;
  const RootAttributes& root() const;
  const std::vector<std::string>& ids() const;
  StoredCase load(const std::string& id) const;  // throws Refused for an unknown id
  // The data stay in the file, mapped into memory for as long as this object lives. A file that is
  // made shorter meanwhile ends the process with one line and exit code 3.
  CaseView view(const std::string& id) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumbline
