// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "properties/identity/identity.h"

// Candidates against evidence of any kind: each distinct operator is tried once, however many
// schemes share it.
namespace plumbline::identity {

class Search {
 public:
  // What speaks against a contract, one line each; nothing: it fits.
  using Test = std::function<std::vector<std::string>(const diagnosis::Contract&)>;
  struct Operation {
    std::unique_ptr<diagnosis::Contract> contract;
    std::vector<std::string> differences;
    int number = -1;  // of an operator that fits; equal for equal ones
    bool fits() const { return differences.empty(); }
  };

  Search(const Format& format, std::optional<Recipe> recipe, Test test)
      : format_(format), recipe_(std::move(recipe)), test_(std::move(test)) {}
  const Operation& of(const Case& c);
  // What an operator depends on, as text.
  static std::string key_of(const Case& c);
  // Presets whose scheme, shape of a head, map, spectrum and pairing these are.
  static std::vector<std::string> presets_of(const Case& c);

 private:
  int number_of(const diagnosis::Contract& c);
  Format format_;
  std::optional<Recipe> recipe_;
  Test test_;
  std::map<std::string, Operation> known_;
  std::vector<const diagnosis::Contract*> operators_;
};

}  // namespace plumbline::identity
