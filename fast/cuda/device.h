// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "fast/cuda/launch.h"

namespace plumbline::fast::cuda {

// Enqueues the launch; all pointers of its parameters are the device's. Returns what the runtime
// says.
cudaError_t launch(const Launch& one, cudaStream_t stream);

}  // namespace plumbline::fast::cuda
