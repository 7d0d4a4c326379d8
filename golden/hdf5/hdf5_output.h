// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/hdf5/file_output.h"
#include "golden/hdf5/hdf5_handle.h"

namespace plumbline {

// An access list for H5Fcreate that writes into `output`, which must outlive the file. The library
// never sees a write fail: after a failure it would keep identifiers that it cannot close, and
// crash when the process exits.
PropertyHandle access_through(OutputFile& output);

}  // namespace plumbline
