// SPDX-License-Identifier: Apache-2.0
#include "tools/probed.h"

#include "golden/golden.h"
#include "properties/mutants/mutant.h"
#include "tools/plugin/run.h"

namespace plumbline {
namespace {

Format format_named(const std::string& word) {
  if (const Format* found = find_format(word)) return *found;
  throw std::invalid_argument("dtype = '" + word.substr(0, 60) +
                              "': must be f64, f32, bf16 or f16");
}

Format offered(const plugin::PluginProcess& plugin) {
  const auto has = [&](const Format& f) {
    return plugin.description().recipe[static_cast<std::size_t>(dtype_of(f))].has_value();
  };
  if (has(binary32)) return binary32;
  for (const Format& f : kFormats) {
    if (has(f)) return f;
  }
  return binary32;
}

laws::Subject fresh(const plugin::PluginOptions& options,
                    const std::shared_ptr<plugin::Health>& health) {
  laws::Subject out = plugin::subject(options.start(), health);
  out.rotate = [rotate = out.rotate](const laws::Call& call) {
    try {
      rotate(call);
    } catch (const std::invalid_argument&) {
      throw;
    } catch (const std::runtime_error& trouble) {
      throw diagnosis::NoAnswer(trouble.what());
    }
  };
  return out;
}

}  // namespace

void ProbedOptions::add(CLI::App& choices, CLI::App& command) {
  choices.add_option("--kernel", kernel, "a kernel of fast/, or 'reference'");
  choices.add_option("--mutant", mutant, "a wrong kernel of `plumbline list mutants`");
  plugin.add(choices, command);
  command.add_option("--recipe", recipe,
                     "arithmetic that the subject declares, such as hf_bf16 or hf_f32,table=bf16");
  command.add_option("--dtype", dtype, "of the tensors: f64, f32, bf16 or f16");
}

std::string ProbedOptions::words() const {
  std::string out;
  if (!kernel.empty()) out += " --kernel " + shell_word(kernel);
  if (!mutant.empty()) out += " --mutant " + shell_word(mutant);
  if (plugin.given()) out += plugin.words();
  if (!recipe.empty()) out += " --recipe " + shell_word(recipe);
  if (!dtype.empty()) out += " --dtype " + dtype;
  return out;
}

std::vector<Case> cases_asked(const CaseOptions& options) {
  std::vector<Case> out = options.read();
  if (out.empty())
    throw std::invalid_argument("--cases = '" + options.cases.substr(0, 200) +
                                "': the list is empty: must hold a case");
  return out;
}

Probed probed(const ProbedOptions& options) {
  Probed out;
  out.format = options.dtype.empty() ? binary32 : format_named(options.dtype);
  std::optional<Recipe> chosen;
  if (!options.recipe.empty()) chosen = parse_recipe(options.recipe);
  diagnosis::Maker make;
  if (options.plugin.given()) {
    const auto first = options.plugin.start();
    // A recipe that cannot be read is refused before anything is tried.
    for (const DtypeInfo& d : kDtypes) plugin::recipe_of(*first, d.dtype);
    if (options.dtype.empty()) out.format = offered(*first);
    for (const DtypeInfo& d : kDtypes) {
      if (d.dtype != dtype_of(out.format) && plugin::recipe_of(*first, d.dtype))
        out.not_probed.emplace_back(d.name);
    }
    out.name = first->description().name;
    out.kind = "plug-in";
    make = [plugin = options.plugin, health = out.health] { return fresh(plugin, health); };
  } else if (!options.mutant.empty()) {
    const mutants::Mutant& m = mutants::find_mutant(options.mutant);
    out.name = options.mutant;
    out.kind = "mutant";
    make = [&m] { return mutants::subject_of(m); };
  } else {
    const laws::Subject& s = laws::find_subject(laws::subjects(), options.kernel, "--kernel");
    out.name = options.kernel;
    out.kind = "kernel";
    make = [&s] { return s; };
  }
  out.make = !chosen ? make : [make, chosen] {
    laws::Subject subject = make();
    subject.recipe = [chosen](const Format&) { return chosen; };
    return subject;
  };
  return out;
}

}  // namespace plumbline
