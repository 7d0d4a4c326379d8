// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_walk_attributes.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <vector>

#include "golden/hdf5/file_names.h"

namespace plumbline {
namespace {

// An attribute that is there and is a scalar.
struct Found {
  std::string what;  // for messages
  AttributeHandle attribute;
  TypeHandle type;
};

std::optional<Found> find(hid_t object, const std::string& where, std::string_view name) {
  const std::string key(name);
  const std::string what = fmt::format("attribute {} of {}", name, where);
  const htri_t exists = H5Aexists(object, key.c_str());
  if (exists == 0) return std::nullopt;
  const hid_t id = exists > 0 ? H5Aopen(object, key.c_str(), H5P_DEFAULT) : exists;
  if (id < 0) throw Refused(fmt::format("{} cannot be read: {}", what, hdf5_reason()));
  AttributeHandle attribute(id);
  TypeHandle type(H5Aget_type(id));
  const SpaceHandle space(H5Aget_space(id));
  if (H5Sget_simple_extent_type(space.get()) != H5S_SCALAR) {
    throw Refused(fmt::format("{} must be a scalar", what));
  }
  return Found{what, std::move(attribute), std::move(type)};
}

std::string text(const Found& found) {
  const hid_t type = found.type.get();
  if (H5Tget_class(type) != H5T_STRING || hdf5_check(H5Tis_variable_str(type)) > 0) {
    throw Refused(fmt::format("{} must be a fixed-length string (h5py: numpy.bytes_)", found.what));
  }
  const std::size_t size = H5Tget_size(type);
  if (size > kMaxAttributeBytes) {
    throw Refused(fmt::format("{} is longer than {} bytes", found.what, kMaxAttributeBytes));
  }
  std::string value(size, '\0');
  hdf5_check(H5Aread(found.attribute.get(), type, value.data()));
  const bool spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  if (spaces) {
    value.erase(value.find_last_not_of(' ') + 1);
  } else {
    value.erase(std::min(value.find('\0'), value.size()));
  }
  return value;
}

std::int64_t number(const Found& found) {
  const hid_t type = found.type.get();
  if (H5Tget_class(type) != H5T_INTEGER || H5Tget_size(type) > sizeof(std::int64_t)) {
    throw Refused(fmt::format("{} must be an integer of at most 64 bits", found.what));
  }
  if (H5Tget_sign(type) == H5T_SGN_NONE) {
    std::uint64_t value = 0;
    hdf5_check(H5Aread(found.attribute.get(), H5T_NATIVE_UINT64, &value));
    if (value > std::numeric_limits<std::int64_t>::max()) {
      throw Refused(fmt::format("{} does not fit a signed 64-bit integer", found.what));
    }
    return static_cast<std::int64_t>(value);
  }
  std::int64_t value = 0;
  hdf5_check(H5Aread(found.attribute.get(), H5T_NATIVE_INT64, &value));
  return value;
}

template <class Value>
auto collect(hid_t object, const std::string& where, std::span<const std::string_view> names,
             Value value) {
  std::map<std::string, decltype(value(std::declval<const Found&>()))> all;
  for (const std::string_view name : names) {
    if (const auto found = find(object, where, name)) all.emplace(name, value(*found));
  }
  return all;
}

}  // namespace

std::map<std::string, std::string> text_attributes(hid_t object, const std::string& where,
                                                   std::span<const std::string_view> names) {
  return collect(object, where, names, text);
}

std::map<std::string, std::int64_t> number_attributes(hid_t object, const std::string& where,
                                                      std::span<const std::string_view> names) {
  return collect(object, where, names, number);
}

}  // namespace plumbline
