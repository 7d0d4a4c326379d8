// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "golden/quick/rotation.h"
#include "golden/quick/scattered.h"
#include "reference/angles.h"

namespace plumbline::quick {

// The turns of a case's rows as its maps read them: pair by pair, each from the axis and the rung
// that the map names.
class MapTurns {
 public:
  // All three must outlive this object. The map must be a rotation: FrequencyAllocation::partner
  // empty.
  MapTurns(const Spectra& spectra, const FrequencyAllocation& map, const PositionTable& ids);

  // Rows [first, first + count).
  class Block {
   public:
    // The turns of one map at one row of the block.
    PairTurns at(std::size_t row, int map) const;

   private:
    friend class MapTurns;
    const MapTurns* all_ = nullptr;
    std::size_t first_ = 0;
    std::vector<double> turns_;  // [row][map][groups][kTurnGroup]
    std::vector<bool> open_;     // [row][map]
  };
  // What no fixed-point phase reaches, irrational coordinates and those past kFarthest, is taken
  // from `angles`, of the same rows. Any number of threads may call it at once, each with its own
  // `angles`.
  Block block(std::size_t first, std::size_t count, Angles& angles) const;

 private:
  // Of one axis, row by row: [row][groups of rungs][kTurnGroup].
  using RungTurns = std::shared_ptr<const std::vector<double>>;
  std::size_t ladder_of(Axis axis) const { return map_.ladders.size() == 1 ? 0 : index(axis); }
  void find_denominators();
  // By axis; axes that stand at the same coordinates of the same ladder share theirs. Null where no
  // pair reads the axis, or no phase reaches it.
  std::vector<RungTurns> rung_turns(std::size_t first, std::size_t count) const;
  // Whether the enclosures of `angles` are narrow enough to make the pair's turn; then makes it.
  bool enclosed(Angles& angles, std::size_t row, int map, int pair, double* group) const;

  const Spectra& spectra_;
  const FrequencyAllocation& map_;
  const PositionTable& ids_;
  int groups_;
  double scale_;
  std::vector<bool> used_;                  // by axis: some pair reads it
  SeedTurn still_;                          // A and 0
  std::vector<std::int64_t> denominators_;  // by ladder
  std::vector<std::int64_t> numerators_;    // [axis][row]; kNone: no such number
  // By ladder; null where nothing needs it.
  std::vector<std::unique_ptr<const ScatteredRows>> rows_;
};

}  // namespace plumbline::quick
