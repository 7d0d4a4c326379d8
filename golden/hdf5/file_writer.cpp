// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>

#include "golden/file.h"
#include "golden/hdf5/file_digest.h"
#include "golden/hdf5/file_names.h"
#include "golden/hdf5/file_output.h"
#include "golden/hdf5/hdf5_output.h"
#include "golden/hdf5/hdf5_types.h"
#include "golden/hdf5/manifest.h"

namespace plumbline {
namespace {

// Runs one step of writing; a failed write becomes one line with the path.
template <class Step>
void writing(const OutputFile& output, Step step) {
  const std::lock_guard lock(hdf5_mutex());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  try {
    step();
  } catch (const Hdf5Error& error) {
    throw Refused(fmt::format("cannot write {}: {}", output.path().string(), error.what()));
  }
  output.require_written();
}

PropertyHandle without_times(hid_t list_class) {
  PropertyHandle list(H5Pcreate(list_class));
  hdf5_check(H5Pset_obj_track_times(list.get(), false));
  return list;
}

FileHandle create_file(OutputFile& output) {
  const PropertyHandle access = access_through(output);
  hdf5_check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18));
  const PropertyHandle creation = without_times(H5P_FILE_CREATE);
  return FileHandle(
      H5Fcreate(output.temporary_path().c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
}

GroupHandle create_group(hid_t parent, const std::string& name) {
  const PropertyHandle creation = without_times(H5P_GROUP_CREATE);
  return GroupHandle(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
}

void put_attribute(hid_t object, const std::string& name, hid_t type, const void* value) {
  const SpaceHandle scalar(H5Screate(H5S_SCALAR));
  const AttributeHandle attribute(
      H5Acreate2(object, name.c_str(), type, scalar.get(), H5P_DEFAULT, H5P_DEFAULT));
  hdf5_check(H5Awrite(attribute.get(), type, value));
}

void put_text(hid_t object, const std::string& name, const std::string& value) {
  // c_str() ends with the one byte that an empty string still occupies.
  put_attribute(object, name, hdf5_string(value.size()).get(), value.c_str());
}

template <class Names>
void require_known(const Names& names, const std::string& name) {
  if (std::find(std::begin(names), std::end(names), name) == std::end(names)) {
    throw std::invalid_argument(fmt::format("attribute {} is not in FORMAT.md", name));
  }
}

void require_text(const std::string& name, const std::string& value) {
  if (value.size() > kMaxAttributeBytes || value.find('\0') != std::string::npos) {
    throw std::invalid_argument(fmt::format("attribute {} is too long or holds a NUL", name));
  }
}

template <class TextNames, class NumberNames>
void require_attributes(const std::map<std::string, std::string>& text,
                        const std::map<std::string, std::int64_t>& numbers,
                        const TextNames& text_names, const NumberNames& number_names) {
  for (const auto& [name, value] : text) {
    require_known(text_names, name);
    require_text(name, value);
  }
  for (const auto& [name, value] : numbers) require_known(number_names, name);
}

void put_attributes(hid_t object, const std::map<std::string, std::string>& text,
                    const std::map<std::string, std::int64_t>& numbers) {
  for (const auto& [name, value] : text) put_text(object, name, value);
  for (const auto& [name, value] : numbers) put_attribute(object, name, H5T_STD_I64LE, &value);
}

// The group of "f32/cos", or nothing for "inv_freq".
std::string group_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// A dataset as the file will know it.
struct Place {
  const std::string& path;
  Dtype dtype;
  const std::vector<std::uint64_t>& shape;
};

void require_place(const std::string& id, const Place& place) {
  const std::string group = group_of(place.path);
  const std::string name = group.empty() ? place.path : place.path.substr(group.size() + 1);
  const bool placed = group.empty() ? !format_group(name) : format_group(group) == place.dtype;
  if (!is_plain_name(name) || !placed) {
    throw std::invalid_argument(fmt::format("case {}: FORMAT.md has no place for {} as {}", id,
                                            place.path, info(place.dtype).name));
  }
  if (place.shape.empty() || place.shape.size() > kMaxRank ||
      !byte_count(place.shape, info(place.dtype).bytes)) {
    throw std::invalid_argument(
        fmt::format("case {}: {} has no shape, or one too large", id, place.path));
  }
}

void require_tensor(const std::string& id, const std::string& path, const Tensor& tensor) {
  require_place(id, {path, tensor.dtype, tensor.shape});
  if (byte_count(tensor.shape, info(tensor.dtype).bytes) != tensor.bytes.size()) {
    throw std::invalid_argument(fmt::format("case {}: {} has {} bytes, not those of its shape", id,
                                            path, tensor.bytes.size()));
  }
}

// Makes room for a dataset, and writes `bytes` where there are any. Returns the offset of the data
// in the file, 0 where there is none.
std::uint64_t put_dataset(hid_t group, const Place& place, std::span<const std::byte> bytes) {
  const TypeHandle type = hdf5_type(place.dtype);
  const std::vector<hsize_t> shape(place.shape.begin(), place.shape.end());
  const SpaceHandle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
  const PropertyHandle creation = without_times(H5P_DATASET_CREATE);
  hdf5_check(H5Pset_layout(creation.get(), H5D_CONTIGUOUS));
  hdf5_check(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY));
  // Every byte is written later; filling first would write it twice.
  hdf5_check(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER));
  const DatasetHandle dataset(H5Dcreate2(group, place.path.c_str(), type.get(), space.get(),
                                         H5P_DEFAULT, creation.get(), H5P_DEFAULT));
  put_text(dataset.get(), "dtype", std::string(info(place.dtype).format));
  if (byte_count(place.shape, 1) == 0) return 0;
  if (!bytes.empty()) {
    hdf5_check(
        H5Dwrite(dataset.get(), type.get(), kWholeSpace, kWholeSpace, H5P_DEFAULT, bytes.data()));
  }
  const haddr_t offset = H5Dget_offset(dataset.get());
  if (offset == HADDR_UNDEF) throw Hdf5Error(hdf5_reason());
  return offset;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string line;
  for (const std::string& id : ids) line += (line.empty() ? "" : " ") + id;
  return line;
}

}  // namespace

