// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/law.h"

#include <stdexcept>

namespace plumbline::laws {

std::span<const Family> families() {
  static const std::vector<Family> kFamilies{
      {"walk", walk_laws()},   {"block", block_laws()},       {"split", split_laws()},
      {"group", group_laws()}, {"relative", relative_laws()}, {"lane", lane_laws()},
      {"text", text_laws()},   {"oracle", oracle_laws()},     {"identity", identity_laws()},
  };
  return kFamilies;
}

const Law& find_law(std::string_view name) {
  std::string known;
  for (const Family& family : families()) {
    for (const Law& law : family.laws) {
      if (law.name == name) return law;
      known += (known.empty() ? "" : ", ") + std::string(law.name);
    }
  }
  throw std::invalid_argument("law = '" + std::string(name.substr(0, 60)) + "': must be one of " +
                              known);
}

}  // namespace plumbline::laws
