// SPDX-License-Identifier: Apache-2.0
// VideoRoPE and HoPE: frames centred on the diagonal, the cursor led by time alone.
#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

// HoPE's gamma: one per visual segment, of no effect where the segment has one frame.
struct BlockStride {
  static constexpr std::string_view diagonal = "diagonal_per_block",
                                    past_last_frame = "past_last_frame_per_block";
  template <class S>
  static S of(const Block<S>& b, const Knobs& knobs) {
    if (b.visual.grid.t == 1) return Scalar<S>::integer(1);
    return knobs.get<S>("temporal_stride_lst", b.ordinal);
  }
};

// (tau, tau + h - H / 2, tau + w - W / 2), tau = p + delta t: real centring.
struct CentredDiagonalLayout {
  static constexpr std::string_view name = "diagonal_centred";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    using N = Scalar<S>;
    const S two = N::integer(2), tau = b.cursor + OneStride::of<S>(b, knobs) * c.t;
    return {tau, tau + c.h - N::quotient(b.h_count, two), tau + c.w - N::quotient(b.w_count, two),
            S{}};
  }
};
struct PastAllFrames {  // p + delta T
  static constexpr std::string_view name = "past_all_frames";
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    return b.cursor + OneStride::of<S>(b, knobs) * b.t_count;
  }
};

constexpr PositionDesign kVideorope{.layout = layout_of<DiagonalLayout<OneStride>>(),
                                    .advance = advance_of<PastLastFrame<OneStride>>(),
                                    .delta = DeltaRule::temporal_axis};
constexpr PositionDesign kHope{.layout = layout_of<DiagonalLayout<BlockStride>>(),
                               .advance = advance_of<PastLastFrame<BlockStride>>(),
                               .delta = DeltaRule::temporal_axis};
constexpr PositionDesign kPaper{.layout = layout_of<CentredDiagonalLayout>(),
                                .advance = advance_of<PastAllFrames>(),
                                .delta = DeltaRule::none};

FrequencyAllocation hope_official(const HeadShape& shape, const Parameters& parameters) {
  return silence_time(videorope_official(shape, parameters));
}
FrequencyAllocation hope_original(const HeadShape& shape, const Parameters& parameters) {
  return silence_time(videorope_original(shape, parameters));
}
FrequencyAllocation hope_paper(const HeadShape& shape, const Parameters& parameters) {
  return silence_time(videorope_paper(shape, parameters));
}

constexpr ParameterSpec kVideoropeKnobs[] = {temporal_stride("2"), mrope_section("16,24,24")};
constexpr ParameterSpec strides(std::string_view aliases) {
  return {"temporal_stride_lst", Kind::per_block, {}, {}, aliases, nullptr, "1"};
}
constexpr ParameterSpec kHopeKnobs[] = {
    strides({}), mrope_section("16,24,24"), {"temporal_stride", Kind::ignored, {}}};
constexpr ParameterSpec kHopeOriginalKnobs[] = {strides("scale_factor"), mrope_section("16,24,24")};

// Rows and columns reach below the cursor and past it; time moves every axis.
constexpr std::string_view kDiagonal =
    "FUT! PAST! POS?text_covers_half_extent DECN! DECF! SYM?odd_extents FULL! GRAN!";
constexpr std::string_view kCentred =
    "FUT?extents_below_twice_stride PAST! POS! DECN! DECF! SYM! GROW?stride_at_most_one FULL! "
    "GRAN! DELTA.";
// Pairs that do not turn cannot tell text from text, nor frame from frame.
constexpr std::string_view kSilent =
    "TEXT0! TEXT1! FUT! PAST! RINJ! POS?text_covers_half_extent DECN! DECF! SYM?odd_extents FULL! "
    "GRAN!";

constexpr Scheme kSchemes[] = {
    {.name = "videorope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/videorope.py, freq_allocation/videorope.py",
     .design = kVideorope,
     .allocation = kVideoropeOfficial,
     .parameters = kVideoropeKnobs,
     .rope_theta = "1000000",
     .verdicts = kDiagonal},
    {.name = "videorope-original",
     .source = "Wiselnn570/VideoRoPE, the authors' code",
     .design = kVideorope,
     .allocation = kVideoropeOriginal,
     .parameters = kVideoropeKnobs,
     .rope_theta = "1000000",
     .verdicts = kDiagonal},
    {.name = "videorope-paper",
     .source = "VideoRoPE, arXiv 2502.05173, section 4: real centring, text resumes at p + delta T",
     .design = kPaper,
     .allocation = kVideoropePaper,
     .parameters = kVideoropeKnobs,
     .rope_theta = "1000000",
     .verdicts = kCentred},
    {.name = "hope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/hope.py, freq_allocation/hope.py",
     .design = kHope,
     .allocation = {"hope_official", hope_official},
     .parameters = kHopeKnobs,
     .rope_theta = "1000000",
     .verdicts = kSilent},
    {.name = "hope-original",
     .source = "hrlics/HoPE, the authors' code",
     .design = kHope,
     .allocation = {"hope_original", hope_original},
     .parameters = kHopeOriginalKnobs,
     .rope_theta = "1000000",
     .verdicts = kSilent},
    {.name = "hope-paper",
     .source = "HoPE, arXiv 2505.20444: the parity of VideoRoPE's paper, lowest pairs unrotated",
     .design = kHope,
     .allocation = {"hope_paper", hope_paper},
     .parameters = kHopeOriginalKnobs,
     .rope_theta = "1000000",
     .verdicts = kSilent},
};

}  // namespace

std::span<const Scheme> diagonal_schemes() { return kSchemes; }

}  // namespace plumbline
