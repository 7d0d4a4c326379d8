// SPDX-License-Identifier: Apache-2.0
// Prompts cut, padded and packed: the same ids exactly, and the same rotations bit for bit.
#include <fmt/format.h>

#include <algorithm>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"
#include "properties/laws/turned.h"

namespace plumbline::laws {
namespace {

constexpr std::size_t kRows = 6;

Json draw_cut(Random& random, const Case&) {
  Json aux = draw_data(random);
  aux["pick"] = random.between(0, 1'000'000);
  aux["cut"] = random.between(0, 1'000'000);
  return aux;
}

Json draw_padding(Random& random, const Case& c) {
  Json aux = draw_cut(random, c);
  aux["left"] = random.between(0, 5);
  aux["right"] = random.between(0, 5);
  return aux;
}

void expect_same_ids(const PositionTable& a, std::size_t i, const PositionTable& b, std::size_t j,
                     std::string_view what) {
  if (a.axes != b.axes) throw Broken{fmt::format("{}: {} axes against {}", what, a.axes, b.axes)};
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(a.axes); ++axis) {
    if (!same(a.at(axis, i), b.at(axis, j))) {
      throw Broken{fmt::format("{}: row {}, axis {}: {} against {}", what, a.token_index[i], axis,
                               shown(a.at(axis, i)), shown(b.at(axis, j)))};
    }
  }
}

using Rows = std::vector<std::int64_t>;

// Rows computed in parts, each part by a call of its own, against all of them at once.
void check_parts(const Trial& t, const Rows& rows,
                 const std::vector<std::vector<std::size_t>>& parts, std::string_view what) {
  const PositionTable whole = t.subject.positions(with_rows(t.c, rows));
  std::vector<PositionTable> pieces;
  for (const auto& part : parts) {
    Rows own;
    for (const std::size_t i : part) own.push_back(rows[i]);
    pieces.push_back(t.subject.positions(with_rows(t.c, own)));
    if (pieces.back().rows() != part.size())
      throw Broken{fmt::format("{}: {} rows of {}", what, pieces.back().rows(), part.size())};
    for (std::size_t i = 0; i < part.size(); ++i)
      expect_same_ids(pieces.back(), i, whole, part[i], what);
  }
  const Setup s(t, false);
  const Heads in = s.inputs(rows.size()), all = s.turn(whole, in);
  for (std::size_t n = 0; n < parts.size(); ++n) {
    const Heads out = s.turn(pieces[n], rows_of(s.c, in, parts[n]));
    expect_same_bits(s, out, rows_of(s.c, all, parts[n]), what);
  }
}

// Every row of a prompt that is not too long, in two windows and in one.
void check_whole_ids(const Trial& t, std::int64_t cut) {
  constexpr std::int64_t kMost = 600;
  const std::int64_t length = t.c.padded_length();
  if (length > kMost) return;
  Case all = t.c, two = t.c;
  all.windows.clear();
  cut %= length + 1;
  two.windows = {{0, cut}, {cut, length - cut}};
  const PositionTable a = t.subject.positions(two), b = t.subject.positions(all);
  if (a.rows() != b.rows()) throw Broken{"two chunks have other rows than the whole"};
  for (std::size_t row = 0; row < b.rows(); ++row)
    expect_same_ids(a, row, b, row, "two chunks, against the whole");
}

Rows picked(const Trial& t) {
  return telling_rows(t.c, static_cast<std::uint64_t>(integer(t.aux, "pick")), kRows);
}

void check_chunks(const Trial& t) {
  const Rows rows = picked(t);
  const auto cut = static_cast<std::size_t>(integer(t.aux, "cut"));
  std::vector<std::vector<std::size_t>> parts(2);
  for (std::size_t i = 0; i < rows.size(); ++i)
    parts[i < cut % (rows.size() + 1) ? 0 : 1].push_back(i);
  check_whole_ids(t, static_cast<std::int64_t>(cut));
  check_parts(t, rows, parts, "chunked prefill");
}

void check_ranks(const Trial& t) {
  const Rows rows = picked(t);
  Random random(static_cast<std::uint64_t>(integer(t.aux, "cut")));
  std::vector<std::vector<std::size_t>> parts(3);
  for (std::size_t i = 0; i < rows.size(); ++i)
    parts[static_cast<std::size_t>(random.between(0, 2))].push_back(i);
  // A rank may hold its rows in any order.
  std::reverse(parts[1].begin(), parts[1].end());
  check_parts(t, rows, parts, "context-parallel ranks");
}

bool is_whole(const Rational& x) {
  return denominator(x) == 1 && x >= 0 && x < Rational(kLargestSequence);
}

// The token generated next stands where text alone has its token number `cursor`.
void check_next(const Trial& t, const Rational& cursor) {
  Case longer = t.c, text = t.c;
  longer.sequence.push_back(Text{1, {}});
  text.pad_left = 0;
  const auto number = numerator(cursor).convert_to<std::int64_t>();
  text.sequence = {Text{number + 1, {}}};
  const PositionTable next = t.subject.positions(with_rows(longer, {t.c.padded_length()})),
                      alone = t.subject.positions(with_rows(text, {number}));
  // Where text moves by another step than the cursor, its place is no function of the cursor.
  if (!same(alone.at(0, 0), cursor)) return;
  expect_same_ids(next, 0, alone, 0,
                  "the next token, against text at padded length + cursor delta");
}

// Token by token; and the token generated next.
void check_decode(const Trial& t) {
  const Rows rows = picked(t);
  std::vector<std::vector<std::size_t>> parts;
  for (std::size_t i = 0; i < rows.size(); ++i) parts.push_back({i});
  if (t.c.attention_mask.empty() && t.c.pad_right == 0) {
    const PositionTable before = t.subject.positions(with_rows(t.c, {}));
    const Rational cursor =
        nearest_rational(before.rope_delta_cursor) + Rational(t.c.padded_length());
    if (is_exact(before.rope_delta_cursor) && is_whole(cursor)) check_next(t, cursor);
  }
  check_parts(t, rows, parts, "step by step");
}

// Several sequences in one row, each as if it were alone.
void check_packed(const Trial& t) {
  const Setup s(t, false);
  const Rows rows = picked(t);
  Case text = t.c;
  text.attention_mask.clear();
  text.pad_left = text.pad_right = 0;
  text.sequence = {Text{3 + integer(t.aux, "cut") % 50, {}}};
  const Rows others = telling_rows(text, 1, 2);
  const PositionTable a = t.subject.positions(with_rows(t.c, rows)),
                      b = t.subject.positions(with_rows(text, others));
  // One in sixteen times each, more rows than kernels tend to take another way from.
  constexpr std::size_t kBatches[] = {20, 90, 340};
  const auto pick = static_cast<std::size_t>(integer(t.aux, "pick")) % 16;
  const std::size_t least = pick < std::size(kBatches) ? kBatches[pick] : 0;
  std::vector<const PositionTable*> parts{&b, &a, &b};
  for (std::size_t rows_so_far = a.rows() + 2 * b.rows(); rows_so_far < least;
       rows_so_far += parts.back()->rows())
    parts.push_back(parts.size() % 2 == 0 ? &b : &a);
  PositionTable packed;
  packed.axes = a.axes;
  for (const PositionTable* part : parts)
    packed.token_index.insert(packed.token_index.end(), part->token_index.begin(),
                              part->token_index.end());
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(a.axes); ++axis) {
    for (const PositionTable* part : parts) {
      for (std::size_t row = 0; row < part->rows(); ++row)
        packed.position_ids.push_back(part->at(axis, row));
    }
  }
  const Heads in = s.inputs(packed.rows()), all = s.turn(packed, in);
  std::size_t first = 0;
  for (const PositionTable* part : parts) {
    std::vector<std::size_t> own;
    for (std::size_t row = 0; row < part->rows(); ++row) own.push_back(first++);
    expect_same_bits(s, s.turn(*part, rows_of(s.c, in, own)), rows_of(s.c, all, own),
                     "packed, against alone");
  }
}

