// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "reference/position_design.h"

// Layouts and advance rules that schemes of more than one family share. p the cursor, delta the
// temporal stride.
namespace plumbline {

// floor(t g kappa), exactly: g seconds per temporal patch, kappa tokens per second. Of the exact
// numbers a product may follow a code's order of operations instead.
struct ExactTime {
  static constexpr std::string_view layout = "absolute_time", advance = "past_absolute_extent";
  template <class S>
  static S of(const S& t, const S& g, const S& kappa, const Knobs& knobs) {
    using N = Scalar<S>;
    if constexpr (std::is_same_v<S, Rational>) {
      if (knobs.float32()) return N::float32_floor(t, g, kappa);
    }
    return N::floor(t * g * kappa);
  }
};
// (p + Time(t, g, kappa), p + h, p + w); g = 0 for a still image.
template <class Time>
struct TimeLayout {
  static constexpr std::string_view name = Time::layout;
  static constexpr bool float32 = true;
  template <class S>
  static S steps(const Block<S>& b, const S& t, const Knobs& knobs) {
    if (b.video < 0) return Scalar<S>::integer(0);
    return Time::template of<S>(t, knobs.get<S>("second_per_grid_t", b.video),
                                knobs.get<S>("tokens_per_second"), knobs);
  }
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    return {b.cursor + steps(b, c.t, knobs), b.cursor + c.h, b.cursor + c.w, S{}};
  }
};
template <class Time>
struct PastTimeExtent {  // p + max(Time(T - 1, g, kappa), H - 1, W - 1) + 1
  static constexpr std::string_view name = Time::advance;
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    using N = Scalar<S>;
    const S one = N::integer(1);
    const S time = TimeLayout<Time>::steps(b, S(b.t_count - one), knobs);
    return b.cursor + N::max(N::max(time, b.h_count - one), b.w_count - one) + one;
  }
};
using AbsoluteTimeLayout = TimeLayout<ExactTime>;
using PastAbsoluteExtent = PastTimeExtent<ExactTime>;

// What a design does with a block centred on the diagonal: (tau, tau + h - floor((H - 1) / 2), tau
// + w - floor((W - 1) / 2)), tau = p + delta t. Stride is a type with `of<S>(block, knobs)`.
// Source: Wiselnn570/VideoRoPE; JJJYmmm/Multimodal-RoPEs, pos_design/videorope.py.
template <class Stride>
struct DiagonalLayout {
  static constexpr std::string_view name = Stride::diagonal;
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    using N = Scalar<S>;
    const S one = N::integer(1), two = N::integer(2);
    const S tau = b.cursor + Stride::template of<S>(b, knobs) * c.t;
    return {tau, tau + c.h - N::floor(N::quotient(b.h_count - one, two)),
            tau + c.w - N::floor(N::quotient(b.w_count - one, two)), S{}};
  }
};
template <class Stride>
struct PastLastFrame {  // p + delta (T - 1) + 1
  static constexpr std::string_view name = Stride::past_last_frame;
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    const S one = Scalar<S>::integer(1);
    return b.cursor + Stride::template of<S>(b, knobs) * (b.t_count - one) + one;
  }
};
// The knob temporal_stride, one number for the whole sequence.
struct OneStride {
  static constexpr std::string_view diagonal = "diagonal", past_last_frame = "past_last_frame";
  template <class S>
  static S of(const Block<S>&, const Knobs& knobs) {
    return knobs.get<S>("temporal_stride");
  }
};

struct PastSides {  // p + max(H, W)
  static constexpr std::string_view name = "past_sides";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor + Scalar<S>::max(b.h_count, b.w_count);
  }
};
struct PastOne {  // p + 1
  static constexpr std::string_view name = "past_one";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor + Scalar<S>::integer(1);
  }
};
struct Stay {  // p
  static constexpr std::string_view name = "stay";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor;
  }
};
}  // namespace plumbline
