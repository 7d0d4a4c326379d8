// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "golden/hdf5/hdf5_handle.h"
#include "golden/tensor.h"

// Both directions between the storage types of FORMAT.md and HDF5's.
namespace plumbline {

// The type in the file, and in memory too, so that the library never converts.
TypeHandle hdf5_type(Dtype dtype);

// A string of exactly `bytes` bytes, padded with NUL, UTF-8.
TypeHandle hdf5_string(std::size_t bytes);

// A type in a file: a Dtype, or the bare bits of a 16-bit float.
struct FoundType {
  std::optional<Dtype> dtype;
  bool bits16 = false;
  bool big_endian = false;
};
FoundType find_type(hid_t type);

}  // namespace plumbline
