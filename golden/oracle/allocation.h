// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "golden/oracle/case.h"

namespace plumbline::oracle {

// One ladder of frequencies: rung r turns at (base^(-r / rungs))^power radians per position, or so
// many whole turns, scaled as the spectrum says.
struct LadderRule {
  std::optional<Rational> base = std::nullopt;  // else the spectrum's
  std::int64_t rungs = 0;
  Rational power = 1;
  bool two_pi = false;  // turns, not radians
};

// The axis 0 to A-1 that drives a pair, or kStill, and its rung: [maps][pairs], row-major. maps is
// 1, or num_key_value_heads.
struct Allocation {
  std::size_t maps = 1;
  std::vector<std::uint8_t> axis = {};
  std::vector<std::int32_t> rung = {};
  std::vector<LadderRule> ladders = {};  // one that all axes share, or one per axis
  // The place of an entry's frequency among the rungs of all ladders in a row; 0 for a still pair.
  std::size_t frequency(std::size_t entry) const;
};
inline constexpr std::uint8_t kStill = 255;

// Pairs per axis, or KV heads or lanes per axis, for a case JSON that names none.
using Section = std::array<std::int64_t, 3>;
// All throw std::invalid_argument for parameters that the map refuses. F-ids: section 2.0.2 of the
// schemes.
using Allocate = Allocation (*)(const Case& c, const Section& section);
Allocation first_axis(const Case& c, const Section& section);          // F-1D
Allocation chunked(const Case& c, const Section& section);             // F-CHUNK
Allocation interleaved(const Case& c, const Section& section);         // F-IL3
Allocation round_robin_4(const Case& c, const Section& section);       // F-RR4
Allocation even_odd(const Case& c, const Section& section);            // F-EO
Allocation videorope(const Case& c, const Section& section);           // F-VR
Allocation videorope_original(const Case& c, const Section& section);  // F-VRO
Allocation videorope_paper(const Case& c, const Section& section);     // F-VRP
Allocation hope(const Case& c, const Section& section);                // F-NOPE of these three
Allocation hope_original(const Case& c, const Section& section);
Allocation hope_paper(const Case& c, const Section& section);
Allocation meta_8(const Case& c, const Section& section);           // F-META8
Allocation meta_16(const Case& c, const Section& section);          // F-META16; n a multiple of 16
Allocation per_head(const Case& c, const Section& section);         // F-HEAD
Allocation axes_dim(const Case& c, const Section& section);         // F-AXIAL of `axes_dim` lanes
Allocation axes_dim_thirds(const Case& c, const Section& section);  // the same, a third each
Allocation axial_2d(const Case& c, const Section& section);         // two axes, by `ladder`
Allocation il_like(const Case& c, const Section& section);  // F-IL(m), m = floor(n / 4) or `m`
Allocation typed(const Case& c, const Section& section);    // F-CHUNK(n/2, n/4, n/4)
Allocation by_ratio(const Case& c,
                    const Section& section);  // F-IL3 if it honours `ratio`, else F-BAL
Allocation two_bases(const Case& c, const Section& section);  // F-IL3; `spatial_theta` for h and w
Allocation grape(const Case& c, const Section& section);      // F-CHUNK or F-RR3 on this ladder:
LadderRule grape_ladder(const Case& c);                       // theta^(1 / log_freq_scale)

// Of deployed models: sections C.0 and C.3 to C.16 of the model specification. Halves: the first
// half of the pairs on one axis, the second on the other, each on a ladder of half the rungs.
Allocation ernie(const Case& c, const Section& section);  // H, W alternating, then T; order H, W, T
Allocation height_half(const Case& c, const Section& section);        // halves, H first
Allocation width_half(const Case& c, const Section& section);         // halves, W first
Allocation height_half_turns(const Case& c, const Section& section);  // H first, times 2 pi
Allocation pixtral(const Case& c, const Section& section);  // H on even rungs, then W on odd ones
Allocation moonvit(const Case& c, const Section& section);  // W, H by turns, in twos on even rungs
Allocation wan(const Case& c, const Section& section);      // F-AXIAL, h = w = 2 floor(d / 6) lanes
Allocation cogvideox(const Case& c, const Section& section);  // F-AXIAL, d/4, 3d/8, 3d/8 lanes

}  // namespace plumbline::oracle
