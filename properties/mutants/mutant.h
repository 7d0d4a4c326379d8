// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "properties/mutants/work.h"

// Wrong kernels that have been deployed, one row each: the yardstick of every suite.
namespace plumbline::mutants {

// wrong: some output leaves its budget. legal: another order of roundings that the budget covers.
// equivalent: no output differs, whatever goes in.
enum class Kind : std::uint8_t { wrong, legal, equivalent };

struct Mutant {
  std::string_view id;  // class and variant, "M09b"
  std::string_view name;
  std::string_view sentence;                      // what it does
  std::string_view source;                        // where it was seen, owner/repository#thread
  void (*edit)(Work&, State&) = nullptr;          // of the rotation
  PositionTable (*place)(const Case&) = nullptr;  // of the position ids
  Kind kind = Kind::wrong;
  std::string_view reason = {};  // why it is legal or equivalent
  // "M09"; "sign" and the like for classes that have no number.
  std::string_view bug_class() const { return id.front() == 'M' ? id.substr(0, 3) : id; }
};

// A source of mutants that belong to the list and were not found in a thread.
inline constexpr std::string_view kNoThread = "no thread known";

std::span<const Mutant> axis_mutants();        // M01 to M06
std::span<const Mutant> lane_mutants();        // M07 to M11
std::span<const Mutant> memory_mutants();      // M12 to M18
std::span<const Mutant> arithmetic_mutants();  // M19 to M26
std::span<const Mutant> position_mutants();    // M27, M28

// All of them, in the order of the classes.
std::span<const Mutant> mutants();
// Throws std::invalid_argument naming the mutants there are.
const Mutant& find_mutant(std::string_view id);

// A fresh kernel object with this bug, which declares the default recipe of each format.
laws::Subject subject_of(const Mutant& mutant);
// The same with a change that is not in the table.
laws::Subject subject_with(void (*edit)(Work&, State&));
// The kernel without a bug, under a recipe for every format; or under each format's default one.
laws::Subject faultless(const Recipe& recipe);
laws::Subject faultless();

}  // namespace plumbline::mutants
