// SPDX-License-Identifier: Apache-2.0
#include "tools/report/text_forms.h"

#include <algorithm>

namespace plumbline {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : in_lines(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string in_markdown(std::string_view text) {
  constexpr std::string_view kMarks = "\\`*_[]<>|~&#";
  std::string out;
  for (const char c : in_one_line(text)) {
    if (kMarks.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string in_markdown_code(std::string_view text) {
  const std::string line = in_one_line(text);
  std::size_t longest = 0, run = 0;
  for (const char c : line) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  // One space at either end is not shown where both are there.
  const bool padded = line.empty() || line.front() == '`' || line.back() == '`' ||
                      (line.front() == ' ' && line.back() == ' ');
  const std::string fence(longest + 1, '`'), space(padded ? " " : "");
  return fence + space + line + space + fence;
}

std::string json_text(const Json& value) {
  return value.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace plumbline
