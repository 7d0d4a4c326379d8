// SPDX-License-Identifier: Apache-2.0
// `diagnose` on plug-ins: right ones are called right, wrong ones by name, and one that crashes or
// hangs costs its own process alone.
#include "properties/plugin_support.h"

namespace plumbline {
namespace {

class DiagnosedPlugins : public PluginRoom {
 protected:
  static Ended diagnosed(const std::string& library, Arguments more = {}) {
    Arguments words{"diagnose", "--plugin", library};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

TEST_F(DiagnosedPlugins, TheExamplesAreRight) {
  for (const auto& [example, compiler] :
       {std::pair("rope.c", "cc"), std::pair("rope.cpp", "c\\+\\+")}) {
    const Ended ended = diagnosed(compiled(example, compiler), {"--all"});
    EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
    EXPECT_EQ(ended.out.find(": right\n"), ended.out.find(':')) << ended.out;
    EXPECT_NE(ended.out.find("chunked: pairing neox, axes TTTTTHHHHWWW\n"), std::string::npos);
    // Nothing was left out for want of memory.
    EXPECT_EQ(ended.err, "");
  }
}

TEST_F(DiagnosedPlugins, WrongOnesAreNamed) {
  struct Row {
    const char *manner, *name;
  };
  for (const auto& [manner, name] :
       {Row{"temporal_row_only", "M01a, temporal row only"}, Row{"bf16_inv_freq", "M19a, inv_freq"},
        Row{"gptj_pairing", "M07c, neighbours form pairs"},
        Row{"offsets_in_32_bits", "M16a, element offsets in 32 bits"},
        Row{"reads_after_writing", "M17a, in place"}, Row{"dense_only", "M15b, the head stride"},
        Row{"temporal_row_forward", "M01a, temporal row only"},
        Row{"stale_table", "M25d, the table of an earlier call"}}) {
    SCOPED_TRACE(manner);
    const Ended ended = diagnosed(misbehaving(manner));
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.out.starts_with(std::string("misbehaving: wrong, named: ") + name))
        << ended.out;
    EXPECT_EQ(ended.out.find("; or"), std::string::npos) << ended.out;
  }
  // What nothing explains has no name.
  for (const auto& [manner, why] :
       {std::pair("wrong_numbers", "operator: basis vectors"),
        std::pair("no_number", "outputs: 1 of "),
        std::pair("many_wrong", "more rows: row 0 of 360 of q"),
        std::pair("packed_wrong", "packed sequences: row 9 of 36 of q, in sequence 1"),
        std::pair("alone_wrong", "as the contract says: calls of 1 row only; ")}) {
    SCOPED_TRACE(manner);
    const Ended unnamed = diagnosed(misbehaving(manner));
    EXPECT_EQ(unnamed.code, 1);
    EXPECT_TRUE(unnamed.out.starts_with("misbehaving: wrong, unnamed\n")) << unnamed.out;
    EXPECT_NE(unnamed.out.find(why), std::string::npos) << unnamed.out;
  }
}

// Where a scheme has positions below zero they are asked for, and nowhere else.
TEST_F(DiagnosedPlugins, PositionsBelowZeroAreProbedWhereASchemeHasThem) {
  const std::string library = misbehaving("drops_the_sign");
  for (const auto& [scheme, code] :
       {std::pair("qwen-image", 1), std::pair("mrope", 0), std::pair("flux", 0)}) {
    Arguments words{"--scheme", scheme};
    for (const char* knob : {"num_heads=2", "num_key_value_heads=1"})
      words.insert(words.end(), {"--set", knob});
    const Ended ended = diagnosed(library, words);
    EXPECT_EQ(ended.code, code) << scheme << ": " << ended.out << ended.err;
    EXPECT_EQ(diagnosed(misbehaving("behaves"), words).code, 0) << scheme;
  }
}

TEST_F(DiagnosedPlugins, OneThatRefusesAModeIsProbedInTheOthers) {
  for (const auto& [manner, why] :
       {std::pair("forward_only", "10 contracts: adjoint: "), std::pair("in_place_only", "")}) {
    SCOPED_TRACE(manner);
    const Ended ended = diagnosed(misbehaving(manner));
    EXPECT_EQ(ended.code, 0) << ended.out;
    EXPECT_TRUE(ended.out.starts_with("misbehaving: right\n")) << ended.out;
    EXPECT_NE(ended.err.find(why), std::string::npos) << ended.err;
    EXPECT_EQ(ended.err.empty(), *why == '\0') << ended.err;
  }
}

TEST_F(DiagnosedPlugins, ACrashOrAHangIsAVerdictWithItsReplayLine) {
  struct Row {
    const char* manner;
    int code;
    const char* why;
  };
  for (const auto& [manner, code, why] :
       {Row{"crashes", 4, "crashed with SIGSEGV"}, Row{"aborts", 4, "crashed with SIGABRT"},
        Row{"exits", 4, "ended the process with exit code 0"}, Row{"hangs", 4, "timed out after"},
        Row{"writes_past_end", 4, "wrote at byte 1 past the end of k's output"},
        Row{"reads_past_end", 4, "read at byte 1 past the end of q"},
        Row{"writes_gap", 4, "wrote the gap at element 24 of q's output (token 0, stride "},
        Row{"fails", 1, "returned 7"}}) {
    SCOPED_TRACE(manner);
    const Ended ended = diagnosed(misbehaving(manner), {"--timeout", "0.3"});
    EXPECT_EQ(ended.code, code);
    EXPECT_EQ(ended.err, "");
    EXPECT_TRUE(ended.out.starts_with("misbehaving: failed: the plug-in " + std::string(why)))
        << ended.out;
    const Arguments words = replay_of(ended.out);
    ASSERT_FALSE(words.empty()) << ended.out;
    const Ended again = run(words);
    EXPECT_EQ(again.code, code);
    EXPECT_NE(again.out.find(why), std::string::npos) << again.out;
  }
}

// The exit code says that memory was left, the name why.
TEST_F(DiagnosedPlugins, ANameIsKeptWhereMemoryWasLeft) {
  const Ended ended = diagnosed(misbehaving("dense_output"));
  EXPECT_EQ(ended.code, 4) << ended.err;
  EXPECT_TRUE(
      ended.out.starts_with("misbehaving: wrong, named: M15d, the head stride of the "
                            "output is ignored\n"))
      << ended.out;
}

TEST_F(DiagnosedPlugins, AFailedCallIsNotIdentified) {
  for (const auto& [manner, code] : {std::pair("fails", 1), std::pair("crashes", 4)}) {
    const Ended ended =
        run({"identify", "--plugin", misbehaving(manner), "--model", "llama-3.1-8b"});
    EXPECT_EQ(ended.code, code) << ended.out << ended.err;
    EXPECT_TRUE(ended.out.starts_with("misbehaving: failed\n")) << ended.out;
  }
}

// Basis vectors are the same in every head.
TEST_F(DiagnosedPlugins, WhatAHeadTakesFromAnotherIsNotIdentified) {
  const Ended ended =
      run({"identify", "--plugin", misbehaving("tail_of_head_0"), "--model", "glm-4.1v-9b"});
  EXPECT_EQ(ended.code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("pass-through lanes: drawn numbers are not copied, first in lane 64 "),
            std::string::npos)
      << ended.out;
}

TEST_F(DiagnosedPlugins, ARefusalIsNoVerdict) {
  for (const auto& [manner, why] :
       {std::pair("refuses", "not today"), std::pair("table_only", "rotate: not offered")}) {
    const Ended ended = diagnosed(misbehaving(manner));
    EXPECT_EQ(ended.code, 77);
    EXPECT_TRUE(ended.out.starts_with("misbehaving: refused\n  chunked: skipped: ")) << ended.out;
    EXPECT_NE(ended.out.find(why), std::string::npos) << ended.out;
  }
}

// A recipe is the bar of a diagnosis too: what is right in binary64 is another kernel's bug.
TEST_F(DiagnosedPlugins, TheRecipeIsTheBar) {
  const std::string library = misbehaving("bf16_inv_freq");
  EXPECT_EQ(diagnosed(library, {"--recipe", "f64_table,inv_freq=bf16"}).code, 0);
  EXPECT_EQ(diagnosed(library, {"--recipe", "f64_table"}).code, 1);
}

}  // namespace
}  // namespace plumbline
