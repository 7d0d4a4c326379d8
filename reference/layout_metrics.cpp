// SPDX-License-Identifier: Apache-2.0
#include "reference/layout_metrics.h"

#include <algorithm>
#include <set>

namespace plumbline {
namespace {

constexpr std::int64_t kText = 3;

Coordinate sum(const Coordinate& a, const Coordinate& b) {
  return difference(a, difference(Coordinate(Rational(0)), b));
}

// Equal names are equal, and so are coordinates that no precision in use separates.
int order(const Coordinate& a, const Coordinate& b) { return compare(a, b, 512).value_or(0); }

std::string name_of(const Coordinate& x) {
  const auto* exact = std::get_if<Rational>(&x);
  return exact != nullptr ? to_text(*exact) : std::get<Irrational>(x).name();
}

Coordinate cursor(Case c, Sequence sequence) {
  c.sequence = std::move(sequence);
  c.attention_mask.clear();
  c.pad_left = c.pad_right = 0;
  c.windows = {Window{0, 0}};
  const std::int64_t length = tokens(c.sequence);
  return sum(positions(c).rope_delta_cursor, Coordinate(Rational(length)));
}

// Where the cursor of this block's sequence starts.
Rational start(const Case& c, const Visual& block) {
  switch (design_of(*c.scheme, c.parameters).start) {
    case StartRule::past_half_extent:
      return std::max(block.grid.h / 2, block.grid.w / 2);
    case StartRule::past_extent:
      return std::max(block.grid.h, block.grid.w);
    default:
      return 0;
  }
}

// Text ids first, first + step, ... at or below `most`.
std::int64_t ids_up_to(const Coordinate& first, const Coordinate& step, const Coordinate& most) {
  if (order(first, most) > 0) return 0;
  const auto* by = std::get_if<Rational>(&step);
  if (by == nullptr || *by <= 0) return 1;
  const Coordinate room = difference(most, first);
  if (const auto* exact = std::get_if<Rational>(&room))
    return floor(Rational(*exact / *by)).convert_to<std::int64_t>() + 1;
  return at_rising_precision(
             [&] { return std::optional(floor(Interval(enclose(room) / enclose(*by)))); },
             "a count of text ids")
             .convert_to<std::int64_t>() +
         1;
}

Interval distance(const Tuple& x, const Tuple& y) {
  Interval square = enclose(Rational(0));
  for (std::size_t a = 0; a < x.size(); ++a) {
    const Interval d = enclose(difference(x[a], y[a]));
    square += d * d;
  }
  return sqrt(square);
}

// Absolute values of sums that may vanish: an enclosure from zero where the sign is open.
Interval size(const Interval& x) { return abs(x); }

}  // namespace

double per_token_distance(const std::vector<Tuple>& text, const std::vector<Tuple>& visual) {
  if (text.empty() || visual.empty()) return 0;
  const auto enclosure = [&] {
    const Interval count = enclose(Rational(static_cast<std::int64_t>(visual.size())));
    Interval total = enclose(Rational(0));
    for (const Tuple& x : text) {
      std::vector<Interval> distances;
      Interval mean = enclose(Rational(0));
      for (const Tuple& y : visual) mean += distances.emplace_back(distance(x, y));
      mean /= count;
      for (const Interval& d : distances) total += size(Interval(d - mean));
    }
    return Interval(total / count / enclose(Rational(static_cast<std::int64_t>(text.size()))));
  };
  // Where every distance is the same the sum is zero, which no rounding test can tell from a tiny
  // number; below 2^-64 at 256 bits it is taken for zero.
  {
    const WorkingPrecision scope(256);
    if (upper(enclosure()) < ldexp(upper(enclose(Rational(1))), -64)) return 0;
  }
  return decode_double(certify(enclosure, binary64, "a per-token distance").bits, binary64);
}

Coordinate growth(const Case& c, const Visual& block) {
  const Coordinate behind = cursor(c, {Text{kText, {}}, block});
  return difference(behind, Coordinate(Rational(start(c, block) + kText)));
}

BlockMetrics block_metrics(const Case& given, const Visual& block) {
  Case c = given;
  c.sequence = {Text{kText, {}}, block, Text{kText, {}}};
  c.attention_mask.clear();
  c.pad_left = c.pad_right = 0;
  c.windows.clear();
  const PositionTable ids = positions(c);
  const auto axes = static_cast<std::size_t>(ids.axes);
  const auto before = static_cast<std::size_t>(kText), after = ids.rows() - before;

  BlockMetrics out;
  out.tokens = static_cast<std::int64_t>(after - before);
  out.growth = growth(c, block);
  for (std::size_t a = 0; a < axes; ++a) {
    Coordinate least = ids.at(a, before), most = least;
    for (std::size_t row = before; row < after; ++row) {
      const Coordinate& x = ids.at(a, row);
      if (order(x, least) < 0) least = x;
      if (order(x, most) > 0) most = x;
    }
    const Coordinate &last = ids.at(a, before - 1), &next = ids.at(a, after);
    out.gap_before.push_back(difference(least, last));
    out.gap_after.push_back(difference(next, most));
    out.asymmetry.push_back(
        difference(difference(ids.at(a, before), last), difference(next, ids.at(a, after - 1))));
    out.overlap.push_back(ids_up_to(next, difference(ids.at(a, after + 1), next), most));
    out.least.push_back(std::move(least));
    out.most.push_back(std::move(most));
  }
  std::set<std::string> distinct;
  std::vector<Tuple> text, visual;
  for (std::size_t row = 0; row < ids.rows(); ++row) {
    Tuple tuple;
    std::string name;
    for (std::size_t a = 0; a < axes; ++a) {
      tuple.push_back(ids.at(a, row));
      name += name_of(tuple.back()) + ";";
    }
    const bool is_visual = row >= before && row < after;
    if (is_visual) distinct.insert(name);
    (is_visual ? visual : text).push_back(std::move(tuple));
  }
  out.injectivity_defect = out.tokens - static_cast<std::int64_t>(distinct.size());
  out.token_distance = per_token_distance(text, visual);
  return out;
}

}  // namespace plumbline
