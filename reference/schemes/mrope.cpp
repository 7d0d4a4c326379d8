// SPDX-License-Identifier: Apache-2.0
#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

constexpr PositionDesign kGrid{.layout = layout_of<GridLayout>(),
                               .advance = advance_of<PastExtent>()};
constexpr PositionDesign kReset{.layout = layout_of<SpatialResetLayout>(),
                                .advance = advance_of<PastExtent>()};
constexpr PositionDesign kAbsolute{.layout = layout_of<AbsoluteTimeLayout>(),
                                   .advance = advance_of<PastAbsoluteExtent>()};

// The rule of huggingface/transformers since 2026: the cursor looks at rows and columns alone, the
// seconds lose their fraction first, padding is 0 and no part of the rope delta.
struct WholeSecondsLayout {
  static constexpr std::string_view name = "absolute_time_whole_seconds";
  static constexpr bool float32 = true;  // integers: every arithmetic gives them
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    using N = Scalar<S>;
    const S zero = N::integer(0);
    const S time = b.video < 0 ? zero
                               : c.t * knobs.get<S>("tokens_per_second") *
                                     N::floor(knobs.get<S>("second_per_grid_t", b.video));
    return {b.cursor + time, b.cursor + c.h, b.cursor + c.w, S{}};
  }
};
constexpr PositionDesign kGridPastSides{.layout = layout_of<GridLayout>(),
                                        .advance = advance_of<PastSides>(),
                                        .pad = 0,
                                        .delta_without_padding = true};
// trunc(t (g kappa)) in binary64, the order of operations of vllm-project/vllm qwen2_5_vl.py, under
// either arithmetic: its rounding is the rule. Only exact numbers can follow it.
struct Binary64Time {
  static constexpr std::string_view layout = "absolute_time_binary64",
                                    advance = "past_absolute_extent_binary64";
  template <class S>
  static S of(const S& t, const S& g, const S& kappa, const Knobs&) {
    if constexpr (std::is_same_v<S, Rational>)
      return Scalar<S>::float64_floor(t, g, kappa);
    else
      return Scalar<S>::floor(t * g * kappa);
  }
};
constexpr PositionDesign kBinary64Time{.layout = layout_of<TimeLayout<Binary64Time>>(),
                                       .advance = advance_of<PastTimeExtent<Binary64Time>>()};
constexpr PositionDesign kWholeSeconds{.layout = layout_of<WholeSecondsLayout>(),
                                       .advance = advance_of<PastSides>(),
                                       .pad = 0,
                                       .delta_without_padding = true};
constexpr ParameterSpec kPositionRule{"position_rule", Kind::word, "original",
                                      "original,hf-2026,vllm"};
constexpr DesignVariant kResetOn[] = {{"spatial_reset", "true", &kReset}};
constexpr DesignVariant kGridRules[] = {{"position_rule", "hf-2026", &kGridPastSides}};
constexpr DesignVariant kTimeRules[] = {{"position_rule", "hf-2026", &kWholeSeconds},
                                        {"position_rule", "vllm", &kBinary64Time}};

constexpr ParameterSpec kOfficial[] = {temporal_stride("2"), mrope_section("16,24,24"),
                                       kIntegerOutput};
constexpr ParameterSpec kQwen2[] = {temporal_stride("1"), mrope_section("16,24,24"), kIntegerOutput,
                                    kPositionRule};
constexpr ParameterSpec kQwen25[] = {kSecondsPerGrid, kTokensPerSecond, mrope_section("16,24,24"),
                                     kIntegerOutput, kPositionRule};
constexpr ParameterSpec kQwen3[] = {temporal_stride("1"), mrope_section("24,20,20"), kIntegerOutput,
                                    kPositionRule};
constexpr ParameterSpec kQwen35[] = {temporal_stride("1"), mrope_section("11,11,10"),
                                     kIntegerOutput, kPositionRule};
constexpr ParameterSpec kInterleave[] = {temporal_stride("1"), mrope_section("24,20,20"),
                                         spatial_reset("false"), kIntegerOutput};
constexpr ParameterSpec kMropeI[] = {temporal_stride("1"), mrope_section("24,20,20"),
                                     kIntegerOutput};
constexpr ParameterSpec kMultiHead[] = {temporal_stride("1"),
                                        head_section("2,3,3"),
                                        spatial_reset("false"),
                                        {"num_key_value_heads", Kind::positive, {}},
                                        kIntegerOutput};

// Truncation is what lets frames of a small stride fall together.
constexpr std::string_view kChunkedGrid =
    "INJ?steps_at_least_one RINJ?steps_at_least_one DECF! SYM?equal_extents FULL! GRAN!";
constexpr std::string_view kInterleavedGrid =
    "INJ?steps_at_least_one RINJ?steps_at_least_one DECF! SYM?equal_extents "
    "FULL?sections_reach_the_last_eighth GRAN!";
constexpr std::string_view kInterleavedReset =
    "PAST! INJ?steps_at_least_one RINJ?steps_at_least_one SHIFT! SYM! "
    "FULL?sections_reach_the_last_eighth GRAN! DELTA!";
// The rule of 2026 does not count frames: a long native block runs into the text behind it.
constexpr std::string_view kChunkedSides =
    "FUT?time_within_sides INJ?steps_at_least_one RINJ?steps_at_least_one DECF! SYM?equal_extents "
    "FULL! GRAN! DELTA?time_within_sides";
constexpr std::string_view kInterleavedSides =
    "FUT?time_within_sides INJ?steps_at_least_one RINJ?steps_at_least_one DECF! SYM?equal_extents "
    "FULL?sections_reach_the_last_eighth GRAN! DELTA?time_within_sides";
