// SPDX-License-Identifier: Apache-2.0
// Criteria that compare the coordinates of one sequence: text against blocks, tokens of one block.
#include <algorithm>
#include <numeric>

#include "reference/criteria/plane_judges.h"

namespace plumbline {
namespace {

std::string tuple_text(const Placement& at, std::int64_t token) {
  std::string out = "(";
  for (std::size_t a = 0; a < static_cast<std::size_t>(at.axes); ++a)
    out += (a == 0 ? "" : ", ") + at.at(token, a).text();
  return out + ")";
}

std::string cell_text(const Visual& block, std::int64_t cell) {
  const Grid& g = block.grid;
  return "(" + std::to_string(cell / (g.h * g.w)) + "," + std::to_string(cell / g.w % g.h) + "," +
         std::to_string(cell % g.w) + ")";
}

// Each visual token of block i against each token of text j.
template <class Compare>
Outcome against_text(Lab& lab, const Prompt& p, bool later, bool earlier, const Compare& compare) {
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  Outcome out;
  for (std::size_t i = 0; i < p.blocks.size(); ++i) {
    const std::int64_t first = p.block_start(i), last = p.text_start(i + 1);
    for (std::size_t j = 0; j < p.text.size(); ++j) {
      if (j > i ? !later : !earlier) continue;
      for (std::int64_t x = p.text_start(j); x < p.text_start(j) + p.text[j]; ++x) {
        for (std::int64_t v = first; v < last; ++v) {
          Outcome one = compare(*at, p.blocks[i], v, v - first, x);
          if (one.answer == Answer::fail) return one;
          if (out.answer != Answer::unknown) out = std::move(one);
        }
      }
    }
  }
  return out;
}

// Visual coordinate `wanted` than the text's on every axis.
Outcome every_axis(Lab& lab, const Prompt& p, bool later, Order wanted) {
  return against_text(
      lab, p, later, !later,
      [&](const Placement& at, const Visual&, std::int64_t v, std::int64_t, std::int64_t x) {
        Outcome out = pass();
        for (std::size_t a = 0; a < static_cast<std::size_t>(at.axes); ++a) {
          const Order o = order(at.at(v, a), at.at(x, a));
          if (o == Order::unknown) {
            out = unknown();
          } else if (o != wanted) {
            const std::string axis = lab.axis(a);
            return fail("visual " + axis + " = " + at.at(v, a).text() +
                        (later ? ", later text " : ", earlier text ") + axis + " = " +
                        at.at(x, a).text());
          }
        }
        return out;
      });
}

// Equal on all `axes`: pass stands for "different".
Outcome different(const Placement& at, const std::vector<std::size_t>& axes, std::int64_t v,
                  std::int64_t x) {
  for (const std::size_t a : axes) {
    if (surely_apart(at.at(v, a), at.at(x, a))) return pass();
  }
  Outcome out = fail({});
  for (const std::size_t a : axes) {
    const Order o = order(at.at(v, a), at.at(x, a));
    if (o == Order::less || o == Order::greater) return pass();
    if (o == Order::unknown) out = unknown();
  }
  return out;
}

std::vector<std::size_t> all_axes(const Placement& at) {
  std::vector<std::size_t> axes(static_cast<std::size_t>(at.axes));
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  return axes;
}

// Two cells of a block that starts at token `first` are one, or are turned as one.
std::string meeting(const Placement& at, const Visual& block, std::int64_t cell, std::int64_t other,
                    std::int64_t first) {
  const std::string one = cell_text(block, cell), two = cell_text(block, other),
                    here = tuple_text(at, first + cell), there = tuple_text(at, first + other);
  return here == there ? "tokens " + one + " and " + two + " both at " + here
                       : "tokens " + one + " at " + here + " and " + two + " at " + there +
                             " turn every pair alike";
}

// Tokens of each block pairwise different on some of `axes` of `by`, which stands for `at`.
Outcome injective(const Placement& at, const Placement& by, const Prompt& p,
                  const std::vector<std::size_t>& axes) {
  Outcome result = pass();
  for (std::size_t i = 0; i < p.blocks.size(); ++i) {
    const std::int64_t first = p.block_start(i), last = p.text_start(i + 1);
    std::vector<std::int64_t> tokens(static_cast<std::size_t>(last - first));
    std::iota(tokens.begin(), tokens.end(), first);
    bool exact = true;
    for (const std::int64_t v : tokens) {
      for (const std::size_t a : axes) exact = exact && by.at(v, a).is_rational();
    }
    const auto meet = [&](std::int64_t v, std::int64_t x) {
      Outcome one = different(by, axes, v, x);
      if (one.answer == Answer::fail)
        one.why = meeting(at, p.blocks[i], std::min(v, x) - first, std::max(v, x) - first, first);
      return one;
    };
    if (exact) {
      // Sorted, so that equal tuples are neighbours.
      std::sort(tokens.begin(), tokens.end(), [&](std::int64_t v, std::int64_t x) {
        for (const std::size_t a : axes) {
          const Order o = order(by.at(v, a), by.at(x, a));
          if (o != Order::equal) return o == Order::less;
        }
        return v < x;
      });
    }
    for (std::size_t k = 0; k + 1 < tokens.size(); ++k) {
      for (std::size_t l = k + 1; l < (exact ? k + 2 : tokens.size()); ++l) {
        Outcome one = meet(tokens[k], tokens[l]);
        if (one.answer == Answer::fail) return one;
        if (one.answer == Answer::unknown) result = std::move(one);
      }
    }
  }
  return result;
}

// Rotations of one block pairwise different, where planes need not be orthogonal: equal products
// are equal rotations, others are so only where an enclosure tells them apart.
Outcome planes_injective(const PlaneReading& planes, const Placement& at, const Prompt& p) {
  const Placement turns = planes_turns(planes, at);
  Outcome out = injective(at, turns, p, all_axes(turns));
  if (planes.exact() || out.answer != Answer::pass) return out;
  const std::int64_t first = p.block_start(0), last = p.text_start(1);
  for (std::int64_t v = first; v < last; ++v) {
    for (std::int64_t x = v + 1; x < last; ++x) {
      if (!planes_apart(planes, at, v, x)) return unknown();
    }
  }
  return out;
}

}  // namespace

Outcome judge_fut(Lab& lab, const Prompt& p) { return every_axis(lab, p, true, Order::less); }
Outcome judge_past(Lab& lab, const Prompt& p) { return every_axis(lab, p, false, Order::greater); }

Outcome judge_tup(Lab& lab, const Prompt& p) {
  return against_text(lab, p, true, true,
                      [](const Placement& at, const Visual& block, std::int64_t v,
                         std::int64_t cell, std::int64_t x) {
                        Outcome out = different(at, all_axes(at), v, x);
                        if (out.answer == Answer::fail) {
                          out.why = "token " + cell_text(block, cell) +
                                    " and a text token both at " + tuple_text(at, v);
                        }
                        return out;
                      });
}

Outcome judge_inj(Lab& lab, const Prompt& p) {
  if (p.blocks.size() != 1 || p.text.back() != 0) return {};
  const Placement* at = lab.at(p);
  return at == nullptr ? Outcome{} : injective(*at, *at, p, all_axes(*at));
}

// Two tuples turn every pair alike exactly where they agree on every axis that drives a pair: a
// pair of speed w tells p from p' unless (p - p') w is a multiple of 2 pi, which it is for no
// rational p and algebraic w; nor for w in turns, but for the few that are rational.
Outcome judge_rinj(Lab& lab, const Prompt& p) {
  if (p.blocks.size() != 1 || p.text.back() != 0) return {};
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  if (lab.reading().planes.empty()) return injective(*at, *at, p, lab.reading().driving);
  Outcome out;  // some head tells any two tokens apart, or none is known to
  for (const PlaneReading& planes : lab.reading().planes) {
    out = planes_injective(planes, *at, p);
    if (out.answer == Answer::pass) break;
  }
  return out;
}

Outcome judge_pos(Lab& lab, const Prompt& p) {
  if (p.text.back() != 0 && !p.blocks.empty()) return {};
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  Outcome out = pass();
  for (std::int64_t token = 0; token < p.tokens(); ++token) {
    for (std::size_t a = 0; a < static_cast<std::size_t>(at->axes); ++a) {
      const Order o = order(at->at(token, a), 0);
      if (o == Order::less)
        return fail("token " + std::to_string(token) + " has " + lab.axis(a) + " = " +
                    at->at(token, a).text());
      if (o == Order::unknown) out = unknown();
    }
  }
  return out;
}

Outcome judge_sym(Lab& lab, const Prompt& p) {
  const Placement* at = lab.at(p);
  if (at == nullptr) return {};
  Outcome out;
  for (std::size_t i = 0; i < p.blocks.size(); ++i) {
    if (p.text[i] == 0 || p.text[i + 1] == 0) continue;
    if (out.answer == Answer::skip) out = pass();
    const std::int64_t first = p.block_start(i), after = p.text_start(i + 1);
    std::string before_text, after_text;
    bool differs = false;
    for (std::size_t a = 0; a < static_cast<std::size_t>(at->axes); ++a) {
      const Value before = at->at(first, a) - at->at(first - 1, a),
                  behind = at->at(after, a) - at->at(after - 1, a);
      const Order o = order(before, behind);
      if (o == Order::unknown) out = unknown();
      differs = differs || o == Order::less || o == Order::greater;
      before_text += (a == 0 ? "" : ", ") + before.text();
      after_text += (a == 0 ? "" : ", ") + behind.text();
    }
    if (differs) return fail("(" + before_text + ") before, (" + after_text + ") after");
  }
  return out;
}

}  // namespace plumbline
