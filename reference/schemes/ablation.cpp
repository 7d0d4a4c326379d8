// SPDX-License-Identifier: Apache-2.0
// The ablation designs of arXiv 2510.23095, tables 4, 5 and 8. The paper gives names, not formulas;
// these are the readings that this project adopts.
#include <algorithm>

#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

struct PastFlatOrExtent {  // p + max(T H W, T, H, W)
  static constexpr std::string_view name = "past_count_or_extent";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    using N = Scalar<S>;
    const S sides = N::max(N::max(b.t_count, b.h_count), b.w_count);
    return b.cursor + N::max(b.t_count * b.h_count * b.w_count, sides);
  }
};

constexpr PositionDesign kFlat{.layout = layout_of<FlatLayout>(),
                               .advance = advance_of<PastCount>()};
constexpr PositionDesign kGrid{.layout = layout_of<GridLayout>(),
                               .advance = advance_of<PastExtent>()};
constexpr PositionDesign kReset{.layout = layout_of<SpatialResetLayout>(),
                                .advance = advance_of<PastExtent>()};
constexpr PositionDesign kDiagonal{.layout = layout_of<DiagonalLayout<OneStride>>(),
                                   .advance = advance_of<PastLastFrame<OneStride>>(),
                                   .delta = DeltaRule::temporal_axis};
constexpr PositionDesign kInterval{.layout = layout_of<GridLayout>(),
                                   .advance = advance_of<PastFlatOrExtent>()};
constexpr PositionDesign kTextReset{.layout = layout_of<SpatialResetLayout>(),
                                    .advance = advance_of<PastExtent>(),
                                    .text = TextRule::temporal_only,
                                    .delta = DeltaRule::none};

// The interleaved map with the section 24 : 20 : 20, whatever the shape.
FrequencyAllocation fixed_interleaved(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int i) {
    if (i % 3 == 1 && i < 60) return Axis::h;
    if (i % 3 == 2 && i < 60) return Axis::w;
    return Axis::t;
  });
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
  auto map = one_map(shape, [&](int i) {
    if (i % 3 == 1 && i < 3 * s[1]) return Axis::h;
    if (i % 3 == 2 && i < 3 * s[2]) return Axis::w;
    return Axis::t;
  });
  const bool honoured = map.count(0, Axis::t) == s[0] && map.count(0, Axis::h) == s[1];
  return honoured ? map : balanced(shape, s);
}

constexpr Allocation kFixed{"fixed_interleaved", fixed_interleaved};
constexpr ParameterSpec kStride1[] = {temporal_stride("1")};
constexpr ParameterSpec kStride2[] = {temporal_stride("2")};
constexpr ParameterSpec kBases[] = {
    temporal_stride("1"), mrope_section("24,20,20"), {"spatial_theta", Kind::positive, "10000"}};
constexpr ParameterSpec kHeads[] = {
    temporal_stride("1"), head_section("2,3,3"), {"num_key_value_heads", Kind::positive, {}}};
constexpr ParameterSpec kVideo16[] = {temporal_stride("1"), mrope_section("16,24,24")};
constexpr ParameterSpec kIl[] = {temporal_stride("1"), {"m", Kind::positive, {}}};
constexpr ParameterSpec kRatio[] = {
    temporal_stride("1"), {"ratio", Kind::counts, "24,20,20", {}, {}, nullptr, {}, fitted_section}};

constexpr std::string_view kTable4 = "arXiv 2510.23095, table 4",
                           kTable5 = "arXiv 2510.23095, table 5";
constexpr Scheme row(std::string_view name, std::string_view source, const PositionDesign& design,
                     const Allocation& map, std::span<const ParameterSpec> knobs) {
  return {.name = name,
          .source = source,
          .design = design,
          .allocation = map,
          .parameters = knobs,
          .rope_theta = "1000000"};
}

constexpr Scheme kSchemes[] = {
    row("abl-1d", kTable4, kFlat, kFixed, {}),
    row("abl-3d", kTable4, kGrid, kFixed, kStride1),
    row("abl-3d-reset", kTable4, kReset, kFixed, kStride1),
    row("abl-diagonal", kTable4, kDiagonal, kFixed, kStride2),
    row("abl-interval", kTable4, kInterval, kFixed, kStride1),
    row("abl-text-reset", kTable4, kTextReset, kFixed, kStride1),
    row("abl-base", kTable4, kReset, {"two_bases", two_bases}, kBases),
    row("abl-f-interleave", kTable5, kReset, kFixed, kStride1),
    row("abl-f-multihead", kTable5, kReset, kPerHead, kHeads),
    row("abl-f-videorope", kTable5, kReset, kVideoropeOfficial, kVideo16),
    row("abl-f-videorope-original", kTable5, kReset, kVideoropeOriginal, kVideo16),
    row("abl-f-il", kTable5, kReset, kIlRope, kIl),
    row("abl-ratio", "arXiv 2510.23095, table 8", kReset, {"by_ratio", by_ratio}, kRatio),
};

}  // namespace

std::span<const Scheme> ablation_schemes() { return kSchemes; }

}  // namespace plumbline
