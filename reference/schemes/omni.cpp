// SPDX-License-Identifier: Apache-2.0
// IL-RoPE and Omni-RoPE: rows and columns restart in every image, time keeps running.
#include <algorithm>
#include <stdexcept>

#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

struct UnitResetLayout {  // (p + t, h, w)
  static constexpr std::string_view name = "spatial_reset_by_one";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    return {b.cursor + c.t, c.h, c.w, S{}};
  }
};
struct PastLargest {  // p + max(T, H, W)
  static constexpr std::string_view name = "past_largest";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    using N = Scalar<S>;
    return b.cursor + N::max(N::max(b.t_count, b.h_count), b.w_count);
  }
};

constexpr PositionDesign kReset{.layout = layout_of<SpatialResetLayout>(),
                                .advance = advance_of<PastExtent>()};
// Papers: text stands on the time axis alone. No code defines a delta.
constexpr PositionDesign kTextOnTime{.layout = layout_of<UnitResetLayout>(),
                                     .advance = advance_of<PastLargest>(),
                                     .text = TextRule::temporal_only,
                                     .delta = DeltaRule::none};
constexpr PositionDesign kTextOnTimeByOne{.layout = layout_of<UnitResetLayout>(),
                                          .advance = advance_of<PastOne>(),
                                          .text = TextRule::temporal_only,
                                          .delta = DeltaRule::none};
constexpr PositionDesign kImages{.layout = layout_of<UnitResetLayout>(),
                                 .advance = advance_of<PastLargest>(),
                                 .delta = DeltaRule::none,
                                 .media = kStillOnly};
constexpr PositionDesign kImagesTextOnTime{.layout = layout_of<UnitResetLayout>(),
                                           .advance = advance_of<PastLargest>(),
                                           .text = TextRule::temporal_only,
                                           .delta = DeltaRule::none,
                                           .media = kStillOnly};
constexpr DesignVariant kOneAnImage[] = {{"advance", "one", &kTextOnTimeByOne}};

// Every axis has a spectrum of its own over axes_dim lanes, from `theta` where that is given.
FrequencyAllocation omni_axial(const HeadShape& shape, const Parameters& parameters) {
  const auto lanes = parameters.integers("axes_dim");
  if (lanes.size() != 3) throw std::invalid_argument("axes_dim: must be three lane counts");
  auto map = axial(shape,
                   {{Axis::t, static_cast<int>(lanes[0])},
                    {Axis::h, static_cast<int>(lanes[1])},
                    {Axis::w, static_cast<int>(lanes[2])}},
                   "axes_dim");
  if (parameters.has("theta")) {
    for (Ladder& ladder : map.ladders) ladder.rope_theta = parameters.number("theta");
  }
  return map;
}

std::string third_each(const HeadShape& shape) {
  const int lanes = std::max(2, shape.rotary_dim / 6 * 2);
  return std::to_string(shape.rotary_dim - 2 * lanes) + "," + std::to_string(lanes) + "," +
         std::to_string(lanes);
}

std::vector<Rational> read_true(std::string_view text) {
  return text == "true" ? std::vector<Rational>{1} : std::vector<Rational>{};
}
std::string write_true(const std::vector<Rational>&) { return "true"; }
constexpr Code kAlwaysOn{read_true, write_true, "true, rows and columns restart here"};

constexpr ParameterSpec kReset24[] = {
    temporal_stride("1"),
    mrope_section("24,20,20"),
    {"spatial_reset", Kind::coded, "true", {}, {}, &kAlwaysOn},
};
constexpr ParameterSpec kReset16[] = {temporal_stride("1"), mrope_section("16,24,24")};
constexpr ParameterSpec kIlPaper[] = {
    {.name = "m", .kind = Kind::positive, .fallback = {}, .domain = "8;16"},
    {"advance", Kind::word, "extent", "extent,one"}};
constexpr ParameterSpec kOmniGen[] = {
    {"axes_dim", Kind::lanes, "40,40,40", {}, {}, nullptr, {}, third_each},
    {.name = "theta", .kind = Kind::positive, .fallback = {}, .domain = "10000;1000000"},
    {"patch_size", Kind::positive, "2"}};

constexpr std::string_view kResetInterleaved =
    "PAST! SHIFT! SYM! FULL?sections_reach_the_last_eighth GRAN! DELTA!";
constexpr std::string_view kResetChunked = "PAST! SHIFT! SYM! FULL! GRAN! DELTA!";
constexpr std::string_view kTimeText = "TEXT0! TEXT1! FUT! PAST! SYM! FULL! GRAN! DELTA.";
// With an advance of one, the second frame starts where the next text stands.
constexpr Profile kIlProfiles[] = {
    {"advance one", "advance=one", "TEXT0! TEXT1! FUT! PAST! TUP! SYM! FULL! GRAN! DELTA."}};
// Three ladders repeat the fast frequencies: no base model turns so.
constexpr std::string_view kImageReset = "TEXT0! TEXT1! PAST! DECN. DECF. SHIFT! SYM! GRAN! DELTA.";
constexpr std::string_view kImageTimeText =
    "TEXT0! TEXT1! FUT! PAST! DECN. DECF. SYM! GRAN! DELTA.";

constexpr Scheme kSchemes[] = {
    {.name = "ilrope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/ilrope.py",
     .design = kReset,
     .allocation = kInterleaved,
     .parameters = kReset24,
     .rope_theta = "1000000",
     .verdicts = kResetInterleaved},
    {.name = "ilrope-paper",
     .source = "IL-RoPE of Mogao, arXiv 2505.05472, as arXiv 2510.23095 describes it",
     .design = kTextOnTime,
     .allocation = kIlRope,
     .parameters = kIlPaper,
     .rope_theta = "1000000",
     .variants = kOneAnImage,
     .verdicts = kTimeText,
     .profiles = kIlProfiles},
    {.name = "omnirope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/omnirope.py",
     .design = kReset,
     .allocation = kChunked,
     .parameters = kReset16,
     .rope_theta = "1000000",
     .verdicts = kResetChunked},
    {.name = "omnirope-original",
     .source = "VectorSpaceLab/OmniGen2, omnigen2/models/transformers/rope.py",
     .design = kImages,
     .allocation = {"omni_axial", omni_axial},
     .parameters = kOmniGen,
     .rope_theta = "10000",
     .shape = {120, 120, 8, 8},
     .pairing = Pairing::gptj,
     .verdicts = kImageReset},
    {.name = "omnirope-paper",
     .source = "Omni-RoPE as arXiv 2510.23095 describes it: text on the time axis alone",
     .design = kImagesTextOnTime,
     .allocation = {"omni_axial", omni_axial},
     .parameters = kOmniGen,
     .rope_theta = "10000",
     .shape = {120, 120, 8, 8},
     .pairing = Pairing::gptj,
     .verdicts = kImageTimeText},
};

}  // namespace

std::span<const Scheme> omni_schemes() { return kSchemes; }

}  // namespace plumbline
