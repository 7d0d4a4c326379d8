// SPDX-License-Identifier: Apache-2.0
// Probes of what basis vectors cannot show: sums over lanes, rows alone, NaN, large numbers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "properties/diagnosis/diagnose.h"

namespace plumbline::diagnosis {
namespace {

std::size_t flat(const Contract& c, std::size_t row, int head, bool key, int lane) {
  return (row * static_cast<std::size_t>(c.heads(key)) + static_cast<std::size_t>(head)) *
             static_cast<std::size_t>(c.shape.head_dim) +
         static_cast<std::size_t>(lane);
}

template <class Body>
void for_each_head(const Contract& c, std::size_t rows, const Body& body) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (const bool key : {false, true}) {
      for (int head = 0; head < c.heads(key); ++head) body(row, head, key);
    }
  }
}

struct Sum {
  double value = 0, size = 0;  // sum of terms, sum of their magnitudes
};
Sum applied(const Contract& c, const Operator& m, const Values& in, std::size_t row, int head,
            bool key, int out) {
  Sum s;
  for (int lane = 0; lane < c.shape.head_dim; ++lane) {
    const double x = in.of(key)[flat(c, row, head, key, lane)], w = m.at(row, head, key, out, lane);
    if (w == 0) continue;
    s.value += w * x;
    s.size += std::abs(w * x);
  }
  return s;
}

// Each term carries a product's rounding, the sum one, the store one; the entries that were
// measured carry a store each.
double tolerance(const Contract& c, double size) {
  return 4 * size * c.arithmetic + 4 * c.absolute;
}

// Whether a drawn number went the way of the basis vectors; where those gave no number, it gives
// none.
bool follows(const Contract& c, const Sum& wanted, double got) {
  return std::isfinite(wanted.size) ? alike(got, wanted.value, tolerance(c, wanted.size))
                                    : !std::isfinite(got);
}

// In binary32 the measured entries are the kernel's own table, so that its order of roundings can
// be told.
bool is_fused(const Contract& c, const Operator& m, const Values& in, const Values& out) {
  if (!(c.format == binary32) || !c.recipe || !(c.recipe->product == binary32)) return false;
  bool plain = true, first = true, second = true;
  for_each_head(c, m.rows(), [&](std::size_t row, int head, bool key) {
    for (int pair = 0; pair < c.pairs; ++pair) {
      const int a = c.neox ? pair : 2 * pair, b = c.neox ? pair + c.pairs : 2 * pair + 1;
      const auto x = static_cast<float>(in.of(key)[flat(c, row, head, key, a)]),
                 y = static_cast<float>(in.of(key)[flat(c, row, head, key, b)]);
      for (const bool upper : {true, false}) {
        const int at = upper ? a : b;
        const float u = upper ? x : y, v = upper ? y : x,
                    w = static_cast<float>(m.at(row, head, key, at, at)),
                    z = static_cast<float>(m.at(row, head, key, at, upper ? b : a)),
                    got = static_cast<float>(out.of(key)[flat(c, row, head, key, at)]);
        plain = plain && got == u * w + v * z;
        first = first && got == std::fma(u, w, v * z);
        second = second && got == std::fma(v, z, u * w);
      }
    }
  });
  return !plain && (first || second);
}

}  // namespace

std::string Departure::place() const {
  return "in lane " + std::to_string(lane) + " of head " + std::to_string(head) + " of " +
         (key ? "k" : "q") + ", row " + std::to_string(row);
}

std::optional<Departure> departure(const Contract& c, const Operator& m, const Values& in,
                                   const Values& out, int from) {
  std::optional<Departure> found;
  for_each_head(c, m.rows(), [&](std::size_t row, int head, bool key) {
    for (int lane = from; lane < c.shape.head_dim && !found; ++lane) {
      const double y = out.of(key)[flat(c, row, head, key, lane)];
      if (!follows(c, applied(c, m, in, row, head, key, lane), y)) found = {row, head, lane, key};
    }
  });
  return found;
}

