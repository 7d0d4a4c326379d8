// SPDX-License-Identifier: Apache-2.0
// Image-first schemes: axial 2D, modality-typed axes, RoPE-Tie, and VRoPE's four diagonals.
#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

struct PlaneLayout {  // (p + h, p + w)
  static constexpr std::string_view name = "plane";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    return {b.cursor + c.h, b.cursor + c.w, S{}, S{}};
  }
};
struct TypedLayout {  // (0, h, w)
  static constexpr std::string_view name = "typed";
  template <class S>
  static Point<S> vis(const Block<S>&, const Cell<S>& c, const Knobs&) {
    return {Scalar<S>::integer(0), c.h, c.w, S{}};
  }
};

// (L + (h + 1) a, L + (w + 1) b), L = p - 1, with a (H + 1) = b (W + 1) the block's growth: rows
// and columns end at the same number, and the block is as far from the text before it as from the
// text behind.
template <class Growth>
struct TiedLayout {
  static constexpr std::string_view name = Growth::layout;
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    using N = Scalar<S>;
    const S one = N::integer(1), last = b.cursor - one, growth = Growth::template of<S>(b);
    return {last + (c.h + one) * N::quotient(growth, b.h_count + one),
            last + (c.w + one) * N::quotient(growth, b.w_count + one), S{}, S{}};
  }
};
template <class Growth>
struct PastGrowth {  // p - 1 + growth
  static constexpr std::string_view name = Growth::advance;
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor - Scalar<S>::integer(1) + Growth::template of<S>(b);
  }
};
struct IntegerGrowth {  // (H + 1) (W + 1)
  static constexpr std::string_view layout = "tied", advance = "past_tied";
  template <class S>
  static S of(const Block<S>& b) {
    const S one = Scalar<S>::integer(1);
    return (b.h_count + one) * (b.w_count + one);
  }
};
struct CountGrowth {  // H W + 1
  static constexpr std::string_view layout = "tied_fractional", advance = "past_tied_fractional";
  template <class S>
  static S of(const Block<S>& b) {
    return b.h_count * b.w_count + Scalar<S>::integer(1);
  }
};

// B + (h or H - 1 - h) + (w or W - 1 - w), B = p + t (H + W - 1): the four corners of a frame in
// turn. Source: johncaged/VRoPE.
struct CornersLayout {
  static constexpr std::string_view name = "corners";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    const S one = Scalar<S>::integer(1);
    const S start = b.cursor + c.t * (b.h_count + b.w_count - one);
    const S up = b.h_count - one - c.h, left = b.w_count - one - c.w;
    return {start + c.h + c.w, start + c.h + left, start + up + c.w, start + up + left};
  }
};
struct PastCorners {  // p + T (H + W - 1)
  static constexpr std::string_view name = "past_corners";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor + b.t_count * (b.h_count + b.w_count - Scalar<S>::integer(1));
  }
};

// First half of the pairs rows, second half columns: each with a spectrum of its own, or one
// spectrum cut in two.
FrequencyAllocation halves(const HeadShape& shape, const Parameters& parameters) {
  const int lanes = shape.rotary_dim / 2;
  if (parameters.word("ladder") == "axial") {
    need_multiple(shape, 4);
    return axial(shape, {{Axis::t, lanes}, {Axis::h, lanes}}, "rotary_dim");
  }
  return one_map(shape, [&](int i) { return 2 * i < lanes ? Axis::t : Axis::h; });
}

FrequencyAllocation typed(const HeadShape& shape, const Parameters& parameters) {
  std::vector<std::int64_t> s{shape.pairs() - 2 * (shape.pairs() / 4), shape.pairs() / 4,
                              shape.pairs() / 4};
  if (parameters.has("mrope_section")) s = parameters.integers("mrope_section");
  need_full_section(shape, s);
  return in_chunks(shape, s);
}

FrequencyAllocation even_odd(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int i) { return i % 2 == 0 ? Axis::t : Axis::h; });
}
FrequencyAllocation four_ways(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int i) { return static_cast<Axis>(i % 4); });
}

