// SPDX-License-Identifier: Apache-2.0
// plumbline validate: a kernel, a plug-in or a candidate file, judged.
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>

#include "golden/large_compare.h"
#include "tools/plugin/options.h"
#include "tools/plugin/run.h"
#include "tools/plumbline.h"
#include "tools/report/report.h"

namespace plumbline {
namespace {

struct Options {
  std::string golden, kernel, candidate, recipe, waivers, junit, sarif, markdown, html;
  std::vector<std::string> cases;
  plugin::PluginOptions plugin;
  JsonOption json;
};

// Whether golden/FORMAT.md, section 5, has such a dataset.
bool is_output(const std::string& path) {
  return std::any_of(std::begin(kFormats), std::end(kFormats), [&](const Format& f) {
    return std::any_of(std::begin(kOutputs), std::end(kOutputs), [&](const char* name) {
      return path == fmt::format("{}/{}", info(dtype_of(f)).name, name);
    });
  });
}

// What answers the cases: one of the three, and the recipe that it is held to.
class Judged {
 public:
  explicit Judged(const Options& options) : options_(options) {
    if (!options.recipe.empty()) chosen_ = parse_recipe(options.recipe);
    if (!options.kernel.empty()) check_kernel(options.kernel);
    if (options.plugin.given()) {
      plugin_ = options.plugin.start();
      for (const DtypeInfo& d : kDtypes) plugin::recipe_of(*plugin_, d.dtype);
    }
    // Its gate takes as long as the golden file's, which is opened meanwhile.
    if (!options.candidate.empty())
      opening_ = std::async(std::launch::async, [this] { candidate_.emplace(options_.candidate); });
  }
  void open_candidate() {
    if (!opening_.valid()) return;
    opening_.get();
    refuse_spectrum(candidate_->root(), options_.candidate);
    const auto declared = candidate_->root().text.find("recipe");
    if (chosen_ || declared == candidate_->root().text.end()) return;
    try {
      chosen_ = parse_recipe(declared->second);
    } catch (const std::invalid_argument& e) {
      throw Refused(options_.candidate + ": attribute 'recipe': " + e.what());
    }
    origin_ = "declared by the candidate";
  }
  // What the candidate has and the golden file has not. Throws Refused for a dataset that is none
  // of golden/FORMAT.md, section 5, in a case of the golden file: a name that was mistyped.
  std::vector<std::string> beyond(const CaseFile& golden) const {
    std::vector<std::string> out;
    if (!candidate_) return out;
    for (const std::string& id : candidate_->ids()) {
      if (std::find(golden.ids().begin(), golden.ids().end(), id) == golden.ids().end()) {
        out.push_back(id);
        continue;
      }
      const CaseView has = golden.view(id), given = candidate_->view(id);
      for (const auto& [path, view] : given.datasets) {
        if (has.datasets.contains(path)) continue;
        if (!is_output(path))
          throw Refused(
              fmt::format("{}: /cases/{}/{}: is neither a dataset of the golden file nor "
                          "one of golden/FORMAT.md section 5",
                          options_.candidate, id, path));
        out.push_back(id + "/" + path);
      }
    }
    return out;
  }
  std::string kind() const { return candidate_ ? "candidate" : plugin_ ? "plug-in" : "kernel"; }
  std::string name() const {
    return candidate_ ? options_.candidate
           : plugin_  ? plugin_->description().name
                      : options_.kernel;
  }
  std::string origin() const {
    if (!options_.recipe.empty()) return "from the command line";
    if (!origin_.empty()) return origin_;
    return candidate_ ? "the default of each format: the candidate declares none"
           : plugin_  ? "declared by the plug-in"
                      : "declared by the kernel";
  }

  bool answers(const std::string& id) const {
    return !candidate_ || std::find(candidate_->ids().begin(), candidate_->ids().end(), id) !=
                              candidate_->ids().end();
  }

  ReportCase judge(const CaseFile& golden, const std::string& id) {
    ReportCase out;
    out.id = out.result.id = id;
    if (!answers(id)) return out;
    const auto recipe_for = [&](const Format& format) { return recipe(format); };
    if (candidate_) {
      auto verdict = compare_large(golden.view(id), candidate_->view(id), recipe_for, threads());
      if (verdict) {
        out.result = std::move(*verdict);
        return out;
      }
    }
    const StoredCase truth = golden.load(id);
    if (has_dense_planes(truth)) {
      print_line(stderr, "plumbline: skipped: case {}: dense planes have no budget yet", truth.id);
      out.skipped = "dense planes have no budget yet";
      return out;
    }
    if (hung_) {
      out.skipped = "not run: an earlier case timed out";
      return out;
    }
    if (candidate_) {
      try {
        out.result = compare(truth, candidate_->load(truth.id), recipe_for);
      } catch (const Unfit& unfit) {
        throw Refused(options_.candidate + ": " + unfit.what());
      }
      return out;
    }
    if (!plugin_) {
      out.result = compare(truth, run_kernel(options_.kernel, truth), recipe_for);
      return out;
    }
    const plugin::Answers answers = plugin::run(*plugin_, truth);
    out.result = compare(truth, answers.outputs, recipe_for);
    for (const plugin::Finding& f : answers.findings)
      out.findings.push_back(
          {f.id, f.call, f.why, f.fatal, std::string(plugin::finding_row(f.id).meaning)});
    out.refused = answers.refused;
    out.replay = fmt::format(
        "plumbline validate {}{}{} --case {}", shell_word(options_.golden), options_.plugin.words(),
        options_.recipe.empty() ? "" : " --recipe " + shell_word(options_.recipe), truth.id);
    hung_ = answers.timed_out;
    return out;
  }

