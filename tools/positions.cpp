// SPDX-License-Identifier: Apache-2.0
// plumbline positions, plumbline allocation: the two axes of a scheme, printed.
#include <fmt/core.h>

#include <cctype>
#include <set>

#include "reference/evaluate.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

char axis_name(const Case& c, int axis) {
  const auto letters = design_of(*c.scheme, c.parameters).letters;
  return static_cast<char>(std::tolower(letters[static_cast<std::size_t>(axis)]));
}

std::string positions_json(const Case& c, const PositionTable& ids) {
  std::string out = "{";
  if (!c.id.empty()) out += "\"id\": " + Json(c.id).dump() + ", ";
  out += "\"scheme\": " + Json(c.scheme->name).dump() + ", \"position_ids\": [";
  for (int a = 0; a < ids.axes; ++a) {
    out += a == 0 ? "[" : ", [";
    for (std::size_t row = 0; row < ids.rows(); ++row) {
      if (row != 0) out += ", ";
      out += to_decimal(ids.at(static_cast<std::size_t>(a), row));
    }
    out += "]";
  }
  out +=
      "], \"rope_delta\": " + (ids.rope_delta ? to_decimal(*ids.rope_delta) : std::string("null"));
  return out + ", \"rope_delta_cursor\": " + to_decimal(ids.rope_delta_cursor) + "}";
}

std::string positions_csv(const Case& c, const PositionTable& ids) {
  std::string out = "token";
  for (int a = 0; a < ids.axes; ++a) out += std::string(",") + axis_name(c, a);
  out += "\n";
  for (std::size_t row = 0; row < ids.rows(); ++row) {
    out += std::to_string(ids.token_index[row]);
    for (int a = 0; a < ids.axes; ++a)
      out += "," + to_decimal(ids.at(static_cast<std::size_t>(a), row));
    out += "\n";
  }
  return out;
}

std::string positions_text(const Case& c, const PositionTable& ids) {
  std::string out = fmt::format("{}  {}\n", c.scheme->name, notation(c.sequence));
  for (int a = 0; a < ids.axes; ++a) {
    out += fmt::format("{} ", axis_name(c, a));
    for (std::size_t row = 0; row < ids.rows(); ++row)
      out += " " + to_decimal(ids.at(static_cast<std::size_t>(a), row));
    out += "\n";
  }
  return out + fmt::format("rope_delta {}  rope_delta_cursor {}\n",
                           ids.rope_delta ? to_decimal(*ids.rope_delta) : "null",
                           to_decimal(ids.rope_delta_cursor));
}

std::string allocation_json(const Case& c, const FrequencyAllocation& map) {
  Json out;
  if (!c.id.empty()) out["id"] = c.id;
  out["scheme"] = std::string(c.scheme->name);
  const auto counts_of = [&](int m) {
    Json counts = Json::object();
    for (const Axis a : {Axis::t, Axis::h, Axis::w, Axis::fourth, Axis::none}) {
      if (const int n = map.count(m, a); n > 0) counts[std::string(1, map.letter(a))] = n;
    }
    return counts;
  };
  bool restarts = map.ladders.size() > 1;
  for (int m = 0; m < map.maps; ++m) {
    for (int i = 0; i < map.pairs; ++i) restarts = restarts || map.at(m, i).rung != i;
  }
  const auto rungs_of = [&](int m) {
    Json rungs = Json::array();
    for (int i = 0; i < map.pairs; ++i) rungs.push_back(map.at(m, i).rung);
    return rungs;
  };
  if (map.maps == 1) {
    out["axis_map"] = map.axis_map(0);
    out["counts"] = counts_of(0);
    if (restarts) out["frequency"] = rungs_of(0);
  } else {
    out["axis_map"] = Json::array();
    out["counts"] = Json::array();
    for (int m = 0; m < map.maps; ++m) {
      out["axis_map"].push_back(map.axis_map(m));
      out["counts"].push_back(counts_of(m));
      if (restarts) out["frequency"].push_back(rungs_of(m));
    }
  }
  return out.dump();
}

// The objects of all cases, one a line.
template <class Print>
std::string list_json(const std::vector<Case>& list, const Print& print) {
  std::string text = "[";
  for (std::size_t i = 0; i < list.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + in_case(i, [&] { return print(list[i]); });
  return text + "\n]\n";
}

// A map of pairs whose two lanes turn together; throws std::invalid_argument where they do not.
FrequencyAllocation pairs_of(const Case& c) {
  FrequencyAllocation map = allocation(c);
  require_rotation(c, map);
  return map;
}

}  // namespace

Run add_positions(CLI::App& app) {
  struct Options {
    CaseOptions cases;
    bool json = false, csv = false;
    std::string out;
  };
  auto options = std::make_shared<Options>();
  options->cases.add(app, true);
  app.add_flag("--json", options->json, "print JSON");
  app.add_flag("--csv", options->csv, "print CSV, one row per token")->excludes("--json");
  app.add_option("--out", options->out, "write to a file instead of standard output");
  return [options] {
    require_apart({{"--out", options->out}}, {{"--cases", options->cases.cases}});
    const auto list = options->cases.read();
    if (options->cases.batch() && options->csv)
      throw std::invalid_argument("--csv: prints one case; use --json with --cases");
    std::string text;
    if (options->cases.batch()) {
      text = list_json(list, [](const Case& c) { return positions_json(c, positions(c)); });
    } else {
      const PositionTable ids = positions(list.front());
      text = options->json  ? positions_json(list.front(), ids) + "\n"
             : options->csv ? positions_csv(list.front(), ids)
                            : positions_text(list.front(), ids);
    }
    write_text(options->out, text);
    return int{kConforms};
  };
}

Run add_allocation(CLI::App& app) {
  auto options = std::make_shared<CaseOptions>();
  auto json = std::make_shared<bool>(false);
  options->add(app, false);
  app.add_flag("--json", *json, "print JSON");
  return [options, json] {
    const auto list = options->read();
    if (options->batch()) {
      write_text("",
                 list_json(list, [](const Case& c) { return allocation_json(c, pairs_of(c)); }));
    } else if (*json) {
      write_text("", allocation_json(list.front(), pairs_of(list.front())) + "\n");
    } else {
      const FrequencyAllocation map = pairs_of(list.front());
      std::string text;
      for (int m = 0; m < map.maps; ++m) {
        text += map.maps == 1 ? "" : fmt::format("kv head {:3}  ", m);
        text += map.axis_map(m) + " ";
        for (const Axis a : {Axis::t, Axis::h, Axis::w, Axis::fourth, Axis::none}) {
          if (const int n = map.count(m, a); n > 0) text += fmt::format(" {}{}", map.letter(a), n);
        }
        text += "\n";
      }
      write_text("", text);
    }
    return int{kConforms};
  };
}

}  // namespace plumbline
