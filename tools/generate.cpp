// SPDX-License-Identifier: Apache-2.0
// plumbline generate, verify, diff: golden files written, checked and compared.
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "golden/differing_words.h"
#include "golden/large_case.h"
#include "golden/oracle/oracle.h"
#include "golden/shards.h"
#include "golden/truth.h"
#include "reference/evaluate.h"
#include "reference/parallel.h"
#include "reference/planes.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

// A line that is rewritten on a terminal and absent from a log.
class Progress {
 public:
  explicit Progress(std::size_t total) : total_(total), shown_(isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_ && done_ > 0) fmt::print(stderr, "\r\033[K");
  }
  void step(const std::string& what) {
    ++done_;
    if (shown_) fmt::print(stderr, "\r\033[K{}/{} {}", done_, total_, what);
  }

 private:
  std::size_t total_, done_ = 0;
  bool shown_;
};

// The ids of a file: names of its groups, where "." is the group itself.
class Ids {
 public:
  // Throws std::invalid_argument for an id that cannot be one, or not once more.
  void take(const std::string& id) {
    constexpr const char* kAllowed =
        "must be 1 to 120 of A-Z a-z 0-9 . _ + @ = , - other than '.' alone, and unlike any before "
        "it";
    const bool plain = std::all_of(id.begin(), id.end(), [](unsigned char x) {
      return std::isalnum(x) != 0 ||
             std::string_view("._+@=,-").find(static_cast<char>(x)) != std::string_view::npos;
    });
    if (id.empty() || id.size() > 120 || id == "." || !plain || !taken_.insert(id).second)
      throw std::invalid_argument(fmt::format("id = '{}': {}", id.substr(0, 60), kAllowed));
  }

 private:
  std::set<std::string> taken_;
};

// What positions and maps do without, tensors need.
void require_turnable(const Case& c) {
  planes_of(c, 0);
  require_rotation(c, allocation(c));
}

std::vector<GoldenCase> cases_from(const std::string& path) {
  std::vector<GoldenCase> out;
  Ids ids;
  const auto list = json_list(path);
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(in_case(i, [&] {
      GoldenCase g{case_from_json(list[i]), ""};
      if (g.c.id.empty()) g.c.id = "case-" + std::to_string(i);
      ids.take(g.c.id);
      require_turnable(g.c);
      if (list[i].contains("flags")) {
        if (!list[i]["flags"].is_string()) throw std::invalid_argument("flags: must be text");
        g.claims = list[i]["flags"].get<std::string>();
      }
      return g;
    }));
    for (const std::string& line : out.back().c.warnings)
      print_line(stderr, "plumbline: warning: case {}: {}", i, line);
  }
  return out;
}

// A file name as a case id.
std::string id_of(const std::string& path) {
  std::string stem = std::filesystem::path(path).stem().string();
  for (char& letter : stem) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '-' && letter != '.')
      letter = '_';
  }
  return stem.empty() ? "prompt" : stem.substr(0, 60);
}

// "i/n", 0 <= i < n: of each case the rows of that part.
void take_shard(const std::string& shard, std::vector<GoldenCase>& cases) {
  std::uint64_t i = 0, n = 0;
  const char* end = shard.data() + shard.size();
  const auto [mark, first] = std::from_chars(shard.data(), end, i);
  const bool right = first == std::errc() && mark != end && *mark == '/';
  const auto [last, second] = std::from_chars(right ? mark + 1 : end, end, n);
  if (!right || second != std::errc() || last != end || i >= n)
    throw std::invalid_argument("--shard = '" + shard.substr(0, 40) +
                                "': must be i/n with 0 <= i < n");
  for (GoldenCase& g : cases) g.c = shard_of(g.c, i, n);
}

long peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

struct Made {
  std::uint64_t certified = 0, agreed = 0;
  double seconds = 0;  // spent certifying
};