std::vector<Finding> probe_values(const Maker& make, const Contract& c,
                                  std::vector<std::string>& legal) {
  const auto tuples = mixed_rows(c);
  const std::size_t rows = tuples.size();
  const PositionTable ids = table_of(c, tuples);
  const laws::Subject subject = make();
  const Operator m(subject, c, tuples, false, true);
  Values in = draw(c, rows, 6);
  const Answer answer = ask(subject, c, ids, in, false, {.in_place = true});
  std::vector<Finding> out;
  const auto left = departure(c, m, in, answer.out);
  const bool linear = !left;
  if (left)
    out.push_back(
        {"drawn numbers", "they are not turned as basis vectors are, first " + left->place(), {}});
  if (linear && is_fused(c, m, in, answer.out)) legal.emplace_back("M22b");

  // Rows alone.
  const double size = 16, close = tolerance(c, 2 * size * std::max(1.0, c.factor));
  bool alone = true;
  for (std::size_t row = 0; row < rows; row += 3) {
    Values one;
    for (const bool key : {false, true}) {
      const auto first = in.of(key).begin() + static_cast<std::ptrdiff_t>(flat(c, row, 0, key, 0));
      one.of(key).assign(first, first + c.heads(key) * c.shape.head_dim);
    }
    const Answer single =
        ask(subject, c, table_of(c, {tuples[row]}), one, false, {.in_place = true});
    for (const bool key : {false, true}) {
      for (std::size_t i = 0; i < one.of(key).size(); ++i) {
        const double whole = answer.out.of(key)[flat(c, row, 0, key, 0) + i];
        alone = alone && alike(single.out.of(key)[i], whole, close);
      }
    }
  }
  if (!alone) out.push_back({"one row alone", "it is not turned as in a call of many rows", {}});
  ask(subject, c, table_of(c, {}), {}, false);

  // A NaN reaches its own pair only.
  const int b = c.neox ? c.pairs : 1;
  Values spoiled = in;
  spoiled.q[flat(c, 1, 0, false, 0)] = std::numeric_limits<double>::quiet_NaN();
  const Answer nan = ask(subject, c, ids, spoiled, false, {.in_place = true});
  bool spread = false;
  for_each_head(c, rows, [&](std::size_t row, int head, bool key) {
    for (int lane = 0; lane < c.shape.head_dim; ++lane) {
      const bool own = row == 1 && head == 0 && !key && (lane == 0 || lane == b);
      const std::size_t i = flat(c, row, head, key, lane);
      const double x = nan.out.of(key)[i], y = answer.out.of(key)[i];
      if (!own) spread = spread || !alike(x, y, close);
      if (own && lane == 0) spread = spread || !std::isnan(x);
    }
  });
  if (spread) out.push_back({"a NaN", "it does not stay in its pair, or is lost", {}});

  // Far larger numbers: the same significant bits.
  const int exponent =
      std::min(c.format.emax, c.recipe ? c.recipe->product.emax : c.format.emax) / 2;
  if (exponent > 10) {
    Values large = in;
    for (const bool key : {false, true}) {
      for (double& x : large.of(key)) x = std::ldexp(x, exponent);
    }
    const Answer scaled = ask(subject, c, ids, large, false, {.in_place = true});
    bool same = true;
    for_each_head(c, rows, [&](std::size_t row, int head, bool key) {
      for (int lane = 0; lane < c.shape.head_dim; ++lane) {
        const Sum s = applied(c, m, in, row, head, key, lane);
        const double y = std::ldexp(scaled.out.of(key)[flat(c, row, head, key, lane)], -exponent);
        same = same && follows(c, s, y);
      }
    });
    if (linear && !same) out.push_back({"large numbers", "they are not turned as small ones", {}});
  }
  return out;
}

}  // namespace plumbline::diagnosis
