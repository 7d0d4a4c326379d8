// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace plumbline {

// Text as HTML shows it, in elements and in quoted attributes.
std::string escaped(std::string_view text);

}  // namespace plumbline