void add_large_case(FileWriter& writer, const GoldenCase& golden, std::size_t index, Made& made) {
  const auto begin = std::chrono::steady_clock::now();
  const LargeResult result = in_case(index, [&] { return add_large(writer, golden, threads()); });
  made.certified += result.count.values;
  made.agreed += result.sampled;
  made.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Cases side by side, `first` being the index of the first; what a few leave of the threads makes
// rows of each.
void add_cases(FileWriter& writer, std::span<const GoldenCase> cases, std::size_t first,
               Progress& progress, Made& made) {
  const auto each = static_cast<unsigned>(std::max<std::size_t>(1, threads() / cases.size()));
  each_in_order(
      cases.size(),
      [&](std::size_t i) -> std::function<void()> {
        const auto result = std::make_shared<GenerateResult>(
            in_case(first + i, [&] { return generate(cases[i], each); }));
        return [&, i, result] {
          progress.step(cases[i].c.id);
          made.certified += result->certified;
          made.agreed += result->agreed;
          made.seconds += result->seconds * each / threads();
          writer.add(result->stored);
        };
      },
      threads());
}

int generate_file(const std::vector<GoldenCase>& cases, const std::string& suite_name,
                  const std::string& out) {
  if (cases.empty()) throw std::invalid_argument("cases: the list is empty");
  const auto start = std::chrono::steady_clock::now();
  FileWriter writer(out, golden_root(suite_name));
  Made made;
  {
    Progress progress(cases.size());
    const auto large = [](const GoldenCase& g) { return is_large(g.c); };
    for (auto from = cases.begin(); from != cases.end();) {
      const auto end = std::find_if(from, cases.end(), large);
      const auto index = static_cast<std::size_t>(from - cases.begin());
      if (end != from) {
        add_cases(writer, {from, end}, index, progress, made);
        from = end;
        continue;
      }
      progress.step(from->c.id);
      add_large_case(writer, *from++, index, made);
    }
  }
  writer.finish();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  print_line(
      stdout,
      "{}: {} cases, {} bytes, {} values certified at {:.2g} values/s on {} threads, {} recomputed "
      "by {}, {:.1f} s, {} MiB of memory at most",
      out, cases.size(), std::filesystem::file_size(out), made.certified,
      static_cast<double>(made.certified) / made.seconds, threads(), made.agreed, oracle::version(),
      took.count(), peak_mebibytes());
  return kConforms;
}

// What recomputation found.
struct Verified {
  std::uint64_t recomputed = 0, regenerated = 0, left = 0;
  std::vector<std::string> taken, differs;
  void add(const std::string& id, const Verified& one) {
    recomputed += one.recomputed;
    regenerated += one.regenerated;
    left += one.left;
    for (const std::string& line : one.taken) taken.push_back(id + ": " + line);
    for (const std::string& line : one.differs) differs.push_back(id + ": " + line);
  }
};

// The case whose tables are made anew instead of being recomputed value by value; whatever cannot
// be read as a case is named elsewhere.
std::optional<Case> large_case(const CaseView& view) {
  const auto text = view.text.find("case");
  if (text == view.text.end()) return std::nullopt;
  try {
    Case c = case_from_json(parse_json(text->second));
    if (is_large(c)) return c;
  } catch (const std::invalid_argument&) {
  }
  return std::nullopt;
}

Verified recomputed(const CaseView& view, const StoredCase& stored, bool own_words) {
  const Case c = has_dense_planes(stored) ? case_from_json(parse_json(stored.text.at("case")))
                                          : Truth(stored).c;
  std::vector<std::string> differs = differing_words(view, c, own_words);
  const oracle::Report report = oracle::recompute(stored);
  differs.insert(differs.end(), report.differs.begin(), report.differs.end());
  return {report.values, 0, 0, report.taken, differs};
}

Verified made_anew(const CaseView& view, const Case& c, bool own_words) {
  std::vector<std::string> differs = differing_words(view, c, own_words);
  const LargeFindings found = verify_large(view, c, threads());
  differs.insert(differs.end(), found.differs.begin(), found.differs.end());
  return {found.sampled, found.count.values, found.count.decided, {}, differs};
}

int verify_file(const std::string& path) {
  std::vector<std::filesystem::path> files = shards_of(path);
  if (files.empty()) {
    files = {path};
    check_manifest(path);
  } else {
    check_shards(path);
  }
  Verified found;
  std::size_t cases = 0;
  for (const std::filesystem::path& one : files) {
    const CaseFile file(one);
    need_golden(file.root(), one);
    cases = file.ids().size();
    const bool own_words = is_of_this_version(file.root());
    if (!own_words)
      found.taken.emplace_back("/: suite, flags, source: " + words_of_another_version(file.root()));
    for (const std::string& line : differing_suite(file, own_words))
      found.differs.push_back("/: " + line);
    Progress progress(cases);
    // Cases side by side, but for those that take all threads.
    each_in_order(
        cases,
        [&](std::size_t i) -> std::function<void()> {
          const CaseView view = file.view(file.ids()[i]);
          const std::optional<Case> large = large_case(view);
          const Verified small =
              large ? Verified() : recomputed(view, file.load(file.ids()[i]), own_words);
          return [&, i, view, large, small] {
            progress.step(file.ids()[i]);
            found.add(file.ids()[i], large ? made_anew(view, *large, own_words) : small);
          };
        },
        threads());
  }
  for (const std::string& line : found.taken) print_line(stdout, "not recomputed: {}", line);
  for (const std::string& line : found.differs) print_line(stdout, "differs: {}", line);
  const std::string quick = found.regenerated == 0
                                ? ""
                                : fmt::format("{} values of tables made anew ({} by enclosures), ",
                                              found.regenerated, found.left);
  print_line(stdout,
             "{}: {} cases, digests right, {}{} values recomputed by {}, {} datasets differ", path,
             cases, quick, found.recomputed, oracle::version(), found.differs.size());
  return found.differs.empty() ? kConforms : kDoesNotConform;
}

int join_files(const std::vector<GoldenCase>& cases, const std::vector<std::string>& files,
               const std::string& out) {
  const std::vector<std::filesystem::path> paths(files.begin(), files.end());
  join_shards(cases, paths, out);
  print_line(stdout, "{}: {} files joined", out, files.size());
  return kConforms;
}

// Lines that say how two maps of attributes differ.
template <class Map>
void diff_attributes(const std::string& where, const Map& a, const Map& b,
                     std::vector<std::string>& out) {
  for (const auto& [key, value] : a) {
    const auto other = b.find(key);
    if (other == b.end())
      out.push_back(where + " attribute " + key + ": only in the first");
    else if (other->second != value)
      out.push_back(where + " attribute " + key + ": differs");
  }
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) out.push_back(where + " attribute " + key + ": only in the second");
  }
}

