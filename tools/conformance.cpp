// SPDX-License-Identifier: Apache-2.0
// plumbline conformance: schemes x criteria, computed, each refusal with its counterexample.
#include "tools/conformance.h"

#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <set>

#include "reference/parallel.h"
#include "tools/plumbline.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

struct Options {
  std::vector<std::string> schemes, set;
  std::string model, html;
  JsonOption json;
};

std::vector<Subject> subjects(const Options& options) {
  std::vector<Subject> out;
  const bool pinned = !options.set.empty() || !options.model.empty();
  if (!pinned && options.schemes.empty()) {
    for (const Scheme& scheme : schemes()) {
      for (Subject& subject : subjects_of(scheme)) out.push_back(std::move(subject));
    }
    return out;
  }
  if (options.schemes.empty() && options.model.empty())
    throw std::invalid_argument("--set: needs --scheme or --model");
  std::vector<std::string> names = options.schemes;
  if (names.empty()) names.emplace_back();
  std::set<const Scheme*> given;
  for (const std::string& scheme : options.schemes) {
    if (!given.insert(&find_scheme(scheme)).second)
      throw std::invalid_argument("--scheme " + scheme + ": is given twice");
  }
  for (const std::string& scheme : names) {
    if (!pinned) {
      for (Subject& subject : subjects_of(find_scheme(scheme))) out.push_back(std::move(subject));
      continue;
    }
    CaseOptions one;
    one.scheme = scheme;
    one.model = options.model;
    one.set = options.set;
    Subject subject = pinned_subject(one.read().front());
    subject.profile = options.model;
    for (const std::string& knob : options.set)
      subject.profile += (subject.profile.empty() ? "" : " ") + knob;
    out.push_back(std::move(subject));
  }
  return out;
}

std::vector<Judged> judge_all(const std::vector<Subject>& list) {
  std::vector<Judged> out(list.size());
  std::atomic<std::size_t> done = 0;
  const bool progress = isatty(STDERR_FILENO) != 0;
  each_on_all_cores(list.size(), [&](std::size_t i) {
    out[i] = {list[i], judge(list[i])};
    if (progress) fmt::print(stderr, "\r{} of {}", ++done, list.size());
  });
  if (progress) fmt::print(stderr, "\r\033[K");
  return out;
}

std::string matrix_text(const std::vector<Judged>& matrix) {
  std::size_t width = 6;
  for (const Judged& row : matrix) width = std::max(width, row.title().size());
  std::string out = fmt::format("{:{}}", "scheme", width);
  for (const CriterionInfo& c : criteria()) out += fmt::format("  {}", c.name);
  out += "\n";
  for (const Judged& row : matrix) {
    out += fmt::format("{:{}}", row.title(), width);
    for (const Finding& f : row.findings)
      out +=
          fmt::format("  {:^{}}", fmt::format("{}{}", mark(f.verdict), f.as_declared() ? "" : "!"),
                      f.criterion.size());
    out += "\n";
  }
  return out +
         "H holds  V violated  C conditional  . not applicable  ~ undecided  ! not as declared\n";
}

std::string reasons_text(const std::vector<Judged>& matrix) {
  std::string out;
  std::int64_t cases = 0;
  std::size_t differences = 0;
  for (const Judged& row : matrix) {
    out += fmt::format("\n{}\n", row.title());
    for (const Finding& f : row.findings) {
      cases += f.cases;
      const bool differs = !f.as_declared();
      differences += differs ? 1 : 0;
      if (f.verdict == Verdict::holds && !differs) continue;
      out += fmt::format("  {:6} {}", f.criterion, name(f.verdict));
      if (!f.condition.empty()) out += fmt::format(" (holds where {})", f.condition);
      if (f.verdict == Verdict::undecided)
        out += fmt::format(": an equality is not separated at {} bits", kSeparationBits);
      if (f.refuted) {
        out += ": " + f.refuted->text;
        if (!f.refuted->params.empty()) out += fmt::format(" with {}", f.refuted->params);
      }
      if (differs) out += fmt::format("  -- declared {}", name(f.declared.verdict));
      out += "\n";
    }
    for (const Finding& f : row.findings) {
      if (f.criterion == "INJ") out += fmt::format("  judged on {}\n", f.domain);
    }
  }
  return out + fmt::format("\n{} rows, {} cases, {} verdicts not as declared\n", matrix.size(),
                           cases, differences);
}

}  // namespace

std::string Judged::title() const {
  return subject.profile.empty() ? subject.scheme : subject.scheme + " / " + subject.profile;
}

char mark(Verdict verdict) { return "HVC.~"[static_cast<std::size_t>(verdict)]; }

Json conformance_json(const std::vector<Judged>& matrix) {
  Json rows = Json::array();
  for (const Judged& row : matrix) {
    Json findings = Json::object();
    for (const Finding& f : row.findings) {
      Json one{{"verdict", std::string(name(f.verdict))},
               {"declared", std::string(name(f.declared.verdict))},
               {"as_declared", f.as_declared()}};
      if (!f.condition.empty()) one["condition"] = f.condition;
      if (f.refuted) {
        one["counterexample"] = Json{{"sequence", f.refuted->sequence},
                                     {"params", f.refuted->params},
                                     {"text", f.refuted->text}};
      }
      one["domain"] = f.domain;
      one["cases"] = f.cases;
      findings[std::string(f.criterion)] = std::move(one);
    }
    rows.push_back(Json{{"scheme", row.subject.scheme},
                        {"profile", row.subject.profile},
                        {"params", case_to_json(row.subject.base)["params"]},
                        {"criteria", std::move(findings)}});
  }
  return Json{{"plumbline_conformance", 1}, {"schemes", std::move(rows)}};
}

Run add_conformance(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--scheme", options->schemes, "only these schemes, with their profiles")
      ->allow_extra_args(false);
  app.add_option("--model", options->model, "judge the scheme with a preset's parameters");
  app.add_option("--set", options->set, "judge these parameters only: key=value")
      ->allow_extra_args(false);
  options->json.add(app);
  app.add_option("--html", options->html, "one self-contained page");
  return [options] {
    require_apart({{"--json", options->json.path()}, {"--html", options->html}}, {});
    const auto matrix = judge_all(subjects(*options));
    bool conforms = true;
    for (const Judged& row : matrix) {
      for (const Finding& f : row.findings) conforms = conforms && f.as_declared();
    }
    if (options->json.wanted()) options->json.write(conformance_json(matrix));
    if (!options->html.empty()) write_text(options->html, conformance_html(matrix));
    if (!options->json.to_stdout() && options->html != "-")
      write_text("", matrix_text(matrix) + reasons_text(matrix));
    return int{conforms ? kConforms : kDoesNotConform};
  };
}

}  // namespace plumbline
