// SPDX-License-Identifier: Apache-2.0
// The maps whose ladders restart, bend or differ between axes, and those that follow a ratio.
#include <array>
#include <stdexcept>
#include <vector>

#include "golden/oracle/allocation_parts.h"

namespace plumbline::oracle {
namespace {

std::optional<Rational> base_of(const Case& c, const char* key) {
  if (!has(c.params, key)) return std::nullopt;
  Rational base = number(c.params, key);
  if (base.sign() <= 0) throw std::invalid_argument(std::string(key) + ": must be above zero");
  return base;
}

// F-BAL: each pair goes to the axis that is furthest behind its share.
Allocation balanced(const Case& c, const Section& s) {
  Section given = {};
  const std::int64_t n = c.pairs();
  return by_pair(c, [&](std::int64_t i) {
    std::size_t best = 0;
    for (std::size_t a = 1; a < 3; ++a) {
      if (s[a] * (i + 1) - n * given[a] > s[best] * (i + 1) - n * given[best]) best = a;
    }
    ++given[best];
    return best;
  });
}

}  // namespace

Allocation axial(const Case& c, const std::vector<std::int64_t>& rungs,
                 const std::optional<Rational>& base) {
  Allocation result;
  std::int64_t pairs = 0;
  for (const std::int64_t count : rungs) {
    const auto axis = static_cast<std::uint8_t>(result.ladders.size());
    for (std::int64_t j = 0; j < count && pairs < c.pairs(); ++j, ++pairs) {
      result.axis.push_back(axis);
      result.rung.push_back(static_cast<std::int32_t>(j));
    }
    result.ladders.push_back({.base = base, .rungs = count});
  }
  return result;
}

std::int64_t even_pairs(const Case& c) {
  if (c.pairs() % 2 != 0) {
    throw std::invalid_argument("rotary_dim: two axes need an even number of pairs");
  }
  return c.pairs() / 2;
}

Allocation axes_dim(const Case& c, const Section& section) {
  const Section lanes = has(c.params, "axes_dim") ? three_integers(c.params, "axes_dim") : section;
  std::vector<std::int64_t> rungs;
  for (const std::int64_t count : lanes) {
    if (count < 2 || count % 2 != 0 || count > c.rotary_dim) {
      throw std::invalid_argument("axes_dim: needs even numbers of lanes");
    }
    rungs.push_back(count / 2);
  }
  if (lanes[0] + lanes[1] + lanes[2] != c.rotary_dim) {
    throw std::invalid_argument("axes_dim: must sum to rotary_dim");
  }
  return axial(c, rungs, base_of(c, "theta"));
}

Allocation axes_dim_thirds(const Case& c, const Section&) {
  const std::int64_t third = c.rotary_dim / 3;
  return axes_dim(c, {third, third, third});
}

Allocation axial_2d(const Case& c, const Section&) {
  const std::int64_t half = even_pairs(c);
  const std::string ladder = c.params.value("ladder", std::string("axial"));
  if (ladder == "axial") return axial(c, {half, half}, std::nullopt);
  if (ladder != "slice") throw std::invalid_argument("ladder: must be axial or slice");
  return by_pair(c, [&](std::int64_t i) { return i < half ? 0 : 1; });
}

Allocation il_like(const Case& c, const Section&) {
  const std::int64_t m = integer(c.params, "m", c.pairs() / 4);
  if (m < 0 || 3 * m > c.pairs())
    throw std::invalid_argument("m: three times it must fit the pairs");
  return by_pair(c, [&](std::int64_t i) { return i < 3 * m ? i % 3 : 0; });
}

Allocation typed(const Case& c, const Section&) {
  const std::int64_t quarter = c.pairs() / 4;
  const Section s = section_of(c, {c.pairs() - 2 * quarter, quarter, quarter});
  must_fill(s, c.pairs());
  return by_pair(c, [&](std::int64_t i) { return run(s, i); });
}

Allocation by_ratio(const Case& c, const Section& section) {
  const Section s = has(c.params, "ratio") ? three_integers(c.params, "ratio") : section;
  const std::int64_t n = c.pairs(), sum = s[0] + s[1] + s[2];
  for (const std::int64_t entry : s) {
    if (entry < 0 || entry > (1 << 20)) throw std::invalid_argument("ratio: is out of range");
  }
  if (sum == n && s[1] <= (n + 1) / 3 && s[2] <= n / 3) {
    return by_pair(c, [&](std::int64_t i) { return three_way(s, i); });
  }
  return balanced(c, s);
}

Allocation two_bases(const Case& c, const Section& section) {
  Allocation map = interleaved(c, section);
  const LadderRule time{.rungs = c.pairs()};
  const LadderRule space{.base = base_of(c, "spatial_theta").value_or(10000), .rungs = c.pairs()};
  map.ladders = {time, space, space};
  return map;
}

LadderRule grape_ladder(const Case& c) {
  const Rational scale = number(c.params, "log_freq_scale", 1);
  if (scale.sign() <= 0) throw std::invalid_argument("log_freq_scale: must be above zero");
  return {.rungs = c.pairs(), .power = Rational(1) / scale};
}

Allocation grape(const Case& c, const Section& section) {
  const std::string word = c.params.value("frequency_allocation", std::string("chunked"));
  if (word != "chunked" && word != "interleaved") {
    throw std::invalid_argument("frequency_allocation: must be chunked or interleaved");
  }
  Allocation map =
      word == "chunked" ? chunked(c, section) : by_pair(c, [](std::int64_t i) { return i % 3; });
  map.ladders = {grape_ladder(c)};
  return map;
}

}  // namespace plumbline::oracle
