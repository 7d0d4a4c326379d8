// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
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

// What a layout works out once for a whole block, in its own type.
struct Prepared {
  virtual ~Prepared() = default;
};

// A visual block as layouts see it: T x H x W cells that start at cursor p.
template <class S>
struct Block {
  S cursor, t_count, h_count, w_count;
  std::int64_t first_token = 0;   // tokens of the sequence before the block
  std::int64_t ordinal = 0;       // visual blocks before this one
  std::int64_t video = -1;        // which video the block belongs to; -1: a still image
  std::int64_t first_visual = 0;  // tokens before the first visual block of the sequence
  std::int64_t frames = 0;        // frames of all visual blocks before this one
  Visual visual = {};             // the same block as the sequence says it
  std::shared_ptr<const Prepared> prepared = {};  // what the layout's `prepare` made
};

template <class S>
struct Cell {
  S t, h, w;
  std::int64_t index = 0;  // of the token in its block
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
// terms. L may also have `prepare` (work done once a block, found again in Block::prepared),
// `maximum` (largest coordinate of a block; without it layouts must be monotone in each of t, h
// and w) and `cell` (t, h, w of a token, where tokens are not in row order). A layout whose
// coordinates are irrational says so with `transcendental`: it exists for Irrational alone.
template <class S>
struct LayoutIn {
  Point<S> (*vis)(const Block<S>&, const Cell<S>&, const Knobs&) = nullptr;
  std::shared_ptr<const Prepared> (*prepare)(const Block<S>&, const Knobs&) = nullptr;
  S (*maximum)(const Block<S>&, const Knobs&) = nullptr;
};
struct Layout {
  std::string_view name;
  LayoutIn<Rational> exact;
  LayoutIn<Interval> enclosed;
  LayoutIn<Irrational> symbolic;
  Grid (*cell)(std::int64_t index, const Grid&, const Knobs&) = nullptr;
  bool float32 = false;  // the authors' float32 order of operations is known
};
template <class S>
using AdvanceIn = S (*)(const Block<S>&, const Knobs&);
struct Advance {
  std::string_view name;
  AdvanceIn<Rational> exact;
  AdvanceIn<Interval> enclosed;
  AdvanceIn<Irrational> symbolic = nullptr;
};
template <class L, class S>
constexpr LayoutIn<S> layout_in() {
  LayoutIn<S> out{&L::template vis<S>};
  if constexpr (requires { &L::template prepare<S>; }) out.prepare = &L::template prepare<S>;
  if constexpr (requires { &L::template maximum<S>; }) out.maximum = &L::template maximum<S>;
  return out;
}
template <class L>
constexpr Layout layout_of() {
  Layout out{L::name, {}, {}, {}};
  if constexpr (requires { L::transcendental; }) {
    out.symbolic = layout_in<L, Irrational>();
  } else {
    out.exact = layout_in<L, Rational>();
    out.enclosed = layout_in<L, Interval>();
  }
  if constexpr (requires { &L::cell; }) out.cell = &L::cell;
  if constexpr (requires { L::float32; }) out.float32 = L::float32;
  return out;
}
template <class A>
constexpr Advance advance_of() {
  if constexpr (requires { A::transcendental; }) {
    return {A::name, nullptr, nullptr, &A::template next<Irrational>};
  } else {
    return {A::name, &A::template next<Rational>, &A::template next<Interval>};
  }
}

// Text token at cursor x, i-th token of the sequence: (x, x, x); (x, 0, 0); (0, 0, 0); or x + i on
// every axis.
enum class TextRule : std::uint8_t { every_axis, temporal_only, origin, cursor_and_index };
// What the official rope delta takes its maximum over, or `cursor`: the final cursor itself;
// `none`: the source defines no delta.
enum class DeltaRule : std::uint8_t { every_axis, temporal_axis, ceiling, cursor, none };
// Where the cursor starts: 0; the largest of floor(H / 2) and floor(W / 2) over all visual blocks;
// the largest H or W.
enum class StartRule : std::uint8_t { zero, past_half_extent, past_extent };
// Which visual segments a design can place, besides still images and split videos.
enum Media : unsigned { kStillOnly = 0, kVideo = 1, kTiles = 2, kLumos = 4, kSpoken = 8 };
std::string_view name(TextRule rule);
std::string_view name(DeltaRule rule);

struct PositionDesign {
  int axes = 3;
  Layout layout;
  Advance advance;
  TextRule text = TextRule::every_axis;
  DeltaRule delta = DeltaRule::every_axis;
  int pad = 1;  // coordinate of padding tokens, on every axis
  std::string_view letters = "THW";
  unsigned media = kVideo;
  StartRule start = StartRule::zero;
  std::int64_t most_cells = 0;         // of a frame; 0: any number
  bool delta_without_padding = false;  // the official delta counts the real tokens alone
  bool transcendental() const { return layout.exact.vis == nullptr; }
};

// The position of every token of a sequence, on demand: at(i) costs one search over the segments,
// so that any window of any sequence equals the same rows of the whole. Exact for S = Rational,
// which transcendental designs do not have (std::logic_error). Throws std::invalid_argument for a
// list parameter that does not fit the sequence, and for a segment that the design cannot place.
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
  Point<S> text(const S& x, std::int64_t token) const;
  const PositionDesign* design_;
  Knobs knobs_;
  Sequence sequence_;
  std::vector<std::int64_t> starts_;  // first token of each segment, then the total
  std::vector<S> cursors_;            // cursor at each segment, then the final one
  std::vector<Block<S>> blocks_;      // by segment; unused for text
  S maximum_;
  std::int64_t leading_text_ = 0;
};
// What a walk would throw for these segments and lists, without walking a transcendental layout.
void check_sequence(const PositionDesign& design, const Parameters& parameters,
                    const Sequence& sequence, bool float32);

extern template class Walk<Rational>;
extern template class Walk<Interval>;
extern template class Walk<Irrational>;

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
