// SPDX-License-Identifier: Apache-2.0
#include "golden/case_file.h"
#include "golden/file.h"

namespace plumbline {

struct FileReader::State {
  CaseFile file;
};

FileReader::FileReader(const std::filesystem::path& path) : state_(new State{CaseFile(path)}) {}

FileReader::~FileReader() = default;

const RootAttributes& FileReader::root() const { return state_->file.root(); }

const std::vector<std::string>& FileReader::ids() const { return state_->file.ids(); }

StoredCase FileReader::load(const std::string& id) const { return state_->file.load(id); }

}  // namespace plumbline
