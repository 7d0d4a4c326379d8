// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reference/criteria.h"

namespace plumbline {

struct Judged {
  Subject subject;
  std::vector<Finding> findings;
  std::string title() const;  // "circlerope / centred"
};

// "H", "V", "C", "." or "~".
char mark(Verdict verdict);
// One self-contained page: the matrix, then every verdict that is not "holds" with what refutes it.
std::string conformance_html(const std::vector<Judged>& matrix);
// Version 1:
//   {"plumbline_conformance": 1, "schemes": [ROW ...]}
//   ROW: {"scheme": name, "profile": label or "", "params": as in a resolved case,
//         "criteria": {NAME: FINDING ...}}, one entry for each of criteria(), in order
//   FINDING: {"verdict", "declared": holds | violated | conditional | not_applicable | undecided,
//             "as_declared": bool, "condition"?: text, where conditional,
//             "counterexample"?: {"sequence": notation, or "" where the map alone refutes it,
//                                 "params": "key=value" where it needs one, "text"},
//             "domain": text, "cases": how many were judged}
Json conformance_json(const std::vector<Judged>& matrix);

}  // namespace plumbline
