// SPDX-License-Identifier: Apache-2.0
// Golden files through the tool: written twice, checked, damaged, compared and judged against.
#include <chrono>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "golden/context_length.h"
#include "properties/process.h"
#include "reference/case.h"

namespace plumbline {
namespace {

class Files : public CommandLine {};

TEST_F(Files, ThatCannotBeReadAreRefused) {
  const std::string good = tiny_golden(), garbage = spilled("garbage.h5", "not a golden file");
  const std::string empty = spilled("empty.h5", ""), missing = at("missing.h5"),
                    folder = at("").string();
  spill(at("truncated.h5"), slurp(good).substr(0, 900));
  std::vector<std::string> bad{missing,     garbage,        empty, folder, at("truncated.h5"),
                               "/dev/null", good + "/below"};
  fs::copy_file(good, at("locked.h5"));
  fs::permissions(at("locked.h5"), fs::perms::none);
  if (access(at("locked.h5").c_str(), R_OK) != 0) bad.push_back(at("locked.h5"));
  for (const std::string& path : bad) {
    expect_refusal({"verify", path}, 3, {path});
    expect_refusal({"diff", path, good}, 3, {path});
    expect_refusal({"diff", good, path}, 3, {path});
    expect_refusal({"validate", path, "--kernel", "scalar"}, 3, {path});
    expect_refusal({"validate", good, "--candidate", path}, 3, {path});
  }
  for (const std::string& path : {missing, folder}) {
    for (const char* command : {"positions", "allocation", "frequencies"})
      expect_refusal({command, "--cases", path}, 3, {path});
    expect_refusal({"generate", "--cases", path, "--out", at("x.h5")}, 3, {path});
    expect_refusal({"generate", "--prompt", path, "--model", "qwen3-vl-8b", "--out", at("x.h5")}, 3,
                   {path});
  }
  EXPECT_FALSE(fs::exists(at("x.h5")));
}

const Arguments kTinyBench{"bench",    "--kernel", "scalar", "--filter", "f32/q16.k2/T=1/neox$",
                           "--rounds", "5"};

TEST_F(Files, ThatCannotBeWrittenAreRefused) {
  const std::string cases = spilled("cases.json", kTinyCase);
  fs::create_directory(at("folder"));
  for (const std::string& path : {at("none/x").string(), at("folder").string(), cases + "/below",
                                  std::string("/dev/full"), std::string("/proc/x.h5")}) {
    expect_refusal({"generate", "--cases", cases, "--out", path}, 3, {path});
    expect_refusal({"positions", "--scheme", "mrope", "--sequence", "t3", "--out", path}, 3,
                   {path});
    expect_refusal({"spectrum", "--scheme", "mrope", "--context", "64", "--h5", path}, 3, {path});
    Arguments bench = kTinyBench;
    bench.insert(bench.end(), {"--json", path});
    EXPECT_EQ(run(bench).code, 3) << path;
  }
  expect_refusal({"bench", "--files", at("none"), "--rounds", "5"}, 3, {at("none")});
  for (const Arguments& arguments :
       {Arguments{"--help"}, Arguments{"--version"}, Arguments{"list", "--help"},
        Arguments{"list", "schemes"}, Arguments{"diagnose", "--mutant", "M01a", "--cases", cases},
        kTinyBench}) {
    const Ended ended = run(arguments, {}, "/dev/full");
    EXPECT_EQ(ended.code, 3) << shown(arguments);
    EXPECT_EQ(ended.err, "plumbline: standard output cannot be written\n") << shown(arguments);
  }
  EXPECT_EQ(files(), 2U) << "something was left behind";
  EXPECT_TRUE(fs::is_empty(at("folder")));
  EXPECT_EQ(slurp(cases), kTinyCase);
}

// The name of an input, in every spelling, is no place for an output.
TEST_F(Files, ThatAreReadAreNotWritten) {
  const std::string two = R"({"id": "two", "scheme": "vanilla", "sequence": "t4", "shape":
      {"head_dim": 4, "rotary_dim": 4, "num_heads": 1, "num_key_value_heads": 1},
      "dtypes": ["f64"], "tensors": ["own_tables"]})";
  const std::string cases = spilled("cases.json", two),
                    prompt = spilled("p.json",
                                     slurp(PLUMBLINE_SOURCE "/golden/prompts/image_chat.json")),
                    part0 = at("part0.h5"), part1 = at("part1.h5"), x = at("x.h5");
  output_of_generate({"generate", "--cases", cases, "--shard", "0/2", "--out", part0});
  output_of_generate({"generate", "--cases", cases, "--shard", "1/2", "--out", part1});
  fs::create_symlink(part1, at("link"));
  fs::create_symlink(cases, x + ".manifest");
  std::map<std::string, std::string> before;
  const auto contents = [&] {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::directory_iterator(at("")))
      out[entry.path().string()] = slurp(entry.path());
    return out;
  };
  before = contents();
  const struct {
    Arguments arguments;
    std::string out, read;
  } kRuns[] = {
      {{"--cases", cases}, cases, cases},
      {{"--cases", cases}, at("./cases.json"), cases},
      {{"--cases", cases}, x, cases},
      {{"--cases", cases, "--shard", "1/2"}, cases, cases},
      {{"--prompt", prompt, "--model", "qwen3-vl-8b"}, prompt, prompt},
      {{"--cases", cases, "--join", part0, part1}, part0, part0},
      {{"--cases", cases, "--join", part0, part1}, part1, part1},
      {{"--cases", cases, "--join", part0, part1}, at("link"), part1},
      {{"--cases", cases, "--join", part0, at("link")}, part1, at("link")},
      {{"--cases", cases, "--join", part0, part1}, part1 + ".manifest", part1 + ".manifest"},
      {{"--cases", cases, "--join", part0, part1}, cases, cases},
  };
  for (const auto& [arguments, out, read] : kRuns) {
    Arguments all{"generate", "--out", out};
    all.insert(all.end(), arguments.begin(), arguments.end());
    expect_refusal(all, 2, {"--out = '" + out + "'", "'" + read + "'", "must name another file"});
    EXPECT_EQ(contents(), before) << shown(all);
  }
  output_of_generate(
      {"generate", "--cases", cases, "--out", at("all.shards"), "--join", part0, part1});
  output_of_generate({"verify", at("all.shards")});
  // The joined text has a line for each file.
  const std::string odd = at("a\nb.h5"), joined = at("odd.shards");
  output_of_generate({"generate", "--cases", cases, "--shard", "1/2", "--out", odd});
  expect_refusal({"generate", "--cases", cases, "--out", joined, "--join", part0, odd}, 3,
                 {"a\\x0ab.h5", "must be one line"});
  EXPECT_FALSE(fs::exists(joined));
}

