// SPDX-License-Identifier: Apache-2.0
// Who may include whom. The folders stand on three floors, the two oracles share nothing below the
// case, and each library has one owner; each rule is also broken on a copy and must notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace plumbline {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using Tree = std::map<std::string, std::string>;  // path from the root -> text

constexpr const char* kFolders[] = {"reference", "golden", "fast", "properties", "tools"};

bool starts_with_any(const std::string& text, const Lines& prefixes) {
  for (const std::string& prefix : prefixes) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

bool ends_with_any(const std::string& text, const Lines& suffixes) {
  for (const std::string& suffix : suffixes) {
    if (text.ends_with(suffix)) return true;
  }
  return false;
}

bool is_cpp(const std::string& path) {
  return ends_with_any(path, {".h", ".hpp", ".cuh", ".cpp", ".cc", ".c", ".cu", ".cpp.in"});
}

bool is_source(const std::string& path) {
  return is_cpp(path) || ends_with_any(path, {"CMakeLists.txt", ".cmake", ".py", ".sh"});
}

const Tree& tree() {
  static const Tree all = [] {
    Tree out;
    const fs::path root = PLUMBLINE_SOURCE;
    const auto take = [&](const fs::path& path) {
      const std::string name = fs::relative(path, root).generic_string();
      if (!is_source(name)) return;
      std::ifstream in(path, std::ios::binary);
      out[name] = {std::istreambuf_iterator<char>(in), {}};
    };
    take(root / "CMakeLists.txt");
    for (const char* folder : kFolders) {
      for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        if (entry.is_regular_file()) take(entry.path());
      }
    }
    return out;
  }();
  return all;
}

// Edges of one file: "golden/tensor.h" for a file of the tree, "<hdf5.h" for any other header.
Lines includes_of(const Tree& all, const std::string& path, Lines& unresolved) {
  static const std::regex kDirective(R"(^\s*#\s*include\b(.*))");
  static const std::regex kName(R"(^\s*(["<])([^">]+)[">].*)");
  Lines out;
  std::istringstream lines(all.at(path));
  std::smatch directive, name;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, directive, kDirective)) continue;
    const std::string rest = directive[1];
    if (!std::regex_match(rest, name, kName)) {
      unresolved.push_back(path + " includes " + rest);
      continue;
    }
    const std::string header = name[2];
    const std::string beside =
        (fs::path(path).parent_path() / header).lexically_normal().generic_string();
    if (all.contains(header))
      out.push_back(header);
    else if (all.contains(beside))
      out.push_back(beside);
    else if (name[1] == "<")
      out.push_back("<" + header);
    else
      unresolved.push_back(path + " includes \"" + header + "\", which is not in the tree");
  }
  return out;
}

class Graph {
 public:
  explicit Graph(const Tree& all) {
    for (const auto& [path, text] : all) {
      if (is_cpp(path)) edges_[path] = includes_of(all, path, unresolved_);
    }
  }
  const Lines& unresolved() const { return unresolved_; }
  const std::map<std::string, Lines>& edges() const { return edges_; }
  // Everything that `path` reaches, each with the way there; `direct`: its own includes only.
  std::map<std::string, std::string> reached(const std::string& path, bool direct) const {
    std::map<std::string, std::string> way;
    std::deque<std::string> open{path};
    while (!open.empty()) {
      const std::string from = open.front();
      open.pop_front();
      const auto edges = edges_.find(from);
      if (edges == edges_.end() || (direct && from != path)) continue;
      for (const std::string& to : edges->second) {
        if (to != path &&
            way.emplace(to, (from == path ? path : way.at(from)) + " -> " + to).second)
          open.push_back(to);
      }
    }
    return way;
  }

 private:
  std::map<std::string, Lines> edges_;
  Lines unresolved_;
};

struct Break {
  const char* path;  // made if it does not exist
  const char* line;
};

// Paths and headers are matched by prefix; a header outside the tree begins with '<'.
struct Rule {
  const char* why;
  Lines from, unless_from;
  Lines never, unless;
  bool direct;  // false: on the way through other files too
  std::vector<Break> breaks;
};

