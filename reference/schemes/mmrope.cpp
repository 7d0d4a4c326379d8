// SPDX-License-Identifier: Apache-2.0
// MM-RoPE: scaled positions, axes dealt to pairs in a short period.
#include <string_view>

#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

// (p + delta s_t t, p + s_h h, p + s_w w); the offset p is not scaled.
struct ScaledLayout {
  static constexpr std::string_view name = "scaled";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    const auto scale = [&](int axis) { return knobs.get<S>("position_scale", axis); };
    return {b.cursor + knobs.get<S>("temporal_stride") * scale(0) * c.t, b.cursor + scale(1) * c.h,
            b.cursor + scale(2) * c.w, S{}};
  }
};
struct PastScaledExtent {  // p + max(delta s_t (T - 1), s_h (H - 1), s_w (W - 1)) + 1
  static constexpr std::string_view name = "past_scaled_extent";
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    using N = Scalar<S>;
    const S one = N::integer(1);
    const auto scale = [&](int axis) { return knobs.get<S>("position_scale", axis); };
    const S time = knobs.get<S>("temporal_stride") * scale(0) * (b.t_count - one);
    return b.cursor +
           N::max(N::max(time, scale(1) * (b.h_count - one)), scale(2) * (b.w_count - one)) + one;
  }
};

// (o + s_t k, o + s_h h, o + s_w c): o the index of the first visual token of the whole sequence, k
// the frame counted over it.
struct SharedOffsetLayout {
  static constexpr std::string_view name = "shared_offset";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    using N = Scalar<S>;
    const S o = N::integer(b.first_visual), frame = N::integer(b.frames) + c.t;
    return {o + knobs.get<S>("stride", 0) * frame, o + knobs.get<S>("stride", 1) * c.h,
            o + knobs.get<S>("stride", 2) * c.w, S{}};
  }
};

constexpr std::string_view kPeriod8 = "TTHWHWHW", kPeriod16 = "TTTTHHWWHHWWHHWW";

Axis axis_of(char letter) { return letter == 'T' ? Axis::t : letter == 'H' ? Axis::h : Axis::w; }

FrequencyAllocation period_8(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int i) { return axis_of(kPeriod8[static_cast<std::size_t>(i % 8)]); });
}

// The code lists vector components in groups of 16 and applies the list to half-split tables, so
// that lanes i and i + n read the same axis only where n is a multiple of 16.
FrequencyAllocation period_16(const HeadShape& shape, const Parameters&) {
  const int whole = shape.rotary_dim / 16 * 16;
  const auto lane_axis = [&](int lane) {
    return lane < whole ? axis_of(kPeriod16[static_cast<std::size_t>(lane % 16)]) : Axis::t;
  };
  auto map = one_map(shape, lane_axis);
  const auto second = one_map(shape, [&](int i) { return lane_axis(i + shape.pairs()); });
  if (second.of != map.of) map.partner = second.of;
  return map;
}

constexpr ParameterSpec kOfficial[] = {temporal_stride("1"),
                                       {.name = "position_scale",
                                        .kind = Kind::triple,
                                        .fallback = "1,1,1",
                                        .domain = "1/2,1/2,1/2;1,1,1;4,8,8"},
                                       kIgnoredSection};
constexpr ParameterSpec kLumosKnobs[] = {{"stride", Kind::triple, "4,8,8"}};

constexpr Scheme kSchemes[] = {
    {.name = "mmrope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/mmrope.py, freq_allocation/mmrope.py",
     .design = {.layout = layout_of<ScaledLayout>(), .advance = advance_of<PastScaledExtent>()},
     .allocation = {"period_8", period_8},
     .parameters = kOfficial,
     .rope_theta = "1000000",
     .verdicts = "DECF! SYM?equal_extents GROW?scales_at_most_one GRAN!"},
    {.name = "mmrope-original",
     .source = "Lumos-1, arXiv 2507.08801; alibaba-damo-academy/Lumos, the MM-RoPE of its model",
     .design = {.layout = layout_of<SharedOffsetLayout>(),
                .advance = advance_of<PastCount>(),
                .delta = DeltaRule::none,
                .media = kVideo | kLumos},
     .allocation = {"period_16", period_16},
     .parameters = kLumosKnobs,
     .rope_theta = "10000",
     .lane_multiple = 32,
     // The offset is that of the first block, text counts tokens: later frames fall behind.
     .verdicts = "REL?pairs_multiple_of_sixteen ISO?pairs_multiple_of_sixteen FUT! PAST?one_block "
                 "TUP?one_block SYM! GROW! FULL! GRAN! DELTA."},
};

}  // namespace

std::span<const Scheme> mmrope_schemes() { return kSchemes; }

}  // namespace plumbline
