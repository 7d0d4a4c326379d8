// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stdexcept>

#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

laws::Subject subject(std::string name, std::function<PositionTable(const Case&)> place,
                      void (*edit)(Work&, State&),
                      std::function<std::optional<Recipe>(const Format&)> recipe, bool own) {
  auto state = std::make_shared<State>();
  return {std::move(name),
          std::move(place),
          [state, edit, recipe](const laws::Call& call) {
            Work work(call, *recipe(call.format));
            if (edit != nullptr) edit(work, *state);
            work.run();
            ++state->calls;
          },
          recipe,
          laws::not_by_pairs,
          own};
}

std::optional<Recipe> by_default(const Format& f) { return default_recipe(f); }

}  // namespace

std::span<const Mutant> mutants() {
  static const std::vector<Mutant> kAll = [] {
    std::vector<Mutant> all;
    for (const auto& part : {axis_mutants(), lane_mutants(), memory_mutants(), arithmetic_mutants(),
                             position_mutants()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return kAll;
}

const Mutant& find_mutant(std::string_view id) {
  std::string known;
  for (const Mutant& m : mutants()) {
    if (m.id == id) return m;
    known += (known.empty() ? "" : ", ") + std::string(m.id);
  }
  throw std::invalid_argument("mutant = '" + std::string(id.substr(0, 60)) + "': must be one of " +
                              known);
}

laws::Subject subject_of(const Mutant& m) {
  return subject(std::string(m.id), m.place != nullptr ? m.place : plumbline::positions, m.edit,
                 by_default, m.place != nullptr);
}

laws::Subject subject_with(void (*edit)(Work&, State&)) {
  return subject("edited", plumbline::positions, edit, by_default, false);
}

laws::Subject faultless(const Recipe& recipe) {
  return subject(
      "faultless " + recipe.name, plumbline::positions, nullptr,
      [recipe](const Format&) { return std::optional(recipe); }, false);
}

laws::Subject faultless() {
  return subject("faultless", plumbline::positions, nullptr, by_default, false);
}

}  // namespace plumbline::mutants
