// SPDX-License-Identifier: Apache-2.0
// The reference against the second oracle, which shares nothing with it below the case.
#include "golden/golden.h"
#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"

namespace plumbline::laws {
namespace {

Json draw_pick(Random& random, const Case&) { return Json{{"pick", random.between(0, 1'000'000)}}; }

// Positions, deltas, map, frequencies, cos and sin as golden files hold them: computed twice.
void check_two_oracles(const Trial& t) {
  const auto rows = telling_rows(t.c, static_cast<std::uint64_t>(integer(t.aux, "pick")), 4);
  Case c = with_rows(t.c, rows);
  c.id = "law";
  c.contents = {false, false, false, false};
  const PositionTable wanted = plumbline::positions(c), ids = t.subject.positions(c);
  for (std::size_t i = 0; i < wanted.position_ids.size(); ++i) {
    if (!same(ids.position_ids.at(i), wanted.position_ids[i]))
      throw Broken{"a coordinate is " + shown(ids.position_ids[i]) + ", not " +
                   shown(wanted.position_ids[i])};
  }
  try {
    generate({c, ""}, 1);
  } catch (const Disagreement& e) {
    throw Broken{e.what()};
  }
}

constexpr Law kLaws[] = {
    {"two_oracles", "the second oracle finds the same positions, deltas, map, cos and sin", "rows",
     Reach::far, false, draw_pick, check_two_oracles, nullptr, 4},
};

}  // namespace

std::span<const Law> oracle_laws() { return kLaws; }

}  // namespace plumbline::laws
