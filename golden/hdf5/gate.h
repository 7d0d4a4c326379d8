// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "golden/hdf5/file_descriptor.h"
#include "golden/hdf5/file_index.h"

namespace plumbline {

// The gate of FORMAT.md, section 6, over the whole file: returns an index in which every dataset's
// bytes are those of its shape, lie inside the file and belong to no other dataset. Throws Refused
// with a line that lacks the file's name.
FileIndex inspect(const std::filesystem::path& path, const Descriptor& file);

}  // namespace plumbline
