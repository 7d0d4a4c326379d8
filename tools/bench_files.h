// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumbline {

// plumbline bench --files: a golden file of 2^20 positions in `folder`, written beside a plain
// write(2) and SHA-256 of as many bytes, and judged beside a plain read of the same files, in
// `rounds` rounds. Returns the exit code.
int bench_files(const std::string& model, const std::string& folder, int rounds);

}  // namespace plumbline