// A case without a single row is legal: zero-length text is.
TEST_F(Files, AnEmptySequenceMakesAGoldenFile) {
  const std::string large =
      R"("t1048576", "window": [0, 0], "dtypes": ["f64"], "tensors": ["own_tables"])";
  for (const std::string& sequence :
       {std::string("\"\""), std::string("\"t0\""), std::string("[]"), large}) {
    const std::string one = R"({"scheme": "mrope", "sequence": )" + sequence + "}";
    output_of_generate({"generate", "--cases", "-", "--out", at("golden.h5")}, one);
    output_of_generate({"verify", at("golden.h5")});
  }
}

// Two runs in different seconds, so that a time stored anywhere would differ.
TEST_F(Files, TheSmokeSuiteIsTheSameBytesOnEveryRun) {
  const std::string first = at("first.h5"), second = at("second.h5"), other = tiny_golden();
  const auto start = std::chrono::steady_clock::now();
  output_of_generate({"generate", "--suite", "smoke", "--out", first});
  output_of_generate({"verify", first});
  std::this_thread::sleep_until(start + std::chrono::milliseconds(1050));
  output_of_generate({"generate", "--suite", "smoke", "--out", second});
  EXPECT_EQ(slurp(first), slurp(second));
  EXPECT_EQ(slurp(first + ".manifest"), slurp(second + ".manifest"));
  EXPECT_LT(fs::file_size(first), 1000000U);
  EXPECT_EQ(output({"diff", first, second}), "equal\n");
  for (const Arguments& arguments :
       {Arguments{"diff", first, other}, Arguments{"diff", other, first}}) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.code, 1);
    EXPECT_EQ(ended.err, "");
    EXPECT_NE(ended.out.find("/cases/tiny: only in the"), std::string::npos);
  }
}

