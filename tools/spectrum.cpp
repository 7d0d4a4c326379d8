// SPDX-License-Identifier: Apache-2.0
// plumbline spectrum: which part of the frequency spectrum every axis gets, scheme beside scheme.
#include <fmt/format.h>

#include "reference/coverage.h"
#include "reference/criteria.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

Json to_json(const Case& c, const Finding& full) {
  Json axes = Json::array();
  for (const AxisCoverage& a : coverage(c)) {
    axes.push_back(Json{{"axis", std::string(1, a.letter)},
                        {"channels", a.channels},
                        {"hole", a.hole},
                        {"lambda_min", a.shortest},
                        {"lambda_max", a.longest},
                        {"exponent_coverage", a.exponent_coverage},
                        {"mean_channel", a.mean_channel},
                        {"monotone_range", a.monotone_range}});
  }
  Json verdict{{"verdict", std::string(name(full.verdict))}};
  if (full.refuted) verdict["reason"] = full.refuted->text;
  return Json{{"scheme", std::string(c.scheme->name)},
              {"spectrum", c.spectrum_json},
              {"axes", axes},
              {"full_spectrum", verdict}};
}

std::string to_text(const Json& one) {
  std::string out =
      fmt::format("{}\n  axis  pairs  first-last  hole   lambda_min   lambda_max  mean\n",
                  one["scheme"].get<std::string>());
  for (const Json& a : one["axes"]) {
    const Json& channels = a["channels"];
    out +=
        fmt::format("  {:4}  {:5}  {:>10}  {:4}  {:11.6g}  {:11.6g}  {:.4f}\n",
                    a["axis"].get<std::string>(), channels.size(),
                    fmt::format("{}-{}", channels.front().get<int>(), channels.back().get<int>()),
                    a["hole"].get<int>(), a["lambda_min"].get<double>(),
                    a["lambda_max"].get<double>(), a["mean_channel"].get<double>());
  }
  const Json& full = one["full_spectrum"];
  return out + "  full spectrum: " + full["verdict"].get<std::string>() +
         (full.contains("reason") ? ": " + full["reason"].get<std::string>() : "") + "\n";
}

}  // namespace

Run add_spectrum(CLI::App& app) {
  struct Options {
    std::vector<std::string> schemes, set;
    std::string model;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  app.add_option("--scheme", options->schemes, "scheme; repeat to compare")->take_all();
  app.add_option("--model", options->model, "model preset that gives shape and spectrum");
  app.add_option("--set", options->set, "parameter, shape or spectrum knob: key=value")->take_all();
  app.add_flag("--json", options->json, "print JSON");
  return [options] {
    if (options->schemes.empty()) options->schemes.emplace_back();
    Json all = Json::array();
    for (const std::string& scheme : options->schemes) {
      CaseOptions one;
      one.scheme = scheme;
      one.model = options->model;
      one.set = options->set;
      const Case c = one.read().front();
      all.push_back(to_json(c, judge_map(pinned_subject(c), "FULL")));
    }
    std::string text;
    for (const Json& one : all) text += to_text(one);
    write_text("", options->json ? Json{{"plumbline_spectrum", 1}, {"schemes", all}}.dump(1) + "\n"
                                 : text);
    return int{kConforms};
  };
}

}  // namespace plumbline