const Lines kEverything{""};
const Lines kMultiprecision{"<mpfi", "<mpfr", "<gmp", "<boost/multiprecision"};
const Lines kArb{"<arb", "<acb", "<arf", "<mag.h", "<flint", "<fmp", "<fmpq"};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {"reference/ is the lowest floor",
       {"reference/"},
       {},
       {"golden/", "fast/", "tools/", "properties/"},
       {},
       false,
       {{"reference/real.h", "#include \"golden/tensor.h\""},
        {"reference/schemes/mrope.cpp", "  #  include <fast/fast.h>"},
        {"reference/schemes.cpp.in", "#include \"../tools/plumbline.h\""}}},
      {"fast/ is a subject: it shares nothing with what judges it",
       {"fast/"},
       {},
       {"reference/", "golden/", "tools/", "properties/"},
       {},
       false,
       {{"fast/wide.h", "#include \"reference/real.h\""},
        {"fast/plan.cpp", "#include \"golden/tensor.h\""},
        {"fast/rotate_cuda.cu", "#include \"tools/plumbline.h\""}}},
      {"golden/ is below the tools and the tests, and beside fast/",
       {"golden/"},
       {},
       {"tools/", "properties/", "fast/"},
       {},
       false,
       {{"golden/compare.h", "#include \"fast/fast.h\""},
        {"golden/cases.cpp", "#include \"properties/file_support.h\""}}},
      {"tools/ run the laws, and need no test",
       {"tools/"},
       {},
       {"properties/"},
       {"properties/laws/", "properties/mutants/", "properties/diagnosis/", "properties/identity/",
        "properties/matrix/"},
       false,
       {{"tools/list.cpp", "#include \"properties/process.h\""},
        {"properties/laws/run.h", "#include \"properties/properties.h\""}}},
      {"the laws are shipped: they need no test either",
       {"properties/laws/"},
       {},
       {"properties/", "tools/plumbline.h", "<gtest", "<gmock", "<rapidcheck", "<Eigen"},
       {"properties/laws/"},
       false,
       {{"properties/laws/law.h", "#include <rapidcheck.h>"},
        {"properties/laws/draw.cpp", "#include \"properties/properties.h\""}}},
      {"what names a bug does not know the bugs that it is tried on",
       {"properties/diagnosis/", "properties/identity/"},
       {},
       {"properties/mutants/", "properties/matrix/", "fast/rotate_", "<gtest", "<rapidcheck"},
       {},
       false,
       {{"properties/diagnosis/probes.cpp", "#include \"properties/mutants/work.h\""}}},
      {"a wrong kernel shares nothing with what names it",
       {"properties/mutants/"},
       {},
       {"properties/diagnosis/", "properties/matrix/", "reference/rotation.cpp", "<gtest"},
       {},
       false,
       {{"properties/mutants/work.h", "#include \"properties/diagnosis/contract.h\""}}},
      {"a deployed pipeline shares no arithmetic with what judges it",
       {"properties/pipelines/"},
       {},
       {"fast/", "properties/mutants/", "properties/diagnosis/", "properties/matrix/",
        "reference/rotation.cpp", "golden/compare.", "<gtest"},
       {},
       false,
       {{"properties/pipelines/pipeline.h", "#include \"fast/spectrum.h\""}}},
      {"the second oracle knows the first by nothing but plain tensors",
       {"golden/oracle/"},
       {},
       {"reference/", "golden/", "fast/", "tools/", "properties/"},
       {"golden/oracle/", "golden/tensor.h"},
       false,
       {{"golden/oracle/exact.h", "#include \"golden/golden.h\""},
        {"golden/oracle/turns.cpp", "#include \"reference/sequence.h\""},
        {"golden/tensor.h", "#include \"reference/sequence.h\""}}},
      {"the first oracle knows nothing of the second",
       {"reference/", "golden/golden.h", "golden/truth.", "golden/cases.cpp", "golden/recipe."},
       {},
       {"golden/oracle/"},
       {},
       false,
       {{"golden/golden.h", "#include \"golden/oracle/oracle.h\""}}},
      {"quick rows know the definition, and not the oracle that judges them",
       {"golden/quick/"},
       {},
       {"golden/", "fast/", "tools/", "properties/"},
       {"golden/quick/", "golden/tensor.h"},
       false,
       {{"golden/quick/rows.h", "#include \"golden/oracle/oracle.h\""},
        {"golden/quick/lane_rows.h", "#include \"fast/wide.h\""}}},
      {"the definition and the oracle do without quick rows",
       {"reference/", "golden/oracle/"},
       {},
       {"golden/quick/"},
       {},
       false,
       {{"golden/oracle/exact.h", "#include \"golden/quick/double2.h\""}}},
      {"where a token stands does not know what a pair reads",
       {"reference/position_design."},
       {},
       {"reference/frequency_allocation.h", "reference/scheme.h"},
       {},
       false,
       {{"reference/parameters.h", "#include \"reference/frequency_allocation.h\""},
        {"reference/position_design.h", "#include \"frequency_allocation.h\""}}},
      {"what a pair reads does not know where a token stands",
       {"reference/frequency_allocation."},
       {},
       {"reference/position_design.h", "reference/scheme.h"},
       {},
       false,
       {{"reference/parameters.h", "#include \"reference/position_design.h\""},
        {"reference/frequency_allocation.h", "#include \"reference/position_design.h\""}}},
      {"HDF5 has one owner",
       kEverything,
       {"golden/hdf5/", "properties/"},
       {"<hdf5", "<H5"},
       {},
       false,
       {{"golden/golden.h", "#include <hdf5.h>"},
        {"golden/compare.cpp", "#include <H5Dpublic.h>"},
        {"tools/validate.cpp", "#include \"golden/hdf5/hdf5_handle.h\""}}},
      // golden/generate.cpp asks the libraries for their versions, which it writes into the file.
      {"MPFI, MPFR and GMP belong to real.h and certify.h",
       kEverything,
       {"reference/real.", "reference/certify.", "golden/generate.cpp", "properties/"},
       kMultiprecision,
       {},
       true,
       {{"reference/rotation.cpp", "#include <mpfr.h>"},
        {"tools/positions.cpp", "#include <boost/multiprecision/mpfi.hpp>"}}},
      {"the subject computes with machine numbers",
       {"fast/"},
       {},
       kMultiprecision,
       {},
       false,
       {{"fast/wide.h", "#include <mpfi.h>"}}},
      {"Arb belongs to the second oracle, inside its own folder",
       kEverything,
       {"golden/oracle/"},
       kArb,
       {},
       false,
       {{"reference/real.cpp", "#include <arb.h>"},
        {"golden/oracle/oracle.h", "#include <flint/fmpq.h>"},
        {"properties/process.h", "#include <acb.h>"}}},
      {"the second oracle uses no library of the first",
       {"golden/oracle/"},
       {},
       kMultiprecision,
       {},
       false,
       {{"golden/oracle/exact.h", "#include <boost/multiprecision/gmp.hpp>"}}},
      {"test libraries stay in the tests",
       kEverything,
       {"properties/"},
       {"<gtest", "<gmock", "<rapidcheck", "<Eigen"},
       {},
       false,
       {{"golden/recipe.h", "#include <rapidcheck.h>"}}},
      {"the command-line parser stays in tools/",
       kEverything,
       {"tools/"},
       {"<CLI"},
       {},
       false,
       {{"golden/cases.cpp", "#include <CLI/CLI.hpp>"}}},
      {"kernels take plain data",
       {"fast/rotate_"},
       {},
       {"reference/", "golden/", "tools/", "properties/"},
       {},
       false,
       {{"fast/half.h", "#include \"golden/tensor.h\""}}},
  };
  return all;
}

