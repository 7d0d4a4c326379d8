// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>

#include "fast/cuda/parameters.h"

namespace plumbline::test {

// splitmix64, so that a seed means the same everywhere.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  }
  // In [low, high].
  int number(int low, int high) {
    const auto count = static_cast<std::uint64_t>(std::int64_t{high} - low + 1);
    return static_cast<int>(low + static_cast<std::int64_t>(bits() % count));
  }
  bool coin() { return number(0, 1) == 1; }

 private:
  std::uint64_t state_;
};

// Of 2^-96 turns.
__extension__ using Units = unsigned __int128;
inline constexpr Units kWholeTurn = Units{1} << 96;

inline Units units_of(const fast::cuda::Turn& turn) {
  return Units{turn.high} << 64 | Units{turn.middle} << 32 | turn.low;
}

// Any frequency, a small one, or the nearest to a fraction of a turn, which has whole quarters.
inline fast::cuda::Turn draw_turn(Draw& draw) {
  Units units = Units{draw.bits()} << 32 | draw.bits() >> 32;
  const int kind = draw.number(0, 3), share = draw.number(1, 40);
  if (kind == 0) units >>= draw.number(0, 95);
  if (kind == 1)
    units = (kWholeTurn * static_cast<unsigned>(draw.number(0, share - 1)) +
             static_cast<unsigned>(share / 2)) /
            static_cast<unsigned>(share);
  return {static_cast<std::uint32_t>(units), static_cast<std::uint32_t>(units >> 32),
          static_cast<std::uint32_t>(units >> 64), 0};
}

// In 2^-96 turns, about as often on each scale, either side of each quarter.
inline Units draw_phase(Draw& draw) {
  const Units rest = (Units{draw.bits()} << 32 | draw.bits() >> 32) >> draw.number(2, 95);
  const Units quarter = Units{draw.bits() & 3U} << 94;
  return (draw.coin() ? quarter + rest : quarter - rest) % kWholeTurn;
}

// Of magnitude up to 2^31, the ends of that domain among them.
inline std::int64_t draw_position(Draw& draw) {
  constexpr std::int64_t kEnds[] = {INT32_MAX, -INT32_MAX, INT32_MIN, std::int64_t{1} << 31};
  const int end = draw.number(0, 31);
  if (end < static_cast<int>(std::size(kEnds))) return kEnds[end];
  return draw.number(INT32_MIN, INT32_MAX) >> draw.number(0, 31);
}

}  // namespace plumbline::test
