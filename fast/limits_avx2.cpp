// SPDX-License-Identifier: Apache-2.0
#include "fast/limit_bodies.h"

namespace plumbline::fast {
namespace {

using V [[gnu::vector_size(32), gnu::may_alias]] = float;

}  // namespace

constinit const LimitLoops kAvx2Limits = loops_of<V>(has_avx2);

}  // namespace plumbline::fast
