// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "golden/plain_text.h"
#include "reference/case.h"

// Any text, as each form of output says it; golden/plain_text.h for XML, whose library escapes
// what is left.
namespace plumbline {

// As HTML shows it, in elements and in quoted attributes.
std::string escaped(std::string_view text);
// As Markdown shows it, on one line, in a table cell too.
std::string in_markdown(std::string_view text);
// As Markdown's code, on one line.
std::string in_markdown_code(std::string_view text);
// A document with a line break at its end. JSON says control characters in its own way; bytes that
// are no UTF-8 become U+FFFD.
std::string json_text(const Json& value);

}  // namespace plumbline
