// SPDX-License-Identifier: Apache-2.0
// Text and media apart: the base model's rotation of text, and ids that do not mix.
#include <fmt/format.h>

#include <map>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"
#include "properties/laws/turned.h"

namespace plumbline::laws {
namespace {

Json draw_pick(Random& random, const Case&) {
  Json aux = draw_data(random);
  aux["pick"] = random.between(0, 1'000'000);
  return aux;
}

// The base model: the same shape, spectrum and pairing under one-dimensional positions.
Case base_of(const Case& c) {
  Case out = c;
  out.scheme = &find_scheme("vanilla");
  out.parameters = Parameters(out.scheme->parameters);
  out.windows.clear();
  return out;
}

std::vector<std::uint64_t> tables_of(const Case& c, const PositionTable& ids) {
  const Tensors t = evaluate(c, ids, {binary64}, {}, false, 1);
  std::vector<std::uint64_t> out = t.tables[0].cos;
  out.insert(out.end(), t.tables[0].sin.begin(), t.tables[0].sin.end());
  return out;
}

// Whether the second of two text tokens turns as the base model turns position 1, on every map.
bool turns_like_the_base(const Case& c) {
  Case text = c;
  text.attention_mask.clear();
  text.pad_left = text.pad_right = 0;
  text.sequence = {Text{2, {}}};
  text.windows = {{1, 1}};
  const auto own = tables_of(text, plumbline::positions(text));
  const Case base = base_of(text);
  const auto wanted = tables_of(base, table_of(base, {std::vector<Rational>(kMostAxes, 1)}));
  const std::size_t maps = wanted.empty() ? 1 : own.size() / wanted.size(),
                    pairs = wanted.size() / 2;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::size_t half = i / (maps * pairs);
    if (own[i] != wanted[half * pairs + i % pairs]) return false;
  }
  return true;
}

// The base model itself: pair i turns base^(-2 i / rotary_dim) radians a position.
void check_base_ladder(const Case& base) {
  if (!std::holds_alternative<Unscaled>(base.spectrum.scaling)) return;
  const auto bits = evaluate(base, table_of(base, {}), {}, {}, false, 1).inv_freq;
  const auto theta = static_cast<long double>(to_double(base.spectrum.rope_theta));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const auto wanted = static_cast<double>(
        std::pow(theta, -2.0L * static_cast<long double>(i) / base.spectrum.rotary_dim));
    const double have = decode_double(bits[i], binary64);
    // The certified value is rounded once, and the one above twice.
    if (std::abs(have - wanted) > slack(4, wanted))
      throw Broken{
          fmt::format("pair {} of the base model turns by {:.17g}, not {:.17g}", i, have, wanted)};
  }
}

// Padded rows that hold text, of the rows that tell most.
std::vector<std::int64_t> text_rows(const Trial& t) {
  std::vector<std::int64_t> rows;
  std::int64_t first = 0;
  std::map<std::int64_t, bool> is_text;
  for (const Segment& segment : t.c.sequence) {
    const std::int64_t count = tokens(segment);
    if (std::holds_alternative<Text>(segment)) {
      for (const std::int64_t token : {first, first + count / 2, first + count - 1})
        if (token >= first && token < first + count) is_text[row_of_token(t.c, token)] = true;
    }
    first += count;
  }
  for (const auto& [row, text] : is_text) rows.push_back(row);
  Random random(static_cast<std::uint64_t>(integer(t.aux, "pick")));
  while (rows.size() > 4)
    rows.erase(rows.begin() + random.between(0, static_cast<std::int64_t>(rows.size()) - 1));
  return rows;
}