void diff_tensors(const std::string& where, const Tensor& a, const Tensor& b,
                  std::vector<std::string>& out) {
  if (a.dtype != b.dtype || a.shape != b.shape) {
    out.push_back(where + ": type or shape differs");
    return;
  }
  const auto x = bits_of(a), y = bits_of(b);
  std::size_t count = 0, first = 0;
  for (std::size_t i = x.size(); i-- > 0;) {
    if (x[i] != y[i]) ++count, first = i;
  }
  if (count > 0) {
    out.push_back(fmt::format("{}: {} of {} values differ, first at index {}: 0x{:x} and 0x{:x}",
                              where, count, x.size(), first, x[first], y[first]));
  }
}

int diff_files(const std::string& first, const std::string& second) {
  const FileReader a(first), b(second);
  refuse_spectrum(a.root(), first);
  refuse_spectrum(b.root(), second);
  std::vector<std::string> out;
  diff_attributes("/", a.root().text, b.root().text, out);
  diff_attributes("/", a.root().numbers, b.root().numbers, out);
  const std::set<std::string> in_b(b.ids().begin(), b.ids().end()),
      in_a(a.ids().begin(), a.ids().end());
  for (const std::string& id : a.ids()) {
    const std::string where = "/cases/" + id;
    if (!in_b.contains(id)) {
      out.push_back(where + ": only in the first");
      continue;
    }
    const StoredCase x = a.load(id), y = b.load(id);
    diff_attributes(where, x.text, y.text, out);
    diff_attributes(where, x.numbers, y.numbers, out);
    for (const auto& [name, tensor] : x.tensors) {
      if (const auto other = y.tensors.find(name); other != y.tensors.end())
        diff_tensors(where + "/" + name, tensor, other->second, out);
      else
        out.push_back(where + "/" + name + ": only in the first");
    }
    for (const auto& [name, tensor] : y.tensors) {
      if (!x.tensors.contains(name)) out.push_back(where + "/" + name + ": only in the second");
    }
  }
  for (const std::string& id : b.ids()) {
    if (!in_a.contains(id)) out.push_back("/cases/" + id + ": only in the second");
  }
  for (const std::string& line : out) print_line(stdout, "{}", line);
  fmt::print("{}\n", out.empty() ? "equal" : fmt::format("{} differences", out.size()));
  return out.empty() ? kConforms : kDoesNotConform;
}

}  // namespace

