// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "properties/laws/subject.h"
#include "tools/plugin/process.h"

namespace plumbline::plugin {

// The plug-in as a subject of the laws, under its own name. Trouble inside it throws
// std::runtime_error with one line, which a law reports as broken; a refusal is silence. `crashed`,
// where given, becomes true at the first trouble.
laws::Subject subject(const std::shared_ptr<PluginProcess>& plugin,
                      const std::shared_ptr<bool>& crashed = nullptr);

}  // namespace plumbline::plugin
