// SPDX-License-Identifier: Apache-2.0
// The vocabulary of conditional verdicts: predicates on knobs, grids and the text around them.
#include <algorithm>
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

// What the time axis moves by from one frame to the next, before a floor.
Rational time_step(const Lab& lab) {
  for (const char* rate : {"tokens_per_second", "position_id_per_seconds"}) {
    if (declares(lab, rate)) return number(lab, "second_per_grid_t", 1) * number(lab, rate, 1);
  }
  return lab.stride().rational() * number(lab, "position_scale", 1, 0);
}
Rational whole_seconds_step(const Lab& lab) {
  return Rational(floor(number(lab, "second_per_grid_t", 1))) * number(lab, "tokens_per_second", 1);
}

// From the first frame to the last.
Rational time_extent(const Lab& lab, const Visual& block) {
  const Rational frames(block.grid.t - 1);
  if (!declares(lab, "tokens_per_second") && !declares(lab, "seconds_per_chunk"))
    return time_step(lab) * frames;
  const bool whole =
      declares(lab, "position_rule") && lab.point().parameters.word("position_rule") == "hf-2026";
  return whole ? Rational(whole_seconds_step(lab) * frames)
               : Rational(floor(Rational(time_step(lab) * frames)));
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
    {"seconds_step_at_least_one", "a frame takes at least one position",
     [](Lab& lab, const Prompt&) { return time_step(lab) >= 1; }},
    {"seconds_step_at_most_one", "a frame takes at most one position",
     [](Lab& lab, const Prompt&) { return time_step(lab) <= 1; }},
    {"seconds_step_is_integer", "a frame takes a whole number of positions",
     [](Lab& lab, const Prompt&) { return time_step(lab) >= 1 && is_integer(time_step(lab)); }},
    {"whole_seconds_step_at_least_one", "floor(second_per_grid_t) * tokens_per_second >= 1",
     [](Lab& lab, const Prompt&) { return whole_seconds_step(lab) >= 1; }},
    {"time_within_sides", "step (T - 1) < max(H, W)",
     [](Lab& lab, const Prompt& p) {
       return every_block(p, [&](const Visual& b) { return time_extent(lab, b) + 1 <= extent(b); });
     }},
    {"square", "H = W",
     [](Lab&, const Prompt& p) {
       return every_block(p, [](const Visual& b) { return b.grid.h == b.grid.w; });
     }},
    {"one_frame", "T = 1",
     [](Lab&, const Prompt& p) {
       return every_block(p, [](const Visual& b) { return b.grid.t == 1; });
     }},
    {"one_block", "there is one visual block",
     [](Lab&, const Prompt& p) { return p.blocks.size() == 1; }},
    {"equal_extents",
     "the block's last token is as far along every axis: step (T - 1) = H - 1 = W - 1",
     [](Lab& lab, const Prompt& p) {
       return every_block(p, [&](const Visual& b) {
         const Rational time = time_extent(lab, b);
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
    {"extent_at_least_advance", "the block's longer side is at least what it advances",
     [](Lab& lab, const Prompt& p) {
       const Ends* before = lab.ends({{p.text.front()}, {}});
       Prompt single{{p.text.front(), 0}, {p.blocks.begin(), p.blocks.begin() + 1}};
       const Ends* after = lab.ends(single);
       if (before == nullptr || after == nullptr) return false;
       const Order o = order(after->cursor - before->cursor, extent(p.blocks.front()));
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
    {"one_position_per_token", "a visual token is one position after the one before",
     [](Lab& lab, const Prompt& p) {
       return every_block(p, [&](const Visual& b) {
         const Rational count(tokens(Segment(b)));
         return number(lab, "visual_stride", number(lab, "rope_pos_id_stride", 0)) ==
                number(lab, "num_image_token", count);
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
       const char* knob = declares(lab, "ratio") ? "ratio" : "mrope_section";
       return 3 * number(lab, knob, 0, 1) - 2 >= least && 3 * number(lab, knob, 0, 2) - 1 >= least;
     }},
    {"m_reaches_the_last_eighth", "3 m - 2 is at least 7/8 of the pairs",
     [](Lab& lab, const Prompt&) {
       const std::int64_t pairs = lab.point().shape.pairs();
       return 3 * number(lab, "m", Rational(pairs / 4)) - 2 >= Rational(7 * pairs, 8);
     }},
    {"every_axis_has_a_share", "no entry of ratio is 0",
     [](Lab& lab, const Prompt&) {
       for (std::size_t i = 0; i < 3; ++i) {
         if (number(lab, "ratio", 1, i) == 0) return false;
       }
       return true;
     }},
    {"orthogonal_planes",
     "planes of a bank are orthogonal, planes of two banks the same or orthogonal",
     [](Lab& lab, const Prompt&) {
       for (const PlaneReading& planes : lab.reading().planes) {
         if (!planes.orthogonal()) return false;
       }
       return true;
     }},
    {"initial_planes", "as many planes as pairs, at their initial values, and log_freq_scale = 1",
     [](Lab& lab, const Prompt&) {
       for (const ParameterSpec& spec : lab.point().parameters.specs()) {
         if (spec.kind == Kind::numbers && declares(lab, spec.name)) return false;
       }
       return number(lab, "num_planes", lab.point().shape.pairs()) == lab.point().shape.pairs() &&
              (!declares(lab, "planes_per_block") ||
               2 * number(lab, "planes_per_block", 0) == number(lab, "block_size", 0)) &&
              number(lab, "log_freq_scale", 1) == 1;
     }},
    {"base_frequencies", "log_freq_scale = 1",
     [](Lab& lab, const Prompt&) { return number(lab, "log_freq_scale", 1) == 1; }},
    {"index_angles_only", "alpha = 0",
     [](Lab& lab, const Prompt&) { return number(lab, "alpha", 1) == 0; }},
    {"pairs_multiple_of_sixteen", "rotary_dim / 2 is a multiple of 16",
     [](Lab& lab, const Prompt&) { return lab.point().shape.pairs() % 16 == 0; }},
};

}  // namespace

std::vector<const Condition*> find_conditions(std::string_view names) {
  std::vector<const Condition*> out;
  for (bool more = true; more;) {
    const auto end = names.find('&');
    const auto name = names.substr(0, end);
    const auto found = std::find_if(std::begin(kConditions), std::end(kConditions),
                                    [&](const Condition& c) { return c.name == name; });
    if (found == std::end(kConditions)) {
      std::string known;
      for (const Condition& c : kConditions)
        known += (known.empty() ? "" : ", ") + std::string(c.name);
      throw std::invalid_argument("condition '" + std::string(name) + "': must be one of " + known);
    }
    out.push_back(found);
    more = end != std::string_view::npos;
    if (more) names.remove_prefix(end + 1);
  }
  return out;
}

std::vector<ConditionInfo> conditions() {
  std::vector<ConditionInfo> out;
  for (const Condition& c : kConditions) out.push_back({c.name, c.text});
  return out;
}

}  // namespace plumbline
