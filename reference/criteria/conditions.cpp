// SPDX-License-Identifier: Apache-2.0
// The vocabulary of conditional verdicts: predicates on knobs, grids and the text around them.
#include <stdexcept>

#include "reference/criteria/lab.h"

namespace plumbline {
namespace {

bool declares(const Lab& lab, std::string_view knob) {
  const auto* spec = lab.point().parameters.find(knob);
  return spec != nullptr && spec->kind != Kind::ignored && lab.point().parameters.has(knob);
}

Rational number(const Lab& lab, std::string_view knob, const Rational& otherwise,
                std::size_t entry = 0) {
  if (!declares(lab, knob)) return otherwise;
  return lab.point().parameters.numbers(knob).at(entry);
}

bool truncated(const Lab& lab) {
  return declares(lab, "integer_output") &&
         lab.point().parameters.word("integer_output") == "trunc";
}

Rational time_step(const Lab& lab) {
  if (declares(lab, "tokens_per_second"))
    return number(lab, "second_per_grid_t", 1) * number(lab, "tokens_per_second", 1);
  return lab.stride().rational() * number(lab, "position_scale", 1, 0);
}

bool is_integer(const Rational& x) { return denominator(x) == 1; }

std::int64_t extent(const Visual& block) { return std::max(block.grid.h, block.grid.w); }

template <class Predicate>
bool every_block(const Prompt& p, const Predicate& predicate) {
  for (const Visual& block : p.blocks) {
    if (!predicate(block)) return false;
  }
  return true;
}

constexpr Condition kConditions[] = {
    {"steps_at_least_one", "temporal_stride >= 1, or no integer truncation",
     [](Lab& lab, const Prompt&) { return !truncated(lab) || lab.stride().rational() >= 1; }},
    {"stride_at_least_one", "temporal_stride >= 1",
     [](Lab& lab, const Prompt&) { return lab.stride().rational() >= 1; }},
    {"integer_steps", "temporal_stride is an integer, or there is no integer truncation",
     [](Lab& lab, const Prompt&) {
       return !truncated(lab) || is_integer(lab.stride().rational());
     }},
    {"seconds_step_at_least_one", "second_per_grid_t * tokens_per_second >= 1",
     [](Lab& lab, const Prompt&) { return time_step(lab) >= 1; }},
    {"seconds_step_at_most_one", "second_per_grid_t * tokens_per_second <= 1",
     [](Lab& lab, const Prompt&) { return time_step(lab) <= 1; }},
    {"seconds_step_is_integer", "second_per_grid_t * tokens_per_second is a positive integer",
     [](Lab& lab, const Prompt&) { return time_step(lab) >= 1 && is_integer(time_step(lab)); }},
    {"equal_extents",
     "the block's last token is as far along every axis: step (T - 1) = H - 1 = W - 1",
     [](Lab& lab, const Prompt& p) {
       return every_block(p, [&](const Visual& b) {
         Rational time = time_step(lab) * (b.grid.t - 1);
         if (declares(lab, "tokens_per_second")) time = Rational(floor(time));
         const Rational rows = number(lab, "position_scale", 1, 1) * (b.grid.h - 1),
                        columns = number(lab, "position_scale", 1, 2) * (b.grid.w - 1);
         return time == rows && rows == columns;
       });
     }},
    {"odd_extents", "H and W are odd",
     [](Lab&, const Prompt& p) {
       return every_block(p,
                          [](const Visual& b) { return b.grid.h % 2 == 1 && b.grid.w % 2 == 1; });
     }},
    {"text_before_first_block", "text stands before the first block",
     [](Lab&, const Prompt& p) { return p.blocks.empty() || p.text.front() >= 1; }},
    {"text_covers_half_extent",
     "at least floor((max(H, W) - 1) / 2) text tokens stand before the first block",
     [](Lab&, const Prompt& p) {
       return every_block(p,
                          [&](const Visual& b) { return p.text.front() >= (extent(b) - 1) / 2; });
     }},
    {"extent_at_least_advance", "the block's longest extent is at least what it advances",
     [](Lab& lab, const Prompt& p) {
       const Ends* before = lab.ends({{p.text.front()}, {}});
       Prompt single{{p.text.front(), 0}, {p.blocks.begin(), p.blocks.begin() + 1}};
       const Ends* after = lab.ends(single);
       if (before == nullptr || after == nullptr) return false;
       const Order o = order(after->cursor - before->cursor,
                             std::max(extent(p.blocks.front()), p.blocks.front().grid.t));
       return o == Order::less || o == Order::equal;
     }},
    {"stride_at_most_one", "temporal_stride <= 1",
     [](Lab& lab, const Prompt&) { return lab.stride().rational() <= 1; }},
    {"scales_at_most_one", "no entry of position_scale is above 1",
     [](Lab& lab, const Prompt&) {
       for (std::size_t i = 0; i < 3; ++i) {
         if (number(lab, "position_scale", 1, i) > 1) return false;
       }
       return true;
     }},
    {"extents_below_twice_stride", "max(H, W) < 2 temporal_stride + 2",
     [](Lab& lab, const Prompt& p) {
       return every_block(
           p, [&](const Visual& b) { return extent(b) < 2 * lab.stride().rational() + 2; });
     }},
    {"one_position_per_token", "visual_stride equals the block's number of tokens",
     [](Lab& lab, const Prompt& p) {
       return every_block(p, [&](const Visual& b) {
         return number(lab, "visual_stride", 0) == Rational(tokens(Segment(b)));
       });
     }},
    {"advance_one", "advance = one",
     [](Lab& lab, const Prompt&) {
       return declares(lab, "advance") && lab.point().parameters.word("advance") == "one";
     }},
    {"all_heads_assigned", "mrope_section sums to num_key_value_heads",
     [](Lab& lab, const Prompt&) {
       Rational sum = 0;
       for (std::size_t i = 0; i < 3; ++i) sum += number(lab, "mrope_section", 0, i);
       return sum == lab.point().shape.num_key_value_heads;
     }},
    {"sections_reach_the_last_eighth", "3 s_h - 2 and 3 s_w - 1 are at least 7/8 of the pairs",
     [](Lab& lab, const Prompt&) {
       const Rational least = Rational(7 * lab.point().shape.pairs(), 8);
       return 3 * number(lab, "mrope_section", 0, 1) - 2 >= least &&
              3 * number(lab, "mrope_section", 0, 2) - 1 >= least;
     }},
    {"index_angles_only", "alpha = 0",
     [](Lab& lab, const Prompt&) { return number(lab, "alpha", 1) == 0; }},
    {"pairs_multiple_of_sixteen", "rotary_dim / 2 is a multiple of 16",
     [](Lab& lab, const Prompt&) { return lab.point().shape.pairs() % 16 == 0; }},
};

}  // namespace

const Condition& find_condition(std::string_view name) {
  std::string known;
  for (const Condition& c : kConditions) {
    if (c.name == name) return c;
    known += (known.empty() ? "" : ", ") + std::string(c.name);
  }
  throw std::invalid_argument("condition '" + std::string(name) + "': must be one of " + known);
}

std::vector<ConditionInfo> conditions() {
  std::vector<ConditionInfo> out;
  for (const Condition& c : kConditions) out.push_back({c.name, c.text});
  return out;
}

}  // namespace plumbline
