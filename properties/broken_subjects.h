// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstring>

#include "golden/golden.h"
#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"
#include "reference/rotation.h"

// A kernel in plain binary64, written from the contract alone, and everything that can be wrong
// with it.
namespace plumbline::test {

enum class Bug : std::uint8_t {
  none,
  wrong_sign,
  drops_spatial_rows,
  swaps_h_and_w,
  mixes_axes,
  spatial_off_by_one,
  position_in_bf16,
  position_squared,
  phase_in_f32,
  phase_offset,
  table_in_bf16,
  other_base,
  exponent_over_head_dim,
  factor_dropped,
  factor_squared,
  pairing_flag_dropped,
  partner_off_by_one,
  pass_through_scaled,
  kv_head_by_remainder,
  adjoint_is_forward,
  reads_after_write,
  head_stride_ignored,
  gap_written,
  nan_leaks,
  saturates,
  row_table_wraps,
  // Of the positions.
  chunk_offset_lost,
  decode_off_by_one,
  padding_shifts,
  mask_ignored,
  looks_ahead,
  advance_too_short,
  text_repeats,
  rows_collapse,
  columns_first,
  frames_shear,
  position_in_f32,
  counts_calls,
  segment_costs_one,
  reset_forgotten,
};

class ToyKernel {
 public:
  ToyKernel(Bug bug, const laws::Call& call) : bug_(bug), call_(call), map_(allocation(call.c)) {
    const auto frequencies =
        evaluate(call.c, laws::table_of(call.c, {}), {}, {}, false, 1).inv_freq;
    for (const std::uint64_t bits : frequencies) inv_freq_.push_back(decode_double(bits, binary64));
    const ResolvedSpectrum spectrum(call.c.spectrum);
    factor_ = decode_double(
        certify([&] { return spectrum.attention_factor(); }, binary64, "toy").bits, binary64);
    if (bug == Bug::factor_dropped) factor_ = 1;
    if (bug == Bug::factor_squared) factor_ *= factor_;
  }

  void run() const {
    const HeadShape& s = call_.c.shape;
    for (std::size_t row = 0; row < call_.ids.rows(); ++row) {
      for (int head = 0; head < s.num_heads; ++head) rotate(call_.q, row, head, kv_of(head));
      for (int head = 0; head < s.num_key_value_heads; ++head) rotate(call_.k, row, head, head);
    }
  }

 private:
  int kv_of(int head) const {
    const HeadShape& s = call_.c.shape;
    return bug_ == Bug::kv_head_by_remainder ? head % s.num_key_value_heads
                                             : head / (s.num_heads / s.num_key_value_heads);
  }

  double position(std::size_t row, Axis axis) const {
    auto a = index(axis);
    const auto axes = static_cast<std::size_t>(call_.ids.axes);
    if (bug_ == Bug::drops_spatial_rows) a = 0;
    if (bug_ == Bug::swaps_h_and_w && axes > 2 && (a == 1 || a == 2)) a = 3 - a;
    if (bug_ == Bug::row_table_wraps) row %= 2;
    double p = laws::nearest_double(call_.ids.at(a, row));
    if (bug_ == Bug::mixes_axes) p += laws::nearest_double(call_.ids.at(axes - 1, row)) / 1024;
    if (bug_ == Bug::spatial_off_by_one && a > 0) p += 1;
    if (bug_ == Bug::position_squared) p *= p;
    if (bug_ == Bug::position_in_bf16)
      p = decode_double(round_to(from_double(p), bfloat16), bfloat16);
    return p;
  }

  double frequency(int map, int pair) const {
    const HeadShape& s = call_.c.shape;
    if (bug_ == Bug::other_base) return std::pow(10007.0, -2.0 * pair / s.rotary_dim);
    if (bug_ == Bug::exponent_over_head_dim)
      return std::pow(to_double(call_.c.spectrum.rope_theta), -2.0 * pair / s.head_dim);
    return inv_freq_[static_cast<std::size_t>(map * map_.pairs + pair)];
  }

