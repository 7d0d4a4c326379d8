// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/roots.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace plumbline::oracle {

Root simplified_root(std::int64_t n) {
  if (n == 0) return {0, 1};
  Root root{1, n};
  for (std::int64_t d = 2; d <= root.under_root / d; ++d) {
    while (root.under_root % (d * d) == 0) {
      root.under_root /= d * d;
      root.factor *= d;
    }
  }
  return root;
}

Coordinate root(std::int64_t n) {
  const auto [factor, under_root] = simplified_root(n);
  if (under_root == 1) return factor;
  return Coordinate(factor, std::make_shared<Irrational>(
                                fmt::format("sqrt {}", under_root),
                                [under_root = under_root](Ball& out, slong bits) {
                                  arb_sqrt_ui(out.get(), static_cast<ulong>(under_root), bits);
                                }));
}

Coordinate root_times_cosine(std::int64_t n, const Rational& turns) {
  // cos is even, has period 1, and changes sign under t -> 1/2 - t.
  const Rational half = Rational(1) / Rational(2), quarter = half * half;
  Rational t = turns - floor(turns);
  if (half < t) t = Rational(1) - t;
  const bool negative = quarter < t;
  if (negative) t = half - t;
  const Rational factor = negative ? -1 : 1;
  // 2 cos(2 pi k/24) = sqrt(m)
  constexpr struct { int k, m; } kRoots[] = {{0, 4}, {2, 3}, {3, 2}, {4, 1}, {6, 0}};
  for (const auto& [k, m] : kRoots) {
    if (t * Rational(24) == Rational(k)) return factor * half * root(n * m);
  }
  return Coordinate(
      factor, std::make_shared<Irrational>(
                  fmt::format("sqrt {} cos {}", n, to_string(t)), [n, t](Ball& out, slong bits) {
                    Rational angle = t + t;
                    arb_cos_pi_fmpq(out.get(), angle.get(), bits);
                    Ball square_root;
                    arb_sqrt_ui(square_root.get(), static_cast<ulong>(n), bits);
                    arb_mul(out.get(), out.get(), square_root.get(), bits);
                  }));
}

Coordinate largest_of(std::vector<Coordinate> values) {
  for (slong bits = kFirstBits;; bits *= 2) {
    std::vector<Coordinate> left;
    Ball highest;
    arb_neg_inf(highest.get());
    for (const Coordinate& x : values) {
      Ball ball;
      x.enclose(ball, bits);
      arb_max(highest.get(), highest.get(), ball.get(), bits);
    }
    for (const Coordinate& x : values) {
      Ball ball;
      x.enclose(ball, bits);
      if (arb_lt(ball.get(), highest.get())) continue;
      bool known = false;
      for (const Coordinate& y : left) known = known || x == y;
      if (!known) left.push_back(x);
    }
    values = std::move(left);
    if (values.size() == 1) return values.front();
    if (2 * bits > kLastBits) break;
  }
  std::string name = "max";
  for (const Coordinate& x : values) name += fmt::format(" ({})", x.name());
  return Coordinate(1, std::make_shared<Irrational>(name, [values](Ball& out, slong bits) {
                      values.front().enclose(out, bits);
                      for (const Coordinate& x : values) {
                        Ball ball;
                        x.enclose(ball, bits);
                        arb_max(out.get(), out.get(), ball.get(), bits);
                      }
                    }));
}

}  // namespace plumbline::oracle
