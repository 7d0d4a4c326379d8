// SPDX-License-Identifier: Apache-2.0
// Probes of the operator itself: forward, after other calls, and on the way back.
#include <algorithm>
#include <cmath>

#include "properties/diagnosis/diagnose.h"

namespace plumbline::diagnosis {
namespace {

using Tuples = std::vector<std::vector<double>>;

// Numbers with many significant bits, unrelated on the axes; powers of two hide narrow types.
constexpr double kSpread[][4] = {{5, 11, 2, 7},
                                 {3, 7, 13, 29},
                                 {29, 5, 2, 17},
                                 {1, 0, 0, 0},
                                 {0, 1, 0, 0},
                                 {0, 0, 1, 0},
                                 {0, 0, 0, 1},
                                 {0, 0, 0, 0},
                                 {37, 101, 67, 23},
                                 {1000, 2049, 333, 77},
                                 {257, 513, 1025, 9},
                                 {4097, 911, 6007, 31},
                                 {2049, 4099, 129, 1999},
                                 {70001, 4001, 9991, 65521},
                                 {1021, 131071, 5003, 3},
                                 {40009, 331, 99991, 4211},
                                 {17, 17, 64, 64},
                                 {8191, 12289, 24593, 49157}};
// As far below zero as images centred there reach.
constexpr double kBelow[][4] = {
    {3, 1, 2, 4}, {7, 29, 5, 11}, {31, 33, 64, 13}, {5, 257, 129, 65}, {257, 1, 513, 2}};
constexpr double kText[] = {6,    0,    1,    2,    3,     63,    64,    255,   257,   511,
                            1000, 2049, 4099, 8191, 16411, 32767, 32771, 65521, 131071};

bool same(const Operator& a, const Operator& b, const Contract& c, bool transpose,
          double tolerance) {
  for (std::size_t row = 0; row < a.rows(); ++row) {
    for (const bool key : {false, true}) {
      for (int head = 0; head < c.heads(key); ++head) {
        for (int out = 0; out < c.shape.head_dim; ++out) {
          for (int in = 0; in < c.shape.head_dim; ++in) {
            const double x = a.at(row, head, key, out, in), y = transpose
                                                                    ? b.at(row, head, key, in, out)
                                                                    : b.at(row, head, key, out, in);
            if (!alike(x, y, tolerance)) return false;
          }
        }
      }
    }
  }
  return true;
}

bool zero(const Operator& a, const Contract& c) {
  for (std::size_t row = 0; row < a.rows(); ++row) {
    for (int head = 0; head < c.shape.num_heads; ++head) {
      for (int out = 0; out < c.shape.head_dim; ++out) {
        for (int in = 0; in < c.shape.head_dim; ++in) {
          if (a.at(row, head, false, out, in) != 0) return false;
        }
      }
    }
  }
  return true;
}

// A kernel that leaves elements of a separate output alone is read in place.
bool leaves_elements(const laws::Subject& subject, const Contract& contract) {
  const Tuples rows(2, mixed_rows(contract).front());
  const Answer answer = ask(subject, contract, table_of(contract, rows),
                            draw(contract, rows.size(), 7), false, {.watch = true});
  return std::count(answer.untouched_q.begin(), answer.untouched_q.end(), true) +
             std::count(answer.untouched_k.begin(), answer.untouched_k.end(), true) !=
         0;
}

double entry_tolerance(const Contract& c) {
  return 2 * std::max(c.factor, 1.0) * c.arithmetic + 2 * c.absolute;
}

// The contract with the frequencies that rows of one step on one axis show.
bool fits_other_ladder(const Contract& c, const Operator& m) {
  Model model(c, m.tuples);
  for (int pair = 0; pair < c.pairs; ++pair) {
    const int a = c.axis[c.slot(0, pair)];
    if (a < 0) continue;
    for (std::size_t row = 0; row < m.rows(); ++row) {
      if (m.tuples[row][static_cast<std::size_t>(a)] != 1) continue;
      const int x = c.neox ? pair : 2 * pair, y = c.neox ? pair + c.pairs : 2 * pair + 1;
      for (int map = 0; map < c.maps; ++map)
        model.inv_freq[model.slot(map, pair)] =
            std::atan2(m.at(row, 0, true, y, x), m.at(row, 0, true, x, x));
      break;
    }
  }
  return model.fits(m);
}

const char* letter(bool key) { return key ? "k" : "q"; }

// Heads that are wrong in some row of some call, where others of the tensor are right; nothing:
// all of them, or none.
std::string some_heads(const Contract& c, std::span<const Operator> calls, bool key) {
  std::string out;
  int wrong = 0;
  for (int head = 0; head < c.heads(key); ++head) {
    const bool right = std::all_of(calls.begin(), calls.end(), [&](const Operator& m) {
      const Model model(c, m.tuples);
      for (std::size_t row = 0; row < m.rows(); ++row) {
        if (!model.fits_at(m, row, head, key)) return false;
      }
      return true;
    });
    if (right) continue;
    out += (wrong++ == 0 ? "" : ", ") + std::to_string(head);
  }
  if (wrong == 0 || wrong == c.heads(key)) return "";
  return (wrong == 1 ? "head " : "heads ") + out + " of " + letter(key);
}

// Whether the last row of each call is wrong and every other one right; of a call of one row
// nothing is asked.
bool last_row_only(const Contract& c, std::span<const Operator> calls) {
  return std::all_of(calls.begin(), calls.end(), [&](const Operator& m) {
    const Model model(c, m.tuples);
    for (std::size_t row = 0; row + 1 < m.rows(); ++row) {
      for (const bool key : {false, true}) {
        for (int head = 0; head < c.heads(key); ++head) {
          if (!model.fits_at(m, row, head, key)) return false;
        }
      }
    }
    return m.rows() == 1 || !model.fits(m);
  });
}

// Short calls that are wrong, where the first two, which hold the same rows among more, are right;
// nothing: none, or not they alone.
std::string short_calls(const Contract& c, std::span<const Operator> calls) {
  std::string out;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (Model(c, calls[i].tuples).fits(calls[i])) continue;
    if (i < 2) return "";
    out += (out.empty() ? "calls of " : " or ") + std::to_string(calls[i].rows());
  }
  if (out.empty()) return "";
  return out + (out == "calls of 1" ? " row" : " rows") +
         " only; in longer ones the same rows are right";
}

// What of a wrong operator is wrong, as far as some of it is right. A tensor alone is no class of
// bug: what it does is told, not named.
std::string where_wrong(const Contract& c, std::span<const Operator> calls, std::size_t read_from,
                        const std::function<bool(double)>& right_at) {
  const std::string brief = short_calls(c, calls);
  if (!brief.empty()) return brief;
  if (last_row_only(c, calls)) return "the last row of each call only";
  std::string heads;
  for (const bool key : {false, true}) {
    const std::string some = some_heads(c, calls, key);
    if (!some.empty()) heads += (heads.empty() ? "" : ", ") + some;
  }
  const auto right = [&](bool key) {
    return std::all_of(calls.begin(), calls.end(), [&](const Operator& m) {
      Model model(c, m.tuples);
      model.only = key;
      return model.fits(m);
    });
  };
  const bool q = right(false), k = right(true);
  if (q == k) return heads;
  const bool key = q;
  std::string out = heads.empty() ? std::string("all of ") + letter(key) : heads;
  out += std::string(", and ") + letter(!key) + " is right";
  if (!heads.empty()) return out;
  const auto names = plainest(explain(c, calls, read(c, calls[read_from], right_at, key), key));
  if (names.size() == 1)
    out += std::string("; ") + letter(key) + " alone is as " + std::string(*names.begin()) + ", " +
           std::string(name_of(*names.begin()).text);
  return out;
}

}  // namespace

