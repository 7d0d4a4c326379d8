// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/scheme.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace plumbline::oracle {
namespace {

// One word of `composition`; nothing if it is absent or not in the table.
template <class Value>
const Value* word(const Json& composition, const char* key,
                  const std::map<std::string, Value>& table) {
  const auto found = table.find(composition.value(key, std::string()));
  return found == table.end() ? nullptr : &found->second;
}

// A scheme outside the table may read parameters or words that bend the named parts, so any other
// key stops it.
std::optional<std::string> unknown_key(const Case& c) {
  const std::initializer_list<std::string_view> params = {
      "temporal_stride", "mrope_section", "spatial_reset", "integer_output", "num_key_value_heads"};
  const std::initializer_list<std::string_view> parts = {"axes", "layout",     "advance",
                                                         "text", "allocation", "delta"};
  const auto outside = [](const Json& object, std::initializer_list<std::string_view> keys) {
    for (const auto& [key, value] : object.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) return std::optional(key);
    }
    return std::optional<std::string>();
  };
  if (auto key = outside(c.params, params)) return "params." + *key;
  if (auto key = outside(c.composition, parts)) return "composition." + *key;
  return std::nullopt;
}

void finish(const Case& c, const Row& row, Design& design) {
  design.axes = row.axes;
  design.text = row.text;
  design.delta = row.delta;
  design.steps = {number(c.params, "temporal_stride", row.stride)};
  if (design.steps[0].sign() <= 0) {
    throw std::invalid_argument("temporal_stride: must be above zero");
  }
  const std::string output =
      c.params.value("integer_output", std::string(row.truncate ? "trunc" : "none"));
  if (output != "trunc" && output != "none") {
    throw std::invalid_argument("integer_output: must be trunc or none");
  }
  design.truncate = output == "trunc";
  if (row.read != nullptr) row.read(c, design);
}

Scheme by_name(const Case& c, const Row& row) {
  Scheme scheme;
  scheme.design.emplace().layout = row.layout;
  finish(c, row, *scheme.design);
  scheme.irrational = scheme.design->circles != nullptr;
  scheme.planes = row.planes;
  if (c.params.value("mode", std::string("canonical")) != "canonical") {
    scheme.planes = [](const Case& given) {
      return std::vector<std::vector<Bank>>(1, learned_banks(given));
    };
  }
  if (row.allocate != nullptr) {
    scheme.allocate = [&row](const Case& given) { return row.allocate(given, row.section); };
  }
  return scheme;
}

Scheme by_composition(const Case& c) {
  Scheme scheme;
  if (const auto key = unknown_key(c)) {
    scheme.why_no_design = scheme.why_no_allocation =
        fmt::format("scheme {} reads {}, which is not known here", c.scheme, *key);
    return scheme;
  }
  const auto* layout = word<Layout>(c.composition, "layout",
                                    {{"flat", kFlat}, {"grid", kGrid}, {"spatial_reset", kReset}});
  const bool plain = c.composition.value("text", std::string()) == "every_axis" &&
                     c.composition.value("delta", std::string()) == "every_axis";
  const std::int64_t axes = integer(c.composition, "axes", 3);
  const std::string advance = c.composition.value("advance", std::string());
  const bool flat = layout != nullptr && layout->place == kFlat.place;
  if (layout != nullptr && plain && advance == (flat ? "past_count" : "past_extent") && axes >= 1 &&
      (flat ? axes <= 4 : axes == 3)) {
    scheme.design.emplace().layout = *layout;
    finish(c, {.layout = *layout, .allocate = nullptr, .axes = static_cast<std::size_t>(axes)},
           *scheme.design);
  } else {
    scheme.why_no_design = fmt::format("the position design of {} is not known here", c.scheme);
  }
  const auto* allocate = word<Allocate>(c.composition, "allocation",
                                        {{"first_axis", first_axis},
                                         {"chunked", chunked},
                                         {"interleaved", interleaved},
                                         {"per_head", per_head}});
  if (allocate != nullptr) {
    scheme.allocate = [map = *allocate](const Case& given) { return map(given, {}); };
  }
  scheme.why_no_allocation = fmt::format("the allocation of {} is not known here", c.scheme);
  return scheme;
}

}  // namespace

Scheme find_scheme(const Case& c) {
  const Row* row = nullptr;
  for (const auto& table : {rows(), deployed_rows()}) {
    for (const Row& candidate : table) row = candidate.name == c.scheme ? &candidate : row;
  }
  Scheme scheme = row == nullptr ? by_composition(c) : by_name(c, *row);
  const Segment::Kind also = row == nullptr ? Segment::Kind::visual : row->also;
  for (const Segment& segment : c.sequence) {
    if (segment.kind == Segment::Kind::text || segment.kind == Segment::Kind::visual ||
        segment.kind == also) {
      continue;
    }
    scheme.design.reset();
    scheme.why_no_design = "a segment of the sequence is of a kind that the scheme does not place";
  }
  if (!c.exact_arithmetic) {
    scheme.design.reset();
    scheme.why_no_design = "arithmetic is not exact";
  }
  return scheme;
}

}  // namespace plumbline::oracle
