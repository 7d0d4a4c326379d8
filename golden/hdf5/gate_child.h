// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "golden/hdf5/file_index.h"

namespace plumbline {

// walk_file() in a child process with a limit on time and memory. The library is not made for
// hostile metadata; whatever it does, only the child is lost. Throws Refused; std::runtime_error if
// there can be no child.
FileIndex walk_in_child(const std::filesystem::path& path);

}  // namespace plumbline
