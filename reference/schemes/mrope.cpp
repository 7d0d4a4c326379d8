// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "reference/scheme.h"

namespace plumbline {
namespace {

// (p + floor(t g kappa), p + h, p + w): g seconds per temporal patch, kappa tokens per second; g =
// 0 for a still image.
struct AbsoluteTimeLayout {
  static constexpr std::string_view name = "absolute_time";
  template <class S>
  static S steps(const Block<S>& b, const S& t, const Knobs& knobs) {
    using N = Scalar<S>;
    if (b.video < 0) return N::integer(0);
    const S g = knobs.get<S>("second_per_grid_t", b.video),
            kappa = knobs.get<S>("tokens_per_second");
    // Only exact numbers can follow a float32 order of operations.
    if constexpr (std::is_same_v<S, Rational>) {
      if (knobs.float32()) return N::float32_floor(t, g, kappa);
    }
    return N::floor(t * g * kappa);
  }
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    return {b.cursor + steps(b, c.t, knobs), b.cursor + c.h, b.cursor + c.w, S{}};
  }
};
struct PastAbsoluteExtent {  // p + max(floor((T - 1) g kappa), H - 1, W - 1) + 1
  static constexpr std::string_view name = "past_absolute_extent";
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    using N = Scalar<S>;
    const S one = N::integer(1);
    const S time = AbsoluteTimeLayout::steps(b, S(b.t_count - one), knobs);
    return b.cursor + N::max(N::max(time, b.h_count - one), b.w_count - one) + one;
  }
};

constexpr PositionDesign kGrid{.layout = layout_of<GridLayout>(),
                               .advance = advance_of<PastExtent>()};
constexpr PositionDesign kReset{.layout = layout_of<SpatialResetLayout>(),
                                .advance = advance_of<PastExtent>()};
constexpr PositionDesign kAbsolute{.layout = layout_of<AbsoluteTimeLayout>(),
                                   .advance = advance_of<PastAbsoluteExtent>()};

constexpr ParameterSpec kOfficial[] = {temporal_stride("2"), mrope_section("16,24,24"),
                                       kIntegerOutput};
constexpr ParameterSpec kQwen2[] = {temporal_stride("1"), mrope_section("16,24,24"),
                                    kIntegerOutput};
constexpr ParameterSpec kQwen25[] = {
    {"second_per_grid_t", Kind::per_video, "1", {}, "second_per_grid,second_per_grid_ts"},
    {"tokens_per_second", Kind::positive, "2"},
    mrope_section("16,24,24"),
    kIntegerOutput};
constexpr ParameterSpec kQwen3[] = {temporal_stride("1"), mrope_section("24,20,20"),
                                    kIntegerOutput};
constexpr ParameterSpec kQwen35[] = {temporal_stride("1"), mrope_section("11,11,10"),
                                     kIntegerOutput};
constexpr ParameterSpec kInterleave[] = {temporal_stride("1"), mrope_section("24,20,20"),
                                         spatial_reset("false"), kIntegerOutput};
constexpr ParameterSpec kMropeI[] = {temporal_stride("1"), mrope_section("24,20,20"),
                                     kIntegerOutput};
constexpr ParameterSpec kMultiHead[] = {temporal_stride("1"),
                                        mrope_section("2,3,3"),
                                        spatial_reset("false"),
                                        {"num_key_value_heads", Kind::positive, {}},
                                        kIntegerOutput};

// Truncation is what lets frames of a small stride fall together.
constexpr std::string_view kChunkedGrid =
    "INJ?steps_at_least_one RINJ?steps_at_least_one LIN?integer_steps DECF! SYM?equal_extents "
    "FULL! GRAN!";
constexpr std::string_view kInterleavedGrid =
    "INJ?steps_at_least_one RINJ?steps_at_least_one LIN?integer_steps DECF! SYM?equal_extents "
    "FULL?sections_reach_the_last_eighth GRAN!";
constexpr std::string_view kInterleavedReset =
    "PAST! INJ?steps_at_least_one RINJ?steps_at_least_one LIN?integer_steps SHIFT! SYM! "
    "FULL?sections_reach_the_last_eighth GRAN! DELTA!";
constexpr std::string_view kAbsoluteGrid =
    "INJ?seconds_step_at_least_one RINJ?seconds_step_at_least_one LIN?seconds_step_is_integer "
    "DECF! SYM?equal_extents GROW?seconds_step_at_most_one FULL! GRAN!";
constexpr std::string_view kHeadsGrid =
    "TEXT0?all_heads_assigned TEXT1?all_heads_assigned INJ?steps_at_least_one "
    "RINJ?steps_at_least_one LIN?integer_steps DECF! SYM?equal_extents";
constexpr std::string_view kHeadsReset =
    "TEXT0?all_heads_assigned TEXT1?all_heads_assigned PAST! INJ?steps_at_least_one "
    "RINJ?steps_at_least_one LIN?integer_steps SHIFT! SYM! DELTA!";
constexpr Profile kInterleaveProfiles[] = {
    {"spatial reset", "spatial_reset=true", kInterleavedReset}};
constexpr Profile kMultiHeadProfiles[] = {{"spatial reset", "spatial_reset=true", kHeadsReset}};

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
     .verdicts = kChunkedGrid},
    {.name = "mrope-abs-time",
     .source = "Qwen2.5-VL; huggingface/transformers models/qwen2_5_vl, get_rope_index",
     .design = kAbsolute,
     .allocation = kChunked,
     .parameters = kQwen25,
     .rope_theta = "1000000",
     .verdicts = kAbsoluteGrid},
    {.name = "mrope-qwen3vl",
     .source = "Qwen3-VL; huggingface/transformers models/qwen3_vl",
     .design = kGrid,
     .allocation = kInterleaved,
     .parameters = kQwen3,
     .rope_theta = "5000000",
     .verdicts = kInterleavedGrid},
    {.name = "mrope-qwen3.5",
     .source = "Qwen3.5; JJJYmmm/Multimodal-RoPEs, tests/test_rope_golden_hf4571.py",
     .design = kGrid,
     .allocation = kInterleaved,
     .parameters = kQwen35,
     .rope_theta = "10000000",
     .shape = {256, 64, 8, 8},
     .verdicts = kInterleavedGrid},
    {.name = "mrope-interleave",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/mrope_interleave.py",
     .design = kGrid,
     .allocation = kInterleaved,
     .parameters = kInterleave,
     .rope_theta = "1000000",
     .reset_design = &kReset,
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
     .reset_design = &kReset,
     .verdicts = kHeadsGrid,
     .profiles = kMultiHeadProfiles},
};

}  // namespace

std::span<const Scheme> mrope_schemes() { return kSchemes; }

}  // namespace plumbline
