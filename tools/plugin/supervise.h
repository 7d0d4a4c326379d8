// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumbline::plugin {

// Splits the host in two. Returns in the half that may load a plug-in, in a session of its own,
// without kLeash. The other half never returns: it sends the wait status of the first over kLeash
// when that ends, and kills all that descends from it, once it ends or kLeash is closed; it is
// asked by closing, so that plumbline's own sudden end does as well.
void supervise();

}  // namespace plumbline::plugin
