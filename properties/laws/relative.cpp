// SPDX-License-Identifier: Apache-2.0
// Which pair turns how fast, and by what.
#include <fmt/format.h>

#include <array>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"
#include "properties/laws/turned.h"

namespace plumbline::laws {
namespace {

Json draw_shift(Random& random, const Case& c) {
  Json aux = draw_data(random);
  for (const char* key : {"x", "y", "shift"}) aux[key] = draw_tuples(random, c, 1);
  return aux;
}

Json draw_axis(Random& random, const Case& c) {
  Json aux = draw_data(random);
  for (const char* key : {"x", "y"}) aux[key] = draw_tuples(random, c, 1);
  aux["axis"] = random.between(0, 3);
  return aux;
}

Json draw_probe(Random& random, const Case&) {
  Json aux = draw_data(random);
  aux["p"] = random.pick({1, 1, 2, 3, 17, 255, 257, 1000, 65537, 1 << 20});
  return aux;
}

double length_of(const Setup& s, const std::vector<std::uint64_t>& tensor, const PairPlace& p) {
  return std::hypot(s.value(tensor[p.x]), s.value(tensor[p.y]));
}

// <R(x) q, R(y) k> = <R(x + c) q, R(y + c) k> for every query head and its KV head.
void check_equivariance(const Trial& t) {
  const Setup s(t);
  auto x = tuples(t.aux, "x").at(0), y = tuples(t.aux, "y").at(0), c = tuples(t.aux, "shift").at(0);
  const auto axes = static_cast<std::size_t>(table_of(s.c, {}).axes);
  for (auto* tuple : {&x, &y, &c}) tuple->resize(axes);
  std::vector<Rational> xc, yc;
  for (std::size_t a = 0; a < axes; ++a) {
    xc.push_back(x[a] + c[a]);
    yc.push_back(y[a] + c[a]);
  }
  const PositionTable ids = table_of(s.c, {x, y, xc, yc});
  const Heads in = rows_of(s.c, s.inputs(2), {0, 1, 0, 1}), out = s.turn(ids, in);
  const Allowance allowed(s, ids);
  const double a = allowed.factor();
  const int heads = s.c.shape.num_heads, kv_heads = s.c.shape.num_key_value_heads;
  const auto width = static_cast<std::size_t>(s.c.shape.head_dim);
  for (int head = 0; head < heads; ++head) {
    const int kv = head / (heads / kv_heads), map = s.map.map_of(kv);
    double dots[2] = {}, bound = 0, size = 0;
    for (int pair = 0; pair < s.map.pairs; ++pair) {
      const Lanes lane = lanes(s.c.pairing, pair, s.map.pairs);
      const auto place = [&](std::size_t row, int h, int count) {
        const std::size_t base =
            (row * static_cast<std::size_t>(count) + static_cast<std::size_t>(h)) * width;
        return PairPlace{row,
                         h,
                         map,
                         pair,
                         base + static_cast<std::size_t>(lane.x),
                         base + static_cast<std::size_t>(lane.y)};
      };
      for (std::size_t side = 0; side < 2; ++side) {
        const PairPlace q = place(2 * side, head, heads), k = place(2 * side + 1, kv, kv_heads);
        const double rq = length_of(s, in.q, q), rk = length_of(s, in.k, k),
                     eq = allowed.pair(q, rq), ek = allowed.pair(k, rk);
        dots[side] +=
            s.value(out.q[q.x]) * s.value(out.k[k.x]) + s.value(out.q[q.y]) * s.value(out.k[k.y]);
        bound += a * rq * ek + a * rk * eq + eq * ek;
        size += a * a * rq * rk + bound;
      }
    }
    if (std::abs(dots[0] - dots[1]) > bound + slack(4 * s.map.pairs + 8, size)) {
      throw Broken{
          fmt::format("head {}: <R(x) q, R(y) k> = {:.9g}, <R(x+c) q, R(y+c) k> = {:.9g}, "
                      "allowed {:.3g}",
                      head, dots[0], dots[1], bound)};
    }
  }
  // Where outputs are the truth rounded once, so are logits: one real number has one rounding.
  if (s.subject.recipe(s.format)) return;
  const auto certified =
      logits(s.c, ids, in, {LogitIndex{0, 1, heads - 1}, LogitIndex{2, 3, heads - 1}});
  if (certified[0].bits != certified[1].bits) throw Broken{"the certified logits differ"};
}

// Tuples that differ on one axis: pairs of other axes keep every bit, pairs of that axis move along
// the circle by 2 A r |sin(difference omega / 2)|.
void check_axis_locality(const Trial& t) {
  const Setup s(t);
  auto x = tuples(t.aux, "x").at(0), y = tuples(t.aux, "y").at(0);
  const auto axes = static_cast<std::size_t>(table_of(s.c, {}).axes);
  const auto axis = static_cast<std::size_t>(integer(t.aux, "axis")) % axes;
  x.resize(axes);
  y.resize(axes);
  auto moved = x;
  moved[axis] = y[axis];
  const PositionTable ids = table_of(s.c, {x, moved});
  const Heads in = rows_of(s.c, s.inputs(1), {0, 0}), out = s.turn(ids, in);
  const Allowance allowed(s, ids);
  const double a = allowed.factor(), step = to_double(Rational(y[axis] - x[axis]));
  const auto check = [&](const std::vector<std::uint64_t>& from,
                         const std::vector<std::uint64_t>& to, int heads) {
    const std::size_t row =
        static_cast<std::size_t>(heads) * static_cast<std::size_t>(s.c.shape.head_dim);
    for_each_pair(s, 1, heads, [&](const PairPlace& p) {
      const bool same = to[p.x] == to[row + p.x] && to[p.y] == to[row + p.y];
      const Axis own = s.map.at(p.map, p.pair).axis;
      if (own == Axis::none || index(own) != axis) {
        if (!same)
          throw Broken{
              fmt::format("pair {} of axis {} follows axis {}", p.pair, s.map.letter(own), axis)};
        return;
      }
      const double r = length_of(s, from, p), angle = step * allowed.inv_freq(p.map, p.pair);
      const double seen = std::hypot(s.value(to[p.x]) - s.value(to[row + p.x]),
                                     s.value(to[p.y]) - s.value(to[row + p.y]));
      const double bound = allowed.pair(0, p.map, p.pair, r) + allowed.pair(1, p.map, p.pair, r) +
                           slack(4, a * r * std::abs(angle)) + slack(16, a * r);
      expect_near(s, p, seen, 0, 2 * a * r * std::abs(std::sin(angle / 2)), 0, bound,
                  "how far a pair moves with its axis");
    });
  };
  check(in.q, out.q, s.c.shape.num_heads);
  check(in.k, out.k, s.c.shape.num_key_value_heads);
}

// Unit vectors at p on one axis and 0 on the others: (1, 0) becomes A (cos p omega, sin p omega) on
// the pairs of that axis, and A (1, 0) on all others; (0, 1) likewise, a quarter turn ahead.
void check_full_spectrum(const Trial& t) {
  const Setup s(t);
  const std::int64_t p = integer(t.aux, "p");
  const auto axes = static_cast<std::size_t>(table_of(s.c, {}).axes);
  std::vector<std::vector<Rational>> rows(axes, std::vector<Rational>(axes, Rational(0)));
  for (std::size_t axis = 0; axis < axes; ++axis) rows[axis][axis] = Rational(p);
  const PositionTable ids = table_of(s.c, rows);
  const Allowance allowed(s, ids);
  const double a = allowed.factor();
  const std::uint64_t one = round_to(Rational(1), s.format);
  for (const bool second : {false, true}) {
    Heads in = s.inputs(axes);
    for (auto* tensor : {&in.q, &in.k}) std::fill(tensor->begin(), tensor->end(), 0);
    const auto set = [&](std::vector<std::uint64_t>& tensor, int heads) {
      for_each_pair(s, axes, heads,
                    [&](const PairPlace& at) { tensor[second ? at.y : at.x] = one; });
    };
    set(in.q, s.c.shape.num_heads);
    set(in.k, s.c.shape.num_key_value_heads);
    const Heads out = s.turn(ids, in);
    const auto check = [&](const std::vector<std::uint64_t>& tensor, int heads) {
      for_each_pair(s, axes, heads, [&](const PairPlace& at) {
        const Axis own = s.map.at(at.map, at.pair).axis;
        const bool driven = own != Axis::none && index(own) == at.row;
        const long double angle =
            driven ? static_cast<long double>(p) *
                         static_cast<long double>(allowed.inv_freq(at.map, at.pair))
                   : 0.0L;
        const double c = a * static_cast<double>(std::cos(angle)),
                     sine = a * static_cast<double>(std::sin(angle));
        // inv_freq is itself rounded to binary64.
        expect_near(
            s, at, s.value(tensor[at.x]), s.value(tensor[at.y]), second ? -sine : c,
            second ? c : sine,
            allowed.pair(at, 1) + slack(2, a * std::abs(static_cast<double>(angle))) + slack(8, a),
            "a unit vector, turned by its own frequency");
      });
    };
    check(out.q, s.c.shape.num_heads);
    check(out.k, s.c.shape.num_key_value_heads);
  }
}

// Pairs (or whole heads) of each axis; pairs that do not turn count as the first.
std::array<std::int64_t, 3> counts(const FrequencyAllocation& map) {
  std::array<std::int64_t, 3> out{};
  for (const Assignment& a : map.of) {
    const std::size_t axis = a.axis == Axis::none ? 0 : index(a.axis);
    if (axis < out.size()) ++out[axis];
  }
  return out;
}

// A section that is read is honoured to the pair, or there is a warning.
void check_sections(const Trial& t) {
  const ParameterSpec* spec = t.c.parameters.find("mrope_section");
  if (spec == nullptr || spec->kind != Kind::section) throw Silent{"the scheme has no section"};
  const FrequencyAllocation map = allocation(t.c);
  if (map.maps > 1) throw Silent{"sections count heads here"};
  const auto asked = t.c.parameters.integers("mrope_section");
  Case other = t.c;
  other.parameters.set("mrope_section",
                       {Rational(asked[2]), Rational(asked[0]), Rational(asked[1])});
  const bool alike = asked[0] == asked[1] && asked[1] == asked[2];
  if (!alike && allocation(other).of == map.of) throw Silent{"the section is not read here"};
  if (!map.warnings.empty()) throw Silent{"the section was not honoured, and a warning says so"};
  const auto got = counts(map);
  // The order of the section's entries: the axes', or the one that the knob says.
  const std::string_view order = spec->words.empty() ? "T,H,W" : spec->words;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto axis = map.letters.find(order[2 * i]);
    if (got[axis] != asked[i])
      throw Broken{
          fmt::format("axis {} holds {} pairs, {} were asked for, and no warning was given",
                      order[2 * i], got[axis], asked[i])};
  }
}

constexpr Law kLaws[] = {
    {"equivariance", "<R(x) q, R(y) k> = <R(x+c) q, R(y+c) k>: only differences of positions count",
     "two tuples, a shift, inputs", Reach::near, true, draw_shift, check_equivariance},
    {"axis_locality",
     "a change on one axis moves the pairs of that axis, by its angle, and no other",
     "two tuples, an axis, inputs", Reach::near, true, draw_axis, check_axis_locality},
    {"full_spectrum", "every pair turns at the frequency and about the axis that its map says",
     "a position to probe at", Reach::near, true, draw_probe, check_full_spectrum, nullptr, 4},
    {"sections", "mrope_section is honoured to the pair, or a warning says that it is not",
     "nothing", Reach::near, false, nullptr, check_sections},
};

}  // namespace

std::span<const Law> relative_laws() { return kLaws; }

}  // namespace plumbline::laws