constexpr PositionDesign kPlane{.axes = 2,
                                .layout = layout_of<PlaneLayout>(),
                                .advance = advance_of<PastSides>(),
                                .delta = DeltaRule::none,
                                .letters = "HW",
                                .media = kStillOnly};
constexpr PositionDesign typed_with(const Advance& advance) {
  return {.layout = layout_of<TypedLayout>(),
          .advance = advance,
          .text = TextRule::temporal_only,
          .delta = DeltaRule::none,
          .media = kStillOnly};
}
constexpr PositionDesign kTyped = typed_with(advance_of<PastOne>()),
                         kTypedPastSides = typed_with(advance_of<PastSides>()),
                         kTypedPastCount = typed_with(advance_of<PastCount>());
constexpr DesignVariant kTypedAdvances[] = {{"advance", "max", &kTypedPastSides},
                                            {"advance", "count", &kTypedPastCount}};
template <class Growth>
constexpr PositionDesign kTied{.axes = 2,
                               .layout = layout_of<TiedLayout<Growth>>(),
                               .advance = advance_of<PastGrowth<Growth>>(),
                               .delta = DeltaRule::none,
                               .letters = "HW",
                               .media = kStillOnly};
constexpr DesignVariant kTieSpacings[] = {{"spacing", "fractional", &kTied<CountGrowth>}};

constexpr ParameterSpec kPlaneKnobs[] = {{"ladder", Kind::word, "axial", "axial,slice"}};
constexpr ParameterSpec kTypedKnobs[] = {mrope_section({}),
                                         {"advance", Kind::word, "one", "one,max,count"}};
constexpr ParameterSpec kTieKnobs[] = {{"spacing", Kind::word, "integer", "integer,fractional"}};

// Cut in two, one ladder keeps the base model's text and gives up an end on each axis.
constexpr Profile kPlaneProfiles[] = {
    {"slice", "ladder=slice", "DECN. DECF. SYM?square FULL! GRAN! DELTA."}};

constexpr Scheme kSchemes[] = {
    {.name = "rope-2d",
     .source = "axial 2D rotary; huggingface/transformers models/qwen2_vl, VisionRotaryEmbedding",
     .design = kPlane,
     .allocation = {"halves", halves},
     .parameters = kPlaneKnobs,
     .rope_theta = "10000",
     .lane_multiple = 4,
     .verdicts = "TEXT0! TEXT1! DECN. DECF. SYM?square GRAN! DELTA.",
     .profiles = kPlaneProfiles},
    {.name = "typed-2d",
     .source = "modality-typed unified space: text and image in complementary subspaces",
     .design = kTyped,
     .allocation = {"typed", typed},
     .parameters = kTypedKnobs,
     .rope_theta = "10000",
     .variants = kTypedAdvances,
     .verdicts = "TEXT0! TEXT1! FUT! PAST! TUP! DECN. DECF. SHIFT! SYM! GROW?advance_one FULL! "
                 "GRAN! DELTA."},
    {.name = "rope-tie",
     .source = "J. Su, RoPE-Tie (kexue.fm, 2024): start and end of an image at equal distance",
     .design = kTied<IntegerGrowth>,
     .allocation = {"even_odd", even_odd},
     .parameters = kTieKnobs,
     .rope_theta = "10000",
     .variants = kTieSpacings,
     .verdicts = "LIN! DECN. DECF. GROW! GRAN! DELTA."},
    {.name = "vrope-original",
     .source = "VRoPE, arXiv 2502.11664; johncaged/VRoPE",
     .design = {.axes = 4,
                .layout = layout_of<CornersLayout>(),
                .advance = advance_of<PastCorners>(),
                .letters = "0123"},
     .allocation = {"four_ways", four_ways},
     .parameters = {},
     .rope_theta = "1000000",
     .verdicts = "LIN! DECN! DECF! GROW! GRAN!"},
};

}  // namespace

std::span<const Scheme> planar_schemes() { return kSchemes; }

}  // namespace plumbline
