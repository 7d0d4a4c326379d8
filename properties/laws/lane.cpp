// SPDX-License-Identifier: Apache-2.0
// Memory and lanes: what a rotation may touch, and what it may depend on.
#include <fmt/format.h>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"
#include "properties/laws/turned.h"

namespace plumbline::laws {
namespace {

Json draw_row(Random& random, const Case& c) {
  Json aux = draw_data(random);
  aux["x"] = draw_tuples(random, c, 2);
  return aux;
}

Json draw_special(Random& random, const Case& c) {
  Json aux = draw_row(random, c);
  aux["special"] = 1;
  return aux;
}

Json draw_placement(Random& random, const Case& c) {
  Json aux = draw_special(random, c);
  aux["head_gap"] = random.between(0, 5);
  aux["token_gap"] = random.between(0, 5);
  aux["adjoint"] = random.between(0, 1);
  return aux;
}

Json draw_poison(Random& random, const Case& c) {
  Json aux = draw_row(random, c);
  aux["lane"] = random.between(0, 1000);
  aux["value"] = random.between(0, 2);
  return aux;
}

// Lanes rotary_dim to head_dim - 1 come back bit for bit, NaNs and their payloads among them.
void check_pass_through(const Trial& t) {
  const Setup s(t, false);
  if (s.c.shape.rotary_dim == s.c.shape.head_dim) throw Silent{"no lane passes through"};
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads in = s.inputs(x.size());
  for (const bool adjoint : {false, true}) {
    const Heads out = s.turn(ids, in, adjoint);
    for (auto tensor : {&Heads::q, &Heads::k}) {
      for (std::size_t i = 0; i < (in.*tensor).size(); ++i) {
        const auto lane = i % static_cast<std::size_t>(s.c.shape.head_dim);
        if (lane >= static_cast<std::size_t>(s.c.shape.rotary_dim) &&
            (in.*tensor)[i] != (out.*tensor)[i])
          throw Broken{fmt::format("lane {} passes through, but changed", lane)};
      }
    }
  }
}

// neox and gptj are conjugate by the permutation that sends lane i to 2i and i + n to 2i + 1.
void check_pairing(const Trial& t) {
  const Setup s(t);
  Case other = s.c;
  other.pairing = s.c.pairing == Pairing::neox ? Pairing::gptj : Pairing::neox;
  const Setup o({t.subject, other, t.aux});
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads in = s.inputs(x.size());
  Heads permuted = in;
  const auto places = [&](const Setup& from, int heads) {
    std::vector<PairPlace> out;
    for_each_pair(from, x.size(), heads, [&](const PairPlace& p) { out.push_back(p); });
    return out;
  };
  const HeadShape& shape = s.c.shape;
  for (const auto& [tensor, heads] :
       {std::pair(&Heads::q, shape.num_heads), std::pair(&Heads::k, shape.num_key_value_heads)}) {
    const auto here = places(s, heads), there = places(o, heads);
    for (std::size_t i = 0; i < here.size(); ++i) {
      (permuted.*tensor)[there[i].x] = (in.*tensor)[here[i].x];
      (permuted.*tensor)[there[i].y] = (in.*tensor)[here[i].y];
    }
  }
  const Heads a = s.turn(ids, in), b = o.turn(ids, permuted);
  const Allowance allowed(s, ids);
  const bool certified = !s.subject.recipe(s.format);
  for (const auto& [tensor, heads] :
       {std::pair(&Heads::q, shape.num_heads), std::pair(&Heads::k, shape.num_key_value_heads)}) {
    const auto here = places(s, heads), there = places(o, heads);
    for (std::size_t i = 0; i < here.size(); ++i) {
      const std::uint64_t ax = (a.*tensor)[here[i].x], ay = (a.*tensor)[here[i].y],
                          bx = (b.*tensor)[there[i].x], by = (b.*tensor)[there[i].y];
      const double r =
          std::hypot(s.value((in.*tensor)[here[i].x]), s.value((in.*tensor)[here[i].y]));
      const bool bitwise = certified && (ax != bx || ay != by);
      expect_near(s, here[i], s.value(ax), s.value(ay), s.value(bx), s.value(by),
                  bitwise ? -1 : 2 * allowed.pair(here[i], r), "neox against gptj");
    }
  }
}

// Query head j is rotated as KV head floor(j / (Hq / Hk)) is: the same vector gives the same bits.
void check_gqa(const Trial& t) {
  const Setup s(t, false);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const HeadShape& shape = s.c.shape;
  const auto width = static_cast<std::size_t>(shape.head_dim),
             group = static_cast<std::size_t>(shape.num_heads / shape.num_key_value_heads);
  Heads in = s.inputs(x.size());
  // Element i of q lies in head i / width; heads of a group share one element of k.
  const auto source = [&](std::size_t i) { return i / width / group * width + i % width; };
  for (std::size_t i = 0; i < in.q.size(); ++i) in.q[i] = in.k[source(i)];
  const Heads out = s.turn(ids, in);
  for (std::size_t i = 0; i < out.q.size(); ++i) {
    if (!same_bits(out.q[i], out.k[source(i)], s.format)) {
      throw Broken{
          fmt::format("query head {} is not rotated as its KV head {}: lane {}: {:.9g} "
                      "against {:.9g}",
                      i / width % static_cast<std::size_t>(shape.num_heads),
                      i / width % static_cast<std::size_t>(shape.num_heads) / group, i % width,
                      s.value(out.q[i]), s.value(out.k[source(i)]))};
    }
  }
}

bool adjoint_of(const Trial& t) { return integer(t.aux, "adjoint", 0, 1) == 1; }

int gap(const Trial& t, const std::string& key) {
  return static_cast<int>(integer(t.aux, key, 0, 1 << 20));
}

// In place, out of place: the same bits.
void check_in_place(const Trial& t) {
  const Setup s(t, false);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads in = s.inputs(x.size());
  Placement placement{gap(t, "head_gap"), gap(t, "token_gap"), false};
  const Heads apart = s.turn(ids, in, adjoint_of(t), placement);
  placement.in_place = true;
  expect_same_bits(s, s.turn(ids, in, adjoint_of(t), placement), apart,
                   "in place, against out of place");
}

// Gaps between heads and tokens change no bit, and are not written.
void check_strides(const Trial& t) {
  const Setup s(t, false);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads in = s.inputs(x.size());
  const Placement placement{gap(t, "head_gap"), gap(t, "token_gap"), false};
  expect_same_bits(s, s.turn(ids, in, adjoint_of(t), placement), s.turn(ids, in, adjoint_of(t)),
                   "with gaps, against dense");
}

// One lane becomes NaN, infinite or another number: outside its pair no bit changes; a NaN or an
// infinity makes both lanes of the pair non-finite.
void check_special(const Trial& t) {
  const Setup s(t);
  const auto x = tuples(t.aux, "x");
  const PositionTable ids = table_of(s.c, x);
  const Heads in = s.inputs(x.size());
  const Heads calm = s.turn(ids, in);
  std::vector<PairPlace> places;
  for_each_pair(s, x.size(), s.c.shape.num_heads, [&](const PairPlace& p) { places.push_back(p); });
  const auto wanted = static_cast<std::size_t>(integer(t.aux, "lane"));
  const PairPlace& hit = places[wanted / 2 % places.size()];
  const std::uint64_t infinity = infinity_bits(s.format),
                      nan = infinity | (std::uint64_t{1} << (s.format.precision - 2));
  const std::int64_t kind = integer(t.aux, "value");
  Heads poisoned = in;
  std::uint64_t& lane = poisoned.q[wanted % 2 == 0 ? hit.x : hit.y];
  lane = kind == 0 ? nan : kind == 1 ? infinity : lane ^ sign_bit(s.format);
  const Heads out = s.turn(ids, poisoned);
  for (std::size_t i = 0; i < out.q.size(); ++i) {
    if (i == hit.x || i == hit.y) {
      if (kind < 2 && std::isfinite(s.value(out.q[i])))
        throw Broken{fmt::format("pair {}: a finite result of a lane that is not", hit.pair)};
    } else if (out.q[i] != calm.q[i]) {
      throw Broken{fmt::format("element {} changed with a lane of pair {} of head {}", i, hit.pair,
                               hit.head)};
    }
  }
  if (out.k != calm.k) throw Broken{"k changed with a lane of q"};
}

constexpr Law kLaws[] = {
    {"pass_through", "lanes from rotary_dim on come back bit for bit", "a tuple, rare inputs",
     Reach::near, true, draw_special, check_pass_through},
    {"pairing", "neox and gptj are conjugate by the permutation of lanes", "a tuple, inputs",
     Reach::near, true, draw_row, check_pairing},
    {"gqa", "query head j turns as KV head floor(j / (Hq / Hk)), bit for bit", "a tuple, inputs",
     Reach::near, true, draw_row, check_gqa},
    {"in_place", "in place equals out of place, bit for bit", "a tuple, rare inputs, gaps",
     Reach::near, true, draw_placement, check_in_place},
    {"strides", "token and head strides change no bit, and gaps are not written",
     "a tuple, rare inputs, gaps", Reach::near, true, draw_placement, check_strides},
    {"special_values", "a NaN, an infinity or any other change of a lane stays in its pair",
     "a tuple, inputs, a lane", Reach::near, true, draw_poison, check_special},
};

}  // namespace

std::span<const Law> lane_laws() { return kLaws; }

}  // namespace plumbline::laws
