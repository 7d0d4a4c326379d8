// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Text whose bytes a stranger chose, such as the name of a file, as UTF-8 that every form of output
// can carry. What is no UTF-8, control characters and code points that are no characters become
// \xNN, byte by byte; all else stays as it is.
namespace plumbline {

std::string in_one_line(std::string_view text);
// Line feeds and tabs stay too.
std::string in_lines(std::string_view text);
// A word of a command line, on one line, as a shell reads it back.
std::string shell_word(const std::string& word);

}  // namespace plumbline
