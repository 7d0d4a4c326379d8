// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "golden/hdf5/file_names.h"
#include "golden/hdf5/file_walk_attributes.h"
#include "golden/hdf5/hdf5_types.h"

namespace plumbline {
namespace {

struct Link {
  std::string name;
  H5L_type_t type;
  haddr_t address;
};

// Collects the links without following any; stops at the cap on objects.
herr_t collect_link(hid_t, const char* name, const H5L_info_t* link, void* data) try {
  std::vector<Link>& links = *static_cast<std::vector<Link>*>(data);
  if (links.size() > kMaxObjects) return 1;
  links.push_back({name, link->type, link->type == H5L_TYPE_HARD ? link->u.address : 0});
  return 0;
} catch (...) {
  return -1;
}

// A plain local file: no driver from the environment, and no lock, which read-only and network
// folders do not give.
PropertyHandle file_access() {
  PropertyHandle list(H5Pcreate(H5P_FILE_ACCESS));
  hdf5_check(H5Pset_fapl_sec2(list.get()));
  hdf5_check(H5Pset_file_locking(list.get(), false, true));
  return list;
}

class Walk {
 public:
  explicit Walk(const std::filesystem::path& path) : path_(path) {}

  FileIndex run() {
    const PropertyHandle access = file_access();
    const FileHandle file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access.get()));
    const GroupHandle root(H5Gopen2(file.get(), "/", H5P_DEFAULT));
    H5O_info_t info;
    hdf5_check(H5Oget_info2(root.get(), &info, H5O_INFO_BASIC));
    seen_.insert(info.addr);
    index_.root.text = text_attributes(root.get(), "/", kRootText);
    index_.root.numbers = number_attributes(root.get(), "/", kRootNumbers);
    require_header();
    for (const Link& link : links(root.get(), "/")) {
      if (link.name != "cases") refuse("/{} is not in FORMAT.md", link.name);
      walk_cases(open(root.get(), "/", link.name, H5I_GROUP).get());
    }
    if (seen_.size() == 1) refuse("there is no group /cases");
    return std::move(index_);
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    throw Refused(fmt::format(format, std::forward<Args>(args)...));
  }

  void require_header() {
    const auto kind = index_.root.text.find("plumbline");
    if (kind == index_.root.text.end()) refuse("attribute plumbline of / is missing");
    golden_ = kind->second == "golden";
    if (std::find(std::begin(kFileKinds), std::end(kFileKinds), kind->second) ==
        std::end(kFileKinds)) {
      refuse("attribute plumbline of / is neither golden, candidate nor spectrum");
    }
    const auto version = index_.root.numbers.find("schema_version");
    if (version == index_.root.numbers.end()) refuse("attribute schema_version of / is missing");
    if (version->second < 1 || version->second > kSchemaVersion) {
      refuse("schema_version {} is not one that this reader knows, 1 to {}", version->second,
             kSchemaVersion);
    }
  }

