// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/subject.h"
#include "reference/planes.h"

namespace plumbline::laws {

std::optional<std::string> not_by_pairs(const Case& c) {
  if (c.scheme->planes != nullptr && !c.scheme->planes(c.shape, c.parameters, 0).empty())
    return "it turns in dense planes";
  if (!allocation(c).partner.empty()) return "its map is no rotation";
  return std::nullopt;
}

}  // namespace plumbline::laws
