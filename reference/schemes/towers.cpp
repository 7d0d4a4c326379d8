// SPDX-License-Identifier: Apache-2.0
// Vision towers: patches of an image on their own grid, nothing else turns.
#include <cmath>
#include <stdexcept>

#include "reference/frequency_maps.h"
#include "reference/layouts.h"
#include "reference/planes.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

struct PatchLayout {  // (h, w)
  static constexpr std::string_view name = "patch";
  template <class S>
  static Point<S> vis(const Block<S>&, const Cell<S>& c, const Knobs&) {
    return {c.h, c.w, S{}, S{}};
  }
};
// (h, w), tokens in blocks of merge_size x merge_size.
struct MergedPatchLayout : PatchLayout {
  static constexpr std::string_view name = "patch_in_merge_blocks";
  static std::int64_t side(const Knobs& knobs) {
    return numerator(knobs.get<Rational>("merge_size")).convert_to<std::int64_t>();
  }
  template <class S>
  static std::shared_ptr<const Prepared> prepare(const Block<S>& b, const Knobs& knobs) {
    const std::int64_t m = side(knobs);
    const Grid& g = b.visual.grid;
    if (g.h % m != 0 || g.w % m != 0) {
      throw std::invalid_argument("merge_size = " + std::to_string(m) +
                                  ": must divide the patch rows and columns " +
                                  std::to_string(g.h) + " x " + std::to_string(g.w));
    }
    return nullptr;
  }
  static Grid cell(std::int64_t k, const Grid& g, const Knobs& knobs) {
    const std::int64_t m = side(knobs), frame = g.h * g.w, in_frame = k % frame;
    const std::int64_t block = in_frame / (m * m), inside = in_frame % (m * m), across = g.w / m;
    return {k / frame, block / across * m + inside / m, block % across * m + inside % m};
  }
};
struct PatchFromOneLayout {  // (h + 1, w + 1): 0 is the class token's
  static constexpr std::string_view name = "patch_from_one";
  template <class S>
  static Point<S> vis(const Block<S>&, const Cell<S>& c, const Knobs&) {
    const S one = Scalar<S>::integer(1);
    return {c.h + one, c.w + one, S{}, S{}};
  }
};
struct CentreLayout {  // ((2 h + 1) / H - 1, (2 w + 1) / W - 1): patch centres in [-1, 1]
  static constexpr std::string_view name = "patch_centres";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    using N = Scalar<S>;
    const S one = N::integer(1);
    return {N::quotient(c.h + c.h + one, b.h_count) - one,
            N::quotient(c.w + c.w + one, b.w_count) - one, S{}, S{}};
  }
};
struct RescaledLayout {  // (h ref / H, w ref / W)
  static constexpr std::string_view name = "patch_rescaled";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    using N = Scalar<S>;
    const S ref = knobs.get<S>("ref");
    return {N::quotient(c.h * ref, b.h_count), N::quotient(c.w * ref, b.w_count), S{}, S{}};
  }
};

constexpr Axis kRow = Axis::t, kColumn = Axis::h;  // first and second axis of a tower

