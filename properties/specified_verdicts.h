// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

// The specification's table of verdicts as data: section 3.2, with the sizes of the counterexamples
// that section 3.3 gives.
namespace plumbline::test {

struct Specified {
  std::string_view scheme, profile;
  // H holds, V violated, C conditional, . not applicable; in the order of criteria(), up to DELTA.
  std::string_view verdicts;
  std::string_view tokens;  // "PAST 3 SYM 4": tokens of the counterexample
};

inline constexpr std::string_view kGridSizes = "INJ 2 RINJ 2 DECF 2 SYM 4",
                                  kResetSizes = "INJ 2 RINJ 2 PAST 3 SHIFT 2 SYM 3 DELTA 3",
                                  kDiagonalSizes = "FUT 3 PAST 5 POS 4 DECN 2 DECF 2 SYM 4",
                                  kCircleSizes = "PAST 3 POS 2 DECF 2 SYM 3 GROW 1";

inline constexpr Specified kSpecified[] = {
    {"vanilla", "", "HHHHHHHHHHV..HHVHHH", "LIN 4 GROW 4"},
    {"v2pe", "", "HHHHHHHHHCV..HCCHHH", "POS 19 LIN 4 SYM 3 GROW 1"},
    {"v2pe-original", "", "HHHHHHHHHCV..HCCHHH", ""},
    {"mrope", "", "HHHHHHHCCHHHVHCHVVH", kGridSizes},
    {"mrope-qwen2vl", "", "HHHHHHHCCHHHVHCHVVH", kGridSizes},
    {"mrope-abs-time", "", "HHHHHHHCCHCHVHCCVVH", "INJ 2 RINJ 2 DECF 2 SYM 4 GROW 10"},
    {"mrope-qwen3vl", "", "HHHHHHHCCHHHVHCHCVH", kGridSizes},
    {"mrope-qwen3.5", "", "HHHHHHHCCHHHVHCHCVH", kGridSizes},
    {"mrope-interleave", "", "HHHHHHHCCHHHVHCHCVH", kGridSizes},
    {"mrope-interleave", "spatial reset", "HHHHHVHCCHHHHVVHCVV", kResetSizes},
    {"mrope-i", "", "HHHHHVHCCHHHHVVHCVV", kResetSizes},
    {"mhrope", "spatial reset", "HHCCHVHCCHHHHVVHHHV", kResetSizes},
    {"videorope", "", "HHHHVVHHHCHVVHCHVVH", kDiagonalSizes},
    {"videorope-original", "", "HHHHVVHHHCHVVHCHVVH", kDiagonalSizes},
    {"videorope-paper", "", "HHHHCVHHHVHVVHVCVV.", "FUT 7 PAST 4 POS 1 DECN 2 DECF 2 SYM 3 GROW 1"},
    {"hope", "", "HHVVVVHHVCHVVHCHVVH", "TEXT0 2 TEXT1 2 FUT 3 PAST 5 RINJ 11 POS 4 DECN 2 SYM 4"},
    {"hope-original", "", "HHVVVVHHVCHVVHCHVVH",
     "TEXT0 2 TEXT1 2 FUT 3 PAST 5 RINJ 11 POS 4 DECN 2 SYM 4"},
    {"circlerope", "centred", "HHHHHVHCCVVVVHVCVVH", kCircleSizes},
    {"circlerope", "", "HHHHHHHVVVVVVHVCVVH", "INJ 2 RINJ 2 POS 2 SYM 3"},
    {"circlerope-original", "native video", "HHHHHVHVVVV.VHVCVVH", "INJ 2 RINJ 2"},
    {"ilrope", "", "HHHHHVHHHHHHHVVHCVV", "PAST 3 SHIFT 2 SYM 3 DELTA 3"},
    {"ilrope-paper", "", "HHVVVVHHHHHHHHVHVV.", "TEXT0 2 TEXT1 2 FUT 2 PAST 3 SYM 4"},
    {"abl-text-reset", "", "HHVVVVHHHHHHHHVHHV.", "TEXT0 2 TEXT1 2 FUT 2 PAST 3 SYM 4"},
    {"omnirope", "", "HHHHHVHHHHHHHVVHVVV", "PAST 3 SHIFT 2 SYM 3 DELTA 3"},
    {"omnirope-original", "", "HHVVHVHHHHH..VVHHV.", "TEXT0 2 TEXT1 2 PAST 3 SHIFT 2 SYM 3"},
    {"mmrope", "", "HHHHHHHHHHHHVHCCHVH", "DECF 2 SYM 4 GROW 2"},
    {"mmrope-original", "", "CCHHVCHHHHHHHHVVVV.", "FUT 3 SYM 4 GROW 4"},
    {"grape", "", "HHHHHHHCCHHHVHCHVVH", kGridSizes},
    {"grape", "interleaved", "HHHHHHHCCHHHVHCHCVH", kGridSizes},
    {"grape", "axis", "CCVVHHHCCHHHVHCH..H", "TEXT0 2 TEXT1 2 INJ 2 DECF 2 SYM 4"},
    {"grape", "mixed", "CCCCHHHCCHHHVHCH..H", "INJ 2 DECF 2 SYM 4"},
    {"grape", "block_mixed", "CCCCHHHCCHHHVHCH..H", "INJ 2 DECF 2 SYM 4"},
    {"abl-interval", "", "HHHHHHHHHHHHVHVVHVV", "DECF 2 SYM 4 GROW 4 DELTA 4"},
    {"abl-base", "", "HHVVHVHHHHHHHVVHCVV", "TEXT0 2 TEXT1 2 PAST 3 SHIFT 2 SYM 3 DELTA 3"},
    {"typed-2d", "", "HHVVVVVHHHH..VVCVV.", "TEXT0 2 TEXT1 2 FUT 2 PAST 3 TUP 2 SHIFT 2 SYM 4"},
    {"rope-tie", "", "HHHHHHHHHHV..HHVHV.", "GROW 2"},
    {"vrope-original", "", "HHHHHHHHHHVVVHHVHVH", "DECN 2 DECF 2 GROW 4"},
    {"tad-rope", "", "HHVVHHHHHHV..HHVHH.", "TEXT0 2 TEXT1 2 LIN 4 GROW 4"},
};

// Where what is computed is right and the table is not.
struct Correction {
  std::string_view scheme;  // empty: every row that shows it
  std::string_view criterion, specified, computed, reason;
};
inline constexpr Correction kCorrections[] = {
    {"v2pe-original", "DELTA", "H", ".",
     "its code keeps no delta: decoding goes on from the last position"},
    {"tad-rope", "DELTA", ".", "H",
     "its code has a delta, made from the cursor that counts a frame as one"},
    {"grape", "TEXT0", "H", "C", "frequencies are raised to 1 / log_freq_scale: section 2.12 (e)"},
    {"grape", "TEXT1", "H", "C", "frequencies are raised to 1 / log_freq_scale: section 2.12 (e)"},
    {"grape", "RINJ", "C", "V",
     "axis: at their initial values, orthogonal and commuting, all banks turn the same planes, so "
     "that (0, 0, 1) and (0, 1, 0) are one rotation"},
    {"mmrope-original", "TUP", "H", "C",
     "frame 2 of the sequence has cell (1, 1) at o + 8 on every axis, and so has the text token of "
     "index o + 8: a second block is what it takes to get there before the text"},
};

}  // namespace plumbline::test
