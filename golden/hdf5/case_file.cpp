// SPDX-License-Identifier: Apache-2.0
#include "golden/case_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "golden/hdf5/file_descriptor.h"
#include "golden/hdf5/file_names.h"
#include "golden/hdf5/gate.h"
#include "golden/hdf5/mapped_file.h"

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

std::span<const std::byte> DatasetView::piece(std::uint64_t from, std::uint64_t count,
                                              std::vector<std::byte>& room) const {
  if (file == nullptr) return bytes.subspan(from, count);
  room.resize(count);
  file->read(offset + from, room);
  return room;
}

struct CaseFile::State {
  explicit State(const std::filesystem::path& source) : path(source), file(source) {
    try {
      index = inspect(path, file);
      ids = case_order(index);
    } catch (const Refused& why) {
      throw refused(path, why.what());
    }
  }

  const StoredGroup& at(const std::string& id) const {
    const auto found = index.cases.find(id);
    if (found == index.cases.end()) throw refused(path, fmt::format("there is no case {}", id));
    return found->second;
  }

  // Mapped at the first use.
  std::span<const std::byte> mapped() const {
    std::call_once(once, [this] { memory.emplace(file); });
    return memory->bytes();
  }

  std::filesystem::path path;
  Descriptor file;
  FileIndex index;
  std::vector<std::string> ids;
  mutable std::once_flag once;
  mutable std::optional<MappedFile> memory;
};

CaseFile::CaseFile(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}

CaseFile::~CaseFile() = default;

const RootAttributes& CaseFile::root() const { return state_->index.root; }

const std::vector<std::string>& CaseFile::ids() const { return state_->ids; }

StoredCase CaseFile::load(const std::string& id) const {
  const StoredGroup& group = state_->at(id);
  StoredCase one{id, group.text, group.numbers, {}};
  for (const auto& [path, stored] : group.datasets) {
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

CaseView CaseFile::view(const std::string& id) const {
  const StoredGroup& group = state_->at(id);
  CaseView one{id, group.text, group.numbers, {}};
  for (const auto& [path, stored] : group.datasets) {
    DatasetView& view = one.datasets[path];
    view = {stored.dtype, stored.shape, stored.bytes};
    if (stored.compact || stored.size == 0) continue;
    view.bytes = state_->mapped().subspan(stored.offset, stored.size);
    view.file = &state_->file;
    view.offset = stored.offset;
  }
  return one;
}

}  // namespace plumbline