  // A cos, A sin.
  std::pair<double, double> table(std::size_t row, int map, int pair) const {
    const Axis axis = map_.at(map, pair).axis;
    double angle = axis == Axis::none ? 0 : position(row, axis) * frequency(map, pair);
    if (bug_ == Bug::phase_in_f32) angle = static_cast<double>(static_cast<float>(angle));
    if (bug_ == Bug::phase_offset) angle += 0x1p-20;
    if (bug_ == Bug::wrong_sign) angle = -angle;
    double c = factor_ * std::cos(angle), s = factor_ * std::sin(angle);
    if (bug_ == Bug::table_in_bf16) {
      c = decode_double(round_to(from_double(c), bfloat16), bfloat16);
      s = decode_double(round_to(from_double(s), bfloat16), bfloat16);
    }
    return {c, call_.adjoint && bug_ != Bug::adjoint_is_forward ? -s : s};
  }

  std::uint64_t encode(double x) const {
    const Format& f = call_.format;
    if (std::isnan(x)) return infinity_bits(f) | (std::uint64_t{1} << (f.precision - 2));
    const std::uint64_t sign = std::signbit(x) ? sign_bit(f) : 0;
    if (std::isinf(x)) return infinity_bits(f) | sign;
    return x == 0 ? sign : round_to(from_double(x), f);
  }

  void rotate(const laws::HeadView& view, std::size_t row, int head, int kv) const {
    const HeadShape& s = call_.c.shape;
    const auto size = static_cast<std::size_t>(call_.format.bytes);
    const auto at = [&](const laws::Strides& strides, int lane) {
      const auto step = bug_ == Bug::head_stride_ignored ? s.head_dim : strides.head;
      return (static_cast<std::ptrdiff_t>(row) * strides.token + head * step + lane) *
             call_.format.bytes;
    };
    const auto load = [&](int lane) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, view.in + at(view.in_strides, lane), size);
      return bits;
    };
    const auto store = [&](int lane, std::uint64_t bits) {
      std::memcpy(view.out + at(view.out_strides, lane), &bits, size);
    };
    const auto value = [&](int lane) {
      const double x = decode_double(load(lane), call_.format);
      return bug_ == Bug::saturates ? std::clamp(x, -3.0, 3.0) : x;
    };
    const Pairing pairing = bug_ == Bug::pairing_flag_dropped ? Pairing::neox : call_.c.pairing;
    for (int pair = 0; pair < map_.pairs; ++pair) {
      Lanes lane = lanes(pairing, pair, map_.pairs);
      if (bug_ == Bug::partner_off_by_one) lane.y = lane.y == 2 * map_.pairs - 1 ? 1 : lane.y + 1;
      const auto [c, n] = table(row, map_.map_of(kv), pair);
      const double x = value(lane.x);
      double y = value(lane.y);
      if (bug_ == Bug::nan_leaks) y += 0 * value(0);
      store(lane.x, encode(x * c - y * n));
      const double again = bug_ == Bug::reads_after_write ? value(lane.x) : x;
      store(lane.y, encode(y * c + again * n));
    }
    for (int lane = s.rotary_dim; lane < s.head_dim; ++lane) {
      const std::uint64_t bits = load(lane);
      store(lane, bug_ == Bug::pass_through_scaled ? encode(decode_double(bits, call_.format) * 1.5)
                                                   : bits);
    }
    if (bug_ == Bug::gap_written) store(s.head_dim, 0);
  }

  Bug bug_;
  const laws::Call& call_;
  FrequencyAllocation map_;
  std::vector<double> inv_freq_;
  double factor_;
};

