// SPDX-License-Identifier: Apache-2.0
// plumbline properties: the laws, tried on the reference, on every kernel, or on a plug-in.
#include <fmt/format.h>

#include "properties/laws/run.h"
#include "tools/plugin/options.h"
#include "tools/plugin/subject.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

struct Options {
  std::string kernel, law, replay, emit;
  plugin::PluginOptions plugin;
  int cases = 4;
  std::uint64_t seed = 1;
  JsonOption json;
};

// Those of this build, or the plug-in alone.
class Tried {
 public:
  explicit Tried(const Options& options) {
    if (!options.plugin.given()) return;
    own_.push_back(plugin::subject(options.plugin.start(), health_));
    // A recipe that cannot be read is refused before anything is tried.
    for (const Format& f : kFormats) own_.front().recipe(f);
  }
  std::span<const laws::Subject> all() const {
    return own_.empty() ? laws::subjects() : std::span<const laws::Subject>(own_);
  }
  // A law that is broken by a crash is a crash.
  int code(bool broken) const {
    return health_->crashed ? int{kPluginFailed} : broken ? int{kDoesNotConform} : int{kConforms};
  }

 private:
  std::vector<laws::Subject> own_;
  std::shared_ptr<plugin::Health> health_ = std::make_shared<plugin::Health>();
};

double rate(std::uint64_t cases, double seconds) {
  return seconds > 0 ? static_cast<double>(cases) / seconds : 0;
}

Json tally_json(const laws::Tally& t) {
  Json out{{"law", std::string(t.law->name)},
           {"subject", t.subject},
           {"cases", t.cases},
           {"skipped", t.skipped},
           {"reasons", Json::object()},
           {"seconds", t.seconds},
           {"cases_per_second", rate(t.cases, t.seconds)},
           {"holds", !t.failure.has_value()}};
  for (const auto& [why, count] : t.reasons) out["reasons"][why] = count;
  if (t.failure) {
    out["failure"] = Json{{"scheme", t.failure->scheme},
                          {"why", t.failure->why},
                          {"shrinks", t.failure->smaller},
                          {"replay", t.failure->line}};
  }
  return out;
}

void print_tally(const laws::Tally& t) {
  std::string reasons;
  for (const auto& [why, count] : t.reasons)
    reasons += fmt::format("{}{} {}", reasons.empty() ? "  (" : "; ", count, why);
  fmt::print("{:18} {:16} {:>6} {:>8} {:>9.0f}  {}{}\n", t.law->name, t.subject, t.cases, t.skipped,
             rate(t.cases, t.seconds),
             t.failure      ? "BROKEN"
             : t.cases == 0 ? "not tried"
                            : "holds",
             reasons.empty() ? "" : reasons + ")");
  if (!t.failure) return;
  print_line(stdout, "  {}", t.failure->why);
  print_line(stdout, "{}", t.failure->line);
}

std::string emitted(const Options& options, const std::string& line) {
  return options.emit == "cpp" ? laws::emit_cpp(line) : laws::emit_pytest(line);
}

int run_replay(const Options& options) {
  const Tried tried(options);
  const laws::Replay r = laws::parse_replay(options.replay, tried.all());
  if (!options.emit.empty()) {
    fmt::print("{}", emitted(options, options.replay));
    return kConforms;
  }
  const laws::Outcome outcome = laws::judge(r);
  constexpr std::string_view kWords[] = {"holds", "BROKEN", "skipped"};
  print_line(stdout, "{} on {}: {}{}{}", r.law->name, r.subject->name,
             kWords[static_cast<std::size_t>(outcome.verdict)], outcome.why.empty() ? "" : ": ",
             outcome.why);
  return outcome.verdict == laws::Verdict::holds    ? int{kConforms}
         : outcome.verdict == laws::Verdict::broken ? tried.code(true)
                                                    : int{kSkipped};
}

