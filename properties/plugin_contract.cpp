// SPDX-License-Identifier: Apache-2.0
// Kernels as plug-ins: right ones conform, and each way to break the contract is reported as such,
// with a line that replays it and without harm to the suite.
#include <fcntl.h>
#include <sys/prctl.h>

#include <csignal>
#include <regex>

#include "properties/plugin_support.h"

namespace plumbline {
namespace {

struct Breach {
  const char* manner;   // of plugins/misbehaving.c
  int code;             // of validate
  const char* finding;  // in its first line; "": only the code
  const char* why;
};

constexpr Breach kBreaches[] = {
    {"crashes", 4, "crashed", "crashed with SIGSEGV"},
    {"null_read", 4, "crashed", "crashed with SIGSEGV"},
    {"aborts", 4, "crashed", "crashed with SIGABRT"},
    {"exits", 4, "crashed", "ended the process with exit code 0"},
    {"overflows_stack", 4, "crashed", "crashed with SIGSEGV"},
    {"hangs", 4, "timed-out", "timed out after 1 s"},
    {"closes_everything", 4, "timed-out", "timed out after 1 s"},
    {"closes_and_ends", 4, "crashed", "ended the process with exit code 3"},
    {"forks_and_aborts", 4, "crashed", "crashed with SIGABRT"},
    {"kills_its_group", 4, "crashed", "crashed with SIGKILL"},
    {"kills_its_parent", 4, "crashed", "crashed with SIGKILL"},
    {"stops_its_parent", 4, "timed-out", "timed out after 1 s"},
    {"eats_memory", 4, "crashed", "of the 512 MiB that it may have"},
    {"fails", 1, "failed", "returned 7"},
    {"writes_input", 4, "wrote-input", "wrote to q, which is an input"},
    {"writes_past_end", 4, "wrote-outside", "wrote at byte 1 past the end of k's output"},
    {"writes_before_start", 4, "wrote-outside", "wrote 1 byte before the start of q's output"},
    {"reads_past_end", 4, "read-outside", "read at byte 1 past the end of q"},
    {"writes_gap", 4, "wrote-outside", "wrote the gap at element 8"},
    {"counts_calls", 1, "not-repeatable", "forward, again: q differs"},
    {"stale_table", 1, "stale-state", "after other positions and inputs"},
    {"first_table_kept", 1, "stale-state", "forward, other positions and inputs: q differs"},
    {"remembers_calls", 1, "stale-state", "after other positions and inputs"},
    {"int32_shifted", 1, "int32-differs", "int32 positions: q differs, first at token 0"},
    {"packed_wrong", 1, "packed-differs", "packed: q differs"},
    {"index_as_position", 1, "packed-differs", "packed: q differs"},
    {"refuses_late", 1, "refused-late", "returned unsupported after it had written"},
    {"writes_case", 4, "wrote-input", "wrote to the plumbline_case"},
    {"writes_call", 4, "wrote-input", "wrote to the plumbline_call"},
    {"long_message", 4, "wrote-outside", "past the end of its message"},
    {"alone_wrong", 1, "length-matters", "forward, 1 row: q differs"},
    {"many_wrong", 1, "length-matters", "forward, 331 rows: q differs"},
    {"ninth_head_wrong", 1, "heads-matter", "18 and 9 heads: q differs, first at token 0, head 8"},
    {"dense_only", 1, "strides-matter", "strided: q differs, first at token 0, head 1, lane 0"},
    {"reads_after_writing", 1, "in-place-differs", "in place: q differs"},
    {"half_written", 1, "not-written", "12 of 48 elements of q's output"},
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class Plugins : public PluginRoom {
 protected:
  std::string golden() const {
    const std::string path = at("plugin.h5");
    if (!fs::exists(path))
      output_of_generate({"generate", "--cases", "-", "--out", path}, R"([
        {"id": "tiny", "scheme": "mrope", "sequence": "t1 v1x1x2", "params": {"mrope_section":
        [2, 1, 1]}, "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 2,
        "num_key_value_heads": 1}, "dtypes": ["f32"], "tensors": ["tables", "rotated", "adjoint"]},
        {"id": "other", "scheme": "vanilla", "sequence": "t3", "pairing": "gptj", "shape":
        {"head_dim": 10, "rotary_dim": 6, "num_heads": 1, "num_key_value_heads": 1},
        "dtypes": ["f32"], "tensors": ["rotated"]}])");
    return path;
  }
};

TEST_F(Plugins, ABehavingOneConforms) {
  const std::string out = output({"validate", golden(), "--plugin", misbehaving("behaves")});
  EXPECT_NE(out.find("plug-in misbehaving against"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\nconforms\n")) << out;
}

TEST_F(Plugins, EveryBreachIsReportedAsItselfWithAReplayLine) {
  for (const Breach& b : kBreaches) {
    if (kSanitized && std::string(b.manner) == "eats_memory") continue;  // no cap there
    SCOPED_TRACE(b.manner);
    const std::string library = misbehaving(b.manner);
    const Ended ended =
        run({"validate", golden(), "--plugin", library, "--timeout", "1", "--memory", "512"});
    EXPECT_EQ(ended.code, b.code) << ended.err;
    const std::regex line("\ntiny " + std::string(b.finding) + ": f32 [^\n]*");
    std::smatch found;
    ASSERT_TRUE(std::regex_search(ended.out, found, line)) << ended.out;
    EXPECT_NE(found[0].str().find(b.why), std::string::npos) << found[0];
    // The replay line gives the same finding, and looks at no other case.
    const Arguments words = replay_of(ended.out);
    ASSERT_FALSE(words.empty()) << ended.out;
    const Ended again = run(words);
    EXPECT_EQ(again.code, b.code);
    EXPECT_EQ(again.out.find("\nother"), std::string::npos);
    EXPECT_NE(again.out.find(found[0].str()), std::string::npos) << again.out;
  }
}

// Whatever a plug-in starts, and wherever it puts it, ends with the run, however that ends.
TEST_F(Plugins, NothingOutlivesTheRun) {
  const std::string file = golden();
  // An orphan of a run becomes a child of this process.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const auto expect_alone = [] {
    int status = 0;
    const pid_t left = waitpid(-1, &status, WNOHANG);
    EXPECT_TRUE(left < 0 && errno == ECHILD) << left;
  };
  expect_alone();
  for (const auto& [manner, code] :
       {std::pair("behaves", 0), std::pair("leaves_a_child", 0), std::pair("leaves_an_orphan", 0),
        std::pair("child_goes_on", 0), std::pair("child_aborts", 0),
        std::pair("forks_and_aborts", 4), std::pair("closes_everything", 4),
        std::pair("hangs", 4)}) {
    SCOPED_TRACE(manner);
    const Ended ended = run({"validate", file, "--plugin", misbehaving(manner), "--timeout", "1"});
    EXPECT_EQ(ended.code, code) << ended.out << ended.err;
    expect_alone();
  }
  // Killed, plumbline can clear up nothing itself.
  for (const char* manner : {"leaves_an_orphan", "hangs"}) {
    SCOPED_TRACE(manner);
    const std::string library = misbehaving(manner);
    const pid_t child = fork();
    if (child == 0) {
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, STDOUT_FILENO);
      dup2(null, STDERR_FILENO);
      execl(PLUMBLINE_BINARY, "plumbline", "properties", "--plugin", library.c_str(), "--cases",
            "100000", static_cast<char*>(nullptr));
      _exit(127);
    }
    usleep(300'000);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    // All the rest dies by itself: nobody else kills it.
    int buried = 0;
    pid_t dead = 0;
    for (int tenths = 0; tenths < 100 && dead >= 0; ++tenths) {
      while ((dead = waitpid(-1, nullptr, WNOHANG)) > 0) ++buried;
      if (dead == 0) usleep(100'000);
    }
    EXPECT_EQ(dead, -1);
    EXPECT_GE(buried, 2);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// One that hangs costs one time-out, not one for each case.
TEST_F(Plugins, AfterATimeOutNothingMoreIsRun) {
  const std::string report = at("report.json");
  const Ended ended = run(
      {"validate", golden(), "--plugin", misbehaving("hangs"), "--timeout", "0.2", "--junit", "-"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_NE(ended.out.find("not run: an earlier case timed out"), std::string::npos) << ended.out;
}

TEST_F(Plugins, WrongNumbersAreBeyondBudget) {
  const Ended ended = run({"validate", golden(), "--plugin", misbehaving("wrong_numbers")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("tiny f32/q_out: 1 of 48 values beyond budget"), std::string::npos);
}

TEST_F(Plugins, ARefusalIsNoFailureAndNoVerdict) {
  const Ended ended = run({"validate", golden(), "--plugin", misbehaving("refuses"), "--json"});
  EXPECT_EQ(ended.code, 5);
  EXPECT_NE(ended.out.find("\"not_judged\""), std::string::npos);
  // The reason is said once, however many cases were refused.
  const Ended words = run({"validate", golden(), "--plugin", misbehaving("refuses")});
  EXPECT_EQ(words.code, 5);
  EXPECT_EQ(words.out, "");
  EXPECT_TRUE(one_line(words.err)) << words.err;
  EXPECT_NE(words.err.find("refused: f32 forward: not today"), std::string::npos) << words.err;
  EXPECT_EQ(words.err.find("f32 forward"), words.err.rfind("f32 forward")) << words.err;
}

TEST_F(Plugins, ATableAloneIsACandidate) {
  const auto judged = [&](const std::string& manner) {
    return run({"validate", golden(), "--plugin", misbehaving(manner), "--case", "tiny"});
  };
  const Ended right = judged("table_only");
  EXPECT_EQ(right.code, 0) << right.out;
  // Three tokens, four pairs, cos and sin.
  EXPECT_NE(right.out.find("tiny         24 "), std::string::npos) << right.out;
  const Ended wrong = judged("table_wrong");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_NE(wrong.out.find("tiny f32/sin: 8 of 12 values beyond budget"), std::string::npos)
      << wrong.out;
  const Ended past = judged("table_past_end");
  EXPECT_EQ(past.code, 4);
  EXPECT_NE(past.out.find("past the end of sin"), std::string::npos) << past.out;
}

TEST_F(Plugins, WhatIsNoPluginIsRefused) {
  expect_refusal({"validate", golden(), "--plugin", at("none.so")}, 3, {"none.so", "no such"});
  expect_refusal({"validate", golden(), "--plugin", spilled("text.so", "no library")}, 3,
                 {"text.so", "cannot be loaded"});
  for (const auto& [manner, code, word] :
       {std::tuple("crashes_on_load", 4, "while being loaded, the plug-in crashed with SIGSEGV"),
        std::tuple("null_kernel", 3, "plumbline_kernel_v1"),
        std::tuple("other_version", 3, "abi_version 99"),
        std::tuple("small_struct", 3, "struct of 8 bytes"), std::tuple("bad_recipe", 3, "hf_f33"),
        std::tuple("bad_name", 3, "two words"),
        std::tuple("name_of_two_lines", 3, "'two\\x0alines': must be letters, digits and ._+-"),
        std::tuple("bad_alignment", 3, "alignment = 3"),
        std::tuple("offers_nothing", 3, "offers nothing")}) {
    expect_refusal({"validate", golden(), "--plugin", misbehaving(manner)}, code, {word});
    expect_refusal({"properties", "--plugin", misbehaving(manner)}, code, {word});
  }
  const std::string library = misbehaving("behaves");
  for (const auto& [option, words] :
       {std::pair("--plugin", Arguments{"--plugin", ""}),
        std::pair("--candidate", Arguments{"--candidate", ""}),
        std::pair("--kernel", Arguments{"--kernel", ""}),
        std::pair("--recipe", Arguments{"--plugin", library, "--recipe", ""}),
        std::pair("--case", Arguments{"--plugin", library, "--case", ""}),
        std::pair("--junit", Arguments{"--plugin", library, "--junit", ""})}) {
    Arguments line{"validate", golden()};
    line.insert(line.end(), words.begin(), words.end());
    expect_refusal(line, 2, {option, "empty"});
  }
  expect_refusal({"diagnose", "--kernel", "nobody"}, 2, {"--kernel = 'nobody'", "scalar"});
  expect_refusal({"validate", golden(), "--plugin", misbehaving("behaves"), "--timeout", "0"}, 2,
                 {"--timeout"});
  expect_refusal({"validate", golden(), "--plugin", misbehaving("behaves"), "--case", "nine"}, 2,
                 {"nine", "no such case"});
  expect_refusal({"validate", golden(), "--plugin", misbehaving("behaves"), "--kernel", "scalar"},
                 2, {"--plugin"});
}

TEST_F(Plugins, ACaseWithoutARowIsJudged) {
  const std::string path = at("rowless.h5");
  output_of_generate({"generate", "--cases", "-", "--out", path}, R"([
    {"id": "rowless", "scheme": "vanilla", "sequence": "t5", "window": [[0, 0]], "shape":
    {"head_dim": 8, "rotary_dim": 8, "num_heads": 2, "num_key_value_heads": 1},
    "dtypes": ["f32"], "tensors": ["rotated", "adjoint"]}])");
  const Ended ended = run({"validate", path, "--plugin", misbehaving("behaves")});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
}

TEST_F(Plugins, OneThatKnowsInPlaceOnlyIsJudgedInPlace) {
  const Ended ended = run({"validate", golden(), "--plugin", misbehaving("in_place_only")});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("refused by the kernel: f32 forward"), std::string::npos) << ended.out;
}

TEST_F(Plugins, TheLawsRunOnThem) {
  const std::string out =
      output({"properties", "--plugin", misbehaving("behaves"), "--cases", "1"});
  EXPECT_NE(out.find("every law holds"), std::string::npos) << out;
  // Of one that refuses everything, nothing is known.
  const Ended nothing =
      run({"properties", "--plugin", misbehaving("refuses"), "--cases", "1", "--law", "norm"});
  EXPECT_EQ(nothing.code, 77) << nothing.out << nothing.err;
  EXPECT_NE(nothing.out.find("no law was tried"), std::string::npos) << nothing.out;
  EXPECT_EQ(nothing.out.find("holds"), std::string::npos) << nothing.out;
  // What breaks a law breaks it again from its line.
  for (const auto& [manner, law, code] :
       {std::tuple("reads_after_writing", "in_place", 1), std::tuple("dense_only", "strides", 1),
        std::tuple("counts_calls", "in_place", 1), std::tuple("crashes", "gqa", 4),
        std::tuple("reads_past_end", "gqa", 4), std::tuple("hangs", "gqa", 4)}) {
    SCOPED_TRACE(manner);
    const std::string library = misbehaving(manner);
    const Ended ended =
        run({"properties", "--plugin", library, "--law", law, "--cases", "6", "--timeout", "0.3"});
    EXPECT_EQ(ended.code, code) << ended.out;
    std::smatch line;
    ASSERT_TRUE(std::regex_search(ended.out, line, std::regex("plumbline-replay 1 [^\n]*")));
    EXPECT_EQ(
        run({"properties", "--plugin", library, "--timeout", "0.3", "--replay", line[0]}).code,
        code);
    EXPECT_EQ(run({"properties", "--plugin", misbehaving("behaves"), "--replay", line[0]}).code, 0);
  }
}

TEST_F(Plugins, TheExamplesCompileAndConformOnTheSmokeSuite) {
  const std::string smoke = at("smoke.h5");
  output_of_generate({"generate", "--suite", "smoke", "--out", smoke});
  for (const auto& [example, compiler] :
       {std::pair("rope.c", "cc"), std::pair("rope.cpp", "c\\+\\+")}) {
    const std::string library = compiled(example, compiler);
    const Ended ended = run({"validate", smoke, "--plugin", library});
    EXPECT_EQ(ended.code, 0) << ended.out.substr(0, 4000);
    EXPECT_NE(ended.out.find("ladder"), std::string::npos);
    EXPECT_NE(ended.out.find("special-gptj"), std::string::npos);
    EXPECT_EQ(run({"properties", "--plugin", library, "--cases", "1"}).code, 0) << example;
  }
}

// A declared recipe is no licence: the C example is right in float32, and not in binary64.
TEST_F(Plugins, TheRecipeIsTheBar) {
  const std::string library = compiled("rope.c", "cc");
  EXPECT_EQ(run({"validate", golden(), "--plugin", library}).code, 0);
  EXPECT_EQ(run({"validate", golden(), "--plugin", library, "--recipe", "f64"}).code, 1);
}

}  // namespace
}  // namespace plumbline
