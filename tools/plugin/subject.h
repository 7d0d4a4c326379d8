// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "properties/laws/subject.h"
#include "tools/plugin/process.h"

namespace plumbline::plugin {

// The plug-in as a subject of the laws, under its own name. Trouble inside it throws
// std::runtime_error with one line, which a law reports as broken; a refusal is silence, and after
// a time-out so is every call: a shrunk counterexample of a kernel that hangs is not worth the
// hours.
struct Health {
  bool crashed = false;  // or hung, or left its memory
  bool hung = false;
  std::string gap;  // the first store between the heads or tokens of an output; its call went on
};
laws::Subject subject(const std::shared_ptr<PluginProcess>& plugin,
                      const std::shared_ptr<Health>& health);

}  // namespace plumbline::plugin
