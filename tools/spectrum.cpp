// SPDX-License-Identifier: Apache-2.0
// plumbline spectrum: what a scheme does to the frequency spectrum of each axis, scheme beside
// scheme.
#include <fmt/format.h>

#include "tools/plumbline.h"
#include "tools/report/text_forms.h"
#include "tools/spectrum/report.h"

namespace plumbline {
namespace {

using spectrum::Report;

std::string text(const Report& report) {
  std::string out;
  for (const spectrum::Row& row : report.rows) {
    const spectrum::MapClass& map = report.maps[row.map];
    out += fmt::format("{}\n", row.title);
    if (!row.note.empty()) out += fmt::format("  {}\n", row.note);
    if (!map.missing.empty()) {
      out += fmt::format("  no numbers: {}\n", map.missing);
      continue;
    }
    out += "  axis  pairs  first-last  hole   lambda_min   lambda_max     mean  beyond context\n";
    for (const spectrum::AxisReport& axis : map.axes) {
      const AxisCoverage& a = axis.coverage;
      out += fmt::format("  {:4}  {:5}  {:>10}  {:4}  {:11.6g}  {:11.6g}  {:7.4f}  {:14}\n",
                         a.letter, a.channels.size(),
                         fmt::format("{}-{}", a.channels.front(), a.channels.back()), a.hole,
                         a.shortest, a.longest, a.mean_channel, axis.longer_than_context);
    }
    const Finding& full = row.finding("FULL");
    out += fmt::format("  full spectrum: {}{}\n", name(full.verdict),
                       full.refuted ? ": " + full.refuted->text : "");
  }
  return out;
}

}  // namespace

Run add_spectrum(CLI::App& app) {
  struct Options {
    spectrum::Request request;
    std::string factor = "4", html, csv, h5;
    JsonOption json;
  };
  auto options = std::make_shared<Options>();
  spectrum::Request& request = options->request;
  app.add_option("--scheme", request.schemes,
                 "scheme, or NAME:key=value;key=value; repeat to compare; all for every one")
      ->allow_extra_args(false);
  app.add_option("--model", request.model, "model preset that gives shape and spectrum");
  app.add_option("--set", request.set,
                 "parameter, shape or spectrum knob of every scheme: key=value")
      ->allow_extra_args(false);
  app.add_option("--context", request.context,
                 "positions to look at, 1 to 2^31; the model's own, else 32768")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31));
  app.add_option("--extend", options->factor, "factor of context extension, above 1");
  app.add_option("--html", options->html, "one self-contained page");
  options->json.add(app);
  app.add_option("--csv", options->csv, "one line for each number");
  app.add_option("--h5", options->h5, "HDF5");
  return [options] {
    require_apart({{"--html", options->html},
                   {"--json", options->json.path()},
                   {"--csv", options->csv},
                   {"--h5", options->h5}},
                  {});
    if (options->h5 == "-") throw std::invalid_argument("--h5 = '-': must name a file");
    if (options->request.schemes.empty() && options->request.model.empty())
      throw std::invalid_argument("needs --scheme or --model");
    options->request.factor = exact_number(Json(options->factor), "--extend");
    if (options->request.factor <= 1)
      throw std::invalid_argument("--extend = " + options->factor + ": must be above 1");
    const Report report = spectrum::make_report(options->request);
    if (!options->html.empty()) write_text(options->html, report_html(report));
    if (!options->csv.empty()) write_text(options->csv, report_csv(report));
    if (!options->h5.empty()) write_report_hdf5(report, options->h5);
    if (options->json.wanted()) options->json.write(report_json(report));
    const bool quiet = options->json.to_stdout() || options->csv == "-" || options->html == "-";
    if (!quiet) write_text("", text(report));
    return int{kConforms};
  };
}

}  // namespace plumbline