Tuples mixed_rows(const Contract& c) {
  Tuples out;
  for (const auto& row : kSpread) out.emplace_back(row, row + c.axes);
  if (std::find(c.below_zero.begin(), c.below_zero.end(), true) != c.below_zero.end()) {
    for (const auto& row : kBelow) {
      out.emplace_back(row, row + c.axes);
      for (std::size_t a = 0; a < out.back().size(); ++a) {
        if (c.below_zero[a]) out.back()[a] = -out.back()[a];
      }
    }
  }
  if (c.fractions) {
    for (const double p : {0.5, 2.75, 100.25, 1000.125}) {
      out.emplace_back();
      for (int a = 0; a < c.axes; ++a) out.back().push_back(p + 3 * a);
    }
  }
  return out;
}

Tuples few_rows(const Contract& c, std::size_t count) {
  Tuples rows = mixed_rows(c);
  rows.resize(count);
  return rows;
}

Tuples text_rows(const Contract& c) {
  Tuples out;
  for (const double p : kText) out.emplace_back(static_cast<std::size_t>(c.axes), p);
  return out;
}

Probed probe_operator(const Maker& make, const Contract& c) {
  const bool in_place = leaves_elements(make(), c);
  // Rows of one token, of a few and of many: kernels take other paths for them.
  const Tuples all = mixed_rows(c);
  std::vector<Operator> calls;
  for (const Tuples& rows :
       {all, text_rows(c), Tuples{all[1]}, Tuples(all.begin(), all.begin() + 5)})
    calls.emplace_back(make(), c, rows, false, in_place);
  Probed out;
  const auto right_at = [&](double p) {
    const Tuples row{std::vector<double>(static_cast<std::size_t>(c.axes), p)};
    return Model(c, row).fits(Operator(make(), c, row, false, in_place));
  };
  const std::size_t first = c.axes == 1 ? 1 : 0;
  out.reading = read(c, calls[first], right_at);
  if (!out.reading.end) out.reading.end = read(c, calls[1], right_at).end;
  out.possible = explain(c, calls, out.reading);
  out.right = out.possible.contains("right");
  if (!out.right) out.where = where_wrong(c, calls, first, right_at);
  return out;
}

