// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <regex>
#include <sstream>

#include "properties/process.h"

// Plug-ins for tests: the misbehaving one in any of its manners, and the examples that users copy.
namespace plumbline {

class PluginRoom : public CommandLine {
 protected:
  // The misbehaving kernel under the name that chooses its manner.
  std::string misbehaving(const std::string& manner) const {
    const fs::path to = at(manner + ".so");
    fs::copy_file(PLUMBLINE_MISBEHAVING, to, fs::copy_options::overwrite_existing);
    return to;
  }
  // The command that a finding ends with, without the program; empty where it has none.
  static Arguments replay_of(const std::string& text) {
    std::smatch replay;
    if (!std::regex_search(text, replay, std::regex("  replay  plumbline ([^\n]*)"))) return {};
    std::istringstream split(replay[1].str());
    Arguments words;
    for (std::string word; split >> word;) words.push_back(word);
    return words;
  }
  // Compiles an example by the command that its own comment gives.
  std::string compiled(const std::string& example, const std::string& compiler) const {
    const fs::path source = fs::path(PLUMBLINE_SOURCE) / "tools/examples" / example;
    const std::string text = slurp(source);
    std::smatch found;
    const std::regex line("//   (" + compiler + " [^\n]*)\n");
    if (!std::regex_search(text, found, line)) throw std::runtime_error("no command in " + example);
    const std::string to = at(example + ".so");
    std::string command = std::regex_replace(found[1].str(), std::regex("path/to/plumbline"),
                                             std::string(PLUMBLINE_SOURCE));
    command = std::regex_replace(command, std::regex("-o rope\\.so " + example),
                                 "-o " + to + " " + source.string());
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return to;
  }
};

}  // namespace plumbline
