// SPDX-License-Identifier: Apache-2.0
// Where every row of a case stands: the walk, read through padding and windows.
#include <array>
#include <charconv>

#include "reference/evaluate.h"
#include "reference/row_walk.h"

namespace plumbline {
namespace {

PositionTable blank(const Case& c, const PositionDesign& design) {
  PositionTable out;
  out.axes = design.axes;
  std::size_t count = 0;
  for (const Window& w : c.rows()) count += static_cast<std::size_t>(w.count);
  // The larger array first: a request beyond the machine's memory fails here, before anything is
  // filled.
  out.position_ids.assign(static_cast<std::size_t>(out.axes) * count, Rational(design.pad));
  out.token_index.reserve(count);
  for (const Window& w : c.rows()) {
    for (std::int64_t i = 0; i < w.count; ++i) out.token_index.push_back(w.first + i);
  }
  return out;
}

PositionTable exact_positions(const Case& c, const PositionDesign& design) {
  const RowWalk rows(c);
  const Walk<Rational>& walk = rows.walk();
  PositionTable out = blank(c, design);
  for (std::size_t row = 0; row < out.rows(); ++row) {
    const Point<Rational> point = rows.at(out.token_index[row]);
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a)
      out.position_ids[a * out.rows() + row] = point[a];
  }
  const Rational length(c.padded_length());
  if (design.delta != DeltaRule::none) {
    const Rational top =
        design.delta == DeltaRule::ceiling ? Rational(ceil(walk.maximum())) : walk.maximum();
    out.rope_delta =
        Rational(top + 1 - (design.delta_without_padding ? Rational(walk.tokens()) : length));
  }
  out.rope_delta_cursor = Rational(walk.cursor() - length);
  return out;
}

PositionTable irrational_positions(const Case& c, const PositionDesign& design) {
  const Walk<Irrational> walk(design, c.parameters, c.sequence);
  PositionTable out = blank(c, design);
  const RowMap rows(c);
  for (std::size_t row = 0; row < out.rows(); ++row) {
    const auto token = rows.token(out.token_index[row]);
    if (!token) continue;
    const Point<Irrational> point = walk.at(*token);
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a)
      out.position_ids[a * out.rows() + row] = coordinate(point[a]);
  }
  const Irrational length{Rational(c.padded_length())}, one{Rational(1)};
  if (design.delta != DeltaRule::none) out.rope_delta = coordinate(walk.maximum() + one - length);
  out.rope_delta_cursor = coordinate(walk.cursor() - length);
  return out;
}

}  // namespace

PositionTable positions(const Case& c) {
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  return design.transcendental() ? irrational_positions(c, design) : exact_positions(c, design);
}

double to_double(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x)) return to_double(*exact);
  return decode_double(certify([&] { return enclose(x); }, binary64, "a coordinate").bits,
                       binary64);
}

std::string to_decimal(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x)) return to_decimal(*exact);
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), to_double(x)).ptr;
  return {digits.data(), end};
}

}  // namespace plumbline
