// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "properties/diagnosis/diagnose.h"
#include "tools/plugin/options.h"
#include "tools/plugin/subject.h"
#include "tools/plumbline.h"

// What `diagnose` and `identify` probe: a kernel of this build, a mutant, or a plug-in.
namespace plumbline {

struct ProbedOptions {
  std::string kernel, mutant, recipe, dtype;
  plugin::PluginOptions plugin;
  // The subject is one of `choices`; the rest belongs to the command.
  void add(CLI::App& choices, CLI::App& command);
  bool given() const { return !kernel.empty() || !mutant.empty() || plugin.given(); }
  std::string words() const;  // the options again, for a replay line
};

// Each call of `make` gives a fresh object: of a plug-in, a process of its own. A plug-in's crash,
// hang or bad access throws diagnosis::NoAnswer.
struct Probed {
  std::string name, kind;  // kind: "kernel", "mutant" or "plug-in"
  diagnosis::Maker make;
  Format format;  // of the tensors: the one asked for, else f32, else the first that is offered
  std::vector<std::string> not_probed;  // the other dtypes that a plug-in offers
  std::shared_ptr<plugin::Health> health = std::make_shared<plugin::Health>();
};
// Whether any case was named; a knob without one is refused when the cases are read.
inline bool given(const CaseOptions& c) {
  return c.batch() || !c.scheme.empty() || !c.model.empty() || !c.set.empty();
}
// At least one case: where none is asked about, nothing could be right or wrong. Throws
// std::invalid_argument.
std::vector<Case> cases_asked(const CaseOptions& options);
// Throws std::invalid_argument for a name or recipe that there is not, Refused and PluginFailed as
// plugin::PluginProcess does.
Probed probed(const ProbedOptions& options);

}  // namespace plumbline
