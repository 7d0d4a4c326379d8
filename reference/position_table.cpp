// SPDX-License-Identifier: Apache-2.0
// Where every row of a case stands: the walk, read through padding and windows.
#include <array>
#include <charconv>

#include "reference/evaluate.h"

namespace plumbline {
namespace {

// Which real token stands in a padded row, if any.
class RowMap {
 public:
  explicit RowMap(const Case& c)
      : left_(c.pad_left), real_(tokens(c.sequence)), mask_(c.attention_mask) {
    std::int64_t before = 0;
    for (const auto bit : mask_) {
      before_.push_back(before);
      before += bit;
    }
  }
  std::optional<std::int64_t> token(std::int64_t row) const {
    if (!mask_.empty()) {
      const auto i = static_cast<std::size_t>(row);
      return mask_[i] != 0 ? std::optional(before_[i]) : std::nullopt;
    }
    if (row < left_ || row >= left_ + real_) return std::nullopt;
    return row - left_;
  }

 private:
  std::int64_t left_, real_;
  std::vector<std::uint8_t> mask_;
  std::vector<std::int64_t> before_;
};

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

// Calls use(row, token) for every row that holds a token.
template <class Use>
void each_token(const Case& c, const PositionTable& table, const Use& use) {
  const RowMap rows(c);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (const auto token = rows.token(table.token_index[row])) use(row, *token);
  }
}

PositionTable exact_positions(const Case& c, const PositionDesign& design) {
  const Walk<Rational> walk(design, c.parameters, c.sequence, c.float32);
  const bool truncated =
      c.parameters.has("integer_output") && c.parameters.word("integer_output") == "trunc";
  PositionTable out = blank(c, design);
  each_token(c, out, [&](std::size_t row, std::int64_t token) {
    const Point<Rational> point = walk.at(token);
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a)
      out.position_ids[a * out.rows() + row] = truncated ? truncate(point[a]) : point[a];
  });
  const Rational length(c.padded_length());
  if (design.delta != DeltaRule::none) {
    const Rational top =
        design.delta == DeltaRule::ceiling ? Rational(ceil(walk.maximum())) : walk.maximum();
    out.rope_delta = Rational(top + 1 - length);
  }
  out.rope_delta_cursor = Rational(walk.cursor() - length);
  return out;
}

PositionTable irrational_positions(const Case& c, const PositionDesign& design) {
  const Walk<Irrational> walk(design, c.parameters, c.sequence);
  PositionTable out = blank(c, design);
  each_token(c, out, [&](std::size_t row, std::int64_t token) {
    const Point<Irrational> point = walk.at(token);
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a)
      out.position_ids[a * out.rows() + row] = coordinate(point[a]);
  });
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
