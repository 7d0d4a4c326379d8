// SPDX-License-Identifier: Apache-2.0
// The ablation designs of arXiv 2510.23095, tables 4, 5 and 8. The paper gives names, not formulas;
// these are the readings that this project adopts.
#include <algorithm>

#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

constexpr PositionDesign kFlat{.layout = layout_of<FlatLayout>(),
                               .advance = advance_of<PastCount>()};
constexpr PositionDesign kGrid{.layout = layout_of<GridLayout>(),
                               .advance = advance_of<PastExtent>()};
constexpr PositionDesign kReset{.layout = layout_of<SpatialResetLayout>(),
                                .advance = advance_of<PastExtent>()};
constexpr PositionDesign kDiagonal{.layout = layout_of<DiagonalLayout<OneStride>>(),
                                   .advance = advance_of<PastLastFrame<OneStride>>(),
                                   .delta = DeltaRule::temporal_axis};
struct UnitGridLayout {  // (p + t, p + h, p + w)
  static constexpr std::string_view name = "grid_by_one";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    return {b.cursor + c.t, b.cursor + c.h, b.cursor + c.w, S{}};
  }
};

// Its code takes the largest of T H W, T, H and W, which is the first.
constexpr PositionDesign kInterval{.layout = layout_of<UnitGridLayout>(),
                                   .advance = advance_of<PastCount>()};
constexpr PositionDesign kTextReset{.layout = layout_of<SpatialResetLayout>(),
                                    .advance = advance_of<PastExtent>(),
                                    .text = TextRule::temporal_only,
                                    .delta = DeltaRule::none};

// The interleaved map with the section 24 : 20 : 20, whatever the shape.
FrequencyAllocation fixed_interleaved(const HeadShape& shape, const Parameters&) {
  return in_threes(shape, 20, 20);
}

// Rows and columns on a base of their own, at the same index.
FrequencyAllocation two_bases(const HeadShape& shape, const Parameters& parameters) {
  auto map = interleaved(shape, parameters);
  const Ladder spatial{.rope_theta = parameters.number("spatial_theta")};
  map.ladders = {Ladder{}, spatial, spatial};
  return map;
}

// Pair i to the axis that is furthest behind its share s_a (i + 1) / n, ties in the order T, H, W.
FrequencyAllocation balanced(const HeadShape& shape, const std::vector<std::int64_t>& s) {
  const Rational n(std::max<std::int64_t>(1, s[0] + s[1] + s[2]));
  std::vector<std::int64_t> given(3);
  return one_map(shape, [&, n](int i) {
    std::size_t best = 0;
    Rational most;
    for (std::size_t a = 0; a < 3; ++a) {
      const Rational behind = Rational(s[a] * (i + 1)) / n - given[a];
      if (a == 0 || behind > most) {
        best = a;
        most = behind;
      }
    }
    ++given[best];
    return static_cast<Axis>(best);
  });
}

// The interleaved map where it honours the ratio, else the balanced one, which is this project's
// own: the official rule cannot give more than a third of the pairs to rows or columns.
FrequencyAllocation by_ratio(const HeadShape& shape, const Parameters& parameters) {
  const auto s = parameters.integers("ratio");
  need_full_section(shape, s);
  const auto map = in_threes(shape, s[1], s[2]);
  const bool honoured = map.count(0, Axis::t) == s[0] && map.count(0, Axis::h) == s[1];
  return honoured ? map : balanced(shape, s);
}

constexpr Allocation kFixed{"fixed_interleaved", fixed_interleaved};
constexpr ParameterSpec kStride1[] = {temporal_stride("1")};
constexpr ParameterSpec kStride2[] = {temporal_stride("2")};
constexpr ParameterSpec kBases[] = {
    temporal_stride("1"),
    mrope_section("24,20,20"),
    {.name = "spatial_theta", .kind = Kind::positive, .fallback = "10000", .domain = "500;10000"}};