// Positions with one bug; all but the bug is the reference's.
inline PositionTable toy_positions(Bug bug, const Case& c) {
  static int calls = 0;
  Case other = c;
  const std::int64_t length = c.padded_length();
  if (bug == Bug::padding_shifts) {
    other.sequence.insert(other.sequence.begin(), Text{c.pad_left, {}});
    other.pad_left = 0;
  }
  if (bug == Bug::mask_ignored && !c.attention_mask.empty()) {
    other.attention_mask.clear();
    other.pad_right = length - tokens(c.sequence);
  }
  if (bug == Bug::chunk_offset_lost && !c.windows.empty()) {
    const std::int64_t first = c.windows.front().first;
    for (Window& w : other.windows) w.first = std::max<std::int64_t>(0, w.first - first);
  }
  if (bug == Bug::decode_off_by_one && c.windows.size() == 1 && c.windows.front().count == 1)
    other.windows.front().first = std::max<std::int64_t>(0, c.windows.front().first - 1);
  if (bug == Bug::reset_forgotten && c.parameters.has("spatial_reset"))
    other.parameters.set("spatial_reset", "false");
  PositionTable ids = positions(other);
  ids.token_index = positions(c).token_index;
  const std::size_t rows = ids.rows();
  const auto each = [&](const auto& change) {
    for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a) {
      for (std::size_t row = 0; row < rows; ++row) {
        Coordinate& x = ids.position_ids[a * rows + row];
        x = change(laws::nearest_rational(x), row, a);
      }
    }
  };
  const auto narrow = [](const Rational& x) {
    return from_double(static_cast<double>(static_cast<float>(to_double(x))));
  };
  // Whether a row of the bare sequence is text, and in which segment it lies.
  const auto segment_of = [&](std::size_t row) {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < c.sequence.size(); ++i) {
      first += tokens(c.sequence[i]);
      if (ids.token_index[row] - c.pad_left < first) return i;
    }
    return c.sequence.size();
  };
  const auto is_text = [&](std::size_t row) {
    const std::size_t i = segment_of(row);
    return i < c.sequence.size() && std::holds_alternative<Text>(c.sequence[i]);
  };
  if (bug == Bug::position_in_f32)
    each([&](const Rational& x, std::size_t, std::size_t) { return narrow(x); });
  if (bug == Bug::looks_ahead)
    each([&](const Rational& x, std::size_t, std::size_t) { return Rational(x + length % 2); });
  if (bug == Bug::counts_calls) ++calls;
  if (bug == Bug::counts_calls)
    each([&](const Rational& x, std::size_t, std::size_t) { return Rational(x + calls % 2); });
  if (bug == Bug::segment_costs_one) {
    each([&](const Rational& x, std::size_t row, std::size_t) {
      return Rational(x + static_cast<std::int64_t>(segment_of(row)));
    });
  }
  if (bug == Bug::advance_too_short || bug == Bug::text_repeats) {
    const int back = bug == Bug::text_repeats ? 40 : 1;
    each([&](const Rational& x, std::size_t row, std::size_t) {
      return is_text(row) && segment_of(row) > 0 ? Rational(x - back) : x;
    });
  }
  if (bug == Bug::columns_first && ids.axes == 3) {
    std::swap_ranges(ids.position_ids.begin() + static_cast<std::ptrdiff_t>(rows),
                     ids.position_ids.begin() + static_cast<std::ptrdiff_t>(2 * rows),
                     ids.position_ids.begin() + static_cast<std::ptrdiff_t>(2 * rows));
  }
  if (bug == Bug::frames_shear) {
    each([&](const Rational& x, std::size_t row, std::size_t) {
      return is_text(row) ? x : Rational(x * x);
    });
  }
  if (bug == Bug::rows_collapse) {
    each([&](const Rational& x, std::size_t row, std::size_t a) {
      return is_text(row) || a == 0 ? x : Rational(0);
    });
  }
  return ids;
}

// The kernel with one bug, in the positions or in the rotation; Bug::none is faultless.
inline laws::Subject toy(Bug bug) {
  return {"toy", [bug](const Case& c) { return toy_positions(bug, c); },
          [bug](const laws::Call& call) { ToyKernel(bug, call).run(); },
          // Correctly rounded inv_freq, binary64 throughout, one store.
          [](const Format&) { return std::optional(parse_recipe("f64")); }, laws::not_by_pairs,
          true};
}

}  // namespace plumbline::test
