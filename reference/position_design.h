// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "reference/parameters.h"
#include "reference/scalar.h"
#include "reference/sequence.h"

// First axis of a scheme: where a token stands. A design is a layout (places the tokens of one
// visual block) plus an advance rule (moves the cursor past it); the walk over segments exists
// once, below.
namespace plumbline {

template <class S>
using Point = std::array<S, kMostAxes>;

// A visual block as layouts see it: T x H x W cells that start at cursor p.
template <class S>
struct Block {
  S cursor, t_count, h_count, w_count;
  std::int64_t first_token = 0;  // tokens of the sequence before the block
  std::int64_t ordinal = 0;      // visual blocks before this one
  std::int64_t video = -1;       // which video the block belongs to; -1: a still image
};

template <class S>
struct Cell {
  S t, h, w;
};

// The knobs as a layout reads them, in its own scalar.
class Knobs {
 public:
  explicit Knobs(const Parameters& parameters, bool float32 = false)
      : parameters_(&parameters), float32_(float32) {}
  template <class S>
  S get(std::string_view name) const {
    return Scalar<S>::parameter(name, parameters_->number(name));
  }
  // Entry i of a list; the single entry of a list of one.
  template <class S>
  S get(std::string_view name, std::int64_t i) const {
    const auto& list = parameters_->numbers(name);
    return Scalar<S>::parameter(
        name, list.size() == 1 ? list.front() : list.at(static_cast<std::size_t>(i)));
  }
  bool float32() const { return float32_; }

 private:
  const Parameters* parameters_;
  bool float32_;  // the authors' float32 order of operations, where a scheme has one
};

// One function for every scalar that the project uses; made by layout_of<L>() from a type L with a
// static template `vis`, so that the same code gives exact rationals, enclosures and symbolic
// terms.
struct Layout {
  std::string_view name;
  Point<Rational> (*exact)(const Block<Rational>&, const Cell<Rational>&, const Knobs&);
  Point<Interval> (*enclosed)(const Block<Interval>&, const Cell<Interval>&, const Knobs&);
};
struct Advance {
  std::string_view name;
  Rational (*exact)(const Block<Rational>&, const Knobs&);
  Interval (*enclosed)(const Block<Interval>&, const Knobs&);
};
template <class L>
constexpr Layout layout_of() {
  return {L::name, &L::template vis<Rational>, &L::template vis<Interval>};
}
template <class A>
constexpr Advance advance_of() {
  return {A::name, &A::template next<Rational>, &A::template next<Interval>};
}

enum class TextRule : std::uint8_t {
  every_axis,
  temporal_only
};  // token x: (x, x, x) or (x, 0, 0)
// What the official rope delta takes its maximum over; `none`: the source defines no delta.
enum class DeltaRule : std::uint8_t { every_axis, temporal_axis, ceiling, none };
std::string_view name(TextRule rule);
std::string_view name(DeltaRule rule);

struct PositionDesign {
  int axes = 3;
  Layout layout;
  Advance advance;
  TextRule text = TextRule::every_axis;
  DeltaRule delta = DeltaRule::every_axis;
  int pad = 1;  // coordinate of padding tokens, on every axis
};

// The position of every token of a sequence, on demand: at(i) costs one search over the segments,
// so that any window of any sequence equals the same rows of the whole. Exact for S = Rational.
// Throws std::invalid_argument for a list parameter that does not fit the sequence.
template <class S>
class Walk {
 public:
  Walk(const PositionDesign& design, const Parameters& parameters, const Sequence& sequence,
       bool float32 = false);
  // The tuple of token i, 0 <= i < tokens(), before any truncation.
  Point<S> at(std::int64_t token) const;
  std::int64_t tokens() const { return starts_.back(); }
  // Where the next token would stand.
  const S& cursor() const { return cursors_.back(); }
  // The M of the official rope delta over all tokens (delta = M + 1 - padded length); -1 for an
  // empty sequence.
  const S& maximum() const { return maximum_; }

 private:
  Point<S> text(const S& x) const;
  const PositionDesign* design_;
  Knobs knobs_;
  Sequence sequence_;
  std::vector<std::int64_t> starts_;  // first token of each segment, then the total
  std::vector<S> cursors_;            // cursor at each segment, then the final one
  std::vector<Block<S>> blocks_;      // by segment; unused for text
  S maximum_;
};
extern template class Walk<Rational>;
extern template class Walk<Interval>;

// Layouts and advance rules that several schemes share. p the cursor, delta the temporal stride.
// Source: JJJYmmm/Multimodal-RoPEs, multimodal_ropes/pos_design/.

struct FlatLayout {  // (x, x, x), x = p + (t H + h) W + w
  static constexpr std::string_view name = "flat";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    const S x = b.cursor + (c.t * b.h_count + c.h) * b.w_count + c.w;
    return {x, x, x, x};
  }
};
struct GridLayout {  // (p + delta t, p + h, p + w)
  static constexpr std::string_view name = "grid";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    return {b.cursor + knobs.get<S>("temporal_stride") * c.t, b.cursor + c.h, b.cursor + c.w, S{}};
  }
};
struct SpatialResetLayout {  // (p + delta t, h, w)
  static constexpr std::string_view name = "spatial_reset";
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs& knobs) {
    return {b.cursor + knobs.get<S>("temporal_stride") * c.t, c.h, c.w, S{}};
  }
};
struct PastCount {  // p + T H W
  static constexpr std::string_view name = "past_count";
  template <class S>
  static S next(const Block<S>& b, const Knobs&) {
    return b.cursor + b.t_count * b.h_count * b.w_count;
  }
};
struct PastExtent {  // p + max(delta (T - 1), H - 1, W - 1) + 1
  static constexpr std::string_view name = "past_extent";
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    using N = Scalar<S>;
    const S one = N::integer(1);
    const S time = knobs.get<S>("temporal_stride") * (b.t_count - one);
    return b.cursor + N::max(N::max(time, b.h_count - one), b.w_count - one) + one;
  }
};

}  // namespace plumbline
