// SPDX-License-Identifier: Apache-2.0
// One scheme against another: identities that follow from their definitions, by name.
#include <fmt/format.h>

#include <algorithm>

#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"

namespace plumbline::laws {
namespace {

// Two rows of the registry and the parameters under which they agree. $ stands for a drawn number,
// # for its numerator. What is compared: p tuples, d deltas, m maps of the default shape, t tuples
// of text.
struct Identity {
  std::string_view a, a_params, b, b_params, what;
};

constexpr Identity kIdentities[] = {
    {"ilrope", R"({"temporal_stride": $})", "mrope-interleave",
     R"({"temporal_stride": $, "spatial_reset": true, "integer_output": "none"})", "pdm"},
    {"omnirope", R"({"temporal_stride": $})", "ilrope", R"({"temporal_stride": $})", "pd"},
    {"omnirope", R"({"temporal_stride": $})", "mrope-i",
     R"({"temporal_stride": $, "integer_output": "none"})", "pd"},
    {"grape", R"({"temporal_stride": 1, "frequency_allocation": "chunked"})", "mrope",
     R"({"temporal_stride": 1})", "pdm"},
    {"grape", R"({"temporal_stride": $})", "mrope", R"({"temporal_stride": $})", "pdm"},
    {"mrope", R"({"temporal_stride": $})", "mrope-qwen2vl", R"({"temporal_stride": $})", "pdm"},
    {"mmrope", R"({"temporal_stride": $})", "mrope",
     R"({"temporal_stride": $, "integer_output": "none"})", "pd"},
    {"mmrope", R"({"temporal_stride": $})", "mmrope",
     R"({"temporal_stride": 1, "position_scale": [$, 1, 1]})", "pdm"},
    {"mhrope", R"({"temporal_stride": $, "spatial_reset": true})", "mrope-interleave",
     R"({"temporal_stride": $, "spatial_reset": true})", "pd"},
    {"mrope-i", R"({"temporal_stride": $})", "mrope-interleave",
     R"({"temporal_stride": $, "spatial_reset": true})", "pdm"},
    {"mrope-qwen3vl", R"({"temporal_stride": $})", "mrope-interleave",
     R"({"temporal_stride": $, "spatial_reset": false})", "pdm"},
    {"mrope-interleave", R"({"temporal_stride": $, "spatial_reset": true})", "mrope-interleave",
     R"({"temporal_stride": $, "spatial_reset": false})", "t"},
    {"mrope-abs-time", R"({"second_per_grid_t": $, "tokens_per_second": 1})", "mrope-abs-time",
     R"({"second_per_grid_t": 1, "tokens_per_second": $})", "pdm"},
    {"mrope-abs-time", R"({"second_per_grid_t": #, "tokens_per_second": 1})", "mrope",
     R"({"temporal_stride": #})", "pdm"},
    {"videorope", R"({"temporal_stride": $})", "hope", R"({"temporal_stride_lst": $})", "pd"},
    {"videorope", R"({"temporal_stride": $})", "videorope-original", R"({"temporal_stride": $})",
     "pd"},
    {"hope", R"({"temporal_stride_lst": $})", "hope-original", R"({"temporal_stride_lst": $})",
     "pd"},
    {"abl-1d", "{}", "vanilla", "{}", "pd"},
    {"abl-3d", "{}", "mrope", R"({"temporal_stride": 1})", "pd"},
    {"abl-3d", "{}", "mrope-interleave", R"({"temporal_stride": 1})", "m"},
    {"abl-3d-reset", R"({"temporal_stride": $})", "ilrope", R"({"temporal_stride": $})", "pdm"},
    {"abl-diagonal", R"({"temporal_stride": $})", "videorope", R"({"temporal_stride": $})", "pd"},
    {"abl-f-interleave", "{}", "mrope-i", "{}", "pm"},
    {"abl-f-multihead", "{}", "mhrope", "{}", "m"},
    {"abl-f-videorope", "{}", "videorope", "{}", "m"},
    {"abl-f-videorope-original", "{}", "videorope-original", "{}", "m"},
    {"abl-f-il", "{}", "mrope-interleave", R"({"mrope_section": [32, 16, 16]})", "m"},
    {"ilrope-paper", "{}", "abl-f-il", "{}", "m"},
    {"ilrope-paper", "{}", "abl-text-reset", R"({"temporal_stride": 1})", "p"},
    {"omnirope-paper", "{}", "ilrope-paper", "{}", "p"},
};

bool named(const Scheme& scheme) {
  return std::any_of(std::begin(kIdentities), std::end(kIdentities), [&](const Identity& i) {
    return i.a == scheme.name && std::any_of(schemes().begin(), schemes().end(),
                                             [&](const Scheme& s) { return s.name == i.b; });
  });
}

Json draw_stride(Random& random, const Case&) {
  static const std::vector<std::string> kStrides{"1", "2", "3", "1/2", "3/2", "5/4"};
  return Json{{"row", random.between(0, 1000)},
              {"stride", number_json(parse_rational(random.pick(kStrides)))}};
}

Case case_of(std::string_view scheme, std::string_view params, const Trial& t) {
  const Rational stride = number(t.aux, "stride", Rational(1));
  std::string text;
  for (const char letter : params) {
    if (letter == '$')
      text += "\"" + to_text(stride) + "\"";
    else if (letter == '#')
      text += to_text(Rational(numerator(stride)));
    else
      text += letter;
  }
  Json object{{"scheme", std::string(scheme)}, {"params", parse_json(text)}};
  Case out = case_from_json(object);
  out.sequence = t.c.sequence;
  return out;
}

void expect_same_positions(const Case& a, const Case& b, const Trial& t, bool text_only) {
  const PositionTable x = t.subject.positions(a), y = t.subject.positions(b);
  const auto axes = static_cast<std::size_t>(std::min(x.axes, y.axes));
  std::size_t row = 0;
  for (const Segment& segment : a.sequence) {
    const bool skip = text_only && !std::holds_alternative<Text>(segment);
    for (std::int64_t i = 0; i < tokens(segment); ++i, ++row) {
      for (std::size_t axis = 0; axis < axes && !skip; ++axis) {
        if (same(x.at(axis, row), y.at(axis, row))) continue;
        throw Broken{fmt::format("token {}, axis {}: {} of {} against {} of {}", row, axis,
                                 shown(x.at(axis, row)), a.scheme->name, shown(y.at(axis, row)),
                                 b.scheme->name)};
      }
    }
  }
}

void expect_same_deltas(const Case& a, const Case& b, const Trial& t) {
  const PositionTable x = t.subject.positions(with_rows(a, {})),
                      y = t.subject.positions(with_rows(b, {}));
  if (!same(x.rope_delta_cursor, y.rope_delta_cursor)) throw Broken{"the cursors differ"};
  if (x.rope_delta && y.rope_delta && !same(*x.rope_delta, *y.rope_delta))
    throw Broken{fmt::format("rope_delta of {} and {} differ", a.scheme->name, b.scheme->name)};
}

void check_identity(const Trial& t) {
  std::vector<const Identity*> rows;
  for (const Identity& i : kIdentities) {
    const bool known = std::any_of(schemes().begin(), schemes().end(),
                                   [&](const Scheme& s) { return s.name == i.b; });
    if (i.a == t.c.scheme->name && known) rows.push_back(&i);
  }
  if (rows.empty()) throw Silent{"no identity begins with this scheme"};
  const Identity& identity = *rows[static_cast<std::size_t>(integer(t.aux, "row")) % rows.size()];
  const Case a = case_of(identity.a, identity.a_params, t),
             b = case_of(identity.b, identity.b_params, t);
  for (const char kind : identity.what) {
    if (kind == 'p' || kind == 't') expect_same_positions(a, b, t, kind == 't');
    if (kind == 'd') expect_same_deltas(a, b, t);
    if (kind != 'm') continue;
    const FrequencyAllocation x = allocation(a), y = allocation(b);
    if (x.maps != y.maps || x.of != y.of)
      throw Broken{fmt::format("the maps {} of {} and {} of {} differ", x.axis_map(0), identity.a,
                               y.axis_map(0), identity.b)};
  }
}

constexpr Law kLaws[] = {
    {"identities", "schemes that are equal by definition have equal positions, deltas and maps",
     "a row of the table, a stride", Reach::near, false, draw_stride, check_identity, named},
};

}  // namespace

std::span<const Law> identity_laws() { return kLaws; }

}  // namespace plumbline::laws
