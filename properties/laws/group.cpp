// SPDX-License-Identifier: Apache-2.0
// What a rotation is. R(x) v stands for A times the rotation, as the subjects give it; every bound
// below is the sum of the budgets of the calls that a sentence is made of.
#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"
#include "properties/laws/turned.h"

namespace plumbline::laws {
namespace {

using Tuple = std::vector<Rational>;

Json draw_two(Random& random, const Case& c) {
  Json aux = draw_data(random);
  aux["x"] = draw_tuples(random, c, 2);
  aux["y"] = draw_tuples(random, c, 2);
  return aux;
}

Json draw_one(Random& random, const Case& c) {
  Json aux = draw_data(random);
  aux["x"] = draw_tuples(random, c, 2);
  return aux;
}

// x and y cut to one length.
struct Both {
  std::vector<Tuple> x, y, sum;
  explicit Both(const Trial& t) : x(tuples(t.aux, "x")), y(tuples(t.aux, "y")) {
    x.resize(std::min(x.size(), y.size()));
    y.resize(x.size());
    for (std::size_t row = 0; row < x.size(); ++row) {
      const std::size_t axes = std::max(x[row].size(), y[row].size());
      x[row].resize(axes);
      y[row].resize(axes);
      sum.emplace_back();
      for (std::size_t a = 0; a < axes; ++a) sum.back().push_back(x[row][a] + y[row][a]);
    }
  }
};

struct Point2 {
  double x, y;
  double length() const { return std::hypot(x, y); }
};

Point2 at(const Setup& s, const std::vector<std::uint64_t>& tensor, const PairPlace& p) {
  return {s.value(tensor[p.x]), s.value(tensor[p.y])};
}

// Runs a body on the pairs of q and of k, each with its tensors.
template <class Body>
void on_both(const Setup& s, std::size_t rows, const Body& body) {
  for_each_pair(s, rows, s.c.shape.num_heads, [&](const PairPlace& p) { body(p, &Heads::q); });
  for_each_pair(s, rows, s.c.shape.num_key_value_heads,
                [&](const PairPlace& p) { body(p, &Heads::k); });
}

// R(y) R(x) v = A R(x + y) v = R(x) R(y) v.
void check_composition(const Trial& t) {
  const Setup s(t);
  const Both b(t);
  const PositionTable ix = table_of(s.c, b.x), iy = table_of(s.c, b.y), is = table_of(s.c, b.sum);
  const Heads v = s.inputs(b.x.size());
  const Heads rx = s.turn(ix, v), ryx = s.turn(iy, rx), rs = s.turn(is, v);
  const Heads ry = s.turn(iy, v), rxy = s.turn(ix, ry);
  const Allowance ax(s, ix), ay(s, iy), as(s, is);
  const double a = as.factor();
  on_both(s, b.x.size(), [&](const PairPlace& p, auto tensor) {
    const double r = at(s, v.*tensor, p).length();
    const Point2 first = at(s, rx.*tensor, p), second = at(s, ry.*tensor, p),
                 one = at(s, ryx.*tensor, p), other = at(s, rxy.*tensor, p),
                 whole = at(s, rs.*tensor, p);
    const double direct = a * as.pair(p, r) + slack(8, a * a * r);
    expect_near(s, p, one.x, one.y, a * whole.x, a * whole.y,
                a * ax.pair(p, r) + ay.pair(p, first.length()) + direct, "R(y) R(x) v, A R(x+y) v");
    expect_near(s, p, other.x, other.y, a * whole.x, a * whole.y,
                a * ay.pair(p, r) + ax.pair(p, second.length()) + direct,
                "R(x) R(y) v, A R(x+y) v");
  });
}

// R(0) v = A v.
void check_identity(const Trial& t) {
  const Setup s(t);
  const PositionTable ids = table_of(s.c, {Tuple{}});
  const Heads v = s.inputs(1), out = s.turn(ids, v);
  const Allowance allowed(s, ids);
  const double a = allowed.factor();
  on_both(s, 1, [&](const PairPlace& p, auto tensor) {
    const Point2 in = at(s, v.*tensor, p), turned = at(s, out.*tensor, p);
    expect_near(s, p, turned.x, turned.y, a * in.x, a * in.y,
                allowed.pair(p, in.length()) + slack(4, a * in.length()), "R(0) v, A v");
  });
}

// R(x)^T R(x) v = A^2 v, and <R(x) v, w> = <v, R(x)^T w>.
void check_adjoint(const Trial& t) {
  const Setup s(t);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads v = s.inputs(x.size()), w = s.inputs(x.size(), 1);
  const Heads rv = s.turn(ids, v), home = s.turn(ids, rv, true), back = s.turn(ids, w, true);
  const Allowance allowed(s, ids);
  const double a = allowed.factor();
  on_both(s, x.size(), [&](const PairPlace& p, auto tensor) {
    const Point2 in = at(s, v.*tensor, p), other = at(s, w.*tensor, p), out = at(s, rv.*tensor, p),
                 again = at(s, home.*tensor, p), turned = at(s, back.*tensor, p);
    expect_near(s, p, again.x, again.y, a * a * in.x, a * a * in.y,
                a * allowed.pair(p, in.length()) + allowed.pair(p, out.length()) +
                    slack(8, a * a * in.length()),
                "R^T R v, A^2 v");
    const double left = out.x * other.x + out.y * other.y,
                 right = in.x * turned.x + in.y * turned.y;
    expect_near(s, p, left, 0, right, 0,
                allowed.pair(p, in.length()) * other.length() +
                    allowed.pair(p, other.length()) * in.length() +
                    slack(16, a * in.length() * other.length()),
                "<R v, w>, <v, R^T w>");
  });
}

// |R(x) v| = A |v|, pair by pair.
void check_norm(const Trial& t) {
  const Setup s(t);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads v = s.inputs(x.size()), out = s.turn(ids, v);
  const Allowance allowed(s, ids);
  const double a = allowed.factor();
  on_both(s, x.size(), [&](const PairPlace& p, auto tensor) {
    const double r = at(s, v.*tensor, p).length();
    // An error of the phase moves along the circle and leaves the length alone.
    expect_near(s, p, at(s, out.*tensor, p).length(), 0, a * r, 0,
                allowed.arithmetic(r) + slack(8, a * r), "|R v|, A |v|");
  });
}

// R(x)(u + v) = R(x) u + R(x) v, and R(x)(-2 v) = -2 R(x) v bit for bit: neither rounds anything.
void check_linear(const Trial& t) {
  const Setup s(t);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads v = s.inputs(x.size());
  Heads twice = v, sum = v, half = v;
  for (auto tensor : {&Heads::q, &Heads::k}) {
    for (std::size_t i = 0; i < (v.*tensor).size(); ++i) {
      const double value = s.value((v.*tensor)[i]);
      (twice.*tensor)[i] = round_to(from_double(-2 * value), s.format);
      // u: v without its lower bits, so that v - u is exact too.
      const double coarse = std::ldexp(std::trunc(std::ldexp(value, 4)), -4);
      (half.*tensor)[i] = round_to(from_double(coarse), s.format);
      (sum.*tensor)[i] = round_to(from_double(value - coarse), s.format);
    }
  }
  const Heads out = s.turn(ids, v), doubled = s.turn(ids, twice);
  Heads want = out;
  for (auto tensor : {&Heads::q, &Heads::k}) {
    for (std::size_t i = 0; i < (out.*tensor).size(); ++i) {
      const std::size_t lane = i % static_cast<std::size_t>(s.c.shape.head_dim);
      const double value = s.value((out.*tensor)[i]);
      // Doubling is exact only for normal results; the others are left to the budgets.
      const bool exact = value != 0 && std::abs(value) >= std::ldexp(1.0, s.format.emin - 1);
      const bool turns = lane < static_cast<std::size_t>(s.c.shape.rotary_dim);
      (want.*tensor)[i] =
          exact || !turns ? round_to(from_double(-2 * value), s.format) : (doubled.*tensor)[i];
    }
  }
  expect_same_bits(s, doubled, want, "R(-2 v), -2 R v");
  const Heads ru = s.turn(ids, half), rw = s.turn(ids, sum);
  const Allowance allowed(s, ids);
  on_both(s, x.size(), [&](const PairPlace& p, auto tensor) {
    const Point2 whole = at(s, out.*tensor, p), one = at(s, ru.*tensor, p),
                 two = at(s, rw.*tensor, p);
    const double r = at(s, v.*tensor, p).length(), r1 = at(s, half.*tensor, p).length(),
                 r2 = at(s, sum.*tensor, p).length();
    expect_near(s, p, whole.x, whole.y, one.x + two.x, one.y + two.y,
                allowed.pair(p, r) + allowed.pair(p, r1) + allowed.pair(p, r2) +
                    slack(4, allowed.factor() * (r + r1 + r2)),
                "R(u + v), R u + R v");
  });
}

constexpr Law kLaws[] = {
    {"composition", "R(y) R(x) = A R(x + y) = R(x) R(y)", "two tuples, inputs", Reach::near, true,
     draw_two, check_composition},
    {"identity", "R(0) v = A v", "inputs", Reach::near, true,
     [](Random& random, const Case&) { return draw_data(random); }, check_identity},
    {"adjoint", "R^T R = A^2, and <R v, w> = <v, R^T w>", "a tuple, inputs", Reach::near, true,
     draw_one, check_adjoint},
    {"norm", "|R v| = A |v| on every pair", "a tuple, inputs", Reach::near, true, draw_one,
     check_norm},
    {"linear", "R(u + v) = R u + R v, and R(-2 v) = -2 R v bit for bit", "a tuple, inputs",
     Reach::near, true, draw_one, check_linear},
};

}  // namespace

std::span<const Law> group_laws() { return kLaws; }

}  // namespace plumbline::laws