Lines violations(const Rule& rule, const Graph& graph) {
  Lines out;
  for (const auto& [path, edges] : graph.edges()) {
    if (!starts_with_any(path, rule.from) || starts_with_any(path, rule.unless_from)) continue;
    for (const auto& [target, way] : graph.reached(path, rule.direct)) {
      if (starts_with_any(target, rule.never) && !starts_with_any(target, rule.unless))
        out.push_back(way);
    }
  }
  return out;
}

// Kernels include fast/*.h and headers of the compiler: the C++ library, intrinsics, CUDA.
Lines foreign_headers_of_kernels(const Graph& graph) {
  Lines out;
  for (const auto& [path, edges] : graph.edges()) {
    if (!path.starts_with("fast/rotate_")) continue;
    for (const auto& [target, way] : graph.reached(path, false)) {
      const bool own = target.starts_with("fast/") && target.ends_with(".h");
      const bool compiler =
          target.front() == '<' && (target.find_first_of("./") == std::string::npos ||
                                    target.ends_with("intrin.h") || target.starts_with("<cuda"));
      if (!own && !compiler) out.push_back(way);
    }
  }
  return out;
}

Lines without_license(const Tree& all) {
  Lines out;
  for (const auto& [path, text] : all) {
    const std::string line = text.substr(0, text.find('\n'));
    const std::string spdx = "SPDX-License-Identifier: Apache-2.0";
    // A script's first line names its interpreter.
    const std::string second =
        line.starts_with("#!") ? text.substr(std::min(line.size() + 1, text.size())) : text;
    if (!second.starts_with((is_cpp(path) ? "// " : "# ") + spdx + "\n")) out.push_back(path);
  }
  return out;
}

