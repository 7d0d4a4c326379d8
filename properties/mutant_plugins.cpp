// SPDX-License-Identifier: Apache-2.0
// Every mutant as a shared library, through the C ABI alone: the bits of the built-in one, and no
// better luck with the judge.
#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "golden/compare.h"
#include "golden/golden.h"
#include "golden/truth.h"
#include "properties/matrix/matrix.h"
#include "properties/process.h"
#include "tools/plugin/run.h"
#include "tools/plugin/subject.h"

namespace plumbline {
namespace {

using matrix::candidate_of;

const std::vector<StoredCase>& golden() {
  static const matrix::Suite kSuite;
  return kSuite.cases();
}

const StoredCase& golden_case(std::string_view id) {
  for (const StoredCase& g : golden()) {
    if (g.id == id) return g;
  }
  throw std::invalid_argument("no case " + std::string(id));
}

class MutantPlugins : public CommandLine {
 protected:
  MutantPlugins() {
    setenv("PLUMBLINE_PLUGIN_HOST",
           (fs::path(PLUMBLINE_BINARY).parent_path() / "plumbline-plugin-host").c_str(), 1);
  }
  std::string folder() const { return at("mutants"); }
  std::string library(std::string_view id, bool wrong) const {
    return folder() + (wrong ? "/wrong/" : "/right/") + std::string(id) + ".so";
  }
  std::shared_ptr<plugin::PluginProcess> start(std::string_view id, bool wrong) const {
    return std::make_shared<plugin::PluginProcess>(library(id, wrong), plugin::Limits{});
  }
};

// What the plug-in leaves in the outputs of a golden case, in the order of calls that the built-in
// kernel gets; nothing where the host stopped it for touching memory that is not its own.
std::optional<StoredCase> through_the_abi(const std::shared_ptr<plugin::PluginProcess>& process,
                                          const StoredCase& g) {
  process->restart();
  const auto health = std::make_shared<plugin::Health>();
  try {
    return candidate_of(plugin::subject(process, health), g);
  } catch (const std::runtime_error& stopped) {
    EXPECT_TRUE(health->crashed) << stopped.what();
    return std::nullopt;
  }
}

bool killed_by_the_host(plugin::PluginProcess& process, const StoredCase& g) {
  const plugin::Answers answers = plugin::run(process, g);
  EXPECT_TRUE(answers.refused.empty()) << answers.refused.front();
  const CaseResult r = compare(g, answers.outputs, [&](const Format& f) {
    return plugin::recipe_of(process, dtype_of(f)).value();
  });
  return !answers.findings.empty() ||
         std::any_of(r.classes.begin(), r.classes.end(),
                     [](const ClassResult& d) { return d.failures > 0; });
}

TEST_F(MutantPlugins, AreTheBuiltInOnesBitForBitAndDieOfTheSameCases) {
  const std::string said = output({"mutants", "--plugins", folder()});
  EXPECT_TRUE(said.starts_with(folder())) << said;
  std::cout << said;
  const std::string_view always[] = {"qwen3.5-27b", "special-neox", "gpt-oss-20b"};
  int compared = 0, stopped = 0, by_golden = 0, by_host = 0, alive = 0;
  std::string survivors;
  for (const mutants::Mutant& m : mutants::mutants()) {
    SCOPED_TRACE(m.id);
    const auto process = start(m.id, m.kind == mutants::Kind::wrong);
    EXPECT_EQ(process->description().name, "mutant-" + std::string(m.id));
    // The first case whose numbers alone give the built-in one away, and three more.
    std::set<std::string> cases(std::begin(always), std::end(always));
    std::optional<std::string> gives_away;
    for (const StoredCase& g : golden()) {
      const laws::Subject built_in = mutants::subject_of(m);
      if (!matrix::fails(g, candidate_of(built_in, g), built_in)) continue;
      cases.insert(g.id);
      gives_away = g.id;
      break;
    }
    bool touched = false;
    for (const std::string& id : cases) {
      const StoredCase& g = golden_case(id);
      const StoredCase wanted = candidate_of(mutants::subject_of(m), g);
      const auto got = through_the_abi(process, g);
      if (!got) {
        touched = true;
        continue;
      }
      ++compared;
      ASSERT_EQ(got->tensors.size(), wanted.tensors.size());
      for (const auto& [name, tensor] : wanted.tensors)
        EXPECT_EQ(got->tensors.at(name).bytes, tensor.bytes) << id << " " << name;
    }
    stopped += touched ? 1 : 0;
    bool killed = false;
    for (const std::string& id : cases)
      killed = killed || killed_by_the_host(*process, golden_case(id));
    if (m.kind != mutants::Kind::wrong) {
      EXPECT_FALSE(killed || touched);
      continue;
    }
    by_golden += gives_away ? 1 : 0;
    by_host += killed ? 1 : 0;
    EXPECT_TRUE(killed || !gives_away);
    if (!killed) survivors += " " + std::string(m.id), ++alive;
  }
  std::cout << fmt::format(
      "{} outputs with the bits of the built-in kernel, {} mutants stopped at a guard page; {} die "
      "of golden numbers built in, {} as plug-ins, {} live:{}\n",
      compared, stopped, by_golden, by_host, alive, survivors);
  EXPECT_GE(by_host, by_golden);
  // The control: a test that fails it measures nothing.
  const auto control = start("faultless", false);
  for (const std::string_view id : always) {
    EXPECT_FALSE(killed_by_the_host(*control, golden_case(id))) << id;
    const auto got = through_the_abi(control, golden_case(id));
    ASSERT_TRUE(got);
    for (const auto& [name, tensor] : candidate_of(mutants::faultless(), golden_case(id)).tensors)
      EXPECT_EQ(got->tensors.at(name).bytes, tensor.bytes) << id << " " << name;
  }
}

TEST_F(MutantPlugins, OneIsWrittenWhereOneIsAskedFor) {
  output({"mutants", "--plugins", folder(), "--mutant", "M01a"});
  EXPECT_TRUE(fs::exists(library("M01a", true)) && fs::exists(library("faultless", false)));
  EXPECT_FALSE(fs::exists(library("M02a", true)) || fs::exists(library("M22b", false)));
  // A hundred of them cost little more than one.
  EXPECT_LT(fs::file_size(library("M01a", true)), 20000U);
  // Again, over what is there.
  output({"mutants", "--plugins", folder(), "--mutant", "M01a"});
  expect_refusal({"mutants", "--plugins", folder(), "--mutant", "M99"}, 2, {"M99"});
  expect_refusal({"mutants", "--plugins", spilled("file", "") + "/below"}, 3, {"below", "folder"});
  fs::remove_all(folder());
  {
    const FullDisk full(4096);
    expect_refusal({"mutants", "--plugins", folder(), "--mutant", "M01a"}, 3,
                   {"libplumbline_mutants.so"});
  }
  EXPECT_FALSE(fs::exists(folder()));
  // One of them in the way of the last: what was there stays, and nothing comes to it.
  fs::create_directories(library("M01a", true));
  spill(at("mutants/wrong/M02a.so"), "old");
  expect_refusal({"mutants", "--plugins", folder()}, 3, {"M01a.so", "is a directory"});
  std::set<std::string> left;
  for (const auto& entry : fs::recursive_directory_iterator(folder()))
    left.insert(fs::relative(entry.path(), folder()));
  EXPECT_EQ(left, (std::set<std::string>{"wrong", "wrong/M01a.so", "wrong/M02a.so"}));
  EXPECT_EQ(slurp(library("M02a", true)), "old");
}

}  // namespace
}  // namespace plumbline
