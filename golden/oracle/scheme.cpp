// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/scheme.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>

namespace plumbline::oracle {
namespace {

struct Named {
  Layout layout;
  Allocate allocate;
  int stride;
  bool whole_seconds;
};

// The stride is the scheme's default, for a case JSON that leaves it out.
const std::map<std::string_view, Named> kNamed = {
    {"vanilla", {Layout::flat, Allocate::first_axis, 1, false}},
    {"vanilla-rope", {Layout::flat, Allocate::first_axis, 1, false}},
    {"mrope", {Layout::grid, Allocate::chunked, 2, false}},
    {"mrope-qwen2vl", {Layout::grid, Allocate::chunked, 1, false}},
    {"mrope-abs-time", {Layout::grid, Allocate::chunked, 1, true}},
    {"mrope-qwen3vl", {Layout::grid, Allocate::interleaved, 1, false}},
    {"mrope-qwen3.5", {Layout::grid, Allocate::interleaved, 1, false}},
    {"mrope-interleave", {Layout::grid, Allocate::interleaved, 1, false}},
    {"mrope-i", {Layout::spatial_reset, Allocate::interleaved, 1, false}},
    {"mhrope", {Layout::grid, Allocate::per_head, 1, false}},
};

// One word of `composition`; nothing if it is absent or not in the table.
template <class Enum>
std::optional<Enum> word(const Json& composition, const char* key,
                         const std::map<std::string, Enum>& table) {
  const auto found = table.find(composition.value(key, std::string()));
  return found == table.end() ? std::nullopt : std::optional(found->second);
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

// second_per_grid times tokens_per_second for each native video, 1 second where the list is
// shorter.
void read_seconds(const Case& c, Design& design) {
  const Rational rate = number(c.params, "tokens_per_second", 2);
  Json given;
  for (const char* key : {"second_per_grid_t", "second_per_grid", "second_per_grid_ts"}) {
    if (given.is_null() && has(c.params, key)) given = c.params.at(key);
  }
  std::size_t video = 0;
  for (const Segment& segment : c.sequence) {
    if (!segment.native_video) continue;
    Rational seconds = 1;
    if (given.is_array() && video < given.size()) seconds = number(given[video]);
    if (!given.is_array() && !given.is_null()) seconds = number(given);
    if (seconds.sign() < 0) throw std::invalid_argument("second_per_grid_t: is negative");
    design.seconds.push_back(seconds * rate);
    ++video;
  }
}

void finish(const Case& c, int stride, bool truncate, Design& design) {
  const std::int64_t axes = has(c.composition, "axes") ? integer(c.composition, "axes") : 3;
  if (axes < 1 || axes > 4 || (design.layout != Layout::flat && axes != 3)) {
    throw std::invalid_argument(fmt::format("composition.axes: {} does not fit the layout", axes));
  }
  design.axes = static_cast<std::size_t>(axes);
  design.stride = number(c.params, "temporal_stride", stride);
  if (design.stride.sign() <= 0) {
    throw std::invalid_argument("temporal_stride: must be above zero");
  }
  const std::string output =
      c.params.value("integer_output", std::string(truncate ? "trunc" : "none"));
  if (output != "trunc" && output != "none") {
    throw std::invalid_argument("integer_output: must be trunc or none");
  }
  design.truncate = output == "trunc";
  if (design.whole_seconds) read_seconds(c, design);
}

Scheme by_name(const Case& c, const Named& named) {
  Design design;
  design.layout = named.layout;
  if (c.scheme == "mrope-interleave" || c.scheme == "mhrope") {
    if (c.params.value("spatial_reset", false)) design.layout = Layout::spatial_reset;
  }
  design.advance = named.layout == Layout::flat ? Advance::past_count : Advance::past_extent;
  design.whole_seconds = named.whole_seconds;
  finish(c, named.stride, true, design);
  return {design, named.allocate, "", ""};
}

Scheme by_composition(const Case& c) {
  Scheme scheme;
  if (const auto key = unknown_key(c)) {
    scheme.why_no_design = scheme.why_no_allocation =
        fmt::format("scheme {} reads {}, which is not known here", c.scheme, *key);
    return scheme;
  }
  const auto layout = word<Layout>(
      c.composition, "layout",
      {{"flat", Layout::flat}, {"grid", Layout::grid}, {"spatial_reset", Layout::spatial_reset}});
  const auto advance =
      word<Advance>(c.composition, "advance",
                    {{"past_count", Advance::past_count}, {"past_extent", Advance::past_extent}});
  const bool plain = c.composition.value("text", std::string()) == "every_axis" &&
                     c.composition.value("delta", std::string()) == "every_axis";
  if (layout && advance && plain) {
    scheme.design = Design{*layout, *advance};
    finish(c, 1, false, *scheme.design);
  } else {
    scheme.why_no_design = fmt::format("the position design of {} is not known here", c.scheme);
  }
  scheme.allocate = word<Allocate>(c.composition, "allocation",
                                   {{"first_axis", Allocate::first_axis},
                                    {"chunked", Allocate::chunked},
                                    {"interleaved", Allocate::interleaved},
                                    {"per_head", Allocate::per_head}});
  scheme.why_no_allocation = fmt::format("the allocation of {} is not known here", c.scheme);
  return scheme;
}

}  // namespace

Scheme find_scheme(const Case& c) {
  const auto named = kNamed.find(c.scheme);
  Scheme scheme = named == kNamed.end() ? by_composition(c) : by_name(c, named->second);
  for (const Segment& segment : c.sequence) {
    if (segment.kind != Segment::Kind::unknown) continue;
    scheme.design.reset();
    scheme.why_no_design = "a segment of the sequence is of a kind not known here";
  }
  if (!c.exact_arithmetic) {
    scheme.design.reset();
    scheme.why_no_design = "arithmetic is not exact";
  }
  return scheme;
}

}  // namespace plumbline::oracle
