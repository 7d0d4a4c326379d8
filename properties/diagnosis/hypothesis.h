// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "properties/diagnosis/hypotheses.h"

// A name as a change of the contract's model.
namespace plumbline::diagnosis {

struct Evidence {
  const Contract& contract;
  const Operator& measured;
  const Reading& reading;
  bool mixed;  // some row of the call has different coordinates
};

// Turns a contract into what the name says; false where the evidence rules it out.
struct Hypothesis {
  Name name;
  bool (*change)(Model&, const Evidence&);
  // Depends on numbers read off a wrong operator: says nothing where the operator is right.
  bool from_reading = false;
};

std::span<const Hypothesis> hypotheses();

}  // namespace plumbline::diagnosis