TEST_F(Files, DiffNamesTheDatasetAndTheValue) {
  const std::string golden = tiny_golden();
  const FileReader reader(golden);
  StoredCase one = reader.load("tiny");
  one.tensors.at("f32/cos").bytes[9] ^= std::byte{1};
  one.numbers.at("precision") += 1;
  one.tensors.erase("f16/sin");
  FileWriter writer(at("other.h5"), reader.root());
  writer.add(one);
  writer.finish();
  const Ended ended = run({"diff", golden, at("other.h5")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("/cases/tiny attribute precision: differs\n"), std::string::npos);
  EXPECT_NE(ended.out.find("/cases/tiny/f16/sin: only in the first\n"), std::string::npos);
  EXPECT_NE(ended.out.find("/cases/tiny/f32/cos: 1 of 12 values differ, first at index 2: "),
            std::string::npos)
      << ended.out;
  EXPECT_TRUE(ended.out.ends_with("\n3 differences\n")) << ended.out;
}

// Digests are right, numbers are not: only recomputation can tell.
TEST_F(Files, VerifyRecomputes) {
  const std::string golden = tiny_golden();
  const FileReader reader(golden);
  StoredCase one = reader.load("tiny");
  one.tensors.at("f32/cos").bytes[8] ^= std::byte{1};
  FileWriter writer(at("other.h5"), reader.root());
  writer.add(one);
  writer.finish();
  const Ended ended = run({"verify", at("other.h5")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("differs: tiny: "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("f32/cos"), std::string::npos) << ended.out;
  StoredCase thin = reader.load("tiny");
  thin.tensors.erase("bf16/sin");
  FileWriter thinner(at("thin.h5"), reader.root());
  thinner.add(thin);
  thinner.finish();
  expect_refusal({"verify", at("thin.h5")}, 3, {"/cases/tiny/bf16/sin"});
}

// What the manifest's own lines say of a byte: the path of its dataset, or its place outside all.
class Owners {
 public:
  explicit Owners(const std::string& manifest) {
    std::istringstream lines(manifest);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string kind, path;
      std::size_t offset = 0, size = 0;
      if (words >> kind >> path >> offset >> size && kind == "dataset")
        extents_.push_back({path, offset, offset + size});
    }
  }
  std::size_t count() const { return extents_.size(); }
  std::string name(std::size_t byte) const {
    for (const Extent& e : extents_) {
      if (byte >= e.begin && byte < e.end) return "dataset " + e.path + " differs";
    }
    return "metadata at offset " + std::to_string(byte) + " differs";
  }

 private:
  struct Extent {
    std::string path;
    std::size_t begin, end;
  };
  std::vector<Extent> extents_;
};

TEST_F(Files, EveryFlippedByteIsFoundAndNamed) {
  const fs::path golden = tiny_golden(), manifest = at("tiny.h5.manifest");
  const std::string bytes = slurp(golden);
  const Owners owners(slurp(manifest));
  // token_index, position_ids and its two exact forms, axis_map, rung, inv_freq; cos and sin in
  // four formats; four rotated tensors.
  ASSERT_EQ(owners.count(), 7U + 8 + 4);
  std::mt19937_64 random = generator(20261122);
  const auto damaged = [&](std::size_t i) {
    return static_cast<char>(bytes[i] ^ static_cast<char>(1 + random() % 255));
  };
  std::size_t in_datasets = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    poke(golden, i, damaged(i));
    const std::string line = refusal_of_checking(golden), name = owners.name(i);
    ASSERT_NE(line.find(name), std::string::npos) << "byte " << i << ": " << line;
    in_datasets += name.starts_with("dataset") ? 1 : 0;
    poke(golden, i, bytes[i]);
  }
  EXPECT_GT(in_datasets, 500U);
  EXPECT_LT(in_datasets, bytes.size());
  check_manifest(golden);
  // The same through the tool, at both ends and in between.
  for (int k = 0; k < 20; ++k) {
    const std::size_t i = k == 0   ? 0
                          : k == 1 ? bytes.size() - 1
                                   : static_cast<std::size_t>(random() % bytes.size());
    poke(golden, i, damaged(i));
    expect_refusal({"verify", golden}, 3, {owners.name(i)});
    poke(golden, i, bytes[i]);
  }
  output_of_generate({"verify", golden});
}

TEST_F(Files, EveryFlippedByteOfAManifestIsFound) {
  const fs::path golden = tiny_golden(), manifest = at("tiny.h5.manifest");
  const std::string text = slurp(manifest);
  for (std::size_t i = 0; i < text.size(); ++i) {
    poke(manifest, i, static_cast<char>(text[i] ^ 1));
    EXPECT_NE(refusal_of_checking(golden), "") << "byte " << i;
    poke(manifest, i, text[i]);
  }
  fs::remove(manifest);
  expect_refusal({"verify", golden}, 3, {"no manifest beside"});
  // Judging needs the structure alone.
  EXPECT_EQ(run({"validate", golden, "--kernel", "scalar"}).code, 0);
}

class Candidates : public CommandLine {
 protected:
  // A candidate that answers with the truth, after `change`.
  std::string candidate(const std::string& golden,
                        const std::function<void(StoredCase&)>& change) const {
    StoredCase one = FileReader(golden).load("tiny");
    one.text.clear();
    one.numbers.clear();
    std::erase_if(one.tensors, [](const auto& entry) {
      return !entry.first.starts_with("f32/") || entry.first.ends_with("_in");
    });
    change(one);
    FileWriter writer(at("candidate.h5"), header("candidate"));
    if (!one.id.empty()) writer.add(one);
    writer.finish();
    return at("candidate.h5");
  }
};

TEST_F(Candidates, ExitCodesAndReports) {
  struct Row {
    const char* what;
    std::function<void(StoredCase&)> change;
    int code;
  };
  const auto set = [](std::uint32_t bits) {
    return [bits](StoredCase& one) {
      std::memcpy(one.tensors.at("f32/q_out").bytes.data() + 4 * sizeof bits, &bits, sizeof bits);
    };
  };
  const Row rows[] = {
      {"the truth", [](StoredCase&) {}, 0},
      {"one dataset",
       [](StoredCase& one) {
         std::erase_if(one.tensors, [](const auto& entry) { return entry.first != "f32/sin"; });
       },
       0},
      {"a sign", [](StoredCase& one) { one.tensors.at("f32/q_out").bytes[19] ^= std::byte{0x80}; },
       1},
      {"NaN", set(0x7fc00000), 1},
      {"infinity", set(0x7f800000), 1},
      {"no case", [](StoredCase& one) { one.id.clear(); }, 5},
      {"another case", [](StoredCase& one) { one.id = "other"; }, 5},
      {"no dataset", [](StoredCase& one) { one.tensors.clear(); }, 5},
  };
  const std::string golden = tiny_golden();
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const Arguments judge{"validate", golden, "--candidate", candidate(golden, row.change)};
    const Ended text = run(judge);
    EXPECT_EQ(text.code, row.code) << text.err;
    EXPECT_EQ(text.err.empty(), row.code != 5) << text.err;
    EXPECT_EQ(text.out.empty(), row.code == 5) << text.out;
    const std::string verdict = row.code == 0 ? "\nconforms\n" : "\ndoes not conform\n";
    EXPECT_EQ(text.out.ends_with(verdict), row.code != 5) << text.out;
    for (const Arguments& form : {Arguments{"--json"}, Arguments{"--json", "-"}}) {
      Arguments arguments = judge;
      arguments.insert(arguments.end(), form.begin(), form.end());
      const Ended json = run(arguments);
      EXPECT_EQ(json.code, row.code);
      const Json report = Json::parse(json.out);
      EXPECT_EQ(report["schema"], "plumbline-validate-1");
      EXPECT_EQ(report["exit_code"], row.code);
      EXPECT_EQ(report["cases"].size(), row.code == 5 ? 0U : 1U);
    }
    Arguments arguments = judge;
    arguments.insert(arguments.end(), {"--json", at("report.json")});
    const Ended both = run(arguments);
    EXPECT_EQ(both.code, row.code);
    EXPECT_EQ(both.out, text.out);
    EXPECT_EQ(Json::parse(slurp(at("report.json")))["exit_code"], row.code);
  }
}