FrequencyAllocation rows_then_columns(const HeadShape& shape, const Parameters&) {
  need_multiple(shape, 4);
  const int lanes = shape.rotary_dim / 2;
  return axial(shape, {{kRow, lanes}, {kColumn, lanes}}, "rotary_dim");
}
FrequencyAllocation columns_then_rows(const HeadShape& shape, const Parameters&) {
  need_multiple(shape, 4);
  const int lanes = shape.rotary_dim / 2;
  return axial(shape, {{kColumn, lanes}, {kRow, lanes}}, "rotary_dim");
}
// One ladder dealt out: even rungs to the rows, then odd ones to the columns.
FrequencyAllocation even_rungs_then_odd(const HeadShape& shape, const Parameters&) {
  FrequencyAllocation out;
  out.pairs = shape.pairs();
  const int rows = (out.pairs + 1) / 2;
  for (int j = 0; j < rows; ++j) out.of.push_back({kRow, 2 * j});
  for (int j = 0; j < out.pairs - rows; ++j) out.of.push_back({kColumn, 2 * j + 1});
  return out;
}
// Columns and rows in turn, both at the even rungs.
FrequencyAllocation in_turn(const HeadShape& shape, const Parameters&) {
  auto out = one_map(shape, [](int i) { return i % 2 == 0 ? kColumn : kRow; });
  for (int i = 0; i < out.pairs; ++i) out.of[static_cast<std::size_t>(i)].rung = i / 2 * 2;
  return out;
}
FrequencyAllocation in_turns(const HeadShape& shape, const Parameters& parameters) {
  auto out = rows_then_columns(shape, parameters);
  for (Ladder& ladder : out.ladders) ladder.turns = true;
  return out;
}
FrequencyAllocation no_map(const HeadShape& shape, const Parameters&) {
  return one_map(shape, [](int) { return Axis::none; });
}

// Pair k of KV head g turns by fx w + fy h, (fx, fy) given: neither axis owns a pair.
std::vector<PlaneBank> mixed_directions(const HeadShape& shape, const Parameters& parameters,
                                        int head) {
  const auto& given = parameters.numbers("frequencies");
  const auto pairs = static_cast<std::size_t>(shape.pairs());
  if (given.size() != static_cast<std::size_t>(shape.num_key_value_heads) * pairs * 2) {
    throw std::invalid_argument("frequencies has " + std::to_string(given.size()) +
                                " numbers: must have num_key_value_heads x rotary_dim / 2 x 2 = " +
                                std::to_string(shape.num_key_value_heads) + " x " +
                                std::to_string(pairs) + " x 2");
  }
  PlaneBank bank;
  for (std::size_t k = 0; k < pairs; ++k) {
    const std::size_t at = (static_cast<std::size_t>(head) * pairs + k) * 2;
    bank.planes.push_back({.first_lane = static_cast<int>(2 * k),
                           .a = {1, 0},
                           .b = {0, 1},
                           .direction = {given[at + 1], given[at]}});
  }
  return {bank};
}
// Some directions of falling size, as base 10 gives them, for suites.
std::string example_directions(const HeadShape& shape) {
  std::string out;
  for (int i = 0; i < shape.num_key_value_heads * shape.pairs(); ++i) {
    out += (out.empty() ? "" : ",") + std::to_string(3 + i % 5) + "/" + std::to_string(7 + i) +
           ",-" + std::to_string(1 + i % 3) + "/" + std::to_string(5 + 2 * i);
  }
  return out;
}

template <class L>
constexpr PositionDesign kTower{.axes = 2,
                                .layout = layout_of<L>(),
                                .advance = advance_of<Stay>(),
                                .text = TextRule::origin,
                                .delta = DeltaRule::none,
                                .letters = "HW"};

constexpr ParameterSpec kMerge[] = {
    {.name = "merge_size", .kind = Kind::count, .fallback = "2", .example = "1", .domain = "1;2"}};
constexpr ParameterSpec kReference[] = {{"ref", Kind::positive, "16"}};
constexpr ParameterSpec kFrequencies[] = {
    {"frequencies", Kind::numbers, {}, {}, {}, nullptr, {}, example_directions}};

constexpr Scheme row(std::string_view name, std::string_view source, const PositionDesign& design,
                     const Allocation& map, std::span<const ParameterSpec> knobs,
                     std::string_view rope_theta, HeadShape shape, Pairing pairing,
                     std::string_view verdicts) {
  return {.name = name,
          .source = source,
          .design = design,
          .allocation = map,
          .parameters = knobs,
          .rope_theta = rope_theta,
          .shape = shape,
          .lane_multiple = 4,
          .pairing = pairing,
          .verdicts = verdicts};
}
constexpr Allocation kRowsColumns{"rows_then_columns", rows_then_columns},
    kColumnsRows{"columns_then_rows", columns_then_rows};

