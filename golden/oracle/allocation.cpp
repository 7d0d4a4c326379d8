// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/allocation.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "golden/oracle/allocation_parts.h"

namespace plumbline::oracle {

std::size_t Allocation::frequency(std::size_t entry) const {
  if (axis[entry] == kStill) return 0;
  std::int64_t before = 0;
  for (std::uint8_t a = 0; ladders.size() > 1 && a < axis[entry]; ++a) before += ladders[a].rungs;
  return static_cast<std::size_t>(before + rung[entry]);
}

Section section_of(const Case& c, const Section& otherwise) {
  if (!has(c.params, "mrope_section")) return otherwise;
  const Section s = three_integers(c.params, "mrope_section");
  for (const std::int64_t entry : s) {
    if (entry < 1 || entry > (1 << 20)) {
      throw std::invalid_argument("mrope_section: entries must be positive");
    }
  }
  return s;
}

void must_fill(const Section& s, std::int64_t n) {
  if (s[0] + s[1] + s[2] != n) {
    throw std::invalid_argument("mrope_section: must sum to the number of pairs");
  }
}

std::uint8_t run(const Section& s, std::int64_t i) {
  if (i < s[0]) return 0;
  if (i < s[0] + s[1]) return 1;
  return i < s[0] + s[1] + s[2] ? 2 : kStill;
}

std::uint8_t three_way(const Section& s, std::int64_t i) {
  if (i % 3 == 1 && i < 3 * s[1]) return 1;
  return i % 3 == 2 && i < 3 * s[2] ? 2 : 0;
}

Allocation first_axis(const Case& c, const Section&) {
  return by_pair(c, [](std::int64_t) { return 0; });
}

Allocation chunked(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  must_fill(s, c.pairs());
  return by_pair(c, [&](std::int64_t i) { return run(s, i); });
}

Allocation interleaved(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  return by_pair(c, [&](std::int64_t i) { return three_way(s, i); });
}

Allocation round_robin_4(const Case& c, const Section&) {
  return by_pair(c, [](std::int64_t i) { return i % 4; });
}

Allocation even_odd(const Case& c, const Section&) {
  return by_pair(c, [](std::int64_t i) { return i % 2; });
}

Allocation videorope(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  return by_pair(c, [&](std::int64_t i) {
    if (i % 2 == 1) return i < 2 * s[1] ? 1 : 0;
    return i >= 2 && i < 2 * s[2] ? 2 : 0;
  });
}

Allocation videorope_original(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  must_fill(s, c.pairs());
  return by_pair(c, [&](std::int64_t i) { return i < s[1] + s[2] ? 1 + i % 2 : 0; });
}

Allocation videorope_paper(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  must_fill(s, c.pairs());
  return by_pair(c, [&](std::int64_t i) { return i < s[1] + s[2] ? 2 - i % 2 : 0; });
}

namespace {

Allocation without_time(Allocation map) {
  std::replace(map.axis.begin(), map.axis.end(), std::uint8_t{0}, kStill);
  return map;
}

Allocation repeated(const Case& c, std::string_view axes) {
  return by_pair(
      c, [&](std::int64_t i) { return axes[static_cast<std::size_t>(i) % axes.size()] - '0'; });
}

}  // namespace

Allocation hope(const Case& c, const Section& s) { return without_time(videorope(c, s)); }
Allocation hope_original(const Case& c, const Section& s) {
  return without_time(videorope_original(c, s));
}
Allocation hope_paper(const Case& c, const Section& s) {
  return without_time(videorope_paper(c, s));
}

Allocation meta_8(const Case& c, const Section&) { return repeated(c, "00121212"); }
Allocation meta_16(const Case& c, const Section&) {
  // The source lists lanes, so elsewhere the two lanes of a pair read different axes.
  if (c.pairs() % 16 != 0) {
    throw std::invalid_argument("rotary_dim: half of it must be a multiple of 16 for a rotation");
  }
  return repeated(c, "0000112211221122");
}

Allocation per_head(const Case& c, const Section& section) {
  const Section s = section_of(c, section);
  const std::int64_t n = c.pairs(), heads = c.num_key_value_heads;
  if (s[0] + s[1] + s[2] > heads) {
    throw std::invalid_argument("mrope_section: more than num_key_value_heads");
  }
  if (integer(c.params, "num_key_value_heads", heads) != heads) {
    throw std::invalid_argument("num_key_value_heads: params and shape disagree");
  }
  Allocation result;
  result.maps = static_cast<std::size_t>(heads);
  result.ladders = {{.rungs = n}};
  for (std::int64_t g = 0; g < heads; ++g) {
    for (std::int64_t i = 0; i < n; ++i) {
      result.axis.push_back(run(s, g));
      result.rung.push_back(static_cast<std::int32_t>(i));
    }
  }
  return result;
}

}  // namespace plumbline::oracle