  // The links of a group, by name, each one hard, new and decently named.
  std::vector<Link> links(hid_t group, const std::string& where) {
    std::vector<Link> found;
    hsize_t position = 0;
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, collect_link, &found) < 0) {
      refuse("the links of {} cannot be read: {}", where, hdf5_reason());
    }
    const std::string prefix = where == "/" ? where : where + "/";
    for (const Link& link : found) {
      if (link.name.empty() || link.name.size() > kMaxNameBytes || link.name == "." ||
          link.name.find('/') != std::string::npos) {
        refuse("{} holds a link whose name is not 1 to {} bytes without a slash", where,
               kMaxNameBytes);
      }
      if (link.type == H5L_TYPE_SOFT) refuse("{}{} is a soft link", prefix, link.name);
      if (link.type == H5L_TYPE_EXTERNAL) refuse("{}{} is an external link", prefix, link.name);
      if (link.type != H5L_TYPE_HARD) refuse("{}{} is a user-defined link", prefix, link.name);
      if (!seen_.insert(link.address).second) {
        refuse("{}{} is a second link to an object", prefix, link.name);
      }
      // The root is in seen_ too.
      if (seen_.size() > kMaxObjects + 1) refuse("there are more than {} objects", kMaxObjects);
    }
    return found;
  }

  // Opens a child and refuses every kind but the one given; H5I_BADID stands for a group or a
  // dataset.
  ObjectHandle open(hid_t group, const std::string& where, const std::string& name,
                    H5I_type_t kind) {
    const std::string child = where == "/" ? "/" + name : where + "/" + name;
    const hid_t id = H5Oopen(group, name.c_str(), H5P_DEFAULT);
    if (id < 0) refuse("{} cannot be opened: {}", child, hdf5_reason());
    ObjectHandle object(id);
    const H5I_type_t found = H5Iget_type(id);
    if (found == H5I_DATATYPE) refuse("{} is a named datatype", child);
    if (found != H5I_GROUP && found != H5I_DATASET) refuse("{} is of an unknown kind", child);
    if (kind != H5I_BADID && found != kind) {
      refuse("{} is not a {}", child, kind == H5I_GROUP ? "group" : "dataset");
    }
    return object;
  }

  void walk_cases(hid_t cases) {
    for (const Link& link : links(cases, "/cases")) {
      if (!is_plain_name(link.name)) refuse("{} is not a case id", link.name);
      walk_case(open(cases, "/cases", link.name, H5I_GROUP).get(), link.name);
    }
  }

  void walk_case(hid_t group, const std::string& id) {
    const std::string where = "/cases/" + id;
    StoredGroup& one = index_.cases[id];
    one.text = text_attributes(group, where, kCaseText);
    one.numbers = number_attributes(group, where, kCaseNumbers);
    for (const Link& link : links(group, where)) {
      const std::string path = where + "/" + link.name;
      const ObjectHandle child = open(group, where, link.name, H5I_BADID);
      const std::optional<Dtype> format = format_group(link.name);
      if (H5Iget_type(child.get()) == H5I_DATASET) {
        if (format) refuse("{} is not a group", path);
        one.datasets[link.name] = dataset(child.get(), path, plain_dtype(link.name));
        continue;
      }
      if (!format) refuse("group {} is not in FORMAT.md", path);
      for (const Link& inner : links(child.get(), path)) {
        const ObjectHandle data = open(child.get(), path, inner.name, H5I_DATASET);
        one.datasets[link.name + "/" + inner.name] =
            dataset(data.get(), path + "/" + inner.name, format);
      }
    }
  }

  // What a golden's dataset outside the format groups must be; a candidate's are ignored by
  // everybody.
  std::optional<Dtype> plain_dtype(const std::string& name) const {
    for (const PlainDataset& one : kPlainDatasets) {
      if (golden_ && one.name == name) return one.dtype;
    }
    return std::nullopt;
  }

  Dtype dtype(hid_t dataset, const std::string& path, std::optional<Dtype> required) const {
    const TypeHandle type(H5Dget_type(dataset));
    if (hdf5_check(H5Tcommitted(type.get())) > 0) {
      refuse("dataset {} is of a named datatype", path);
    }
    const FoundType found = find_type(type.get());
    if (found.big_endian) refuse("dataset {} is big-endian, little-endian is needed", path);
    const bool bits = found.bits16 && !golden_ && required && info(*required).bytes == 2;
    if (!found.dtype && !bits)
      refuse("dataset {} is of a type that FORMAT.md does not allow", path);
    const Dtype one = bits ? *required : *found.dtype;
    if (required && one != *required) {
      refuse("dataset {} is {} where {} is needed", path, info(one).format, info(*required).format);
    }
    return one;
  }

  std::vector<std::uint64_t> shape(hid_t dataset, const std::string& path) const {
    const SpaceHandle space(H5Dget_space(dataset));
    if (H5Sget_simple_extent_type(space.get()) != H5S_SIMPLE) {
      refuse("dataset {} is a scalar or empty dataspace, an array is needed", path);
    }
    const int rank = hdf5_check(H5Sget_simple_extent_ndims(space.get()));
    if (rank < 1 || rank > kMaxRank) refuse("dataset {} has {} dimensions", path, rank);
    std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
    hdf5_check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr));
    return {extents.begin(), extents.end()};
  }

  // The layout comes first: the library may open other files to answer for the shape of a virtual
  // dataset.
  bool is_compact(hid_t dataset, const std::string& path) const {
    const PropertyHandle creation(H5Dget_create_plist(dataset));
    const H5D_layout_t layout = H5Pget_layout(creation.get());
    if (layout == H5D_CHUNKED) refuse("dataset {} is chunked", path);
    if (layout == H5D_VIRTUAL) refuse("dataset {} is virtual", path);
    if (layout != H5D_CONTIGUOUS && layout != H5D_COMPACT) {
      refuse("dataset {} has an unknown layout", path);
    }
    if (hdf5_check(H5Pget_nfilters(creation.get())) != 0) refuse("dataset {} is filtered", path);
    if (hdf5_check(H5Pget_external_count(creation.get())) != 0) {
      refuse("dataset {} has external storage", path);
    }
    return layout == H5D_COMPACT;
  }

  StoredDataset dataset(hid_t id, const std::string& path, std::optional<Dtype> required) try {
    StoredDataset one;
    one.compact = is_compact(id, path);
    one.dtype = dtype(id, path, required);
    one.shape = shape(id, path);
    one.size = H5Dget_storage_size(id);
    require_declared_dtype(id, path, one.dtype);
    if (!one.compact) {
      one.offset = H5Dget_offset(id);
      return one;
    }
    if (byte_count(one.shape, info(one.dtype).bytes) != one.size) {
      refuse("dataset {} stores {} bytes, not those of its shape", path, one.size);
    }
    one.bytes.resize(one.size);
    const TypeHandle type(H5Dget_type(id));
    hdf5_check(H5Dread(id, type.get(), kWholeSpace, kWholeSpace, H5P_DEFAULT, one.bytes.data()));
    return one;
  } catch (const Hdf5Error& error) {
    refuse("dataset {} cannot be read: {}", path, error.what());
  }

  void require_declared_dtype(hid_t id, const std::string& path, Dtype found) const {
    constexpr std::string_view kNames[] = {"dtype"};
    const auto declared = text_attributes(id, path, kNames);
    if (declared.empty() && golden_) refuse("attribute dtype of {} is missing", path);
    if (!declared.empty() && declared.at("dtype") != info(found).format) {
      refuse("attribute dtype of {} is not {}", path, info(found).format);
    }
  }

  std::filesystem::path path_;
  FileIndex index_;
  bool golden_ = false;
  std::set<haddr_t> seen_;  // object headers, the root's included
};

}  // namespace

FileIndex walk_file(const std::filesystem::path& path) try {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  hdf5_check(H5PLset_loading_state(0));
  return Walk(path).run();
} catch (const Hdf5Error& error) {
  throw Refused(fmt::format("cannot be read: {}", error.what()));
}

}  // namespace plumbline