// Patches know neither text nor frames: both stand at the origin of every image.
constexpr std::string_view kPatches =
    "TEXT0! TEXT1! FUT! PAST! TUP! INJ?one_frame RINJ?one_frame LIN?one_frame DECN. DECF. SYM! "
    "GRAN! DELTA.";
constexpr std::string_view kPatchesFromOne =
    "TEXT0! TEXT1! FUT! INJ?one_frame RINJ?one_frame LIN?one_frame DECN. DECF. SYM! GRAN! DELTA.";
constexpr std::string_view kPatchCentres =
    "TEXT0! TEXT1! FUT! PAST! TUP! INJ?one_frame RINJ?one_frame POS! LIN! DECN. DECF. GRAN! "
    "DELTA.";
constexpr std::string_view kPatchShares =
    "TEXT0! TEXT1! FUT! PAST! TUP! INJ?one_frame RINJ?one_frame LIN! DECN. DECF. SYM! GRAN! "
    "DELTA.";
constexpr std::string_view kPatchPlanes =
    "TEXT0! TEXT1! FUT! PAST! TUP! INJ?one_frame RINJ?one_frame LIN?one_frame DECN. DECF. SYM! "
    "FULL. GRAN. DELTA.";

constexpr Scheme kMixed{.name = "vision-rope-vit-mixed",
                        .source = "RoPE-ViT, arXiv 2403.13298; naver-ai/rope-vit, mixed",
                        .design = kTower<PatchLayout>,
                        .allocation = {"none", no_map},
                        .parameters = kFrequencies,
                        .rope_theta = "10",
                        .shape = {64, 64, 6, 6},
                        .pairing = Pairing::gptj,
                        .planes = mixed_directions,
                        .verdicts = kPatchPlanes};

constexpr Scheme kSchemes[] = {
    row("vision-qwen2vl",
        "huggingface/transformers models/qwen2_vl, vision tower; also Qwen2.5-VL, Qwen3-VL, GLM-4V",
        kTower<MergedPatchLayout>, kRowsColumns, kMerge, "10000", {80, 80, 16, 16}, Pairing::neox,
        kPatches),
    row("vision-pixtral", "mistralai/mistral-inference, Pixtral; huggingface/transformers pixtral",
        kTower<PatchLayout>, {"even_rungs_then_odd", even_rungs_then_odd}, {}, "10000",
        {64, 64, 16, 16}, Pairing::neox, kPatches),
    row("vision-moonvit", "MoonViT of Kimi-VL; vllm-project/vllm, moonvit.py", kTower<PatchLayout>,
        {"in_turn", in_turn}, {}, "10000", {72, 72, 16, 16}, Pairing::gptj, kPatches),
    row("vision-llama4", "huggingface/transformers models/llama4, vision tower",
        kTower<PatchFromOneLayout>, kColumnsRows, {}, "10000", {88, 88, 16, 16}, Pairing::gptj,
        kPatchesFromOne),
    row("vision-dinov3", "facebookresearch/dinov3, RopePositionEmbedding", kTower<CentreLayout>,
        {"rows_then_columns_in_turns", in_turns}, {}, "100", {64, 64, 6, 6}, Pairing::neox,
        kPatchCentres),
    row("vision-eva02", "huggingface/pytorch-image-models, layers/pos_embed_sincos.py",
        kTower<RescaledLayout>, kRowsColumns, kReference, "10000", {64, 64, 12, 12}, Pairing::gptj,
        kPatchShares),
    row("vision-rope-vit-axial", "RoPE-ViT, arXiv 2403.13298; naver-ai/rope-vit, axial",
        kTower<PatchLayout>, kColumnsRows, {}, "100", {64, 64, 6, 6}, Pairing::gptj, kPatches),
    kMixed,
};

}  // namespace

std::span<const Scheme> towers_schemes() { return kSchemes; }

}  // namespace plumbline
