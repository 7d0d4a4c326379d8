// SPDX-License-Identifier: Apache-2.0
// plumbline validate: a kernel or a candidate file, judged.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "golden/compare.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

struct Options {
  std::string golden, kernel, candidate, recipe, json;
  bool wants_json = false;
};

std::string shown(double x) { return fmt::format("{:.9g}", x); }

// "token 4106, q head 0, lane 17, pair 17 (axis H, position 4100)"
std::string words(const Place& p) {
  std::string out = fmt::format("token {}", p.token);
  const bool query = p.dataset.find("/q_") != std::string::npos;
  if (p.head >= 0)
    out += fmt::format(", {} head {}", query || p.dataset.ends_with("logits") ? "q" : "k", p.head);
  if (p.lane >= 0)
    out += fmt::format(", {} {}", p.dataset.ends_with("logits") ? "logit" : "lane", p.lane);
  if (p.pair >= 0)
    out += fmt::format(", pair {} (axis {}, position {})", p.pair, p.axis, shown(p.position));
  if (p.pair < 0 && !p.dataset.ends_with("logits")) out += " (pass-through)";
  return out;
}

std::string axes_hit(const ClassResult& r) {
  constexpr std::string_view kNames[] = {
      "axis T", "axis H", "axis W", "axis 3", "unturned pairs", "pass-through lanes", "logits"};
  std::string out;
  for (std::size_t i = 0; i < r.failures_by_axis.size(); ++i) {
    if (r.failures_by_axis[i] > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", kNames[i], r.failures_by_axis[i]);
  }
  return out;
}

void print_failures(const CaseResult& result) {
  for (const ClassResult& r : result.classes) {
    if (r.failures == 0) continue;
    const Place& p = r.worst;
    fmt::print("\n{} {}: {} of {} values beyond budget: {}\n", result.id, r.dataset, r.failures,
               r.values, axes_hit(r));
    fmt::print("  worst  {}: got {}, want {}, error {:.3g}, budget {:.3g}\n", words(p),
               shown(p.candidate), shown(p.golden), p.error, p.budget);
    fmt::print("  first  {}\n", words(*r.first_failure));
  }
}

Json place_json(const Place& p) {
  const auto number = [](double x) {
    return std::isfinite(x) ? Json(x) : Json(fmt::format("{}", x));
  };
  return Json{{"token", p.token},
              {"row", p.row},
              {"head", p.head},
              {"lane", p.lane},
              {"pair", p.pair},
              {"axis", std::string(1, p.axis)},
              {"position", p.position},
              {"golden", number(p.golden)},
              {"candidate", number(p.candidate)},
              {"ulp", number(p.ulp)},
              {"error", number(p.error)},
              {"budget", number(p.budget)}};
}

Json report_json(const Options& options, const std::vector<CaseResult>& results,
                 const std::vector<ContextLength>& lengths,
                 const std::vector<std::string>& unanswered, const std::string& origin,
                 int exit_code) {
  Json out{{"schema", "plumbline-validate-1"},
           {"golden", options.golden},
           {"subject", options.kernel.empty() ? options.candidate : options.kernel},
           {"exit_code", exit_code},
           {"recipe_origin", origin},
           {"not_judged", unanswered},
           {"cases", Json::array()}};
  for (const CaseResult& r : results) {
    Json entry{{"id", r.id},
               {"recipe", r.recipe},
               {"conforms", r.conforms()},
               {"missing", r.missing},
               {"datasets", Json::array()}};
    for (const ClassResult& d : r.classes) {
      const double ratio = std::isfinite(d.worst_ratio) ? d.worst_ratio : 1e308;
      Json row{{"dataset", d.dataset},
               {"values", d.values},
               {"failures", d.failures},
               {"worst_ratio", ratio},
               {"worst_norm_ulp",
                std::isfinite(d.worst_norm_ulp) ? Json(d.worst_norm_ulp) : Json("inf")},
               {"worst", place_json(d.worst)},
               {"worst_ulp", place_json(d.worst_ulp)}};
      if (d.first_failure) row["first_failure"] = place_json(*d.first_failure);
      entry["datasets"].push_back(row);
    }
    out["cases"].push_back(entry);
  }
  for (const ContextLength& l : lengths) {
    out["certified_context_length"].push_back(
        Json{{"grade", std::string(l.grade.name)},
             {"limit", l.grade.limit},
             {"measurable", l.measurable},
             {"length", l.length ? Json(*l.length) : Json(nullptr)},
             {"exceeded_at", l.exceeded_at ? Json(*l.exceeded_at) : Json(nullptr)},
             {"tested", l.all ? "all" : "sampled"},
             {"resolution", l.resolution}});
  }
  return out;
}

void print_table(const Options& options, const std::vector<CaseResult>& results,
                 const std::vector<ContextLength>& lengths, const std::string& origin) {
  std::set<std::string> recipes;
  for (const CaseResult& r : results) recipes.insert(r.recipe);
  fmt::print("{} against {}\nrecipe {} ({})\n\n",
             options.kernel.empty() ? options.candidate : "kernel " + options.kernel,
             options.golden, fmt::join(recipes, " | "), origin);
  std::size_t width = 4;
  for (const CaseResult& r : results) width = std::max(width, r.id.size());
  fmt::print("{:{}}  {:>9}  {:>8}  {:>10}  {:>12}  verdict\n", "case", width, "values", "ulp of r",
             "max ulp", "error/budget");
  for (const CaseResult& r : results) {
    std::uint64_t values = 0;
    double ulp = 0, norm = 0, ratio = 0;
    for (const ClassResult& d : r.classes) {
      values += d.values;
      ulp = std::max(ulp, d.worst_ulp.ulp);
      norm = std::max(norm, d.worst_norm_ulp);
      ratio = std::max(ratio, d.worst_ratio);
    }
    fmt::print("{:{}}  {:>9}  {:>8.3g}  {:>10.4g}  {:>12.3g}  {}\n", r.id, width, values, norm, ulp,
               ratio, r.conforms() ? "ok" : "FAIL");
  }
  fmt::print(
      "(ulp of r: error in ulps of the pair's length; max ulp: of the result, large where it "
      "cancels)\n");
  for (const CaseResult& r : results) print_failures(r);
  fmt::print(
      "\ncertified context length: no tested position up to it has a phase error above the "
      "limit\n");
  for (const ContextLength& l : lengths) {
    std::string words = l.length
                            ? fmt::format("{:>12}  {}", shown(*l.length), l.all ? "all" : "sampled")
                            : fmt::format("{:>12}", "none");
    if (!l.measurable) {
      const std::string why =
          fmt::format("rounding hides phases below {:.1e} rad here", l.resolution);
      words = l.exceeded_at ? fmt::format("{:>12}  ({})", "below " + shown(*l.exceeded_at), why)
                            : fmt::format("not measurable: {}", why);
    }
    fmt::print("  {:<5} {:.2e} rad  {}\n", l.grade.name, l.grade.limit, words);
  }
}

std::string candidate_origin(const Options& options) {
  return options.kernel.empty() ? "the default of each format: the candidate declares none"
                                : "declared by the kernel";
}

int validate(const Options& options) {
  std::optional<Recipe> chosen;
  if (!options.recipe.empty()) chosen = parse_recipe(options.recipe);
  if (!options.kernel.empty()) check_kernel(options.kernel);
  const FileReader golden(options.golden);
  need_golden(golden, options.golden);
  std::optional<FileReader> candidate;
  std::string origin = chosen ? "from the command line" : candidate_origin(options);
  if (!options.candidate.empty()) {
    candidate.emplace(options.candidate);
    const auto declared = candidate->root().text.find("recipe");
    if (!chosen && declared != candidate->root().text.end()) {
      try {
        chosen = parse_recipe(declared->second);
      } catch (const std::invalid_argument& e) {
        throw Refused(options.candidate + ": attribute 'recipe': " + e.what());
      }
      origin = "declared by the candidate";
    }
  }
  std::vector<CaseResult> results;
  std::vector<std::string> unanswered;
  for (const std::string& id : golden.ids()) {
    const StoredCase truth = golden.load(id);
    if (candidate &&
        std::find(candidate->ids().begin(), candidate->ids().end(), id) == candidate->ids().end()) {
      unanswered.push_back(id);
      continue;
    }
    if (has_dense_planes(truth)) {
      fmt::print(stderr, "plumbline: skipped: case {}: dense planes have no budget yet\n", id);
      continue;
    }
    const StoredCase subject = candidate ? candidate->load(id) : run_kernel(options.kernel, truth);
    const auto recipe_for = [&](const Format& format) {
      if (chosen) return *chosen;
      if (candidate) return default_recipe(format);
      Recipe declared = parse_recipe(kernel_recipe(options.kernel, dtype_of(format)));
      declared.name = options.kernel;
      return declared;
    };
    CaseResult result = compare(truth, subject, recipe_for);
    if (result.classes.empty()) {
      unanswered.push_back(id);
      continue;
    }
    results.push_back(std::move(result));
  }
  std::vector<PhaseSample> samples;
  for (const CaseResult& r : results)
    samples.insert(samples.end(), r.phases.begin(), r.phases.end());
  const auto lengths = context_lengths(samples);
  const bool conforms =
      std::all_of(results.begin(), results.end(), [](const CaseResult& r) { return r.conforms(); });
  const int code = results.empty() ? kInconclusive : conforms ? kConforms : kDoesNotConform;
  if (options.wants_json) {
    // A path need not be UTF-8, JSON must be.
    const std::string text = report_json(options, results, lengths, unanswered, origin, code)
                                 .dump(1, ' ', false, Json::error_handler_t::replace) +
                             "\n";
    write_text(options.json, text);
    if (options.json.empty() || options.json == "-") return code;
  }
  if (results.empty()) {
    fmt::print(stderr, "plumbline: nothing to judge: the subject answers no case of {}\n",
               options.golden);
    return code;
  }
  print_table(options, results, lengths, origin);
  std::size_t left_out = 0;
  for (const CaseResult& r : results) left_out += r.missing.size();
  if (left_out > 0 && options.kernel.empty())
    fmt::print("\nnot judged, absent from the cases above: {} datasets (--json lists them)\n",
               left_out);
  if (!unanswered.empty())
    fmt::print("\nnot judged, no outputs: {} of {} cases, first {}\n", unanswered.size(),
               golden.ids().size(), unanswered.front());
  fmt::print("\n{}\n", conforms ? "conforms" : "does not conform");
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
  subject->require_option(1);
  app.add_option("--recipe", options->recipe,
                 "arithmetic that the candidate declares, such as hf_bf16 or hf_f32,table=bf16");
  auto* json = app.add_option("--json", options->json,
                              "write the report as JSON; to standard output without a file name")
                   ->expected(0, 1);
  return [options, json] {
    options->wants_json = json->count() > 0;
    return validate(*options);
  };
}

}  // namespace plumbline