constexpr ParameterSpec kHeads[] = {
    temporal_stride("1"), head_section("2,3,3"), {"num_key_value_heads", Kind::positive, {}}};
constexpr ParameterSpec kVideo16[] = {temporal_stride("1"), mrope_section("16,24,24")};
constexpr ParameterSpec kIl[] = {
    temporal_stride("1"),
    {.name = "m", .kind = Kind::positive, .fallback = {}, .domain = "8;16;21"}};
constexpr ParameterSpec kRatio[] = {temporal_stride("1"),
                                    {.name = "ratio",
                                     .kind = Kind::counts,
                                     .fallback = "24,20,20",
                                     .fit = fitted_section,
                                     .domain = "0,32,32;12,26,26;24,20,20;32,16,16;48,8,8"}};

constexpr std::string_view kTable4 = "arXiv 2510.23095, table 4",
                           kTable5 = "arXiv 2510.23095, table 5";
constexpr Scheme row(std::string_view name, std::string_view source, const PositionDesign& design,
                     const Allocation& map, std::span<const ParameterSpec> knobs,
                     std::string_view verdicts) {
  return {.name = name,
          .source = source,
          .design = design,
          .allocation = map,
          .parameters = knobs,
          .rope_theta = "1000000",
          .verdicts = verdicts};
}

// What a block leaves behind: rows and columns that restart fall under the text before.
constexpr std::string_view kRestart = "PAST! SHIFT! SYM! GRAN! DELTA!";
constexpr std::string_view kRestartGaps = "PAST! SHIFT! SYM! FULL! GRAN! DELTA!";

constexpr Scheme kSchemes[] = {
    row("abl-1d", kTable4, kFlat, kFixed, {}, "LIN! DECN! DECF! GROW! GRAN!"),
    row("abl-3d", kTable4, kGrid, kFixed, kStride1, "DECF! SYM?equal_extents GRAN!"),
    row("abl-3d-reset", kTable4, kReset, kFixed, kStride1, kRestart),
    row("abl-diagonal", kTable4, kDiagonal, kFixed, kStride2,
        "FUT! PAST! POS?text_covers_half_extent DECN! DECF! SYM?odd_extents GRAN!"),
    row("abl-interval", kTable4, kInterval, kFixed, {}, "DECF! SYM! GROW! GRAN! DELTA!"),
    row("abl-text-reset", kTable4, kTextReset, kFixed, kStride1,
        "TEXT0! TEXT1! FUT! PAST! SYM! GRAN! DELTA."),
    row("abl-base", kTable4, kReset, {"two_bases", two_bases}, kBases,
        "TEXT0! TEXT1! PAST! SHIFT! SYM! FULL?sections_reach_the_last_eighth GRAN! DELTA!"),
    row("abl-f-interleave", kTable5, kReset, kFixed, kStride1, kRestart),
    row("abl-f-multihead", kTable5, kReset, kPerHead, kHeads,
        "TEXT0?all_heads_assigned TEXT1?all_heads_assigned PAST! SHIFT! SYM! DELTA!"),
    row("abl-f-videorope", kTable5, kReset, kVideoropeOfficial, kVideo16, kRestartGaps),
    row("abl-f-videorope-original", kTable5, kReset, kVideoropeOriginal, kVideo16, kRestartGaps),
    row("abl-f-il", kTable5, kReset, kIlRope, kIl,
        "PAST! SHIFT! SYM! FULL?m_reaches_the_last_eighth GRAN! DELTA!"),
    row("abl-ratio", "arXiv 2510.23095, table 8", kReset, {"by_ratio", by_ratio}, kRatio,
        "PAST! RINJ?every_axis_has_a_share SHIFT! SYM! "
        "FULL?sections_reach_the_last_eighth&every_axis_has_a_share GRAN! DELTA!"),
};

}  // namespace

std::span<const Scheme> ablation_schemes() { return kSchemes; }

}  // namespace plumbline