// Padding moves no real row, left, right or as a mask; padding rows hold the pad value; deltas
// shrink by the rows added, but for an official one that counts no padding.
void check_padding(const Trial& t) {
  Case bare = t.c;
  bare.attention_mask.clear();
  bare.pad_left = bare.pad_right = 0;
  const std::int64_t left = integer(t.aux, "left"), right = integer(t.aux, "right"),
                     real = tokens(bare.sequence);
  const Rows rows = telling_rows(bare, static_cast<std::uint64_t>(integer(t.aux, "pick")), kRows);
  Case padded = bare, masked = bare;
  padded.pad_left = left;
  padded.pad_right = right;
  Rows shifted;
  for (const std::int64_t row : rows) shifted.push_back(row + left);
  const PositionTable a = t.subject.positions(with_rows(bare, rows)),
                      b = t.subject.positions(with_rows(padded, shifted));
  for (std::size_t i = 0; i < rows.size(); ++i) expect_same_ids(b, i, a, i, "padded");
  const PositionDesign& design = design_of(*t.c.scheme, t.c.parameters);
  const auto shorter = [&](const Rational& delta) { return Rational(delta - (left + right)); };
  if (nearest_rational(b.rope_delta_cursor) != shorter(nearest_rational(a.rope_delta_cursor)) &&
      is_exact(a.rope_delta_cursor))
    throw Broken{"rope_delta_cursor does not follow the padded length"};
  if (a.rope_delta && is_exact(*a.rope_delta)) {
    const Rational bare_delta = nearest_rational(*a.rope_delta);
    if (!b.rope_delta || nearest_rational(*b.rope_delta) !=
                             (design.delta_without_padding ? bare_delta : shorter(bare_delta)))
      throw Broken{"rope_delta does not follow the padded length"};
  }
  Rows outside;
  for (std::int64_t i = 0; i < left; ++i) outside.push_back(i);
  for (std::int64_t i = 0; i < right; ++i) outside.push_back(left + real + i);
  const PositionTable pads = t.subject.positions(with_rows(padded, outside));
  const int pad = design.pad;
  for (const Coordinate& x : pads.position_ids) {
    if (!same(x, Rational(pad)))
      throw Broken{fmt::format("a padding row stands at {}, not {}", shown(x), pad)};
  }
  if (real <= 600) {
    for (std::int64_t i = 0; i < left + real + right; ++i)
      masked.attention_mask.push_back(i >= left && i < left + real ? 1 : 0);
    const PositionTable m = t.subject.positions(with_rows(masked, shifted));
    for (std::size_t i = 0; i < rows.size(); ++i) expect_same_ids(m, i, a, i, "masked");
  }
  const Setup s({t.subject, bare, t.aux}, false);
  const Heads in = s.inputs(rows.size());
  expect_same_bits(s, s.turn(b, in), s.turn(a, in), "padded, against bare");
}

constexpr Law kLaws[] = {
    {"chunked_prefill", "a prompt in two chunks has the ids and rotations of the whole",
     "where to cut, rows, inputs", Reach::far, true, draw_cut, check_chunks},
    {"decode",
     "token by token gives the ids and rotations of the whole, and the next token stands "
     "at padded length + rope_delta_cursor",
     "rows, inputs", Reach::far, true, draw_cut, check_decode},
    {"packed_rows", "sequences packed into one row turn as each alone", "a second text, inputs",
     Reach::far, true, draw_cut, check_packed},
    {"padding", "left, right and masked padding move no real token", "pad lengths, inputs",
     Reach::far, true, draw_padding, check_padding},
    {"context_parallel",
     "any partition of the rows, in any order, gives the ids and rotations of "
     "the whole",
     "a partition, inputs", Reach::far, true, draw_cut, check_ranks},
};

}  // namespace

std::span<const Law> split_laws() { return kLaws; }

}  // namespace plumbline::laws
