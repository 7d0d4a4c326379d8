// SPDX-License-Identifier: Apache-2.0
#include "fast/cuda/launch.h"
#include "fast/refuse.h"
#include "fast/spectrum.h"

namespace plumbline::fast::cuda {
namespace {

Turn turn_of(const Wide& turns, std::uint32_t axis) {
  // Half a unit more, so that cutting off rounds; a carry may make it a whole turn, which is none.
  Wide rest = turns - floor(turns) + Wide(0x1p-97L);
  rest = rest - floor(rest);
  std::uint32_t words[3];
  for (std::uint32_t& word : words) {
    rest = rest * Wide(0x1p32L);
    const Wide whole = floor(rest);
    word = static_cast<std::uint32_t>(whole.high + whole.low);
    rest = rest - whole;
  }
  return {words[2], words[1], words[0], axis};
}

}  // namespace

std::vector<Turn> make_turns(const RotaryCase& rotary_case) {
  // Every check that make_plan makes.
  make_plan(rotary_case, {}, 0, Phase::exact, Storage::f32);
  std::vector<Ladder> ladders;
  for (const Spectrum& spectrum : rotary_case.spectra) ladders.push_back(ladder(spectrum));
  std::vector<Turn> turns(rotary_case.axis_map.size());
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const std::uint8_t axis = rotary_case.axis_map[i];
    if (axis == kNoAxis) continue;
    const Ladder& its = ladders[ladders.size() == 1 ? 0 : axis];
    const auto rung = static_cast<std::size_t>(rotary_case.rung[i]);
    turns[i] = turn_of(its.turns.empty() ? its.inv_freq[rung] / (2 * kPi) : its.turns[rung], axis);
  }
  return turns;
}

}  // namespace plumbline::fast::cuda
