// SPDX-License-Identifier: Apache-2.0
// Which cases a report speaks of, and the work shared among the cores.
#include "tools/spectrum/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "reference/model.h"
#include "reference/parallel.h"
#include "reference/planes.h"
#include "tools/plumbline.h"
#include "tools/spectrum/ladders.h"

namespace plumbline::spectrum {
namespace {

constexpr std::int64_t kDefaultContext = 32768, kLongestScan = std::int64_t{1} << 20;

// 0, powers of ten, and 16 integers a decade up to the context.
std::vector<std::int64_t> offsets_up_to(std::int64_t context) {
  std::set<std::int64_t> out{0, context};
  for (int i = 0;; ++i) {
    const auto offset = static_cast<std::int64_t>(std::llround(std::pow(10, i / 16.0)));
    if (offset > context) break;
    out.insert(offset);
  }
  return {out.begin(), out.end()};
}

Case one_case(const Request& request, const std::string& name,
              const std::vector<std::string>& set) {
  CaseOptions options;
  options.scheme = name;
  options.model = request.model;
  options.set = request.set;
  options.set.insert(options.set.end(), set.begin(), set.end());
  return options.read().front();
}

// Knobs that have no fallback take the values that suites use.
void set_examples(Row& row) {
  for (const ParameterSpec& spec : row.c.parameters.specs()) {
    if (row.c.parameters.has(spec.name)) continue;
    const std::string value = spec.fit != nullptr && spec.kind == Kind::numbers
                                  ? spec.fit(row.c.shape)
                                  : std::string(spec.example);
    if (value.empty()) continue;
    row.c.parameters.set_text(spec.name, value);
    row.note += fmt::format("{}{} has no default and is set to {}", row.note.empty() ? "" : "; ",
                            spec.name, value.size() > 40 ? value.substr(0, 40) + " ..." : value);
  }
}

// What the scheme itself warns of.
void note_warnings(Row& row) {
  for (const std::string& line : row.c.warnings) row.note += (row.note.empty() ? "" : "; ") + line;
}

// The model's shape and base, with the scheme's own knobs made to fit; else the scheme's own shape.
Row fitted_row(const Request& request, const Scheme& scheme) {
  Row row;
  row.title = scheme.name;
  try {
    row.c = one_case(request, row.title, {});
    allocation(row.c);
    set_examples(row);
    note_warnings(row);
    if (!has_planes(row.c)) return row;
    // Small, because the laws are judged on whole vectors.
    row.c = case_from_json(fitted_case(scheme, {16, 16, 2, 2}));
    row.note = "judged with head_dim 16: dense planes have no channels to compare";
    return row;
  } catch (const std::invalid_argument& e) {
    row.note = e.what();
  }
  Json object{{"scheme", row.title}};
  HeadShape shape = scheme.shape;
  Json spectrum;
  if (!request.model.empty()) {
    const Case own = case_from_json(Json{{"model", request.model}});
    shape = own.shape;
    spectrum["base"] = to_text(own.spectrum.rope_theta);
  }
  object = fitted_case(scheme, shape);
  if (!spectrum.is_null()) object["spectrum"] = spectrum;
  row.c = case_from_json(object);
  row.note = "fitted: " + row.note;
  return row;
}

std::vector<Row> rows_of(const Request& request) {
  std::vector<Row> out;
  std::vector<std::string> names = request.schemes;
  if (names.empty()) names.emplace_back();
  for (const std::string& name : names) {
    if (name == "all") {
      if (!request.set.empty())
        throw std::invalid_argument("--set: not with --scheme all, whose schemes share no knobs");
      for (const Scheme& scheme : schemes()) out.push_back(fitted_row(request, scheme));
      continue;
    }
    const auto colon = name.find(':');
    Row row;
    row.c = one_case(request, name.substr(0, colon),
                     colon == std::string::npos ? std::vector<std::string>{}
                                                : split(name.substr(colon + 1), ';'));
    allocation(row.c);
    set_examples(row);
    note_warnings(row);
    row.title = name.empty() ? std::string(row.c.scheme->name) : name;
    out.push_back(std::move(row));
  }
  std::set<std::string> titles;
  for (const Row& row : out) {
    if (!titles.insert(row.title).second)
      throw std::invalid_argument("--scheme " + row.title + ": is given twice");
  }
  return out;
}

std::string map_key(const Case& c) {
  const FrequencyAllocation map = allocation(c);
  return c.spectrum_json.dump() + std::string(map.letters) + to_text(map);
}

// The scheme whose reset the paper switches on and off.
constexpr std::string_view kWithReset = "mrope-interleave";
// The three maps that the paper compares: chunked first, the yardstick.
constexpr std::string_view kClaimed[] = {"mrope-qwen2vl", "mrope-i", "mhrope"};

// The axis whose curve is lowest at each offset; '=' where two are.
std::vector<char> lowest(const MapClass& map, std::vector<double> AxisDecay::*curve,
                         std::size_t offsets) {
  std::vector<char> out;
  for (std::size_t i = 0; i < offsets; ++i) {
    const auto value = [&](const AxisReport& a) { return (a.decay.*curve)[i]; };
    const auto least = std::min_element(
        map.axes.begin(), map.axes.end(),
        [&](const AxisReport& a, const AxisReport& b) { return value(a) < value(b); });
    const auto ties = std::count_if(map.axes.begin(), map.axes.end(),
                                    [&](const AxisReport& a) { return value(a) == value(*least); });
    out.push_back(ties == 1 ? least->coverage.letter : '=');
  }
  return out;
}

}  // namespace

const Finding& Row::finding(std::string_view criterion) const {
  for (const Finding& one : findings) {
    if (one.criterion == criterion) return one;
  }
  throw std::logic_error("no criterion " + std::string(criterion));
}

Report make_report(const Request& request) {
  Report report;
  report.rows = rows_of(request);
  report.model = request.model;
  report.factor = request.factor;
  report.context = request.context;
  if (!request.model.empty()) {
    const Model& model = find_model(request.model);
    report.model_title = model.title;
    if (report.context == 0) report.context = model.max_position_embeddings;
  }
  if (report.context == 0) report.context = kDefaultContext;
  report.offsets = offsets_up_to(report.context);
  const Ladders ladders(report.offsets, std::min(report.context, kLongestScan),
                        extension_methods(report.factor, report.context));

  std::map<std::string, std::size_t> keys;
  std::vector<Case> map_cases;
  const auto map_index = [&](const Case& c) {
    const auto [at, is_new] = keys.emplace(map_key(c), map_cases.size());
    if (is_new) map_cases.push_back(c);
    return at->second;
  };
  for (Row& row : report.rows) row.map = map_index(row.c);
  const std::size_t shown = map_cases.size();
  std::vector<std::size_t> claimed;
  std::vector<Row> claim_rows;
  Request plain = request;
  plain.set.clear();
  for (const std::string_view name : kClaimed) {
    claim_rows.push_back(fitted_row(plain, find_scheme(name)));
    claimed.push_back(map_index(claim_rows.back().c));
  }

  std::vector<MapClass> maps(map_cases.size());
  std::vector<LayoutClass> layouts(report.rows.size());
  std::vector<unsigned> precisions(map_cases.size(), 0);
  std::vector<std::function<void()>> jobs;
  const auto of_row = [&](std::size_t i) {
    Row& row = report.rows[i];
    row.findings = judge(pinned_subject(row.c));
    for (const LargeBlock& large : large_blocks()) {
      try {
        row.growth.emplace_back(to_double(growth(row.c, large.block)));
      } catch (const std::invalid_argument&) {
        row.growth.emplace_back();
      }
    }
    layouts[i] = make_layout(row.c);
  };
  // Transcendental designs take longest to judge, so they come first.
  for (const bool slow : {true, false}) {
    for (std::size_t i = 0; i < report.rows.size(); ++i) {
      const Case& c = report.rows[i].c;
      if (design_of(*c.scheme, c.parameters).transcendental() == slow)
        jobs.emplace_back([&of_row, i] { of_row(i); });
    }
  }
  for (std::size_t m = 0; m < map_cases.size(); ++m) {
    jobs.emplace_back([&, m] { maps[m] = make_map(map_cases[m], ladders, report, precisions[m]); });
  }
  each_on_all_cores(jobs.size(), [&](std::size_t i) { jobs[i](); });
  report.precision = *std::max_element(precisions.begin(), precisions.end());

  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const auto [at, is_new] = seen.emplace(layout_key(layouts[i]), report.layouts.size());
    if (is_new) report.layouts.push_back(std::move(layouts[i]));
    report.rows[i].layout = at->second;
    report.layouts[at->second].rows.push_back(i);
    maps[report.rows[i].map].rows.push_back(i);
  }
  for (const char* reset : {"false", "true"}) {
    Row row = fitted_row(plain, find_scheme(kWithReset));
    row.c.parameters.set("spatial_reset", reset);
    report.reset_pair.emplace_back(fmt::format("{}, spatial_reset = {}", kWithReset, reset),
                                   make_layout(row.c).motion);
  }
  const std::size_t count = report.offsets.size();
  for (std::size_t i = 0; i < claimed.size(); ++i) {
    const MapClass& map = maps[claimed[i]];
    report.claims.push_back({claim_rows[i].title,
                             {},
                             lowest(map, &AxisDecay::embedded, count),
                             lowest(map, &AxisDecay::restricted, count),
                             map.spread_embedded,
                             map.spread_restricted});
    for (const AxisReport& a : map.axes) report.claims.back().letters += a.coverage.letter;
  }
  maps.resize(shown);
  report.maps = std::move(maps);
  return report;
}

}  // namespace plumbline::spectrum