// A text token at (x, x, ...) turns as the base model turns position x; and a prompt of text alone
// has x = 0, 1, 2, ...
void check_text_base(const Trial& t) {
  const Setup s(t);
  if (!turns_like_the_base(t.c)) throw Silent{"text does not turn like the base model here"};
  const auto rows = text_rows(t);
  if (rows.empty()) throw Silent{"no text"};
  const PositionTable ids = t.subject.positions(with_rows(t.c, rows));
  std::vector<std::vector<Rational>> scalars;
  for (std::size_t row = 0; row < ids.rows(); ++row) {
    if (!is_exact(ids.at(0, row))) throw Silent{"text at irrational coordinates"};
    scalars.emplace_back(kMostAxes, nearest_rational(ids.at(0, row)));
  }
  const Case base = base_of(t.c);
  check_base_ladder(base);
  const PositionTable wanted = table_of(base, scalars);
  const Heads in = s.inputs(ids.rows()), own = s.turn(ids, in),
              other = turned(t.subject, base, wanted, in);
  if (!t.subject.recipe(s.format)) {
    expect_same_bits(s, own, other, "text, against the base model");
  } else {
    const Allowance allowed(s, ids);
    const auto check = [&](const std::vector<std::uint64_t>& v, const std::vector<std::uint64_t>& a,
                           const std::vector<std::uint64_t>& b, int heads) {
      for_each_pair(s, ids.rows(), heads, [&](const PairPlace& p) {
        const double r = std::hypot(s.value(v[p.x]), s.value(v[p.y]));
        expect_near(s, p, s.value(a[p.x]), s.value(a[p.y]), s.value(b[p.x]), s.value(b[p.y]),
                    2 * allowed.pair(p, r), "text, against the base model");
      });
    };
    check(in.q, own.q, other.q, s.c.shape.num_heads);
    check(in.k, own.k, other.k, s.c.shape.num_key_value_heads);
  }
  Case alone = t.c;
  alone.sequence = {Text{tokens(t.c.sequence), {}}};
  const PositionTable text = t.subject.positions(with_rows(alone, rows));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t token = t.c.attention_mask.empty() ? rows[i] - t.c.pad_left : -1;
    if (token >= 0 && !same(text.at(0, i), Rational(token)))
      throw Broken{fmt::format("token {} of text alone stands at {}", token, shown(text.at(0, i)))};
  }
}

// The largest coordinate of rows [first, end) on an axis, and the smallest.
std::pair<double, double> range_of(const PositionTable& ids, std::size_t axis, std::size_t first,
                                   std::size_t end) {
  double low = nearest_double(ids.at(axis, first)), high = low;
  for (std::size_t row = first; row < end; ++row) {
    const double x = nearest_double(ids.at(axis, row));
    low = std::min(low, x);
    high = std::max(high, x);
  }
  return {low, high};
}

// Empty where every visual coordinate is below every coordinate of later text, axis by axis.
std::string overlap(const Case& c, const PositionTable& ids) {
  std::vector<std::optional<double>> highest(static_cast<std::size_t>(ids.axes));
  std::size_t first = 0;
  for (const Segment& segment : c.sequence) {
    const auto end = first + static_cast<std::size_t>(tokens(segment));
    for (std::size_t a = 0; a < highest.size() && end > first; ++a) {
      const auto [low, high] = range_of(ids, a, first, end);
      if (!std::holds_alternative<Text>(segment)) {
        highest[a] = highest[a] ? std::max(*highest[a], high) : high;
      } else if (highest[a] && low <= *highest[a]) {
        return fmt::format("text at {} on axis {}, and an earlier visual token at {}", low, a,
                           *highest[a]);
      }
    }
    first = end;
  }
  return {};
}

// Whether every block of the case keeps apart from text where it stands between two words, and so
// do all of them in one row, for a block may be placed by those before it.
bool blocks_keep_apart(const Case& c) {
  Case row = c;
  row.sequence = {Text{1, {}}};
  for (const Segment& segment : c.sequence) {
    if (std::holds_alternative<Text>(segment)) continue;
    Case alone = c;
    alone.sequence = {Text{1, {}}, segment, Text{1, {}}};
    if (!overlap(alone, plumbline::positions(alone)).empty()) return false;
    row.sequence.push_back(segment);
  }
  row.sequence.push_back(Text{1, {}});
  return overlap(row, plumbline::positions(row)).empty();
}

// Later text lies beyond every visual coordinate on every axis, in any prompt of blocks that do so
// one by one and in a row.
void check_no_overlap(const Trial& t) {
  Case c = t.c;
  c.attention_mask.clear();
  c.pad_left = c.pad_right = 0;
  const bool runs = design_of(*c.scheme, c.parameters).start == StartRule::zero;
  if (!runs || !blocks_keep_apart(c)) throw Silent{"visual and text ids overlap by design here"};
  const std::string found = overlap(c, t.subject.positions(c));
  if (!found.empty()) throw Broken{found};
}

constexpr Law kLaws[] = {
    {"text_base", "text turns as the base one-dimensional RoPE turns it, in any prompt",
     "rows, inputs", Reach::far, true, draw_pick, check_text_base},
    {"no_overlap", "later text lies beyond every visual id on every axis", "nothing", Reach::near,
     false, nullptr, check_no_overlap},
};

}  // namespace

std::span<const Law> text_laws() { return kLaws; }

}  // namespace plumbline::laws