// cos alone shows no phase: that is not what a phase wrong from the start reads like.
TEST_F(Candidates, APhaseThatNothingShowsIsNotMeasured) {
  const std::string golden = tiny_golden();
  const auto outputs = [&](const std::function<void(StoredCase&)>& change) {
    Arguments all{"validate", golden, "--candidate", candidate(golden, change)};
    std::string out;
    for (const char* file : {"markdown", "html"}) {
      Arguments one = all;
      one.insert(one.end(), {std::string("--") + file, at(file)});
      run(one);
      out += slurp(at(file));
    }
    const Ended table = run(all), json = run({all[0], all[1], all[2], all[3], "--json"});
    return std::pair(table.out + out, json.out);
  };
  const auto count = [](const std::string& text, const std::string& word) {
    std::size_t found = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
    return found;
  };
  const auto [cosines, said] = outputs([](StoredCase& one) {
    std::erase_if(one.tensors, [](const auto& entry) { return entry.first != "f32/cos"; });
  });
  EXPECT_EQ(count(cosines, "not measured"), 3 * std::size(kGrades)) << cosines;
  EXPECT_EQ(count(said, R"("tested": "nothing")"), std::size(kGrades)) << said;
  const auto [wrong, why] = outputs([](StoredCase& one) {
    std::erase_if(one.tensors, [](const auto& entry) {
      return !entry.first.starts_with("f32/c") && !entry.first.starts_with("f32/s");
    });
    std::swap(one.tensors.at("f32/cos"), one.tensors.at("f32/sin"));
  });
  EXPECT_EQ(count(wrong, "not measured"), 0U) << wrong;
  EXPECT_EQ(count(why, "nothing"), 0U) << why;
}

