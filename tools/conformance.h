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
// {"plumbline_conformance": 1, "schemes": [...]}
Json conformance_json(const std::vector<Judged>& matrix);

}  // namespace plumbline
