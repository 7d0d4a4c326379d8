// SPDX-License-Identifier: Apache-2.0
// Diffusion transformers: every axis has lanes and a ladder of its own, text mostly stays still.
#include <stdexcept>

#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

struct LatticeLayout {  // (t, h, w)
  static constexpr std::string_view name = "lattice";
  template <class S>
  static Point<S> vis(const Block<S>&, const Cell<S>& c, const Knobs&) {
    return {c.t, c.h, c.w, S{}};
  }
};
struct FlatImageLayout {  // (0, h, w)
  static constexpr std::string_view name = "image_plane";
  template <class S>
  static Point<S> vis(const Block<S>&, const Cell<S>& c, const Knobs&) {
    return {Scalar<S>::integer(0), c.h, c.w, S{}};
  }
};
// (k + t, h - (H - floor(H / 2)), w - (W - floor(W / 2))), k the block's ordinal: ids below zero.
struct CentredImageLayout {
  static constexpr std::string_view name = "image_centred";
  template <class S>
  static S centred(const S& x, const S& count) {
    using N = Scalar<S>;
    return x - (count - N::floor(N::quotient(count, N::integer(2))));
  }
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    return {Scalar<S>::integer(b.ordinal) + c.t, centred(c.h, b.h_count), centred(c.w, b.w_count),
            S{}};
  }
};
struct OrdinalImageLayout {  // (k + t, h, w)
  static constexpr std::string_view name = "image_from_corner";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    return {Scalar<S>::integer(b.ordinal) + c.t, c.h, c.w, S{}};
  }
};

FrequencyAllocation by_lanes(const HeadShape& shape, int t, int h, int w, std::string_view knob) {
  return axial(shape, {{Axis::t, t}, {Axis::h, h}, {Axis::w, w}}, knob);
}
FrequencyAllocation given_lanes(const HeadShape& shape, const Parameters& parameters) {
  const auto lanes = parameters.integers("axes_dim");
  if (lanes.size() != 3) throw std::invalid_argument("axes_dim: must be three lane counts");
  return by_lanes(shape, static_cast<int>(lanes[0]), static_cast<int>(lanes[1]),
                  static_cast<int>(lanes[2]), "axes_dim");
}
FrequencyAllocation wan_lanes(const HeadShape& shape, const Parameters&) {
  const int side = shape.rotary_dim / 6 * 2;
  return by_lanes(shape, shape.rotary_dim - 2 * side, side, side, "rotary_dim");
}
FrequencyAllocation cog_lanes(const HeadShape& shape, const Parameters&) {
  const int d = shape.rotary_dim;
  need_multiple(shape, 16);
  return by_lanes(shape, d / 4, d / 8 * 3, d / 8 * 3, "rotary_dim");
}
// 1 : 3.5 : 3.5, as 16, 56, 56 of 128.
std::string fitted_lanes(const HeadShape& shape) {
  const int side = shape.rotary_dim * 7 / 32 * 2;
  return std::to_string(shape.rotary_dim - 2 * side) + "," + std::to_string(side) + "," +
         std::to_string(side);
}

template <class L>
constexpr PositionDesign kStillText{.layout = layout_of<L>(),
                                    .advance = advance_of<Stay>(),
                                    .text = TextRule::origin,
                                    .delta = DeltaRule::none};
constexpr PositionDesign kQwenImage{.layout = layout_of<CentredImageLayout>(),
                                    .advance = advance_of<Stay>(),
                                    .delta = DeltaRule::none,
                                    .start = StartRule::past_half_extent};
constexpr PositionDesign kQwenImageUnscaled{.layout = layout_of<OrdinalImageLayout>(),
                                            .advance = advance_of<Stay>(),
                                            .delta = DeltaRule::none,
                                            .start = StartRule::past_extent};
constexpr DesignVariant kUnscaled[] = {{"scale_rope", "false", &kQwenImageUnscaled}};

constexpr ParameterSpec kAxesDim{"axes_dim", Kind::lanes, "16,56,56", {},
                                 {},         nullptr,     {},         fitted_lanes};
constexpr ParameterSpec kLanes[] = {kAxesDim};
constexpr ParameterSpec kQwenKnobs[] = {kAxesDim, {"scale_rope", Kind::flag, "true"}};
constexpr Allocation kGivenLanes{"given_lanes", given_lanes};

constexpr Scheme row(std::string_view name, std::string_view source, const PositionDesign& design,
                     const Allocation& map, std::span<const ParameterSpec> knobs,
                     std::string_view rope_theta, HeadShape shape, std::string_view verdicts,
                     int lane_multiple = 2) {
  return {.name = name,
          .source = source,
          .design = design,
          .allocation = map,
          .parameters = knobs,
          .rope_theta = rope_theta,
          .shape = shape,
          .lane_multiple = lane_multiple,
          .pairing = Pairing::gptj,
          .verdicts = verdicts};
}

// Text stays at the origin, where every image starts.
constexpr std::string_view kImagePlane =
    "TEXT0! TEXT1! FUT! PAST! TUP! INJ?one_frame RINJ?one_frame LIN?one_frame DECN. DECF. SYM! "
    "GRAN! DELTA.";
constexpr std::string_view kLattice = "TEXT0! TEXT1! FUT! PAST! TUP! DECF. SYM! GRAN! DELTA.";
// Text starts behind the largest image, wherever it stands: the first tokens know the last block.
constexpr std::string_view kCentredImage =
    "TEXT0! TEXT1! FUT! PAST! POS! SHIFT! SYM! GRAN! DELTA. CAUSAL!";
constexpr std::string_view kCornerImage =
    "TEXT0! TEXT1! FUT! PAST! SHIFT! SYM! GRAN! DELTA. CAUSAL!";
constexpr Profile kQwenProfiles[] = {{"unscaled", "scale_rope=false", kCornerImage}};

constexpr Scheme qwen_image() {
  Scheme out = row("qwen-image", "huggingface/diffusers, transformers/transformer_qwenimage.py",
                   kQwenImage, kGivenLanes, kQwenKnobs, "10000", {128, 128, 24, 24}, kCentredImage);
  out.variants = kUnscaled;
  out.profiles = kQwenProfiles;
  return out;
}

constexpr Scheme kSchemes[] = {
    row("flux", "FLUX.1; huggingface/diffusers, transformers/transformer_flux.py",
        kStillText<FlatImageLayout>, kGivenLanes, kLanes, "10000", {128, 128, 24, 24}, kImagePlane),
    qwen_image(),
    row("wan", "Wan 2.x; huggingface/diffusers, transformers/transformer_wan.py",
        kStillText<LatticeLayout>, {"wan_lanes", wan_lanes}, {}, "10000", {128, 128, 40, 40},
        kLattice),
    row("hunyuan-video", "huggingface/diffusers, transformers/transformer_hunyuan_video.py",
        kStillText<LatticeLayout>, kGivenLanes, kLanes, "256", {128, 128, 24, 24}, kLattice),
    row("cogvideox", "huggingface/diffusers, transformers/cogvideox_transformer_3d.py, version 1.5",
        kStillText<LatticeLayout>, {"cog_lanes", cog_lanes}, {}, "10000", {64, 64, 48, 48},
        kLattice, 16),
};

}  // namespace

std::span<const Scheme> diffusion_schemes() { return kSchemes; }

}  // namespace plumbline
