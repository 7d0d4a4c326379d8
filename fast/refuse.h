// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace plumbline::fast {

// Throws std::invalid_argument: "<knob> = <value>: <what is allowed>".
template <class Value>
[[noreturn]] void refuse(std::string_view knob, const Value& value, std::string_view allowed) {
  std::ostringstream text;
  text.precision(17);
  text << knob << " = " << value << ": " << allowed;
  throw std::invalid_argument(text.str());
}

template <class Value>
void require(bool holds, std::string_view knob, const Value& value, std::string_view allowed) {
  if (!holds) refuse(knob, value, allowed);
}

}  // namespace plumbline::fast
