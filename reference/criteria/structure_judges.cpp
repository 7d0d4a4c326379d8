// SPDX-License-Identifier: Apache-2.0
// Criteria on how a block is laid out, and on what one sequence says of another.
#include "reference/criteria/lab.h"

namespace plumbline {
namespace {

using Vector = std::vector<Value>;

Vector step_between(const Placement& at, std::int64_t from, std::int64_t to) {
  Vector out;
  for (std::size_t a = 0; a < static_cast<std::size_t>(at.axes); ++a)
    out.push_back(at.at(to, a) - at.at(from, a));
  return out;
}

Order compare(const Vector& x, const Vector& y) {
  Order out = Order::equal;
  for (std::size_t a = 0; a < x.size(); ++a) {
    const Order o = order(x[a], y[a]);
    if (o == Order::less || o == Order::greater) return o;
    if (o == Order::unknown) out = o;
  }
  return out;
}

bool differ(Order o) { return o == Order::less || o == Order::greater; }

std::string text(const Vector& v) {
  std::string out = "(";
  for (const Value& x : v) out += (out.size() == 1 ? "" : ", ") + x.text();
  return out + ")";
}

std::size_t rank(std::vector<std::vector<Rational>> rows) {
  std::size_t done = 0;
  for (std::size_t column = 0; !rows.empty() && column < rows.front().size(); ++column) {
    std::size_t pivot = done;
    while (pivot < rows.size() && rows[pivot][column] == 0) ++pivot;
    if (pivot == rows.size()) continue;
    std::swap(rows[pivot], rows[done]);
    for (std::size_t r = done + 1; r < rows.size(); ++r) {
      const Rational factor = rows[r][column] / rows[done][column];
      for (std::size_t c = 0; c < rows[r].size(); ++c) rows[r][c] -= factor * rows[done][c];
    }
    ++done;
  }
  return done;
}

// Every step known so far points its own way.
bool full_rank(const Lab& lab) {
  std::vector<std::vector<Rational>> rows;
  for (const auto& column : lab.columns) {
    if (!column) continue;
    rows.emplace_back();
    for (const Value& x : column->step) {
      if (!x.is_rational()) return true;  // such layouts are refuted by their steps
      rows.back().push_back(x.rational());
    }
  }
  return rank(rows) == rows.size();
}

// Tokens at one (row, column) of two frames: only the time axis may move. Nothing moved: skip.
Outcome only_time(const Placement& at, std::int64_t first, std::int64_t second, std::int64_t cells,
                  const std::string& what) {
  Outcome out;
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    const Vector moved = step_between(at, first + cell, second + cell);
    for (std::size_t a = 0; a < moved.size(); ++a) {
      const Order o = order(moved[a], 0);
      if (o == Order::equal) continue;
      if (a > 0 && differ(o)) return fail(what + " move by " + text(moved));
      if (o == Order::unknown) out = unknown();
      if (out.answer == Answer::skip) out = pass();
    }
  }
  return out;
}

}  // namespace

// The first sequence with an extent above 1 says what one step is; every other must agree.
Outcome judge_lin(Lab& lab, const Prompt& p) {
  if (p.blocks.size() != 1 || p.text.back() != 0 || p.blocks[0].grid == Grid{1, 1, 1}) return {};
  const Placement* at = lab.uncut(p);
  if (at == nullptr) return {};
  const Grid& g = p.blocks[0].grid;
  const std::int64_t first = p.block_start(0), strides[] = {g.h * g.w, g.w, 1},
                     extents[] = {g.t, g.h, g.w};
  constexpr const char* kSteps[] = {"frame", "row", "column"};
  const auto order_of = lab.tokens_of_cells(g);
  const auto token_at = [&](std::int64_t cell) {
    return first + order_of[static_cast<std::size_t>(cell)];
  };
  Outcome out = pass();
  for (std::size_t d = 0; d < 3; ++d) {
    if (extents[d] == 1) continue;
    auto& column = lab.columns[d];
    if (!column) {
      column = {step_between(*at, token_at(0), token_at(strides[d])), p.label()};
      if (!full_rank(lab)) {
        std::string why;
        for (std::size_t e = 0; e < 3; ++e) {
          if (lab.columns[e])
            why += std::string(why.empty() ? "" : ", ") + "one " + kSteps[e] + " moves by " +
                   text(lab.columns[e]->step);
        }
        return fail("dependent steps: " + why);
      }
    }
    for (std::int64_t cell = 0; cell < g.t * g.h * g.w; ++cell) {
      if (cell / strides[d] % extents[d] + 1 == extents[d]) continue;
      const Vector step = step_between(*at, token_at(cell), token_at(cell + strides[d]));
      const Order o = compare(step, column->step);
      if (differ(o))
        return fail(std::string("one ") + kSteps[d] + " moves by " + text(step) + ", in " +
                    column->label + " by " + text(column->step));
      if (o == Order::unknown) out = unknown();
    }
  }
  return out;
}

Outcome judge_decn(Lab& lab, const Prompt& p) {
  if (lab.reading().driving.size() < 2 || p.blocks.size() != 1 || p.text.back() != 0) return {};
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  const Grid& g = p.blocks[0].grid;
  const std::int64_t first = p.block_start(0), frame = g.h * g.w;
  Outcome out;
  for (std::int64_t t = 1; t < g.t; ++t) {
    Outcome one =
        only_time(*at, first, first + t * frame, frame, "tokens of one cell, two frames,");
    if (one.answer == Answer::fail) return one;
    if (one.answer != Answer::skip && out.answer != Answer::unknown) out = std::move(one);
  }
  return out;
}