std::uint64_t LaterDataset::bytes() const {
  return byte_count(shape, info(dtype).bytes).value_or(0);
}

// The handles are declared last, so that they close before the temporary file goes.
struct FileWriter::State {
  State(const std::filesystem::path& final_path, const RootAttributes& attributes)
      : root(attributes),
        output(final_path),
        file(create_file(output)),
        cases(create_group(file.get(), "cases")) {}

  RootAttributes root;
  std::vector<std::string> order;
  std::set<std::string> ids;
  std::vector<Extent> extents;
  // Announced and not yet digested: the extent and its blocks; empty digests are missing.
  struct Later {
    std::size_t extent;
    std::vector<std::optional<Sha256::Digest>> blocks;
  };
  std::vector<Later> later;
  std::size_t first_later = 0;  // of the last add()
  std::size_t objects = 1;      // links in the file; "cases" is the first
  bool whole = true;            // false during a step, and for good if that step failed
  OutputFile output;
  FileHandle file;
  GroupHandle cases;
};

namespace {

template <class State>
State& open_state(State* state) {
  if (state == nullptr) throw std::logic_error("the file is already finished");
  if (!state->whole) throw std::logic_error("an earlier step of this file failed");
  return *state;
}

}  // namespace

FileWriter::FileWriter(const std::filesystem::path& path, const RootAttributes& root) {
  require_attributes(root.text, root.numbers, kRootText, kRootNumbers);
  const auto kind = root.text.find("plumbline");
  const auto version = root.numbers.find("schema_version");
  if (kind == root.text.end() ||
      std::find(std::begin(kFileKinds), std::end(kFileKinds), kind->second) ==
          std::end(kFileKinds) ||
      version == root.numbers.end() || version->second != kSchemaVersion) {
    throw std::invalid_argument(
        "a file needs plumbline = golden, candidate or spectrum, schema_version = 1");
  }
  const std::lock_guard lock(hdf5_mutex());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  state_ = std::make_unique<State>(path, root);
}

FileWriter::~FileWriter() {
  const std::lock_guard lock(hdf5_mutex());
  state_.reset();
}

