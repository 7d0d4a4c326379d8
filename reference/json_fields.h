// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "reference/case.h"

// What the readers of case JSON share.
namespace plumbline {

// Tokens and grid entries that a number in JSON may name at all.
inline constexpr std::int64_t kMostTokens = std::int64_t{1} << 62;

// Throws std::invalid_argument naming the first field that is not in `keys`, or `what` where it is
// no object.
void only_keys(const Json& object, std::string_view what,
               std::initializer_list<std::string_view> keys);
// The first 60 bytes and "...", where there are more.
std::string shortened(const std::string& text);
// A value as the document has it, numbers as they are written, shortened where it is long.
std::string written(const Json& value);
// A field that must be there and be text.
std::string text_field(const Json& object, const std::string& key, std::string_view what);

}  // namespace plumbline
