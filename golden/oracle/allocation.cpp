// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <stdexcept>

#include "golden/oracle/scheme.h"

namespace plumbline::oracle {
namespace {

std::array<std::int64_t, 3> section(const Case& c) {
  const std::array<std::int64_t, 3> s = three_integers(c.params, "mrope_section");
  for (const std::int64_t entry : s) {
    if (entry < 1 || entry > (1 << 20)) {
      throw std::invalid_argument("mrope_section: entries must be positive");
    }
  }
  return s;
}

// The axis whose run of the concatenated sections holds i, or kStill behind the last.
std::uint8_t run(const std::array<std::int64_t, 3>& s, std::int64_t i) {
  if (i < s[0]) return 0;
  if (i < s[0] + s[1]) return 1;
  return i < s[0] + s[1] + s[2] ? 2 : kStill;
}

}  // namespace

Allocation allocation(Allocate rule, const Case& c) {
  const std::int64_t n = c.pairs();
  Allocation result;
  if (rule == Allocate::first_axis) {
    result.axis.assign(static_cast<std::size_t>(n), 0);
    return result;
  }
  const std::array<std::int64_t, 3> s = section(c);
  const std::int64_t sum = s[0] + s[1] + s[2];
  if (rule == Allocate::chunked) {
    if (sum != n) throw std::invalid_argument("mrope_section: must sum to the number of pairs");
    for (std::int64_t i = 0; i < n; ++i) result.axis.push_back(run(s, i));
  } else if (rule == Allocate::interleaved) {
    // The first entry is never read: time takes what height and width leave.
    for (std::int64_t i = 0; i < n; ++i) {
      const bool height = i % 3 == 1 && i < 3 * s[1];
      const bool width = i % 3 == 2 && i < 3 * s[2];
      result.axis.push_back(height ? 1 : width ? 2 : 0);
    }
  } else {
    const std::int64_t heads = c.num_key_value_heads;
    if (sum > heads) throw std::invalid_argument("mrope_section: more than num_key_value_heads");
    if (has(c.params, "num_key_value_heads") && integer(c.params, "num_key_value_heads") != heads) {
      throw std::invalid_argument("num_key_value_heads: params and shape disagree");
    }
    result.maps = static_cast<std::size_t>(heads);
    for (std::int64_t g = 0; g < heads; ++g)
      result.axis.insert(result.axis.end(), static_cast<std::size_t>(n), run(s, g));
  }
  return result;
}

}  // namespace plumbline::oracle
