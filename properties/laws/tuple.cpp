// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/tuple.h"

namespace plumbline::laws {

double nearest_double(const Coordinate& x) { return to_double(x); }

Rational nearest_rational(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x)) return *exact;
  return from_double(nearest_double(x));
}

bool is_exact(const Coordinate& x) { return std::holds_alternative<Rational>(x); }

bool same(const Coordinate& a, const Coordinate& b) {
  if (is_exact(a) != is_exact(b)) return false;
  return nearest_rational(a) == nearest_rational(b);
}

std::string shown(const Coordinate& x) {
  return is_exact(x) ? to_text(nearest_rational(x)) : to_decimal(nearest_rational(x)) + "..";
}

PositionTable table_of(const Case& c, const std::vector<std::vector<Rational>>& rows) {
  PositionTable out;
  out.axes = design_of(*c.scheme, c.parameters).axes;
  for (std::size_t row = 0; row < rows.size(); ++row)
    out.token_index.push_back(static_cast<std::int64_t>(row));
  for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a) {
    for (const auto& row : rows)
      out.position_ids.emplace_back(a < row.size() ? row[a] : Rational(0));
  }
  return out;
}

}  // namespace plumbline::laws
