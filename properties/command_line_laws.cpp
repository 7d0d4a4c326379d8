// SPDX-License-Identifier: Apache-2.0
// plumbline properties as its users see it: output, exit codes, replay lines and emitted tests.
#include <set>

#include "properties/process.h"
#include "reference/case.h"

namespace plumbline {
namespace {

class CommandLineLaws : public CommandLine {};

const std::string kHolds =
    R"(plumbline-replay 1 law=norm subject=scalar case={"scheme":"vanilla","sequence":"t3"} )"
    R"(aux={"dtype":"f16","data":7,"x":[[5,0,0],["1/3"]]})";
// A |v| leaves the range of binary16, so |R v| is infinite and the law cannot hold.
const std::string kBroken =
    R"(plumbline-replay 1 law=norm subject=reference case={"scheme":"vanilla","shape":)"
    R"({"head_dim":2,"rotary_dim":2,"num_heads":1,"num_key_value_heads":1},"spectrum":{"scaling":)"
    R"("yarn","params":{"base":7,"factor":2,"original_max_position_embeddings":512,)"
    R"("attention_factor":1000000}}} aux={"dtype":"f16","data":7,"x":[[5,0,0]]})";
// One head passes no lane through.
const std::string kSilent =
    R"(plumbline-replay 1 law=pass_through subject=scalar case={"scheme":"vanilla"} aux={"x":[[1]]})";

TEST_F(CommandLineLaws, OneLineForEachLawAndSubject) {
  const std::string out = output({"properties", "--cases", "1", "--seed", "5"});
  for (const char* word : {"equivariance       reference", "equivariance       scalar-f32phase",
                           "growth             reference", "cases/s", "every law holds", "seed 5"})
    EXPECT_NE(out.find(word), std::string::npos) << word << " in\n" << out;
  // A kernel that places no token is no subject of laws about places.
  EXPECT_EQ(out.find("growth             scalar"), std::string::npos) << out;
}

TEST_F(CommandLineLaws, JsonSaysTheSame) {
  const std::string out =
      output({"properties", "--law", "norm", "--cases", "2", "--seed", "5", "--json"});
  const Json report = Json::parse(out);
  EXPECT_EQ(report["plumbline_properties"], 1);
  EXPECT_EQ(report["seed"], 5);
  EXPECT_EQ(report["exit_code"], 0);
  std::uint64_t cases = 0;
  std::set<std::string> subjects;
  for (const Json& row : report["results"]) {
    EXPECT_EQ(row["law"], "norm");
    EXPECT_TRUE(row["holds"].get<bool>());
    cases += row["cases"].get<std::uint64_t>();
    subjects.insert(row["subject"]);
  }
  EXPECT_EQ(report["cases"], cases);
  EXPECT_TRUE(subjects.contains("reference"));
  EXPECT_GE(subjects.size(), 3U);
  const Json one = Json::parse(
      output({"properties", "--law", "norm", "--kernel", "scalar", "--cases", "2", "--json"}));
  ASSERT_EQ(one["results"].size(), 1U);
  EXPECT_EQ(one["results"][0]["subject"], "scalar");
}

TEST_F(CommandLineLaws, AFamilyIsNamedLikeALaw) {
  const Json report =
      Json::parse(output({"properties", "--law", "walk", "--cases", "1", "--json"}));
  EXPECT_EQ(report["results"].size(), 5U);
}

TEST_F(CommandLineLaws, ReplayAnswersByExitCode) {
  const auto code = [](const std::string& line) { return run({"properties", "--replay", line}); };
  EXPECT_EQ(code(kHolds).code, 0) << code(kHolds).err;
  EXPECT_EQ(code(kHolds).out, "norm on scalar: holds\n");
  EXPECT_EQ(code(kBroken).code, 1) << code(kBroken).out << code(kBroken).err;
  EXPECT_TRUE(one_line(code(kBroken).out));
  EXPECT_EQ(code(kSilent).code, 77) << code(kSilent).out << code(kSilent).err;
}

TEST_F(CommandLineLaws, FaultyRequestsAreUsage) {
  expect_refusal({"properties", "--replay", "nonsense"}, 2, {"plumbline-replay 1"});
  expect_refusal({"properties", "--replay", "plumbline-replay 9 law=norm"}, 2, {"version"});
  expect_refusal({"properties", "--replay", kHolds + " x"}, 2, {"unexpected text"});
  expect_refusal({"properties", "--law", "nothing"}, 2, {"nothing", "norm", "equivariance"});
  expect_refusal({"properties", "--kernel", "nobody"}, 2, {"nobody", "reference", "scalar"});
  expect_refusal({"properties", "--law", "growth", "--kernel", "scalar", "--json"}, 2, {"growth"});
  expect_refusal({"properties", "--kernel", "nobody"}, 2, {"--kernel = 'nobody'"});
  expect_refusal({"properties", "--replay", ""}, 2, {"--replay", "empty"});
  for (const Arguments& other : {Arguments{"--kernel", "scalar"}, Arguments{"--law", "gqa"},
                                 Arguments{"--cases", "1"}, Arguments{"--json"}}) {
    Arguments all{"properties", "--replay", kHolds};
    all.insert(all.end(), other.begin(), other.end());
    expect_refusal(all, 2, {"--replay", other.front()});
  }
  expect_refusal({"properties", "--emit", "cpp", "--json"}, 2, {"--emit", "--json"});
  for (const char* seed : {"-1", "1.5", "18446744073709551616", "one", "1 "})
    expect_refusal(
        {"properties", "--seed", seed}, 2,
        {"--seed = '" + std::string(seed) + "': must be an integer", "18446744073709551615"});
  EXPECT_EQ(run({"properties", "--cases", "0"}).code, 2);
  EXPECT_EQ(run({"properties", "--emit", "rust"}).code, 2);
}

// What a law cannot read is a fault of the line, which a skip would hide.
TEST_F(CommandLineLaws, FaultyAuxIsUsage) {
  const auto line = [](const std::string& law, const std::string& aux) {
    return "plumbline-replay 1 law=" + law +
           R"( subject=scalar case={"scheme":"vanilla","sequence":"t4"} aux=)" + aux;
  };
  struct Row {
    const char *law, *aux, *key;
  };
  for (const auto& [law, aux, key] :
       {Row{"gqa", "{}", "x"}, Row{"gqa", R"({"x":5})", "x"}, Row{"gqa", R"({"x":[]})", "x"},
        Row{"gqa", R"({"x":[5]})", "x"}, Row{"gqa", R"({"x":[["one"]]})", "x"},
        Row{"gqa", R"({"x":[[1]],"dtype":"f8"})", "dtype"},
        Row{"gqa", R"({"x":[[1]],"dtype":8})", "dtype"},
        Row{"gqa", R"({"x":[[1]],"data":-1})", "data"},
        Row{"gqa", R"({"x":[[1]],"special":2})", "special"}, Row{"norm", R"({"X":[[1]]})", "x"},
        Row{"equivariance", R"({"x":[[1]],"y":[[1]]})", "shift"},
        Row{"in_place", R"({"x":[[1]],"head_gap":4294967296})", "head_gap"}})
    expect_refusal({"properties", "--replay", line(law, aux)}, 2, {"aux", key});
  EXPECT_EQ(run({"properties", "--replay", line("gqa", R"({"x":[[1]]})")}).code, 0);
}

TEST_F(CommandLineLaws, EmittedTestsHoldTheLine) {
  const std::string cpp = output({"properties", "--replay", kHolds, "--emit", "cpp"});
  EXPECT_NE(cpp.find("TEST(PlumblineReplay, norm_scalar_"), std::string::npos) << cpp;
  EXPECT_NE(cpp.find(kHolds), std::string::npos) << cpp;
  expect_refusal({"properties", "--replay", "nonsense", "--emit", "cpp"}, 2, {"replay line"});
}

// The emitted pytest function, called by plain Python: it passes on a line that holds and fails on
// one that does not.
TEST_F(CommandLineLaws, EmittedPythonTestsRun) {
  ASSERT_EQ(std::system("python3 -c pass"), 0) << "tools/setup installs python3";
  const std::filesystem::path folder = std::filesystem::path(PLUMBLINE_BINARY).parent_path();
  for (const auto& [line, passes] : {std::pair(kHolds, true), std::pair(kBroken, false)}) {
    std::string text = output({"properties", "--replay", line, "--emit", "pytest"});
    const auto first = text.find("def test_") + 4;
    text += "\n\n" + text.substr(first, text.find("()") - first) + "()\n";
    const std::string path = spilled("test_replay.py", text);
    const std::string command =
        "PATH='" + folder.string() + "':$PATH python3 '" + path + "' >/dev/null 2>&1";
    EXPECT_EQ(std::system(command.c_str()) == 0, passes) << text;
  }
}

}  // namespace
}  // namespace plumbline
