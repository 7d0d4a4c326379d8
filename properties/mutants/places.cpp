// SPDX-License-Identifier: Apache-2.0
// M27 and M28: where a token stands.
#include "properties/laws/tuple.h"
#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

using Change = std::function<Rational(const Rational&, std::size_t axis, std::size_t row)>;

PositionTable changed(PositionTable ids, const Change& change) {
  const std::size_t rows = ids.rows();
  for (std::size_t i = 0; i < ids.position_ids.size(); ++i) {
    Coordinate& x = ids.position_ids[i];
    x = change(laws::nearest_rational(x), i / rows, i % rows);
  }
  return ids;
}

bool is_padding(const Case& c, std::int64_t row) {
  if (!c.attention_mask.empty()) return c.attention_mask[static_cast<std::size_t>(row)] == 0;
  return row < c.pad_left || row >= c.pad_left + tokens(c.sequence);
}

// Segment of a row and the row's place in it; segments() for a row of padding.
struct Place {
  std::size_t segment;
  std::int64_t inside;
};
Place place_of(const Case& c, std::int64_t row) {
  std::int64_t left = row - c.pad_left;
  if (!c.attention_mask.empty()) {
    left = 0;
    for (std::int64_t i = 0; i < row; ++i) left += c.attention_mask[static_cast<std::size_t>(i)];
  }
  if (is_padding(c, row)) return {c.sequence.size(), 0};
  for (std::size_t i = 0; i < c.sequence.size(); ++i) {
    const std::int64_t count = tokens(c.sequence[i]);
    if (left < count) return {i, left};
    left -= count;
  }
  return {c.sequence.size(), 0};
}

bool follows_media(const Case& c, std::size_t segment) {
  if (segment >= c.sequence.size() || !std::holds_alternative<Text>(c.sequence[segment]))
    return false;
  for (std::size_t i = 0; i < segment; ++i) {
    if (std::holds_alternative<Visual>(c.sequence[i])) return true;
  }
  return false;
}

// First axis of the token at the start of a segment, on the bare sequence.
Rational cursor_at(const Case& c, std::size_t segment) {
  Case prefix = c;
  prefix.sequence.resize(segment);
  prefix.sequence.push_back(Text{1, {}});
  prefix.attention_mask.clear();
  prefix.pad_left = prefix.pad_right = 0;
  prefix.windows = {{tokens(prefix.sequence) - 1, 1}};
  return laws::nearest_rational(positions(prefix).at(0, 0));
}