TEST_F(Candidates, AWrongShapeIsRefusedByName) {
  const std::string golden = tiny_golden();
  const std::function<void(StoredCase&)> changes[] = {
      [](StoredCase& one) {  // one row short
        Tensor& t = one.tensors.at("f32/k_out");
        t.bytes.resize(t.bytes.size() / t.shape[0] * --t.shape[0]);
      },
      [](StoredCase& one) {  // heads and lanes changed places
        Tensor& t = one.tensors.at("f32/k_out");
        std::swap(t.shape[1], t.shape[2]);
      },
      [](StoredCase& one) {  // flat
        Tensor& t = one.tensors.at("f32/k_out");
        t.shape = {t.shape[0] * t.shape[1] * t.shape[2]};
      },
  };
  for (const auto& change : changes) {
    const std::string path = candidate(golden, change);
    expect_refusal({"validate", golden, "--candidate", path}, 3,
                   {path + ": dataset /cases/tiny/f32/k_out"});
    expect_refusal({"validate", golden, "--candidate", path, "--json"}, 3,
                   {"/cases/tiny/f32/k_out"});
  }
  // The two files in each other's place.
  const std::string path = candidate(golden, [](StoredCase&) {});
  expect_refusal({"validate", path, "--candidate", golden}, 3, {path, "golden"});
  expect_refusal({"verify", path}, 3, {path, "golden"});
}

