// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "properties/diagnosis/operator.h"

// What a measured operator can be called.
namespace plumbline::diagnosis {

// A name: "M09b" of the project's bug classes, or a word for a class without a number.
struct Name {
  std::string_view id, text;
  std::string_view bug_class() const { return id.front() == 'M' ? id.substr(0, 3) : id; }
};
// Throws std::logic_error for an id that is no name.
const Name& name_of(std::string_view id);

// What was read off the measured operator without asking what it should be.
struct Reading {
  std::string pairing;         // "neox", "gptj", "halves of head_dim", "unclear"
  std::vector<int> axis;       // [maps][pairs]: the axis that explains the pair; -2: none does
  std::optional<double> gain;  // |y| / |x|, where it is the same everywhere
  double offset = 0;           // of the position, from the row of zeros
  std::optional<double> end;   // positions from here on are wrong, all before are right
  std::optional<double> period_error;  // of 2 pi, per turn taken off
  bool good_near_zero = false;  // wrong beyond some angle, with a wrong length, right below it
  std::optional<double> base;   // of a plain ladder that explains every pair
};
// Of k, or of q; `pairing` is of both. `right_at` decides whether text at a position is right; it
// asks the kernel anew.
Reading read(const Contract& contract, const Operator& measured,
             const std::function<bool(double position)>& right_at, bool key = true);

// Every name whose model fits the operators of all these calls; "right" where the contract's does.
// `only`: of k, or of q.
std::set<std::string_view> explain(const Contract& contract, std::span<const Operator> calls,
                                   const Reading& reading, std::optional<bool> only = {});

// Without the names that read a number off the kernel where one with nothing to choose fits as
// well: that is the plainer account of the same.
std::set<std::string_view> plainest(std::set<std::string_view> names);

}  // namespace plumbline::diagnosis
