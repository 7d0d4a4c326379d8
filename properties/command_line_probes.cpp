// SPDX-License-Identifier: Apache-2.0
// diagnose, mutants and identify on the command line: what they print, their exit codes, and the
// one line that a faulty request gets; and --json of every command that may write it to a file.
#include <nlohmann/json.hpp>

#include "properties/process.h"

namespace plumbline {
namespace {

using Json = nlohmann::ordered_json;

// Small enough for every probe.
constexpr const char* kSmall =
    R"({"id": "small", "scheme": "mrope", "params": {"mrope_section": [2, 1, 1]},
    "sequence": "t2 v1x2x3 t2", "shape": {"head_dim": 10, "rotary_dim": 8, "num_heads": 2,
    "num_key_value_heads": 1}, "dtypes": ["f32"]})";

class Probes : public CommandLine {
 protected:
  std::string small() const { return spilled("small.json", kSmall); }
  std::string golden() const {
    const std::string path = at("golden.h5");
    output_of_generate({"generate", "--cases", small(), "--out", path});
    return path;
  }
};

TEST_F(Probes, DiagnoseSaysRightOrNames) {
  EXPECT_EQ(output({"diagnose", "--kernel", "scalar", "--cases", small()}), "scalar: right\n");
  EXPECT_EQ(output({"diagnose", "--kernel", "scalar", "--cases", small(), "--all"}),
            "scalar: right\n  small: pairing neox, axes TTHW\n");
  const Ended wrong = run({"diagnose", "--mutant", "M02a", "--cases", small()});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(wrong.out.starts_with("M02a: wrong, named: M02a, rows h and w swapped\n"))
      << wrong.out;
  EXPECT_NE(wrong.out.find("axes TTWH in place of TTHW"), std::string::npos) << wrong.out;
  EXPECT_NE(wrong.out.find("replay  plumbline diagnose --mutant M02a --cases "), std::string::npos);
}

TEST_F(Probes, AContractIsChosenByItsId) {
  const Ended one = run({"diagnose", "--mutant", "M01a", "--contract", "partial"});
  EXPECT_EQ(one.code, 1);
  EXPECT_NE(one.out.find("\n  partial: "), std::string::npos) << one.out;
  EXPECT_EQ(one.out.find("\n  chunked: "), std::string::npos) << one.out;
}

TEST_F(Probes, ADtypeAndARecipeAreTheBar) {
  const auto code = [&](const std::string& kernel, const Arguments& more) {
    Arguments words{"diagnose", "--kernel", kernel, "--cases", small()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).code;
  };
  for (const char* dtype : {"f64", "f32", "bf16", "f16"})
    EXPECT_EQ(code("scalar", {"--dtype", dtype}), 0);
  EXPECT_EQ(code("scalar-f32phase", {}), 0);
  // Not the arithmetic that it declares.
  EXPECT_EQ(code("scalar-f32phase", {"--recipe", "f64"}), 1);
}

TEST_F(Probes, MutantsPrintTheMatrixAndItsSum) {
  const std::string out = output({"mutants", "--mutant", "M01a", "--no-laws"});
  EXPECT_TRUE(out.starts_with("mutant ")) << out;
  EXPECT_NE(out.find("\n1 mutants: 1 wrong, 0 legal, 0 equivalent\n"), std::string::npos) << out;
  EXPECT_NE(out.find("\nkilled 1 of 1 (100.0 %), named right 1 (100.0 %), misnamed 0\n"),
            std::string::npos)
      << out;
}

TEST_F(Probes, IdentifyListsWhatItIs) {
  const std::string out = output({"identify", "--kernel", "scalar", "--cases", small()});
  EXPECT_TRUE(out.starts_with("scalar: identified, as asked\nasked as small: as asked\n")) << out;
  EXPECT_NE(out.find("  seen: pairing neox, rotary_dim 8, axes TTHW, gain 1\n"), std::string::npos)
      << out;
  EXPECT_NE(out.find("\n  scheme mrope "), std::string::npos) << out;
  EXPECT_NE(out.find("mrope_section=2,1,1"), std::string::npos) << out;
  EXPECT_NE(out.find("\nposition design: not seen: "), std::string::npos) << out;
  // A kernel that reads the first row alone is the scheme of one axis.
  const std::string text_only = output({"identify", "--mutant", "M01a", "--cases", small()});
  EXPECT_NE(text_only.find("asked as small: another operator than was asked\n"), std::string::npos);
  EXPECT_NE(text_only.find("\n  scheme vanilla"), std::string::npos) << text_only;
}

TEST_F(Probes, IdentifyReadsOffTheBase) {
  const std::string out = output({"identify", "--mutant", "M23a", "--model", "qwen3-8b", "--set",
                                  "num_heads=2", "--set", "num_key_value_heads=1"});
  EXPECT_NE(out.find("; spectrum default base=10000"), std::string::npos) << out;
}