TEST_F(Candidates, NoReportReplacesWhatIsReadOrAnotherReport) {
  const std::string golden = tiny_golden(), path = candidate(golden, [](StoredCase&) {}),
                    link = at("link.h5"), before = slurp(golden);
  std::filesystem::create_symlink(golden, link);
  const Arguments judge{"validate", golden, "--candidate", path};
  const auto with = [&](std::initializer_list<std::string> more) {
    Arguments all = judge;
    all.insert(all.end(), more);
    return all;
  };
  for (const std::string& read : {golden, path, link})
    expect_refusal(with({"--json", read}), 2, {"--json", "which is read"});
  expect_refusal(with({"--junit", "-", "--json", "-"}), 2, {"--json and --junit"});
  expect_refusal(with({"--junit", "-", "--json"}), 2, {"--json and --junit"});
  expect_refusal(with({"--sarif", at("r"), "--html", at("r")}), 2, {"--sarif and --html"});
  expect_refusal({"conformance", "--json", "-", "--html", "-"}, 2, {"--json and --html"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--csv", at("r"), "--h5", at("r")}, 2,
                 {"--csv and --h5"});
  EXPECT_EQ(slurp(golden), before);
  // Through a link into its file, whole, and nothing beside it.
  spilled("report.json", "old");
  std::filesystem::create_symlink(at("report.json"), at("report.link"));
  EXPECT_EQ(run(with({"--json", at("report.link")})).code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(at("report.link")));
  EXPECT_TRUE(Json::parse(slurp(at("report.json"))).contains("schema"));
  for (const auto& entry : std::filesystem::directory_iterator(at("")))
    EXPECT_EQ(entry.path().string().find(".tmp."), std::string::npos) << entry.path();
  // What cannot be written stays as it was.
  const Ended full = run(with({"--json", "/dev/full"}));
  EXPECT_EQ(full.code, 3);
  EXPECT_NE(full.err.find("/dev/full"), std::string::npos) << full.err;
}

TEST_F(Candidates, WhatTheGoldenFileHasNotIsNamed) {
  const std::string golden = tiny_golden();
  const auto renamed = [](const std::string& from, const std::string& to) {
    return [=](StoredCase& one) { one.tensors[to] = one.tensors.extract("f32/" + from).mapped(); };
  };
  for (const char* wrong : {"f32/k_outt", "f32/K_OUT"}) {
    SCOPED_TRACE(wrong);
    expect_refusal({"validate", golden, "--candidate", candidate(golden, renamed("k_out", wrong))},
                   3, {std::string("/cases/tiny/") + wrong, "section 5"});
  }
  const std::string more = candidate(golden, [](StoredCase& one) {
    one.tensors["f16/q_out"] = one.tensors.at("f32/q_out");
    one.tensors["f16/q_out"].dtype = Dtype::f16;
    one.tensors["f16/q_out"].bytes.resize(one.tensors.at("f32/q_out").bytes.size() / 2);
  });
  const auto named = run({"validate", golden, "--candidate", more});
  EXPECT_EQ(named.code, 0);
  EXPECT_NE(named.out.find("not in the golden file: tiny/f16/q_out\n"), std::string::npos)
      << named.out;
  const Json report = Json::parse(run({"validate", golden, "--candidate", more, "--json"}).out);
  EXPECT_EQ(report.at("not_in_golden"), Json::array({"tiny/f16/q_out"}));
  const std::string other = candidate(golden, [](StoredCase& one) { one.id = "another"; });
  EXPECT_EQ(run({"validate", golden, "--candidate", other}).code, 5);
}

// Paths are bytes; the report is UTF-8 all the same.
TEST_F(Candidates, AReportOnAnyPathIsJson) {
  const std::string golden = tiny_golden("\xff.h5");
  const Ended ended = run({"validate", golden, "--kernel", "scalar", "--json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(Json::parse(ended.out)["exit_code"], 0);
}

TEST_F(Candidates, EveryKernelOfThisBuildAnswers) {
  const std::string golden = tiny_golden();
  const Json kernels = Json::parse(output({"list", "kernels", "--json"}));
  ASSERT_GE(kernels.size(), 2U);
  for (const Json& kernel : kernels) {
    if (!kernel["supported"].get<bool>()) continue;
    const Ended ended =
        run({"validate", golden, "--kernel", kernel["name"].get<std::string>(), "--json"});
    EXPECT_EQ(ended.code, 0) << kernel << ended.err;
    EXPECT_EQ(Json::parse(ended.out)["subject"], kernel["name"]);
  }
}

}  // namespace
}  // namespace plumbline
