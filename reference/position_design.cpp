// SPDX-License-Identifier: Apache-2.0
#include "reference/position_design.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "reference/certify.h"

namespace plumbline {
namespace {

template <class S>
const LayoutIn<S>& in(const Layout& layout) {
  if constexpr (std::is_same_v<S, Rational>) {
    return layout.exact;
  } else if constexpr (std::is_same_v<S, Irrational>) {
    return layout.symbolic;
  } else {
    return layout.enclosed;
  }
}

template <class S>
AdvanceIn<S> in(const Advance& advance) {
  if constexpr (std::is_same_v<S, Rational>) {
    return advance.exact;
  } else if constexpr (std::is_same_v<S, Irrational>) {
    return advance.symbolic;
  } else {
    return advance.enclosed;
  }
}

// The largest coordinate of a block that the delta rule looks at. Layouts are monotone in each of
// t, h and w, so the eight corners hold it.
template <class S>
S block_maximum(const PositionDesign& design, const Block<S>& b, const Knobs& knobs) {
  using N = Scalar<S>;
  const LayoutIn<S>& layout = in<S>(design.layout);
  if (layout.maximum != nullptr) return layout.maximum(b, knobs);
  const S zero = N::integer(0), one = N::integer(1);
  const int axes = design.delta == DeltaRule::temporal_axis ? 1 : design.axes;
  S best = zero;
  for (int corner = 0; corner < 8; ++corner) {
    const Cell<S> cell{(corner & 1) != 0 ? S(b.t_count - one) : zero,
                       (corner & 2) != 0 ? S(b.h_count - one) : zero,
                       (corner & 4) != 0 ? S(b.w_count - one) : zero};
    const Point<S> point = layout.vis(b, cell, knobs);
    for (int a = 0; a < axes; ++a) {
      const S& x = point[static_cast<std::size_t>(a)];
      best = corner == 0 && a == 0 ? x : N::max(best, x);
    }
  }
  return best;
}

// Videos in order of appearance; the frames of a split video share one number. -1 for text and
// still images.
std::vector<std::int64_t> video_numbers(const Sequence& sequence, std::int64_t& videos) {
  std::vector<std::int64_t> numbers;
  std::map<std::int64_t, std::int64_t> split;
  videos = 0;
  for (const Segment& segment : sequence) {
    const auto* visual = std::get_if<Visual>(&segment);
    if (visual != nullptr &&
        (visual->medium == Medium::video || visual->medium == Medium::spoken_video)) {
      numbers.push_back(videos++);
    } else if (visual == nullptr || visual->medium != Medium::video_frame) {
      numbers.push_back(-1);
    } else {
      const auto [entry, is_new] = split.try_emplace(visual->video, videos);
      if (is_new) ++videos;
      numbers.push_back(entry->second);
    }
  }
  return numbers;
}

void check_lists(const Parameters& parameters, const Sequence& sequence, std::int64_t videos) {
  std::int64_t blocks = 0;
  bool stills = true;
  for (const Segment& segment : sequence) {
    if (const auto* visual = std::get_if<Visual>(&segment)) {
      ++blocks;
      stills = stills && visual->grid.t == 1;
    }
  }
  for (const auto& spec : parameters.specs()) {
    const bool per_video = spec.kind == Kind::per_video, per_frame = spec.kind == Kind::per_block;
    if ((!per_video && !per_frame && spec.kind != Kind::each_block) || !parameters.has(spec.name))
      continue;
    const auto count = static_cast<std::int64_t>(parameters.numbers(spec.name).size());
    // Where no block has two frames a stride has no effect, and sources leave lists of any length.
    if (count == 1 || count == (per_video ? videos : blocks) || (per_frame && stills)) continue;
    throw std::invalid_argument(std::string(spec.name) + " has " + std::to_string(count) +
                                " entries: must be one number, or one per " +
                                (per_video ? "video" : "visual segment") + " (" +
                                std::to_string(per_video ? videos : blocks) + ")");
  }
}

void check_media(const PositionDesign& design, const Sequence& sequence) {
  const auto refuse = [](std::string_view what) {
    throw std::invalid_argument("sequence: this scheme cannot place " + std::string(what));
  };
  for (const Segment& segment : sequence) {
    const auto* visual = std::get_if<Visual>(&segment);
    if (visual == nullptr) continue;
    if (visual->medium == Medium::tiles && (design.media & kTiles) == 0) refuse("tiles");
    if (visual->medium == Medium::lumos_frame && (design.media & kLumos) == 0)
      refuse("a lumos_frame");
    if (visual->medium == Medium::spoken_video && (design.media & kSpoken) == 0)
      refuse("a video with audio");
    if (visual->grid.t > 1 && (design.media & kVideo) == 0)
      refuse("a grid of T = " + std::to_string(visual->grid.t) + ", only still images, T = 1");
    const std::int64_t h = visual->grid.h, w = visual->grid.w, most = design.most_cells;
    if (most != 0 && h > most / w)
      refuse("a grid of H x W = " + std::to_string(h) + " x " + std::to_string(w) + ", at most " +
             std::to_string(most) + " cells a frame");
  }
}

template <class S>
S start_of(const PositionDesign& design, const Sequence& sequence) {
  std::int64_t most = 0;
  for (const Segment& segment : sequence) {
    const auto* visual = std::get_if<Visual>(&segment);
    if (visual == nullptr || design.start == StartRule::zero) continue;
    const std::int64_t extent = std::max(visual->grid.h, visual->grid.w);
    most = std::max(most, design.start == StartRule::past_extent ? extent : extent / 2);
  }
  return Scalar<S>::integer(most);
}

}  // namespace

Rational Scalar<Rational>::float32_floor(const Rational& t, const Rational& g, const Rational& k) {
  const auto narrow = [](const Rational& x) {
    return static_cast<float>(decode_double(round_to(x, binary32), binary32));
  };
  const float steps = (narrow(t) * narrow(g)) * narrow(k);
  if (!std::isfinite(steps)) {
    throw std::invalid_argument("second_per_grid_t = " + to_text(g) +
                                ": leaves the range of float32 arithmetic");
  }
  return truncate(from_double(static_cast<double>(steps)));
}

Rational Scalar<Rational>::float64_floor(const Rational& t, const Rational& g, const Rational& k) {
  const double steps = to_double(t) * (to_double(g) * to_double(k));
  if (!std::isfinite(steps)) {
    throw std::invalid_argument("second_per_grid_t = " + to_text(g) +
                                ": leaves the range of binary64 arithmetic");
  }
  return truncate(from_double(steps));
}

Rational Scalar<Rational>::float32_step(const Rational& start, const Rational& step,
                                        const Rational& j) {
  const double stride = to_double(step), first = to_double(start) + stride;
  const double entry = first + stride * (to_double(j) - 1);
  return from_double(decode_double(round_to(from_double(entry), binary32), binary32));
}

Interval Scalar<Interval>::max(const Interval& a, const Interval& b) {
  // Works on the ends, so that overlapping enclosures need no decision.
  Interval result = a;
  mpfi_srcptr other = b.backend().data();
  mpfi_ptr out = result.backend().data();
  if (mpfr_less_p(&out->left, &other->left)) mpfr_set(&out->left, &other->left, MPFR_RNDD);
  if (mpfr_less_p(&out->right, &other->right)) mpfr_set(&out->right, &other->right, MPFR_RNDU);
  return result;
}

std::string_view name(TextRule rule) {
  constexpr std::string_view kNames[] = {"every_axis", "temporal_only", "origin",
                                         "cursor_and_index"};
  return kNames[static_cast<std::size_t>(rule)];
}

std::string_view name(DeltaRule rule) {
  constexpr std::string_view kNames[] = {"every_axis", "temporal_axis", "ceiling", "cursor",
                                         "none"};
  return kNames[static_cast<std::size_t>(rule)];
}

template <class S>
Walk<S>::Walk(const PositionDesign& design, const Parameters& parameters, const Sequence& sequence,
              bool float32)
    : design_(&design),
      knobs_(parameters, float32),
      sequence_(sequence),
      maximum_(Scalar<S>::integer(-1)) {
  using N = Scalar<S>;
  if (in<S>(design.layout).vis == nullptr) throw std::logic_error("no such form of this layout");
  std::int64_t videos = 0, ordinal = 0, first = 0, frames = 0;
  const auto numbers = video_numbers(sequence_, videos);
  check_lists(parameters, sequence_, videos);
  check_media(design, sequence_);
  S cursor = start_of<S>(design, sequence_);
  bool empty = true;
  const auto reach = [&](const S& top) {
    maximum_ = empty ? top : N::max(maximum_, top);
    empty = false;
  };
  for (std::size_t i = 0; i < sequence_.size(); ++i) {
    const std::int64_t count = plumbline::tokens(sequence_[i]);
    starts_.push_back(first);
    cursors_.push_back(cursor);
    blocks_.emplace_back();
    if (const auto* visual = std::get_if<Visual>(&sequence_[i])) {
      const Grid& g = visual->grid;
      if (ordinal == 0) leading_text_ = first;
      Block<S>& block = blocks_.back();
      block = {cursor,
               N::integer(g.t),
               N::integer(g.h),
               N::integer(row_tokens(*visual)),
               first,
               ordinal++,
               numbers[i],
               leading_text_,
               frames,
               *visual,
               {}};
      if (const auto prepare = in<S>(design.layout).prepare) {
        block.prepared = prepare(block, knobs_);
      }
      reach(block_maximum(design, block, knobs_));
      cursor = in<S>(design.advance)(block, knobs_);
      frames += g.t;
    } else if (count > 0) {
      reach(cursor + N::integer(count - 1));
      cursor = cursor + N::integer(count);
    }
    first += count;
  }
  if (design.delta == DeltaRule::cursor) maximum_ = cursor - N::integer(1);
  starts_.push_back(first);
  cursors_.push_back(cursor);
}

template <class S>
Point<S> Walk<S>::text(const S& x, std::int64_t token) const {
  const S zero = Scalar<S>::integer(0);
  switch (design_->text) {
    case TextRule::temporal_only:
      return {x, zero, zero, zero};
    case TextRule::origin:
      return {zero, zero, zero, zero};
    case TextRule::cursor_and_index: {
      const S sum = x + Scalar<S>::integer(token);
      return {sum, sum, sum, sum};
    }
    case TextRule::every_axis:
      break;
  }
  return {x, x, x, x};
}

template <class S>
Point<S> Walk<S>::at(std::int64_t token) const {
  using N = Scalar<S>;
  if (token < 0 || token >= tokens())
    throw std::out_of_range("token " + std::to_string(token) + " is not in the sequence");
  // The last segment that starts at or before the token; empty ones share a start with their
  // successor.
  const auto after = std::upper_bound(starts_.begin(), starts_.end() - 1, token);
  const auto i = static_cast<std::size_t>(after - starts_.begin() - 1);
  const std::int64_t k = token - starts_[i];
  const auto* visual = std::get_if<Visual>(&sequence_[i]);
  if (visual == nullptr) return text(cursors_[i] + N::integer(k), token);
  const std::int64_t h = visual->grid.h, w = row_tokens(*visual);
  const Layout& layout = design_->layout;
  const Grid at = layout.cell != nullptr ? layout.cell(k, visual->grid, knobs_)
                                         : Grid{k / (h * w), k / w % h, k % w};
  const Cell<S> cell{N::integer(at.t), N::integer(at.h), N::integer(at.w), k};
  return in<S>(layout).vis(blocks_[i], cell, knobs_);
}

void check_sequence(const PositionDesign& design, const Parameters& parameters,
                    const Sequence& sequence, bool float32) {
  if (!design.transcendental()) {
    const Walk<Rational> walk(design, parameters, sequence, float32);
    return;
  }
  std::int64_t videos = 0;
  video_numbers(sequence, videos);
  check_lists(parameters, sequence, videos);
  check_media(design, sequence);
}

template class Walk<Rational>;
template class Walk<Interval>;
template class Walk<Irrational>;

}  // namespace plumbline