TEST_F(Probes, WhatNoSchemeDoesComesWithTheNearest) {
  const Ended none = run({"identify", "--mutant", "sign", "--cases", small()});
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(none.out.starts_with("sign: no scheme of the registry\n")) << none.out;
  EXPECT_NE(none.out.find("\n  nearest mrope "), std::string::npos) << none.out;
  EXPECT_NE(none.out.find("turns the other way"), std::string::npos) << none.out;
}

TEST_F(Probes, AFileShowsItsPositionDesignToo) {
  const std::string file = golden();
  const std::string out = output({"identify", "--candidate", file});
  EXPECT_NE(out.find("\n  scheme mrope "), std::string::npos) << out;
  EXPECT_TRUE(out.ends_with(": 1 of 1 cases identified\n")) << out;
  // Schemes of the same map that stand elsewhere turn the same and are not it.
  EXPECT_NE(out.find("turn the same, place otherwise: "), std::string::npos) << out;
  // A base that neither the case, nor a preset, nor a scheme has is not read off the numbers, and
  // the line says no more.
  Json odd = Json::parse(kSmall);
  odd["spectrum"]["base"] = 12347;
  output_of_generate({"generate", "--cases", "-", "--out", at("odd.h5")}, odd.dump());
  const FileReader reader(at("odd.h5"));
  StoredCase stored = reader.load("small");
  Json stated = Json::parse(stored.text.at("case"));
  EXPECT_EQ(run({"identify", "--candidate", at("odd.h5")}).code, 0);
  stated["spectrum"]["params"]["base"] = 12349;
  stored.text["case"] = stated.dump();
  write(at("other.h5"), {stored});
  const Ended none = run({"identify", "--candidate", at("other.h5")});
  EXPECT_EQ(none.code, 1) << none.err;
  EXPECT_TRUE(
      none.out.starts_with("small: no scheme of the registry with parameters of the case, a "
                           "preset or the defaults; from "))
      << none.out;
  expect_refusal({"identify", "--candidate", file, "--case", "nine"}, 2, {"nine", "no such case"});
}