std::vector<Finding> probe_state(const Maker& make, const Contract& c) {
  const auto axes = static_cast<std::size_t>(c.axes);
  const Tuples near{std::vector<double>(axes, 1), std::vector<double>(axes, 5),
                    std::vector<double>(axes, 33), std::vector<double>(axes, 2)},
      far{std::vector<double>(axes, 3), std::vector<double>(axes, 70001),
          std::vector<double>(axes, 131071), std::vector<double>(axes, 9)};
  const laws::Subject one = make();
  const Operator first(one, c, near, false), second(one, c, far, false), third(one, c, near, false),
      fresh(make(), c, far, false);
  const bool back = same(first, third, c, false, 0), far_same = same(second, fresh, c, false, 0);
  if (back && far_same) return {};
  Finding out{"calls one after the other", "", {}};
  out.what = back ? "a long call after a short one differs from the same call of a fresh kernel"
                  : "a short call after a long one differs from the same call before it";
  const bool right = Model(c, near).fits(first);
  if (right && !back && fits_other_ladder(c, third)) out.names = {"M25a"};
  if (right && back && Model(c, near).fits(second)) out.names = {"M25d"};
  return {out};
}

std::vector<Finding> probe_adjoint(const Maker& make, const Contract& c) {
  const Tuples rows = few_rows(c, 9);
  const bool in_place = leaves_elements(make(), c);
  const Operator forward(make(), c, rows, false, in_place), back(make(), c, rows, true, in_place);
  const double tolerance = entry_tolerance(c);
  if (same(back, forward, c, true, tolerance)) return {};
  Finding out{"adjoint", "the way back is not the transpose of the way there", {}};
  if (same(back, forward, c, false, tolerance)) out.names = {"M26a"};
  if (zero(back, c)) out.names = {"M26c"};
  Model flipped(c, rows);
  Model crossed(c, rows), crossed_back(c, rows);
  crossed.crossed = crossed_back.crossed = true;
  crossed_back.sign = -1;
  if (crossed.fits(forward) && crossed_back.fits(back)) out.names.emplace_back("M08a");
  flipped.sign = -1;
  flipped.neox = !c.neox;
  if (flipped.fits(back)) out.names.emplace_back("M26b");
  Model wide(c, rows);
  wide.sign = -1;
  wide.partner = c.shape.head_dim / 2;
  if (c.neox && c.shape.head_dim % 2 == 0 && wide.fits(back)) out.names.emplace_back("M09e");
  return {out};
}

}  // namespace plumbline::diagnosis
