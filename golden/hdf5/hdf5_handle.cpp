// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/hdf5_handle.h"

namespace plumbline {
namespace {

// Called from the deepest record of the error stack outwards.
herr_t take_deepest(unsigned, const H5E_error2_t* error, void* data) {
  if (error->desc != nullptr) *static_cast<std::string*>(data) = error->desc;
  return 1;
}

}  // namespace

std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_deepest, &reason);
  H5Eclear2(H5E_DEFAULT);
  return reason.empty() ? "the HDF5 library gives no reason" : reason;
}

std::mutex& hdf5_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace plumbline