constexpr std::string_view kAbsoluteSides =
    "FUT?time_within_sides INJ?whole_seconds_step_at_least_one "
    "RINJ?whole_seconds_step_at_least_one LIN?whole_seconds_step_at_least_one DECF! "
    "SYM?equal_extents FULL! GRAN! DELTA?time_within_sides";
constexpr std::string_view kAbsoluteGrid =
    "INJ?seconds_step_at_least_one RINJ?seconds_step_at_least_one LIN?seconds_step_is_integer "
    "DECF! SYM?equal_extents GROW?seconds_step_at_most_one FULL! GRAN!";
constexpr std::string_view kHeadsGrid =
    "TEXT0?all_heads_assigned TEXT1?all_heads_assigned INJ?steps_at_least_one "
    "RINJ?steps_at_least_one DECF! SYM?equal_extents";
constexpr std::string_view kHeadsReset =
    "TEXT0?all_heads_assigned TEXT1?all_heads_assigned PAST! INJ?steps_at_least_one "
    "RINJ?steps_at_least_one SHIFT! SYM! DELTA!";
constexpr Profile kInterleaveProfiles[] = {
    {"spatial reset", "spatial_reset=true", kInterleavedReset}};
constexpr Profile kChunkedRules[] = {{"2026 rule", "position_rule=hf-2026", kChunkedSides}},
                  kInterleavedRules[] = {{"2026 rule", "position_rule=hf-2026", kInterleavedSides}},
                  kAbsoluteRules[] = {{"2026 rule", "position_rule=hf-2026", kAbsoluteSides}};
constexpr Profile kMultiHeadProfiles[] = {{"spatial reset", "spatial_reset=true", kHeadsReset}};

// Sections in the order H, W, T: rows and columns in turn, then time.
FrequencyAllocation ernie(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("mrope_section");
  need_full_section(shape, s);
  auto map = in_twos(shape, s[0] + s[1], Axis::h, Axis::w);
  warn_unless_honoured(map, {s[2], s[0], s[1]});
  return map;
}
constexpr ParameterSpec kErnieSection{
    "mrope_section", Kind::section, "22,22,20", "H,W,T", {}, nullptr, {}, fitted_section};
constexpr ParameterSpec kErnie[] = {temporal_stride("1"), kErnieSection, kIntegerOutput,
                                    kPositionRule};

constexpr Scheme kSchemes[] = {
    {.name = "mrope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/mrope.py and its default stride",
     .design = kGrid,
     .allocation = kChunked,
     .parameters = kOfficial,
     .rope_theta = "1000000",
     .verdicts = kChunkedGrid},
    {.name = "mrope-qwen2vl",
     .source = "Qwen2-VL, arXiv 2409.12191, section 2.1",
     .design = kGrid,
     .allocation = kChunked,
     .parameters = kQwen2,
     .rope_theta = "1000000",
     .variants = kGridRules,
     .verdicts = kChunkedGrid,
     .profiles = kChunkedRules},
    {.name = "mrope-abs-time",
     .source = "Qwen2.5-VL; huggingface/transformers models/qwen2_5_vl, get_rope_index",
     .design = kAbsolute,
     .allocation = kChunked,
     .parameters = kQwen25,
     .rope_theta = "1000000",
     .variants = kTimeRules,
     .verdicts = kAbsoluteGrid,
     .profiles = kAbsoluteRules},
    {.name = "mrope-qwen3vl",
     .source = "Qwen3-VL; huggingface/transformers models/qwen3_vl",
     .design = kGrid,
     .allocation = kInterleaved,
     .parameters = kQwen3,
     .rope_theta = "5000000",
     .variants = kGridRules,
     .verdicts = kInterleavedGrid,
     .profiles = kInterleavedRules},
    {.name = "mrope-qwen3.5",
     .source = "Qwen3.5; JJJYmmm/Multimodal-RoPEs, tests/test_rope_golden_hf4571.py",
     .design = kGrid,
     .allocation = kInterleaved,
     .parameters = kQwen35,
     .rope_theta = "10000000",
     .shape = {256, 64, 8, 8},
     .variants = kGridRules,
     .verdicts = kInterleavedGrid,
     .profiles = kInterleavedRules},
    {.name = "mrope-interleave",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/mrope_interleave.py",
     .design = kGrid,
     .allocation = kInterleaved,
     .parameters = kInterleave,
     .rope_theta = "1000000",
     .variants = kResetOn,
     .verdicts = kInterleavedGrid,
     .profiles = kInterleaveProfiles},
    {.name = "mrope-i",
     .source = "arXiv 2510.23095, MRoPE-I: interleaved allocation with spatial reset",
     .design = kReset,
     .allocation = kInterleaved,
     .parameters = kMropeI,
     .rope_theta = "1000000",
     .verdicts = kInterleavedReset},
    {.name = "mhrope",
     .source = "arXiv 2510.23095, MHRoPE; JJJYmmm/Multimodal-RoPEs, pos_design/mhrope.py",
     .design = kGrid,
     .allocation = kPerHead,
     .parameters = kMultiHead,
     .rope_theta = "1000000",
     .variants = kResetOn,
     .verdicts = kHeadsGrid,
     .profiles = kMultiHeadProfiles},
    {.name = "mrope-ernie4.5vl",
     .source = "huggingface/transformers models/ernie4_5_vl_moe; vllm-project/vllm, ernie45_vl.py",
     .design = kGrid,
     .allocation = {"ernie", ernie},
     .parameters = kErnie,
     .rope_theta = "500000",
     .pairing = Pairing::gptj,
     .variants = kGridRules,
     .verdicts = kChunkedGrid,
     .profiles = kChunkedRules},
};

}  // namespace

std::span<const Scheme> mrope_schemes() { return kSchemes; }

}  // namespace plumbline
