// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "golden/file.h"
#include "golden/hdf5/file_descriptor.h"
#include "golden/hdf5/file_names.h"
#include "golden/hdf5/gate.h"

namespace plumbline {
namespace {

// The ids of the `order` attribute, which must be those of the cases; without it, sorted.
std::vector<std::string> case_order(const FileIndex& index) {
  std::vector<std::string> sorted;
  for (const auto& [id, group] : index.cases) sorted.push_back(id);
  const auto order = index.root.text.find("order");
  if (order == index.root.text.end()) return sorted;
  std::vector<std::string> ids;
  for (std::size_t at = 0; at < order->second.size();) {
    const std::size_t end = std::min(order->second.find(' ', at), order->second.size());
    ids.push_back(order->second.substr(at, end - at));
    at = end + 1;
  }
  std::vector<std::string> check = ids;
  std::ranges::sort(check);
  if (check != sorted) throw Refused("attribute order of / does not list the cases");
  return ids;
}

}  // namespace

struct FileReader::State {
  explicit State(const std::filesystem::path& source) : path(source), file(source) {
    try {
      index = inspect(path, file);
      ids = case_order(index);
    } catch (const Refused& why) {
      throw refused(path, why.what());
    }
  }

  std::filesystem::path path;
  Descriptor file;
  FileIndex index;
  std::vector<std::string> ids;
};

FileReader::FileReader(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}

FileReader::~FileReader() = default;

const RootAttributes& FileReader::root() const { return state_->index.root; }

const std::vector<std::string>& FileReader::ids() const { return state_->ids; }

StoredCase FileReader::load(const std::string& id) const {
  const auto found = state_->index.cases.find(id);
  if (found == state_->index.cases.end()) {
    throw refused(state_->path, fmt::format("there is no case {}", id));
  }
  StoredCase one{id, found->second.text, found->second.numbers, {}};
  for (const auto& [path, stored] : found->second.datasets) {
    Tensor& tensor = one.tensors[path];
    tensor.dtype = stored.dtype;
    tensor.shape = stored.shape;
    tensor.bytes = stored.bytes;
    if (stored.compact) continue;
    tensor.bytes.resize(stored.size);
    state_->file.read(stored.offset, tensor.bytes);
  }
  return one;
}

}  // namespace plumbline