Outcome judge_decf(Lab& lab, const Prompt& p) {
  if (lab.reading().driving.size() < 2 || p.blocks.size() != 2 || p.text.back() != 0) return {};
  if (!(p.blocks[0].grid == p.blocks[1].grid) || p.blocks[0].grid.t != 1) return {};
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  const Grid& g = p.blocks[0].grid;
  return only_time(*at, p.block_start(0), p.block_start(1), g.h * g.w,
                   "tokens of one cell in both frames");
}

Outcome judge_shift(Lab& lab, const Prompt& p) {
  if (p.text.front() > 2 || p.tokens() < 2) return {};
  Prompt longer = p;
  ++longer.text.front();
  const Placement *at = lab.at(p), *moved = lab.at(longer);
  if (at == nullptr || moved == nullptr) return {};
  Outcome out = pass();
  Vector common;
  for (std::int64_t token = 0; token < p.tokens(); ++token) {
    Vector by;
    for (std::size_t a = 0; a < static_cast<std::size_t>(at->axes); ++a)
      by.push_back(moved->at(token + 1, a) - at->at(token, a));
    if (token == 0) common = by;
    const Order o = compare(by, common);
    if (differ(o))
      return fail("one text token inserted at the start moves token 0 by " + text(common) +
                  ", token " + std::to_string(token) + " by " + text(by));
    if (o == Order::unknown) out = unknown();
  }
  return out;
}

// By where the text behind the block starts and where it would start without it: a cursor need not
// be a coordinate.
Outcome judge_grow(Lab& lab, const Prompt& p) {
  if (p.blocks.size() != 1 || p.text.back() != 0) return {};
  const std::int64_t before = p.text.front();
  const Placement *without = lab.uncut({{before + 1}, {}}),
                  *with = lab.uncut({{before, 1}, p.blocks});
  if (without == nullptr || with == nullptr) return {};
  const Grid& g = p.blocks[0].grid;
  Value most = 1;  // stride (T - 1) + 1, by repeated addition: T is small
  for (std::int64_t t = 1; t < g.t; ++t) most = most + lab.stride();
  for (const std::int64_t extent : {g.h, g.w}) {
    if (order(most, extent) == Order::less) most = extent;
  }
  Outcome out = pass();
  for (std::size_t a = 0; a < static_cast<std::size_t>(with->axes); ++a) {
    const Value advance = with->at(p.tokens(), a) - without->at(before, a);
    const Order o = order(advance, most);
    if (o == Order::greater) return fail("advances " + advance.text() + " > " + most.text());
    if (o == Order::unknown) out = unknown();
  }
  return out;
}

Outcome judge_delta(Lab& lab, const Prompt& p) {
  const Ends* ends = lab.ends(p);
  if (ends == nullptr || !ends->official) return {};
  const Order o = order(*ends->official, ends->cursor);
  if (o == Order::unknown) return unknown();
  return o == Order::equal ? pass()
                           : fail("delta + length = " + ends->official->text() + ", cursor " +
                                  ends->cursor.text());
}

Outcome judge_pad(Lab& lab, const Prompt& p) {
  if (p.tokens() > lab.most_fresh / 2) return {};
  const Placement* plain = lab.at(p);
  if (plain == nullptr) return {};
  Outcome out = pass();
  constexpr std::int64_t kLeft[] = {2, 0, 1, 1}, kRight[] = {0, 1, 2, 0}, kHole[] = {-1, -1, -1, 0};
  for (std::size_t k = 0; k < 4; ++k) {
    const auto padded = lab.fresh(p, kLeft[k], kRight[k], kHole[k]);
    const std::string how = std::to_string(kLeft[k]) + " left, " + std::to_string(kRight[k]) +
                            " right" + (kHole[k] < 0 ? "" : ", one inside");
    if (!padded || padded->values.size() != plain->values.size())
      return fail("padding " + how + " changes the number of tokens");
    for (std::size_t i = 0; i < plain->values.size(); ++i) {
      const Order o = order(plain->values[i], padded->values[i]);
      if (o == Order::unknown) out = unknown();
      if (differ(o))
        return fail("padding " + how + " moves a coordinate from " + plain->values[i].text() +
                    " to " + padded->values[i].text());
    }
  }
  return out;
}

// Against every shorter sequence that ends with one of this one's segments.
Outcome judge_causal(Lab& lab, const Prompt& p) {
  if (p.blocks.empty() || p.tokens() > lab.most_fresh) return {};
  const Placement* whole = lab.at(p);
  if (whole == nullptr) return {};
  Outcome out;
  for (std::size_t i = 0; i < p.blocks.size(); ++i) {
    for (const bool with_block : {false, true}) {
      const auto texts = static_cast<std::ptrdiff_t>(i + 1), blocks = texts - (with_block ? 0 : 1);
      Prompt part{{p.text.begin(), p.text.begin() + texts},
                  {p.blocks.begin(), p.blocks.begin() + blocks}};
      if (with_block) part.text.push_back(0);
      if (part.tokens() == p.tokens() || part.tokens() == 0) continue;
      const Placement* shorter = lab.at(part);
      if (shorter == nullptr) continue;
      if (out.answer == Answer::skip) out = pass();
      for (std::size_t k = 0; k < shorter->values.size(); ++k) {
        const Order o = order(shorter->values[k], whole->values[k]);
        if (o == Order::unknown) out = unknown();
        if (differ(o))
          return fail("token " + std::to_string(k / static_cast<std::size_t>(whole->axes)) +
                      " has " + lab.axis(k % static_cast<std::size_t>(whole->axes)) + " = " +
                      whole->values[k].text() + ", in " + part.label() + " " +
                      shorter->values[k].text());
      }
    }
  }
  return out;
}

}  // namespace plumbline
