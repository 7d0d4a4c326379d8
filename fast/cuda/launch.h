// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "fast/cuda/entries.h"
#include "fast/cuda/parameters.h"
#include "fast/fast.h"

// From views to a launch: which entry, and which grid. Nothing here touches a device.
namespace plumbline::fast::cuda {

// Blocks of pieces x tokens threads, in a grid of blocks_of_tokens x blocks_of_heads.
struct Grid {
  int pieces = 1, tokens = 1;
  int blocks_of_tokens = 0, blocks_of_heads = 1;
};

struct Launch {
  std::size_t entry = 0;  // row of kEntries
  Grid grid;
  Parameters parameters;
};

// q or k; no heads: absent.
struct Rotated {
  int heads = 0;
  ConstView input;
  View output;
};

// Shape and table of a call. `plan` as in fast::rotate, with cos_sin_cache in the memory of the
// device that runs it; plan.cos_sin_cache itself is not read.
// `threads`: heads are dealt out to more threads until the grid has that many, or no head is left
// to deal; 0: never.
// The widest entry is chosen whose accesses are all aligned. Preconditions: those that fast::rotate
// checks, for q and for k; nothing is checked here.
Launch plan_launch(const RotaryPlan& plan, Storage storage, const Rotated& q, const Rotated& k,
                   Direction direction, const void* cos_sin_cache, std::int64_t threads);

// The same without table. position_ids [axes][tokens], int64 if `wide`, else int32, of magnitude up
// to 2^31. Not for f64.
struct Phases {
  const Turn* turns = nullptr;  // [maps][pairs], as make_turns gives them
  const void* position_ids = nullptr;
  bool wide = false;
  double attention_factor = 1;
};
Launch plan_launch(const RotaryPlan& plan, Storage storage, const Rotated& q, const Rotated& k,
                   Direction direction, const Phases& phases, std::int64_t threads);

// The same from parameters that are complete.
Launch plan_launch(const Parameters& parameters, Storage storage, bool neox, Source source,
                   std::int64_t threads);

// [maps][pairs]: inv_freq / (2 pi) modulo 1, within 2^-96 as long as inv_freq max(1, factor, 1 /
// log_freq_scale) <= 2^20. Throws std::invalid_argument for a case that make_plan would not take.
std::vector<Turn> make_turns(const RotaryCase& rotary_case);

// Runs the launch on this processor, thread after thread, block after block: the very body that the
// device runs.
void run_on_host(const Launch& launch) noexcept;

// Radians a position that the angle of Source::positions is off at most, 4 pi 2^-96: half of it for
// a turn within 2^-96, half of it where the phase is taken for a whole quarter turn. For inv_freq
// >= 2^-68 it is at most 2^-24 of the angle.
inline constexpr double kPhaseQuantum = 0x1.93p-93;

// Arithmetic of Source::positions, for f32, bf16 and f16; A cos and A sin may be off by
// |position| kPhaseQuantum A beside what trig_ulp says, which shows where they are small.
inline constexpr Recipe kPositionsRecipe{.position = std::nullopt,
                                         .inv_freq = std::nullopt,
                                         .angle = std::nullopt,
                                         .trig = Storage::f32,
                                         .table = Storage::f32,
                                         .product = Storage::f32,
                                         .pow_ulp = 0,
                                         .trig_ulp = 1.25,
                                         .trig_ulp_f64 = 0};

}  // namespace plumbline::fast::cuda
