// SPDX-License-Identifier: Apache-2.0
// Rows, tuples and inputs of a case.
#include <algorithm>
#include <set>
#include <stdexcept>

#include "properties/laws/draw.h"

namespace plumbline::laws {
namespace {

template <class Read>
auto read_or_fault(const Read& read) {
  try {
    return read();
  } catch (const std::invalid_argument& e) {
    throw FaultyAux(e.what());
  }
}

}  // namespace

Json draw_data(Random& random) {
  static const std::vector<std::string> kNames{"f64", "f32", "bf16", "f16"};
  return Json{{"dtype", random.pick(kNames)}, {"data", random.between(0, 1'000'000)}};
}

Json draw_tuples(Random& random, const Case& c, int count) {
  const int axes = design_of(*c.scheme, c.parameters).axes;
  Json out = Json::array();
  for (int i = 0; i < count; ++i) {
    Json row = Json::array();
    for (int a = 0; a < axes; ++a) {
      const auto kind = random.between(0, 9);
      const std::int64_t n = kind < 4   ? random.between(-3, 50)
                             : kind < 6 ? random.between(0, 1 << 20)
                             : kind < 8 ? random.between(0, 1 << 30)
                                        : random.between(-500, 5000);
      row.push_back(number_json(kind == 8   ? Rational(n, 8)
                                : kind == 9 ? Rational(n, 3)
                                            : Rational(n)));
    }
    out.push_back(row);
  }
  return out;
}

std::vector<std::vector<Rational>> tuples(const Json& aux, const std::string& key) {
  const std::string must = key + ": must be a list of tuples, one or more";
  if (!aux.contains(key) || !aux[key].is_array() || aux[key].empty()) throw FaultyAux(must);
  std::vector<std::vector<Rational>> out;
  for (const Json& row : aux[key]) {
    if (!row.is_array()) throw FaultyAux(must);
    out.emplace_back();
    for (const Json& x : row)
      out.back().push_back(read_or_fault([&] { return exact_number(x, key); }));
  }
  return out;
}

std::int64_t integer(const Json& aux, const std::string& key, std::int64_t fallback,
                     std::int64_t high) {
  if (!aux.contains(key)) return fallback;
  return read_or_fault([&] { return integer_in(aux[key], key, 0, high); });
}

Rational number(const Json& aux, const std::string& key, const Rational& fallback) {
  if (!aux.contains(key)) return fallback;
  return read_or_fault([&] { return exact_number(aux[key], key); });
}

std::string word(const Json& aux, const std::string& key, const std::string& fallback) {
  if (!aux.contains(key)) return fallback;
  if (!aux[key].is_string()) throw FaultyAux(key + ": must be a word");
  return aux[key].get<std::string>();
}

std::int64_t row_of_token(const Case& c, std::int64_t token) {
  if (c.attention_mask.empty()) return c.pad_left + token;
  std::int64_t row = 0;
  for (std::int64_t before = -1; row < static_cast<std::int64_t>(c.attention_mask.size()); ++row) {
    before += c.attention_mask[static_cast<std::size_t>(row)];
    if (before == token) break;
  }
  return row;
}

std::vector<std::int64_t> telling_rows(const Case& c, std::uint64_t pick, std::size_t most) {
  const std::int64_t length = c.padded_length(), real = tokens(c.sequence);
  std::set<std::int64_t> rows;
  const auto take = [&](std::int64_t row) {
    if (row >= 0 && row < length) rows.insert(row);
  };
  take(0);
  take(length - 1);
  std::int64_t first = 0;
  for (const Segment& segment : c.sequence) {
    const std::int64_t count = tokens(segment);
    if (const auto* v = std::get_if<Visual>(&segment)) {
      for (const std::int64_t inside : {v->grid.w + 1, v->grid.h * v->grid.w + 2, count / 2})
        if (first + inside < real) take(row_of_token(c, first + inside));
    }
    for (const std::int64_t token : {first, first + 1, first + count - 1})
      if (token < real) take(row_of_token(c, token));
    first += count;
  }
  std::vector<std::int64_t> all(rows.begin(), rows.end());
  Random random = Random(pick).stream("rows");
  while (all.size() > most) {
    const auto at = random.between(0, static_cast<std::int64_t>(all.size()) - 1);
    all.erase(all.begin() + at);
  }
  return all;
}

std::pair<std::size_t, std::size_t> span_of(const Sequence& sequence, std::size_t i) {
  std::int64_t first = 0;
  for (std::size_t k = 0; k < i; ++k) first += tokens(sequence[k]);
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(first + tokens(sequence[i]))};
}

Case bare(const Case& c) {
  Case out = c;
  out.attention_mask.clear();
  out.pad_left = out.pad_right = 0;
  out.windows.clear();
  return out;
}

Case with_rows(const Case& c, const std::vector<std::int64_t>& rows) {
  Case out = c;
  out.windows.clear();
  for (const std::int64_t row : rows) out.windows.push_back({row, 1});
  if (rows.empty()) out.windows.push_back({0, 0});
  return out;
}

}  // namespace plumbline::laws