// Whatever a case, a file or a folder is called: as many lines as under a plain name, and no
// control character of ASCII or Latin-1, nor a byte that is no UTF-8.
TEST_F(Probes, NamesAreShownOnTheirLine) {
  const std::string odd = "a\x1b[31m\xc2\x9b\x7f\nb\xff",
                    shown_odd = R"(a\x1b[31m\xc2\x9b\x7f\x0ab\xff)", golden_file = golden();
  std::string text = kSmall;
  text.replace(text.find("\"small\""), 7, R"("a\u001b[31m\u009b\u007f\nb")");
  spilled("odd.json", text);
  fs::copy_file(golden_file, at(odd + ".h5"));
  fs::copy_file(golden_file, at("plain.h5"));
  const struct {
    Arguments words;  // CASE, FILE and FOLDER stand for what bears the name
    std::string said;
  } kRows[] = {
      {{"diagnose", "--kernel", "scalar", "--all", "--cases", "CASE"},
       "a\\x1b[31m\\xc2\\x9b\\x7f\\x0ab: pairing"},
      {{"diagnose", "--mutant", "M01a", "--cases", "CASE"},
       "a\\x1b[31m\\xc2\\x9b\\x7f\\x0ab: pairing"},
      {{"identify", "--kernel", "scalar", "--cases", "CASE"},
       "as a\\x1b[31m\\xc2\\x9b\\x7f\\x0ab: as asked"},
      {{"identify", "--candidate", "FILE"}, shown_odd + ".h5: 1 of 1"},
      {{"validate", "FILE", "--kernel", "scalar"}, shown_odd + ".h5"},
      {{"mutants", "--mutant", "M01a", "--plugins", "FOLDER"}, shown_odd + ": 1 in wrong/"},
  };
  for (const auto& [words, said] : kRows) {
    const auto printed = [&](const std::string& cases, const std::string& name) {
      Arguments all = words;
      for (std::string& word : all) {
        if (word == "CASE") word = cases;
        if (word == "FILE") word = at(name + ".h5");
        if (word == "FOLDER") word = at(name);
      }
      const Ended ended = run(all);
      return ended.out + ended.err;
    };
    const std::string out = printed(at("odd.json"), odd), plain = printed(small(), "plain");
    SCOPED_TRACE(out);
    EXPECT_NE(out.find(said), std::string::npos) << said;
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'),
              std::count(plain.begin(), plain.end(), '\n'));
    EXPECT_TRUE(std::all_of(out.begin(), out.end(),
                            [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  }
}

TEST_F(Probes, JsonIsAllOfStandardOutputOrAWholeFile) {
  const std::string file = small(), truth = golden();
  const Arguments commands[] = {
      {"bench", "--kernel", "scalar", "--filter", "^scalar/f32/q16.k2/T=1/neox$", "--rounds", "5"},
      {"conformance", "--scheme", "mrope"},
      {"diagnose", "--kernel", "scalar", "--cases", file},
      {"identify", "--kernel", "scalar", "--cases", file},
      {"mutants", "--mutant", "M01a", "--no-laws"},
      {"properties", "--kernel", "scalar", "--law", "gqa", "--cases", "1"},
      {"spectrum", "--scheme", "mrope", "--context", "64"},
      {"validate", truth, "--kernel", "scalar"}};
  for (const Arguments& command : commands) {
    SCOPED_TRACE(shown(command));
    const auto with = [&](std::initializer_list<std::string> more) {
      Arguments all = command;
      all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    const Json alone = Json::parse(output(with({"--json"})), nullptr, false),
               dash = Json::parse(output(with({"--json", "-"})), nullptr, false),
               unnamed = Json::parse(output(with({"--json="})), nullptr, false);
    const std::string said = output(with({"--json", at("out.json")}));
    const Json written = Json::parse(slurp(at("out.json")), nullptr, false);
    EXPECT_EQ(said.find('{'), std::string::npos) << said;
    for (const Json& one : {alone, dash, unnamed, written}) {
      ASSERT_TRUE(one.is_object());
      ASSERT_EQ(one.size(), written.size());
      for (const auto& [key, value] : written.items()) EXPECT_TRUE(one.contains(key)) << key;
    }
    fs::remove(at("out.json"));
    const std::size_t before = files();
    expect_refusal(with({"--json", at("no/where.json")}), 3, {"no/where.json", "cannot write"});
    expect_refusal(with({"--json", at(".").string()}), 3, {"is a directory"});
    EXPECT_EQ(files(), before);
  }
}

TEST_F(Probes, FaultyRequestsAreOneLine) {
  const std::string text = spilled("text.so", "no library"), file = small();
  for (const std::string command : {"diagnose", "identify"}) {
    expect_refusal({command}, 2, {"--kernel", "--mutant", "--plugin"});
    expect_refusal({command, "--kernel", "nobody"}, 2, {"nobody", "reference", "scalar"});
    expect_refusal({command, "--mutant", "M99"}, 2, {"M99", "M01a"});
    expect_refusal({command, "--kernel", "scalar", "--mutant", "M01a"}, 2, {"--kernel"});
    expect_refusal({command, "--kernel", "scalar", "--dtype", "f8"}, 2, {"f8", "bf16"});
    expect_refusal({command, "--kernel", "scalar", "--recipe", "nope"}, 2, {"recipe", "nope"});
    expect_refusal({command, "--kernel", "scalar", "--model", "nope"}, 2, {"nope", "qwen3-8b"});
    expect_refusal({command, "--kernel", "scalar", "--scheme", "nope"}, 2, {"nope", "vanilla"});
    expect_refusal({command, "--kernel", "scalar", "--set", "base=5"}, 2, {"--scheme", "--model"});
    expect_refusal({command, "--kernel", "scalar", "--cases", at("none.json")}, 3, {"none.json"});
    expect_refusal({command, "--kernel", "scalar", "--cases", "-"}, 2, {"case 0", "scheme"}, "{}");
    expect_refusal({command, "--plugin", at("none.so")}, 3, {"none.so", "no such"});
    expect_refusal({command, "--plugin", text}, 3, {"text.so", "cannot be loaded"});
    for (const char* wrong : {"0", "nan", "-NaN", "inf", "1e9", ""})
      expect_refusal({command, "--plugin", text, "--timeout", wrong}, 2, {"--timeout"});
    for (const char* option :
         {"--kernel", "--mutant", "--plugin", "--scheme", "--cases", "--dtype"})
      expect_refusal({command, option, ""}, 2, {option, "must not be empty"});
    expect_refusal({command, "--kernel", "scalar", "--cases", file, "--json", at("no/where.json")},
                   3, {"no/where.json", "cannot write"});
  }
  expect_refusal({"diagnose", "--kernel", "scalar", "--contract", "nine"}, 2,
                 {"nine", "'chunked', 'in turn, neighbours', "});
  for (const char* command : {"diagnose", "identify"})
    expect_refusal({command, "--kernel", "scalar", "--cases", "-"}, 2, {"--cases = '-'", "empty"},
                   "[]");
  expect_refusal({"identify", "--kernel", "scalar", "--golden", file}, 2, {"--candidate"});
  expect_refusal({"identify", "--candidate", at("none.h5")}, 3, {"none.h5"});
  expect_refusal({"identify", "--candidate", file}, 3, {"small.json"});
  expect_refusal({"identify", "--candidate", file, "--model", "qwen3-8b"}, 2, {"--candidate"});
  expect_refusal({"identify", "--candidate", file, "--dtype", "f16"}, 2, {"--dtype", "f16"});
  expect_refusal({"mutants", "--mutant", "M99"}, 2, {"M99", "M01a"});
  expect_refusal({"mutants", "--law-cases", "0"}, 2, {"--law-cases"});
  expect_refusal({"mutants", "extra"}, 2, {"extra"});
  // What would not be looked at.
  const std::string libraries = at("libraries");
  for (const char* other : {"--json", "--cover", "--no-laws"})
    expect_refusal({"mutants", "--plugins", libraries, other}, 2, {"--plugins", other});
  expect_refusal({"mutants", "--cover", "--mutant", "M01a"}, 2, {"--cover", "--mutant"});
  EXPECT_FALSE(fs::exists(libraries));
}

}  // namespace
}  // namespace plumbline
