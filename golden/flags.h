// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "golden/case_file.h"
#include "reference/case.h"

// Which bugs a golden case can show: words that follow from the case and from where its rows stand.
namespace plumbline {

struct Placing {
  bool apart = false;      // on some row every two axes differ
  bool many_bits = false;  // some coordinate has more significant bits than bfloat16 and binary16
};

struct Flag {
  std::string_view name, hunts;
  bool (*holds)(const Case& c, const Placing& rows);
};
std::span<const Flag> flags();

// Writes position_ids of rows [first, first + to.size()) on one axis.
using ReadIds = std::function<void(std::size_t axis, std::uint64_t first, std::span<double> to)>;
// The names of the flags that hold, in the order of flags(), comma-separated.
std::string flags_of(const Case& c, std::size_t axes, std::uint64_t rows, const ReadIds& read);
std::string flags_of(const Case& c);
// Of position_ids as golden/FORMAT.md has them. Throws Refused where they are no such dataset.
std::string flags_of(const Case& c, const DatasetView& position_ids);
// Throws std::invalid_argument where a word of `claimed`, written likewise, is not among `held`.
void check_claims(std::string_view claimed, const std::string& held, const std::string& id);

}  // namespace plumbline