// Text behind media at its plain index.
PositionTable no_delta(const Case& c) {
  const PositionTable right = positions(c);
  return changed(right, [&](const Rational& x, std::size_t, std::size_t n) -> Rational {
    const std::int64_t row = right.token_index[n];
    return follows_media(c, place_of(c, row).segment) ? Rational(row - c.pad_left) : x;
  });
}
// Text behind media by the delta of the whole prompt, whatever came after it.
PositionTable newest_delta(const Case& c) {
  const PositionTable right = positions(c);
  const Rational delta = cursor_at(c, c.sequence.size()) - tokens(c.sequence);
  return changed(right, [&](const Rational& x, std::size_t, std::size_t n) -> Rational {
    const std::int64_t row = right.token_index[n];
    return follows_media(c, place_of(c, row).segment) ? Rational(row - c.pad_left + delta) : x;
  });
}
// A chunk reads the ids of as many tokens from the start of the prompt.
PositionTable first_ids(const Case& c) {
  const PositionTable right = positions(c);
  if (c.windows.empty() || c.windows.front().first <= c.pad_left) return right;
  Case start = c;
  start.windows = {{c.pad_left, static_cast<std::int64_t>(right.rows())}};
  if (start.windows[0].first + start.windows[0].count > c.padded_length()) return right;
  const PositionTable first = positions(start);
  return changed(right, [&](const Rational& x, std::size_t a, std::size_t n) -> Rational {
    return is_padding(c, right.token_index[n]) ? x : laws::nearest_rational(first.at(a, n));
  });
}
PositionTable chunk_from_zero(const Case& c) {
  const PositionTable right = positions(c);
  if (c.windows.empty() || c.windows.front().first <= c.pad_left) return right;
  const Case first_row = [&] {
    Case one = c;
    one.windows = {{c.windows.front().first, 1}};
    return one;
  }();
  const PositionTable start = positions(first_row);
  return changed(right, [&](const Rational& x, std::size_t a, std::size_t n) -> Rational {
    return is_padding(c, right.token_index[n])
               ? x
               : Rational(x - laws::nearest_rational(start.at(a, 0)));
  });
}
PositionTable offset_twice(const Case& c) {
  const PositionTable right = positions(c);
  if (c.windows.empty() || c.windows.front().first <= c.pad_left) return right;
  const std::int64_t offset = c.windows.front().first - c.pad_left;
  return changed(right, [&](const Rational& x, std::size_t, std::size_t n) -> Rational {
    return is_padding(c, right.token_index[n]) ? x : Rational(x + offset);
  });
}
// Every visual block advances by its tokens.
PositionTable advance_by_count(const Case& c) {
  const PositionTable right = positions(c);
  std::vector<Rational> late{0};
  for (std::size_t i = 0; i < c.sequence.size(); ++i) {
    Rational more = 0;
    if (std::holds_alternative<Visual>(c.sequence[i]))
      more = tokens(c.sequence[i]) - (cursor_at(c, i + 1) - cursor_at(c, i));
    late.push_back(late.back() + more);
  }
  late.back() = 0;
  return changed(right, [&](const Rational& x, std::size_t, std::size_t n) -> Rational {
    const std::size_t segment = place_of(c, right.token_index[n]).segment;
    return segment < c.sequence.size() ? Rational(x + late[segment]) : x;
  });
}
PositionTable grid_before_merging(const Case& c) {
  const PositionTable right = positions(c);
  return changed(right, [&](const Rational& x, std::size_t a, std::size_t n) -> Rational {
    const std::size_t i = place_of(c, right.token_index[n]).segment;
    if (a == 0 || i >= c.sequence.size() || std::holds_alternative<Text>(c.sequence[i])) return x;
    const Rational start = cursor_at(c, i);
    return start + 2 * (x - start);
  });
}
PositionTable columns_first(const Case& c) {
  const PositionTable right = positions(c);
  return changed(right, [&](const Rational& x, std::size_t a, std::size_t n) -> Rational {
    const Place p = place_of(c, right.token_index[n]);
    if (p.segment >= c.sequence.size()) return x;
    const auto* v = std::get_if<Visual>(&c.sequence[p.segment]);
    if (v == nullptr) return x;
    const std::int64_t frame = v->grid.h * v->grid.w, f = p.inside / frame, j = p.inside % frame;
    Case one = c;
    one.attention_mask.clear();
    one.pad_left = one.pad_right = 0;
    const std::int64_t other = f * frame + j % v->grid.h * v->grid.w + j / v->grid.h;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < p.segment; ++i) first += tokens(c.sequence[i]);
    one.windows = {{first + other, 1}};
    return laws::nearest_rational(positions(one).at(a, 0));
  });
}
PositionTable whole_seconds(const Case& c) {
  if (c.parameters.find("second_per_grid_t") == nullptr) return positions(c);
  Case other = c;
  std::vector<Rational> whole;
  for (const Rational& x : c.parameters.numbers("second_per_grid_t"))
    whole.emplace_back(numerator(x) / denominator(x));
  other.parameters.set("second_per_grid_t", whole);
  return positions(other);
}

constexpr Mutant kMutants[] = {
    {"M27a", "rope delta dropped", "text behind media stands at its plain index",
     "NVIDIA/TensorRT-LLM#15661", nullptr, no_delta},
    {"M27b", "later chunk from zero", "a chunk's first token stands at zero",
     "Blaizzy/mlx-vlm#1621", nullptr, chunk_from_zero},
    {"M27c", "offset counted twice", "a chunk's offset is added to its ids", "mlx-node/mlx-node#33",
     nullptr, offset_twice},
    {"M27d", "delta of the newest media", "text between media stands as if behind all of them",
     "Blaizzy/mlx-vlm#1143", nullptr, newest_delta},
    {"M27e", "the prompt's first ids", "a later chunk reads the ids of the prompt's first tokens",
     "vllm-project/vllm#10388", nullptr, first_ids},
    {"M28a", "advance by token count", "the cursor passes an image by its number of tokens",
     "kekzl/imp#1173", nullptr, advance_by_count},
    {"M28d", "grid before merging", "rows and columns count patches instead of merged cells",
     "vllm-project/vllm#23366", nullptr, grid_before_merging},
    {"M28e", "columns first", "cells of a block in another order", "lablup/mlxcel#1610", nullptr,
     columns_first},
    {"M28c", "seconds truncated", "the time between frames loses its fraction",
     "huggingface/transformers#48669", nullptr, whole_seconds},
};

}  // namespace

std::span<const Mutant> position_mutants() { return kMutants; }

}  // namespace plumbline::mutants
