// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "golden/hdf5/hdf5_handle.h"

namespace plumbline {

// Those of the named attributes that the object at `where` has. Attributes of other names are not
// touched. Throws Refused for one that is not a fixed-length string or an integer scalar that fits
// int64.
std::map<std::string, std::string> text_attributes(hid_t object, const std::string& where,
                                                   std::span<const std::string_view> names);
std::map<std::string, std::int64_t> number_attributes(hid_t object, const std::string& where,
                                                      std::span<const std::string_view> names);

}  // namespace plumbline