void FileWriter::add(const StoredCase& one, const std::vector<LaterDataset>& later) {
  State& state = open_state(state_.get());
  if (!is_plain_name(one.id) || state.ids.count(one.id) != 0) {
    throw std::invalid_argument(fmt::format("case id {} is not legal, or not new", one.id));
  }
  require_attributes(one.text, one.numbers, kCaseText, kCaseNumbers);
  std::set<std::string> groups, paths;
  for (const auto& [path, tensor] : one.tensors) {
    require_tensor(one.id, path, tensor);
    paths.insert(path);
  }
  for (const LaterDataset& dataset : later) {
    require_place(one.id, {dataset.path, dataset.dtype, dataset.shape});
    if (!paths.insert(dataset.path).second)
      throw std::invalid_argument(fmt::format("case {}: {} comes twice", one.id, dataset.path));
  }
  for (const std::string& path : paths)
    if (!group_of(path).empty()) groups.insert(group_of(path));
  const std::size_t objects = state.objects + 1 + groups.size() + paths.size();
  if (objects > kMaxObjects) {
    throw std::invalid_argument(fmt::format("more than {} objects in a file", kMaxObjects));
  }
  state.objects = objects;
  state.ids.insert(one.id);
  state.order.push_back(one.id);
  state.whole = false;
  state.first_later = state.later.size();
  writing(state.output, [&] {
    const GroupHandle home = create_group(state.cases.get(), one.id);
    put_attributes(home.get(), one.text, one.numbers);
    for (const std::string& name : groups) create_group(home.get(), name);
    const auto put = [&](const Place& place, std::span<const std::byte> bytes) -> Extent& {
      const std::uint64_t offset = put_dataset(home.get(), place, bytes);
      return state.extents.emplace_back(
          Extent{fmt::format("/cases/{}/{}", one.id, place.path),
                 offset,
                 byte_count(place.shape, info(place.dtype).bytes).value(),
                 {}});
    };
    for (const auto& [path, tensor] : one.tensors)
      put({path, tensor.dtype, tensor.shape}, tensor.bytes).digest = tree_digest(tensor.bytes);
    for (const LaterDataset& dataset : later) {
      put({dataset.path, dataset.dtype, dataset.shape}, {});
      state.later.push_back({state.extents.size() - 1, {}});
      state.later.back().blocks.resize((dataset.bytes() + kBlockBytes - 1) / kBlockBytes);
    }
  });
  state.whole = true;
}

struct FileWriter::Block::Open {
  State& state;
  std::optional<Sha256::Digest>& digest;
  std::uint64_t begin, size, offset, done = 0;
  Sha256 hash = {};
};

FileWriter::Block::Block(FileWriter& file, std::size_t dataset, std::uint64_t block) {
  State& state = open_state(file.state_.get());
  State::Later& later = state.later.at(state.first_later + dataset);
  const Extent& extent = state.extents[later.extent];
  const std::uint64_t begin = block * kBlockBytes;
  open_.reset(new Open{state, later.blocks.at(block), begin,
                       std::min<std::uint64_t>(kBlockBytes, extent.size - begin),
                       extent.offset + begin});
}
FileWriter::Block::~Block() = default;
std::uint64_t FileWriter::Block::begin() const { return open_->begin; }
std::uint64_t FileWriter::Block::size() const { return open_->size; }

void FileWriter::Block::append(std::span<const std::byte> bytes) {
  if (bytes.size() > open_->size - open_->done) throw std::logic_error("a block has no such room");
  open_->hash.update(bytes);
  open_->state.output.fill(open_->offset + open_->done, bytes);
  open_->done += bytes.size();
}

void FileWriter::Block::finish() {
  if (open_->done != open_->size) throw std::logic_error("a block is not complete");
  open_->digest = open_->hash.finish();
}

void FileWriter::finish() {
  State& state = open_state(state_.get());
  const auto declared = state.root.text.find("order");
  if (declared == state.root.text.end() && state.root.text.at("plumbline") == "golden") {
    state.root.text["order"] = joined(state.order);
  } else if (declared != state.root.text.end() && declared->second != joined(state.order)) {
    throw std::invalid_argument("the attribute order is not the order in which cases were added");
  }
  for (const State::Later& later : state.later) {
    std::vector<Sha256::Digest> blocks;
    for (const auto& block : later.blocks) {
      if (!block) throw std::logic_error("a block of an announced dataset is missing");
      blocks.push_back(*block);
    }
    state.extents[later.extent].digest = tree_digest(blocks);
  }
  state.whole = false;
  writing(state.output, [&] {
    put_attributes(state.file.get(), state.root.text, state.root.numbers);
    state.cases.close();
    state.file.close();
  });
  state.output.sync();
  const std::string text = manifest_text(state.output.temporary_path(), state.extents);
  OutputFile manifest(manifest_path(state.output.path()));
  manifest.write(0, std::as_bytes(std::span(text)), false);
  manifest.sync();
  // The manifest first: a file under its final name never lacks one.
  manifest.publish();
  try {
    state.output.publish();
  } catch (...) {
    manifest.withdraw();
    throw;
  }
  state_.reset();
}

}  // namespace plumbline
