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
Point<S> place(const PositionDesign& d, const Block<S>& b, const Cell<S>& c, const Knobs& k) {
  if constexpr (std::is_same_v<S, Rational>) {
    return d.layout.exact(b, c, k);
  } else {
    return d.layout.enclosed(b, c, k);
  }
}

template <class S>
S advance(const PositionDesign& d, const Block<S>& b, const Knobs& k) {
  if constexpr (std::is_same_v<S, Rational>) {
    return d.advance.exact(b, k);
  } else {
    return d.advance.enclosed(b, k);
  }
}

// The largest coordinate of a block that the delta rule looks at. Layouts are monotone in each of
// t, h and w, so the eight corners hold it.
template <class S>
S block_maximum(const PositionDesign& design, const Block<S>& b, const Knobs& knobs) {
  using N = Scalar<S>;
  const S zero = N::integer(0), one = N::integer(1);
  const int axes = design.delta == DeltaRule::temporal_axis ? 1 : design.axes;
  S best = zero;
  for (int corner = 0; corner < 8; ++corner) {
    const Cell<S> cell{(corner & 1) != 0 ? S(b.t_count - one) : zero,
                       (corner & 2) != 0 ? S(b.h_count - one) : zero,
                       (corner & 4) != 0 ? S(b.w_count - one) : zero};
    const Point<S> point = place(design, b, cell, knobs);
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
    if (visual == nullptr || visual->medium == Medium::image) {
      numbers.push_back(-1);
    } else if (visual->medium == Medium::video) {
      numbers.push_back(videos++);
    } else {
      const auto [entry, is_new] = split.try_emplace(visual->video, videos);
      if (is_new) ++videos;
      numbers.push_back(entry->second);
    }
  }
  return numbers;
}

void check_lists(const Parameters& parameters, std::int64_t videos) {
  for (const auto& spec : parameters.specs()) {
    if (spec.kind != Kind::per_video || !parameters.has(spec.name)) continue;
    const auto count = static_cast<std::int64_t>(parameters.numbers(spec.name).size());
    if (count == 1 || count == videos) continue;
    throw std::invalid_argument(std::string(spec.name) + " has " + std::to_string(count) +
                                " entries: must be one number, or one per video (" +
                                std::to_string(videos) + ")");
  }
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
  return rule == TextRule::every_axis ? "every_axis" : "temporal_only";
}

std::string_view name(DeltaRule rule) {
  constexpr std::string_view kNames[] = {"every_axis", "temporal_axis", "ceiling", "none"};
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
  std::int64_t videos = 0, ordinal = 0, first = 0;
  const auto numbers = video_numbers(sequence_, videos);
  check_lists(parameters, videos);
  S cursor = N::integer(0);
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
      blocks_.back() = {cursor, N::integer(g.t), N::integer(g.h), N::integer(g.w),
                        first,  ordinal++,       numbers[i]};
      reach(block_maximum(design, blocks_.back(), knobs_));
      cursor = advance(design, blocks_.back(), knobs_);
    } else if (count > 0) {
      reach(cursor + N::integer(count - 1));
      cursor = cursor + N::integer(count);
    }
    first += count;
  }
  starts_.push_back(first);
  cursors_.push_back(cursor);
}

template <class S>
Point<S> Walk<S>::text(const S& x) const {
  const S zero = Scalar<S>::integer(0);
  if (design_->text == TextRule::temporal_only) return {x, zero, zero, zero};
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
  if (visual == nullptr) return text(cursors_[i] + N::integer(k));
  const Grid& g = visual->grid;
  const Cell<S> cell{N::integer(k / (g.h * g.w)), N::integer(k / g.w % g.h), N::integer(k % g.w)};
  return place(*design_, blocks_[i], cell, knobs_);
}

template class Walk<Rational>;
template class Walk<Interval>;

}  // namespace plumbline
