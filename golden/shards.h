// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "golden/golden.h"

// Golden files that hold the rows of their cases in parts, joined by a text and without a copy:
// golden/FORMAT.md, section 10.
namespace plumbline {

// Writes the text that joins `files`, in the order of their rows, under a temporary name first:
// file i must hold exactly shard_of(c, i, files) of each case. Reads every byte of the tables once,
// on all cores. Throws Refused where a file holds something else or the text cannot be written,
// std::invalid_argument where `files` is empty.
void join_shards(const std::vector<GoldenCase>& cases,
                 const std::vector<std::filesystem::path>& files, const std::filesystem::path& out);

// The files that a text names; nothing if it joins none. Throws Refused where it is damaged.
std::vector<std::filesystem::path> shards_of(const std::filesystem::path& path);

// Checks a text against the files, beginning with their manifests. Throws Refused.
void check_shards(const std::filesystem::path& path);

}  // namespace plumbline
