// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reference/frequency_allocation.h"

// Maps that schemes of more than one family share, n = pairs, (s_t, s_h, s_w) = mrope_section.
namespace plumbline {

// One map of all KV heads: pair i reads axis_of(i) at rung i.
template <class AxisOf>
FrequencyAllocation one_map(const HeadShape& shape, AxisOf axis_of) {
  FrequencyAllocation out;
  out.pairs = shape.pairs();
  for (int i = 0; i < out.pairs; ++i) out.of.push_back({axis_of(i), i});
  return out;
}

// TTT..HHH..WWW: s_t pairs T, then s_h pairs H, the rest W.
FrequencyAllocation in_chunks(const HeadShape& shape, const std::vector<std::int64_t>& section);
// H where i mod 3 = 1 and i < 3 h; W where i mod 3 = 2 and i < 3 w; else T.
FrequencyAllocation in_threes(const HeadShape& shape, std::int64_t h, std::int64_t w);
// For i < count: `even` or `odd` as i is; then T.
FrequencyAllocation in_twos(const HeadShape& shape, std::int64_t count, Axis even, Axis odd);

// "head_dim = 12", or "rotary_dim = 8 of head_dim = 128": either may be what the user gave.
std::string widths(const HeadShape& shape);
// Throws std::invalid_argument unless rotary_dim is a multiple of `lanes`.
void need_multiple(const HeadShape& shape, int lanes);
// Throws std::invalid_argument unless s_t + s_h + s_w = n.
void need_full_section(const HeadShape& shape, const std::vector<std::int64_t>& section);
// Adds a warning with the effective counts where they are not the section asked for.
void warn_unless_honoured(FrequencyAllocation& map, const std::vector<std::int64_t>& section);

// THW[i mod 3].
FrequencyAllocation round_robin(const HeadShape&, const Parameters&);
// H where i is odd and i < 2 s_h; W where i is even, i >= 2, i < 2 s_w; else T: pair 0 stays
// temporal. Source: JJJYmmm/Multimodal-RoPEs, freq_allocation/videorope.py.
FrequencyAllocation videorope_official(const HeadShape&, const Parameters&);
// For i < s_h + s_w: H where i is even, else W; then T. Source: Wiselnn570/VideoRoPE.
FrequencyAllocation videorope_original(const HeadShape&, const Parameters&);
// For i < s_h + s_w: W where i is even, else H; then T. Source: arXiv 2502.05173.
FrequencyAllocation videorope_paper(const HeadShape&, const Parameters&);
// THW[i mod 3] for i < 3 m, then T, m the knob `m` or floor(n / 4); needs 3 m <= n. Source: arXiv
// 2510.23095, the IL-RoPE-like ablation.
FrequencyAllocation il_rope(const HeadShape&, const Parameters&);

// Pairs that read T do not turn.
FrequencyAllocation silence_time(FrequencyAllocation map);

// Blocks of pairs in the order given, each with a whole spectrum of its own: pair j of a block of
// `lanes` lanes has frequency base^(-2 j / lanes). Throws std::invalid_argument naming `knob`
// unless the lanes sum to rotary_dim.
struct AxisBlock {
  Axis axis;
  int lanes;
};
FrequencyAllocation axial(const HeadShape& shape, const std::vector<AxisBlock>& blocks,
                          std::string_view knob);

inline constexpr Allocation kRoundRobin{"round_robin", round_robin},
    kVideoropeOfficial{"videorope_official", videorope_official},
    kVideoropeOriginal{"videorope_original", videorope_original},
    kVideoropePaper{"videorope_paper", videorope_paper}, kIlRope{"il_rope", il_rope};

}  // namespace plumbline