Lines too_long(const Tree& all) {
  Lines out;
  for (const auto& [path, text] : all) {
    const auto lines = std::count(text.begin(), text.end(), '\n');
    if (lines > 500) out.push_back(path + " has " + std::to_string(lines) + " lines");
  }
  return out;
}

std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) out += "  " + line + "\n";
  return out;
}

Tree broken(const Break& by) {
  Tree copy = tree();
  copy[by.path] += std::string("\n") + by.line + "\n";
  return copy;
}

TEST(IncludeGraph, TheTreeIsSeen) {
  const Graph graph(tree());
  EXPECT_GT(graph.edges().size(), 100U);
  for (const char* folder : kFolders) {
    EXPECT_TRUE(tree().contains(std::string(folder) + "/CMakeLists.txt")) << folder;
  }
  // One long way that must be found, through a header of another folder.
  const auto reached = graph.reached("tools/validate.cpp", false);
  EXPECT_TRUE(reached.contains("golden/tensor.h"));
  EXPECT_TRUE(reached.contains("<boost/multiprecision/mpfi.hpp"));
  EXPECT_FALSE(graph.reached("tools/validate.cpp", true).contains("reference/real.h"));
  EXPECT_EQ(joined(graph.unresolved()), "");
}

TEST(IncludeGraph, EveryRuleHolds) {
  const Graph graph(tree());
  for (const Rule& rule : rules()) EXPECT_EQ(joined(violations(rule, graph)), "") << rule.why;
  EXPECT_EQ(joined(foreign_headers_of_kernels(graph)), "");
}

TEST(IncludeGraph, EveryRuleNoticesItsBreaks) {
  for (const Rule& rule : rules()) {
    EXPECT_FALSE(rule.breaks.empty()) << rule.why;
    for (const Break& by : rule.breaks)
      EXPECT_FALSE(violations(rule, Graph(broken(by))).empty())
          << rule.why << ": not broken by " << by.line << " in " << by.path;
  }
  for (const Break& by : {Break{"fast/rotate_scalar.cpp", "#include <fmt/format.h>"},
                          Break{"fast/half.h", "#include <unistd.h>"},
                          Break{"fast/rotate_scalar.cpp", "#include \"fast/plan.cpp\""}})
    EXPECT_FALSE(foreign_headers_of_kernels(Graph(broken(by))).empty()) << by.line;
  for (const Break& by :
       {Break{"fast/half.h", "#include \"nowhere.h\""}, Break{"fast/half.h", "#include HEADER"}})
    EXPECT_FALSE(Graph(broken(by)).unresolved().empty()) << by.line;
}

TEST(Sources, EveryOneHasItsLicenseLine) {
  EXPECT_EQ(joined(without_license(tree())), "");
  for (const char* path :
       {"reference/real.h", "golden/CMakeLists.txt", "reference/schemes.cpp.in"}) {
    Tree copy = tree();
    copy[path].insert(0, "\n");
    EXPECT_EQ(without_license(copy), Lines{path});
  }
}

TEST(Sources, NoneIsLongerThan500Lines) {
  EXPECT_EQ(joined(too_long(tree())), "");
  Tree copy = tree();
  copy["fast/long.h"] = std::string(501, '\n');
  copy["fast/short.h"] = std::string(500, '\n');
  EXPECT_EQ(too_long(copy), Lines{"fast/long.h has 501 lines"});
}

}  // namespace
}  // namespace plumbline
