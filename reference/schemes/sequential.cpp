// SPDX-License-Identifier: Apache-2.0
// Schemes with one coordinate: every pair reads the same number.
#include <type_traits>

#include "reference/certify.h"
#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

// Entry j, from 1, of a float32 torch.arange(start + step, ..., step) of `count` entries: whole
// runs of 16 are made eight at a time, in binary64 from the first of the eight, itself rounded; the
// rest one by one. Right for eight float lanes (AVX2) and up to 32768 entries. Source:
// pytorch/pytorch, aten/src/ATen/native/cpu/RangeFactoriesKernel.cpp.
Rational arange_entry(const Rational& start, const Rational& step, const Rational& j,
                      const Rational& count) {
  using N = Scalar<Rational>;
  const auto whole = [](const Rational& x) { return numerator(x).convert_to<std::int64_t>(); };
  const std::int64_t index = whole(j) - 1, lane = index % 8;
  if (index >= whole(count) / 16 * 16) return N::float32_step(start, step, j);
  const double first = to_double(N::float32_step(start, step, Rational(index - lane + 1)));
  const double entry = first + to_double(step) * static_cast<double>(lane);
  return from_double(decode_double(round_to(from_double(entry), binary32), binary32));
}

// x = p - 1 + s (f + 1), f = (t H + h) W + w, where a type Step gives s and the span s T H W.
template <class Step>
struct SteppedLayout {
  static constexpr std::string_view name = Step::layout;
  static constexpr bool float32 = true;
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    const S one = Scalar<S>::integer(1);
    const S nth = (c.t * b.h_count + c.h) * b.w_count + c.w + one;
    S x = b.cursor - one + Step::template step<S>(b, knobs) * nth;
    if constexpr (std::is_same_v<S, Rational>) {
      if (knobs.float32()) {
        x = arange_entry(b.cursor - one, Step::step(b, knobs), nth,
                         b.t_count * b.h_count * b.w_count);
      }
    }
    return {x, x, x, x};
  }
};
template <class Step>
struct PastSpan {  // ceil(p - 1 + span) + 1
  static constexpr std::string_view name = Step::advance;
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    using N = Scalar<S>;
    const S one = N::integer(1);
    if constexpr (std::is_same_v<S, Rational>) {
      if (knobs.float32()) {
        const Rational count = b.t_count * b.h_count * b.w_count;
        return N::ceil(arange_entry(b.cursor - one, Step::step(b, knobs), count, count)) + one;
      }
    }
    return N::ceil(b.cursor - one + Step::template span<S>(b, knobs)) + one;
  }
};

// V2PE as the comparison code has it: a block spans visual_stride whatever its size.
struct BlockSpan {
  static constexpr std::string_view layout = "block_span", advance = "past_block_span";
  template <class S>
  static S span(const Block<S>&, const Knobs& knobs) {
    return knobs.get<S>("visual_stride");
  }
  template <class S>
  static S step(const Block<S>& b, const Knobs& knobs) {
    return Scalar<S>::quotient(span(b, knobs), b.t_count * b.h_count * b.w_count);
  }
};
// V2PE as its authors have it: a step of stride / 256 for every token.
struct TokenStep {
  static constexpr std::string_view layout = "token_step", advance = "past_token_steps";
  template <class S>
  static S step(const Block<S>& b, const Knobs& knobs) {
    return Scalar<S>::quotient(knobs.get<S>("rope_pos_id_stride", b.ordinal),
                               knobs.get<S>("num_image_token"));
  }
  template <class S>
  static S span(const Block<S>& b, const Knobs& knobs) {
    return step(b, knobs) * (b.t_count * b.h_count * b.w_count);
  }
};

// x = P + t + f, P the cursor that counts a text token or a frame as one, f the index in the
// sequence.
struct FrameAndIndexLayout {
  static constexpr std::string_view name = "frame_and_index";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    const S f = Scalar<S>::integer(b.first_token) + (c.t * b.h_count + c.h) * b.w_count + c.w;
    const S x = b.cursor + c.t + f;
    return {x, x, x, x};
  }
};
struct PastFrames {  // p + T
  static constexpr std::string_view name = "past_frames";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor + b.t_count;
  }
};

constexpr ParameterSpec kVanilla[] = {kIgnoredSection};
constexpr ParameterSpec kV2pe[] = {
    {.name = "visual_stride", .kind = Kind::positive, .fallback = "16", .domain = "1;4;16"},
    kIgnoredSection};
constexpr ParameterSpec kV2peOriginal[] = {
    {.name = "rope_pos_id_stride",
     .kind = Kind::each_block,
     .fallback = {},
     .example = "64",
     .domain = "64;256"},
    {.name = "num_image_token", .kind = Kind::positive, .fallback = "256", .domain = "256"},
    kIgnoredSection};

// The first visual token stands before the text that is not there; a span is not an extent.
constexpr std::string_view kSteps =
    "POS?text_before_first_block LIN! DECN. DECF. SYM?one_position_per_token "
    "GROW?extent_at_least_advance";
constexpr std::string_view kStepsWithoutDelta =
    "POS?text_before_first_block LIN! DECN. DECF. SYM?one_position_per_token "
    "GROW?extent_at_least_advance DELTA.";

constexpr Scheme kSchemes[] = {
    {.name = "vanilla",
     .aliases = "vanilla-rope",
     .source =
         "RoFormer, arXiv 2104.09864, section 3.2; JJJYmmm/Multimodal-RoPEs, pos_design/vanilla.py",
     .design = {.layout = layout_of<FlatLayout>(), .advance = advance_of<PastCount>()},
     .allocation = kFirstAxis,
     .parameters = kVanilla,
     .rope_theta = "10000",
     .verdicts = "LIN! DECN. DECF. GROW!"},
    {.name = "v2pe",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/v2pe.py",
     .design = {.layout = layout_of<SteppedLayout<BlockSpan>>(),
                .advance = advance_of<PastSpan<BlockSpan>>(),
                .delta = DeltaRule::ceiling},
     .allocation = kFirstAxis,
     .parameters = kV2pe,
     .rope_theta = "1000000",
     .verdicts = kSteps},
    {.name = "v2pe-original",
     .source = "V2PE, arXiv 2412.09616; OpenGVLab/V2PE, modeling_internvl_chat.py, get_rope_pos_id",
     .design = {.axes = 1,
                .layout = layout_of<SteppedLayout<TokenStep>>(),
                .advance = advance_of<PastSpan<TokenStep>>(),
                .delta = DeltaRule::none,
                .media = kVideo | kTiles},
     .allocation = kFirstAxis,
     .parameters = kV2peOriginal,
     .rope_theta = "1000000",
     .verdicts = kStepsWithoutDelta},
    {.name = "tad-rope",
     .source = "TAD-RoPE as compared with in Wiselnn570/VideoRoPE",
     .design = {.layout = layout_of<FrameAndIndexLayout>(),
                .advance = advance_of<PastFrames>(),
                .text = TextRule::cursor_and_index,
                .delta = DeltaRule::cursor,
                .pad = 2},
     .allocation = kFirstAxis,
     .parameters = kVanilla,
     .rope_theta = "1000000",
     .verdicts = "TEXT0! TEXT1! LIN! DECN. DECF. GROW!"},
};

}  // namespace

std::span<const Scheme> sequential_schemes() { return kSchemes; }

}  // namespace plumbline
