// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "golden/hdf5/file_index.h"

namespace plumbline {

// Reads the metadata of a file through the HDF5 library, looking at each link and each type before
// it opens or reads anything through them. Throws Refused. Sizes and offsets are reported as the
// file claims them. The library may crash or hang on hostile metadata: see inspect() in
// golden/gate.h.
FileIndex walk_file(const std::filesystem::path& path);

}  // namespace plumbline
