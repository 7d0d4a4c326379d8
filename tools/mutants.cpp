// SPDX-License-Identifier: Apache-2.0
// plumbline mutants: which check kills which wrong kernel, and what the diagnosis calls it.
#include <fmt/format.h>

#include <algorithm>

#include "properties/matrix/matrix.h"
#include "tools/plumbline.h"

namespace plumbline {

// Writes each mutant, or one, as a shared library: FOLDER/wrong/ID.so, or right/ID.so where it is
// legal or equivalent; beside them the kernel without a bug and what they share.
int write_mutant_plugins(const std::string& folder, const std::string& only);

namespace {

struct Options {
  std::string mutant, plugins;
  int law_cases = 1;
  std::uint64_t seed = 1;
  bool laws = true, cover = false;
  JsonOption json;
};

std::string_view kind_of(const matrix::Score& s) {
  if (s.mutant->kind == mutants::Kind::legal) return "legal";
  return s.differs || s.any() ? "wrong" : "equivalent";
}

Json score_json(const matrix::Score& s) {
  Json out{{"mutant", std::string(s.mutant->id)},
           {"class", std::string(s.mutant->bug_class())},
           {"name", std::string(s.mutant->name)},
           {"source", std::string(s.mutant->source)},
           {"kind", std::string(kind_of(s))},
           {"reason", std::string(s.mutant->reason)},
           {"killed_by", Json::array()},
           {"law", s.law},
           {"verdict", std::string(diagnosis::name(s.diagnosis.verdict))},
           {"names", s.diagnosis.names},
           {"named_right", s.named_right()}};
  for (std::size_t i = 0; i < matrix::kCheckCount; ++i) {
    if (s.killed[i]) out["killed_by"].push_back(std::string(matrix::kChecks[i].name));
  }
  return out;
}

void print_head() {
  fmt::print("{:8} {:32}", "mutant", "name");
  for (const matrix::Check& c : matrix::kChecks) fmt::print(" {:>7}", c.name);
  fmt::print("  diagnosis\n");
}

void print_score(const matrix::Score& s) {
  fmt::print("{:8} {:32}", s.mutant->id, s.mutant->name);
  for (const bool killed : s.killed) fmt::print(" {:>7}", killed ? "killed" : "-");
  fmt::print(
      "  {}{}{}\n", diagnosis::name(s.diagnosis.verdict),
      s.diagnosis.names.empty() ? "" : fmt::format(": {}", fmt::join(s.diagnosis.names, " ")),
      kind_of(s) == "wrong" ? "" : fmt::format("  ({}: {})", kind_of(s), s.mutant->reason));
}

void print_totals(const matrix::Totals& t) {
  const auto share = [&](int n) {
    return t.wrong == 0 ? 0.0 : 100.0 * n / static_cast<double>(t.wrong);
  };
  fmt::print("\n{} mutants: {} wrong, {} legal, {} equivalent\n", t.mutants, t.wrong, t.legal,
             t.equivalent);
  for (std::size_t i = 0; i < matrix::kCheckCount; ++i)
    fmt::print("  {:8} kills {:>3} ({:.1f} %)  {}\n", matrix::kChecks[i].name, t.by_check[i],
               share(t.by_check[i]), matrix::kChecks[i].what);
  fmt::print("killed {} of {} ({:.1f} %), named right {} ({:.1f} %), misnamed {}\n", t.killed,
             t.wrong, share(t.killed), t.named, share(t.named), t.misnamed);
}

int run_cover(const Options& options) {
  const matrix::Cover cover = matrix::smallest_cover(matrix::Suite());
  const Json out{{"plumbline_cover", 1},
                 {"cases", cover.cases},
                 {"killed", cover.killed},
                 {"killed_by_whole_suite", cover.possible},
                 {"pairs_of_schemes_apart", cover.apart},
                 {"pairs_apart_by_whole_suite", cover.apart_possible},
                 {"pairs_alike", cover.alike},
                 {"pairs_unfit", cover.unfit}};
  if (options.json.wanted()) {
    options.json.write(out);
  } else {
    for (const std::string& id : cover.cases) fmt::print("{}\n", id);
    fmt::print(
        "\n{} cases kill {} of the {} mutants that the smoke suite kills, and tell {} of {} pairs "
        "of "
        "schemes apart\n",
        cover.cases.size(), cover.killed, cover.possible, cover.apart, cover.apart_possible);
    for (const std::string& pair : cover.alike) fmt::print("alike on every case: {}\n", pair);
  }
  return kConforms;
}

int run_mutants(const Options& options) {
  if (!options.mutant.empty()) mutants::find_mutant(options.mutant);
  if (!options.plugins.empty()) return write_mutant_plugins(options.plugins, options.mutant);
  if (options.cover) return run_cover(options);
  const matrix::Suite suite;
  std::vector<matrix::Score> scores;
  if (!options.json.wanted()) print_head();
  for (const mutants::Mutant& m : mutants::mutants()) {
    if (!options.mutant.empty() && m.id != options.mutant) continue;
    scores.push_back(matrix::score(m, suite, {options.laws, options.law_cases, options.seed}));
    if (!options.json.wanted()) print_score(scores.back());
  }
  const matrix::Totals t = matrix::totals(scores);
  const int code = t.killed == t.wrong && t.misnamed == 0 ? kConforms : kDoesNotConform;
  if (!options.json.wanted()) {
    print_totals(t);
    return code;
  }
  Json out{{"plumbline_mutants", 1}, {"mutants", t.mutants},       {"wrong", t.wrong},
           {"legal", t.legal},       {"equivalent", t.equivalent}, {"killed", t.killed},
           {"named_right", t.named}, {"misnamed", t.misnamed},     {"exit_code", code}};
  for (std::size_t i = 0; i < matrix::kCheckCount; ++i)
    out["killed_by"][std::string(matrix::kChecks[i].name)] = t.by_check[i];
  out["results"] = Json::array();
  for (const matrix::Score& s : scores) out["results"].push_back(score_json(s));
  options.json.write(out);
  return code;
}

}  // namespace

Run add_mutants(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* mutant =
      app.add_option("--mutant", options->mutant, "only this one, as in `plumbline list mutants`");
  auto* plugins = app.add_option("--plugins", options->plugins,
                                 "write each mutant into this folder as a shared library of "
                                 "tools/plumbline_kernel.h, for tests of your own");
  app.add_option("--law-cases", options->law_cases, "cases of each scheme, for each law")
      ->check(CLI::Range(1, 1000));
  add_seed(app, options->seed, "of the cases that laws draw, from 0 to 2^64 - 1");
  auto without = std::make_shared<bool>(false);
  app.add_flag("--no-laws", *without, "leave the laws out");
  auto* cover = app.add_flag(
      "--cover", options->cover,
      "the smoke cases that are needed, chosen greedily: they kill as many mutants and tell "
      "as many schemes apart");
  options->json.add(app);
  for (const char* other : {"--law-cases", "--seed", "--no-laws"}) {
    plugins->excludes(other);
    cover->excludes(other);
  }
  plugins->excludes("--json")->excludes(cover);
  cover->excludes(mutant);
  return [options, without] {
    options->laws = !*without;
    return run_mutants(*options);
  };
}

}  // namespace plumbline