 private:
  Recipe recipe(const Format& format) const {
    if (chosen_) return *chosen_;
    if (candidate_) return default_recipe(format);
    if (plugin_) return plugin::recipe_of(*plugin_, dtype_of(format)).value();
    Recipe declared = parse_recipe(kernel_recipe(options_.kernel, dtype_of(format)));
    declared.name = options_.kernel;
    return declared;
  }
  const Options& options_;
  std::optional<Recipe> chosen_;
  std::string origin_;
  std::optional<CaseFile> candidate_;
  std::shared_ptr<plugin::PluginProcess> plugin_;
  bool hung_ = false;
  std::future<void> opening_;  // the last: its end is waited for before candidate_ goes
};

Report judge_all(const Options& options) {
  Judged judged(options);
  const CaseFile golden(options.golden);
  need_golden(golden.root(), options.golden);
  judged.open_candidate();
  for (const std::string& id : options.cases) {
    if (std::find(golden.ids().begin(), golden.ids().end(), id) == golden.ids().end())
      throw std::invalid_argument("--case " + id.substr(0, 120) + ": no such case in " +
                                  options.golden);
  }
  Report report;
  report.golden = options.golden;
  report.kind = judged.kind();
  report.subject = judged.name();
  report.recipe_origin = judged.origin();
  report.not_in_golden = judged.beyond(golden);
  for (const std::string& id : golden.ids()) {
    if (!options.cases.empty() &&
        std::find(options.cases.begin(), options.cases.end(), id) == options.cases.end())
      continue;
    report.cases.push_back(judged.judge(golden, id));
    auto& phases = report.cases.back().result.phases;
    if (report.phases.empty())
      report.phases = std::move(phases);
    else
      report.phases.insert(report.phases.end(), phases.begin(), phases.end());
    phases = {};
  }
  report.lengths = context_lengths(report.phases);
  if (!options.waivers.empty()) {
    try {
      apply_waivers(report, parse_json(read_text(options.waivers)), today_utc());
    } catch (const std::invalid_argument& e) {
      throw std::invalid_argument(options.waivers + ": " + e.what());
    }
  }
  return report;
}

// In the subject's words; each once.
std::string reasons(const Report& report) {
  std::string out;
  std::set<std::string> seen;
  for (const ReportCase& c : report.cases) {
    for (const std::string& why : c.refused) {
      if (!seen.insert(why).second) continue;
      out += (out.empty() ? ": refused: " : "; ") + why;
      if (seen.size() == 4) return out;
    }
  }
  return out;
}

int validate(const Options& options) {
  require_apart({{"--json", options.json.path()},
                 {"--junit", options.junit},
                 {"--sarif", options.sarif},
                 {"--markdown", options.markdown},
                 {"--html", options.html}},
                {{"golden", options.golden},
                 {"--candidate", options.candidate},
                 {"--waivers", options.waivers}});
  const Report report = judge_all(options);
  const int code = report.exit_code();
  for (const auto& [path, form] :
       {std::pair(&options.junit, &report_junit), std::pair(&options.sarif, &report_sarif),
        std::pair(&options.markdown, &report_markdown), std::pair(&options.html, &report_html)}) {
    if (!path->empty()) write_text(*path, form(report));
  }
  if (options.json.wanted()) write_text(options.json.path(), report_json(report));
  const auto to_stdout = [](const std::string& path) { return path == "-"; };
  if (options.json.to_stdout() || to_stdout(options.junit) || to_stdout(options.sarif) ||
      to_stdout(options.markdown) || to_stdout(options.html))
    return code;
  if (!report.judged_any()) {
    print_line(stderr, "plumbline: nothing to judge: the subject answers no case of {}{}",
               options.golden, reasons(report));
    return code;
  }
  write_text("", report_table(report));
  return code;
}

}  // namespace

Run add_validate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("golden", options->golden, "golden file")->required();
  auto* subject = app.add_option_group("subject", "what is judged");
  subject->add_option("--kernel", options->kernel,
                      "a kernel of this build, as in `plumbline list kernels`");
  subject->add_option("--candidate", options->candidate,
                      "a file with the kernel's outputs, see golden/FORMAT.md section 5");
  options->plugin.add(*subject, app);
  subject->require_option(1);
  app.add_option("--recipe", options->recipe,
                 "arithmetic that the candidate declares, such as hf_bf16 or hf_f32,table=bf16");
  app.add_option("--case", options->cases, "only this case; may be repeated")
      ->expected(1)
      ->take_all();
  app.add_option("--waivers", options->waivers,
                 "JSON list of {id, reason, expiry}: cases that may fail until a day");
  options->json.add(app);
  app.add_option("--junit", options->junit, "the report as JUnit XML; - for standard output");
  app.add_option("--sarif", options->sarif, "as SARIF 2.1.0");
  app.add_option("--markdown", options->markdown, "as Markdown, for a pull request");
  app.add_option("--html", options->html, "as one page with error against position");
  return [options] { return validate(*options); };
}

}  // namespace plumbline
