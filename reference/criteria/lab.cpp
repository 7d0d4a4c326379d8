// SPDX-License-Identifier: Apache-2.0
#include "reference/criteria/lab.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <tuple>

namespace plumbline {

Lab::Lab(const Subject& subject, Case point)
    : case_(std::move(point)), positions_(&subject.positions), reading_(case_) {
  const auto* cut = case_.parameters.find("integer_output");
  if (cut != nullptr && case_.parameters.word("integer_output") == "trunc") {
    uncut_ = case_;
    uncut_->parameters.set("integer_output", "none");
  }
}

std::string Lab::axis(std::size_t a) const {
  const char letter = design_of(*case_.scheme, case_.parameters).letters.at(a);
  return {static_cast<char>(std::tolower(letter))};
}

std::vector<std::int64_t> Lab::tokens_of_cells(const Grid& grid) const {
  std::vector<std::int64_t> out(static_cast<std::size_t>(grid.t * grid.h * grid.w));
  const auto cell = design_of(*case_.scheme, case_.parameters).layout.cell;
  for (std::int64_t i = 0; i < grid.t * grid.h * grid.w; ++i) {
    const Grid at = cell == nullptr ? Grid{} : cell(i, grid, Knobs(case_.parameters));
    const std::int64_t index = cell == nullptr ? i : (at.t * grid.h + at.h) * grid.w + at.w;
    out[static_cast<std::size_t>(index)] = i;
  }
  return out;
}

bool Lab::Before::operator()(const Prompt& a, const Prompt& b) const {
  if (a.text != b.text) return a.text < b.text;
  const auto grid = [](const Visual& v) { return std::tie(v.grid.t, v.grid.h, v.grid.w); };
  return std::lexicographical_compare(
      a.blocks.begin(), a.blocks.end(), b.blocks.begin(), b.blocks.end(),
      [&](const Visual& x, const Visual& y) { return grid(x) < grid(y); });
}

Value Lab::stride() const {
  for (const char* knob : {"temporal_stride", "temporal_stride_lst"}) {
    const auto* spec = case_.parameters.find(knob);
    if (spec != nullptr && spec->kind != Kind::ignored && case_.parameters.has(knob))
      return Value(case_.parameters.number(knob));
  }
  return 1;
}

std::optional<Placement> Lab::fresh(const Prompt& prompt, std::int64_t left, std::int64_t right,
                                    std::int64_t hole) {
  Case c = case_;
  c.sequence = prompt.sequence();
  c.pad_left = left;
  c.pad_right = right;
  if (hole >= 0) {
    c.attention_mask.assign(static_cast<std::size_t>(left), 0);
    for (std::int64_t i = 0; i < prompt.tokens(); ++i) {
      c.attention_mask.push_back(1);
      if (i == hole) c.attention_mask.push_back(0);
    }
    c.attention_mask.insert(c.attention_mask.end(), static_cast<std::size_t>(right), 0);
  }
  return place(c);
}

std::optional<Placement> Lab::place(const Case& c) const {
  PositionTable table;
  try {
    table = (*positions_)(c);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  const auto axes = static_cast<std::size_t>(table.axes);
  const std::int64_t length = c.padded_length(), last = length - c.pad_right;
  Placement out;
  out.axes = table.axes;
  out.values.reserve(table.rows() * axes);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto place = static_cast<std::int64_t>(row);
    const bool padding =
        c.attention_mask.empty() ? place < c.pad_left || place >= last : c.attention_mask[row] == 0;
    if (padding) continue;
    for (std::size_t a = 0; a < axes; ++a) out.values.emplace_back(table.at(a, row));
  }
  out.ends.cursor = Value(table.rope_delta_cursor) + Value(length);
  if (table.rope_delta) out.ends.official = Value(*table.rope_delta) + Value(length);
  return out;
}

const Placement* Lab::at(Placements& placements, Case& c, const Prompt& prompt) {
  if (share_ && !prompt.blocks.empty() && prompt.text.back() == 0) {
    Prompt longer = prompt;
    longer.text.back() = 1;
    return at(placements, c, longer);
  }
  const auto [entry, is_new] = placements.try_emplace(prompt);
  if (is_new) {
    c.sequence = prompt.sequence();
    if (auto placed = place(c)) entry->second = std::make_unique<Placement>(*std::move(placed));
  }
  return entry->second.get();
}

const Placement* Lab::at(const Prompt& prompt) { return at(placements_, case_, prompt); }

const Placement* Lab::uncut(const Prompt& prompt) {
  return uncut_ ? at(uncut_placements_, *uncut_, prompt) : at(prompt);
}

const Ends* Lab::ends(const Prompt& prompt) {
  if (!share_ || prompt.blocks.empty() || prompt.text.back() > 0) {
    const Placement* placed = at(prompt);
    return placed == nullptr ? nullptr : &placed->ends;
  }
  const auto [entry, is_new] = ends_.try_emplace(prompt);
  if (is_new) {
    case_.sequence = prompt.sequence();
    case_.windows = {{0, 0}};
    if (auto placed = place(case_)) entry->second = std::make_unique<Ends>(std::move(placed->ends));
    case_.windows.clear();
  }
  return entry->second.get();
}

}  // namespace plumbline