std::vector<laws::Tally> run_all(const Options& options, const Tried& tried, bool quiet) {
  bool is_family = false;
  for (const laws::Family& family : laws::families())
    is_family = is_family || family.name == options.law;
  if (!options.law.empty() && !is_family) laws::find_law(options.law);
  if (!options.kernel.empty()) laws::find_subject(tried.all(), options.kernel, "--kernel");
  std::vector<laws::Tally> out;
  if (!quiet) {
    fmt::print("seed {}, {} cases a scheme, {} schemes\n\n{:18} {:16} {:>6} {:>8} {:>9}\n",
               options.seed, options.cases, schemes().size(), "law", "subject", "cases", "skipped",
               "cases/s");
  }
  for (const laws::Family& family : laws::families()) {
    for (const laws::Law& law : family.laws) {
      if (!options.law.empty() && law.name != options.law && family.name != options.law) continue;
      for (const laws::Subject& subject : tried.all()) {
        if (!options.kernel.empty() && subject.name != options.kernel) continue;
        if (!law.rotates && !subject.own_positions) continue;
        out.push_back(laws::run(law, subject, options.cases, options.seed));
        if (!quiet) print_tally(out.back());
      }
    }
  }
  if (out.empty())
    throw std::invalid_argument("law = '" + options.law + "': says nothing of kernel '" +
                                options.kernel + "', which places no token itself");
  return out;
}

int run_properties(const Options& options) {
  if (!options.replay.empty()) return run_replay(options);
  const bool quiet = options.json.wanted() || !options.emit.empty();
  const Tried tried(options);
  const auto tallies = run_all(options, tried, quiet);
  std::uint64_t cases = 0, skipped = 0, broken = 0, untried = 0;
  double seconds = 0;
  Json results = Json::array();
  for (const laws::Tally& t : tallies) {
    cases += t.cases;
    skipped += t.skipped;
    broken += t.failure ? 1 : 0;
    untried += t.cases == 0 ? 1 : 0;
    seconds += t.seconds;
    results.push_back(tally_json(t));
    if (t.failure && !options.emit.empty()) fmt::print("{}\n", emitted(options, t.failure->line));
  }
  // Of nothing that was tried, nothing is known.
  const int code = cases == 0 && broken == 0 ? int{kSkipped} : tried.code(broken != 0);
  if (options.json.wanted()) {
    options.json.write(Json{{"plumbline_properties", 1},
                            {"seed", options.seed},
                            {"cases_per_scheme", options.cases},
                            {"schemes", schemes().size()},
                            {"cases", cases},
                            {"skipped", skipped},
                            {"seconds", seconds},
                            {"cases_per_second", rate(cases, seconds)},
                            {"exit_code", code},
                            {"results", results}});
  } else if (options.emit.empty()) {
    std::string verdict = broken != 0    ? fmt::format("{} broken", broken)
                          : cases == 0   ? "no law was tried"
                          : untried == 0 ? "every law holds"
                                         : "every law that was tried holds";
    if (untried != 0 && cases != 0) verdict += fmt::format(", {} not tried", untried);
    fmt::print("\n{} cases, {} skipped, {:.1f} s, {:.0f} cases/s: {}\n", cases, skipped, seconds,
               rate(cases, seconds), verdict);
  }
  return code;
}

}  // namespace

Run add_properties(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* kernel =
      app.add_option("--kernel", options->kernel, "only this kernel of fast/, or 'reference'");
  options->plugin.add(app, app);
  kernel->excludes("--plugin");
  app.add_option("--law", options->law,
                 "only this law, or this family: walk, block, split, group, relative, lane, text, "
                 "oracle, identity");
  app.add_option("--cases", options->cases, "cases of each scheme, for each law and subject")
      ->check(CLI::Range(1, 1'000'000));
  add_seed(app, options->seed, "of the random cases, from 0 to 2^64 - 1");
  auto* replay =
      app.add_option("--replay", options->replay, "run one 'plumbline-replay 1 ...' line");
  auto* emit = app.add_option("--emit", options->emit,
                              "print a test for each failure, or for --replay's "
                              "line")
                   ->check(CLI::IsMember({"cpp", "pytest"}));
  options->json.add(app);
  // The line says all of it; a test is no JSON.
  for (const char* other : {"--kernel", "--law", "--cases", "--seed", "--json"})
    replay->excludes(other);
  emit->excludes("--json");
  return [options] { return run_properties(*options); };
}

}  // namespace plumbline
