// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "golden/plain_text.h"
#include "tools/plugin/process.h"

namespace plumbline::plugin {

// --plugin, --timeout and --memory, for every command that takes a plug-in.
struct PluginOptions {
  std::string library;
  Limits limits;
  // The library is one of `subject`'s choices; the limits belong to the command.
  void add(CLI::App& subject, CLI::App& command) {
    CLI::Option* plugin = subject.add_option(
        "--plugin", library, "a shared library with a kernel, see tools/plumbline_kernel.h");
    command.add_option("--timeout", limits.seconds, "seconds that one call of a plug-in may take")
        ->needs(plugin)
        ->check(CLI::Range(0.01, 86400.0))
        ->check([](const std::string& text) {
          return CLI::detail::to_lower(text).find("nan") == std::string::npos
                     ? std::string()
                     : "Value " + text + " not in range [0.01 - 86400]";
        });
    command
        .add_option("--memory", limits.memory_mib,
                    "address space of a plug-in's process in MiB; 0: no cap")
        ->needs(plugin)
        ->check(CLI::Range(0, 1 << 24));
  }
  // " --plugin LIB", and the limits that are not the usual ones.
  std::string words() const {
    std::string out = " --plugin " + shell_word(library);
    const Limits usual;
    if (limits.seconds != usual.seconds) out += fmt::format(" --timeout {:g}", limits.seconds);
    if (limits.memory_mib != usual.memory_mib)
      out += fmt::format(" --memory {}", limits.memory_mib);
    return out;
  }
  bool given() const { return !library.empty(); }
  std::shared_ptr<PluginProcess> start() const {
    return std::make_shared<PluginProcess>(library, limits);
  }
};

}  // namespace plumbline::plugin