Run add_generate(CLI::App& app) {
  struct Options {
    std::string suite, cases, prompt, model, out, shard;
    std::vector<std::string> join;
  };
  auto options = std::make_shared<Options>();
  auto* what = app.add_option_group("what", "what to generate");
  what->add_option("--suite", options->suite, "smoke, minimal or full")
      ->check(CLI::IsMember({"smoke", "minimal", "full"}));
  what->add_option("--cases", options->cases, "JSON file with one case or a list of cases");
  what->add_option("--prompt", options->prompt,
                   "prompt file: images and videos in pixels and frames");
  what->require_option(1);
  app.add_option("--model", options->model, "preset for the prompt");
  app.add_option("--out", options->out, "golden file to write")->required();
  auto* shard =
      app.add_option("--shard", options->shard,
                     "i/n: the i-th of n parts of the rows of each case of --cases, from 0");
  app.add_option("--join", options->join,
                 "the n shards of --cases in order: write the text that makes them one, see "
                 "golden/FORMAT.md section 10")
      ->excludes(shard);
  return [options, shard] {
    if (shard->count() > 0 && options->cases.empty())
      throw std::invalid_argument("--shard: goes with --cases");
    if (!options->join.empty() && options->cases.empty())
      throw std::invalid_argument("--join: goes with --cases");
    if (!options->model.empty() && options->prompt.empty())
      throw std::invalid_argument("--model: goes with --prompt");
    const std::string& out = options->out;
    if (out == "-") throw std::invalid_argument("--out = '-': must name a file");
    std::vector<NamedPath> read{{"--cases", options->cases}, {"--prompt", options->prompt}},
        written{{"--out", out}};
    for (const std::string& one : options->join) {
      read.push_back({"--join", one});
      read.push_back({"--join", one, ".manifest"});
    }
    if (options->join.empty()) written.push_back({"--out", out, ".manifest"});
    require_apart(written, read);
    if (!options->suite.empty()) return generate_file(suite(options->suite), options->suite, out);
    if (!options->cases.empty()) {
      std::vector<GoldenCase> cases = cases_from(options->cases);
      if (!options->join.empty()) return join_files(cases, options->join, out);
      if (shard->count() > 0) take_shard(options->shard, cases);
      return generate_file(cases, "cases", out);
    }
    Json prompt;
    try {
      prompt = parse_json(read_text(options->prompt));
      const auto cases = prompt_suite(prompt, options->model, id_of(options->prompt));
      Ids ids;
      for (const GoldenCase& g : cases) ids.take(g.c.id);
      return generate_file(cases, "prompt", out);
    } catch (const std::invalid_argument& e) {
      throw std::invalid_argument(options->prompt + ": " + e.what());
    }
  };
}

Run add_verify(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  app.add_option("file", *path, "golden file, or the text that joins shards")->required();
  return [path] { return verify_file(*path); };
}

Run add_diff(CLI::App& app) {
  auto first = std::make_shared<std::string>(), second = std::make_shared<std::string>();
  app.add_option("first", *first, "golden or candidate file")->required();
  app.add_option("second", *second, "golden or candidate file")->required();
  return [first, second] { return diff_files(*first, *second); };
}

}  // namespace plumbline
