// SPDX-License-Identifier: Apache-2.0
// What a golden file says in words follows from its cases and tensors: each word is spoiled in
// turn, under digests that are right, and verify names it.
#include "golden/flags.h"
#include "properties/process.h"

namespace plumbline {
namespace {

class VerifiedWords : public CommandLine {
 protected:
  struct Draft {
    RootAttributes root;
    std::vector<StoredCase> cases;
    // The JSON of the first case.
    void edit(const std::function<void(Json&)>& change) {
      std::string& text = cases.front().text.at("case");
      Json c = Json::parse(text);
      change(c);
      text = c.dump();
    }
  };
  struct Spoilt {
    std::string what;
    std::function<void(Draft&)> change;
    int code;
    std::string said;
  };

  std::string generated(const std::string& name, const std::string& cases) const {
    output_of_generate({"generate", "--cases", "-", "--out", at(name)}, cases);
    output_of_generate({"verify", at(name)});
    return at(name);
  }

  static Draft draft_of(const std::string& path) {
    const FileReader reader(path);
    Draft out{reader.root(), {}};
    out.root.text.erase("order");
    for (const std::string& id : reader.ids()) out.cases.push_back(reader.load(id));
    return out;
  }

  void expect_found(const std::string& golden, const std::vector<Spoilt>& all) const {
    const Draft good = draft_of(golden);
    const std::string path = at("spoilt.h5");
    const auto written = [&](const std::function<void(Draft&)>& change) {
      Draft draft = good;
      change(draft);
      FileWriter writer(path, draft.root);
      for (const StoredCase& one : draft.cases) writer.add(one);
      writer.finish();
    };
    written([](Draft&) {});
    ASSERT_EQ(output({"diff", path, golden}), "equal\n");
    output_of_generate({"verify", path});
    for (const auto& [what, change, code, said] : all) {
      SCOPED_TRACE(what);
      written(change);
      if (code == 3) {
        expect_refusal({"verify", path}, 3, {said});
        continue;
      }
      const Ended ended = run({"verify", path});
      EXPECT_EQ(ended.code, code) << ended.out << ended.err;
      EXPECT_NE(ended.out.find(said), std::string::npos) << ended.out;
    }
  }
};

std::vector<std::string> composition_keys() {
  return {"axes", "layout", "advance", "text", "allocation", "delta"};
}

TEST_F(VerifiedWords, OfACaseFollowFromItsTensors) {
  const std::string golden = generated(
      "golden.h5",
      R"([{"id": "one", "scheme": "mrope", "sequence": "t1 v1x2x3", "params": {"mrope_section":
      [2, 1, 1]}, "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 1,
      "num_key_value_heads": 1}, "dtypes": ["f32", "bf16"], "tensors": ["tables", "rotated"]},
      {"id": "two", "scheme": "vanilla", "sequence": "t2"}])");
  const auto json = [](const char* key, const Json& value) {
    return [=](Draft& d) { d.edit([&](Json& c) { c[key] = value; }); };
  };
  const auto attribute = [](const char* key, const char* value) {
    return [=](Draft& d) { d.cases.front().text[key] = value; };
  };
  const auto suite_is = [](const char* value) {
    return [=](Draft& d) { d.root.text["suite"] = value; };
  };
  std::vector<Spoilt> all{
      {"seed", json("seed", 2), 1, "differs: one: f32/q_in: "},
      {"seed, in words", json("seed", 2), 1, "are not what seed 2 and ordinary inputs draw"},
      {"inputs", json("inputs", "special"), 1, "seed 1 and special inputs draw"},
      {"id", json("id", "else"), 1, "differs: one: case: its id is 'else'"},
      {"a dtype less", json("dtypes", {"f32"}), 1, "differs: one: bf16/k_in: is stored"},
      {"a dtype more", json("dtypes", {"f32", "bf16", "f16"}), 3, "/cases/one/f16/k_in is missing"},
      {"tensors less", json("tensors", {"tables"}), 1, "differs: one: f32/k_in: is stored"},
      {"fewer tables", json("tensors", {"own_tables", "rotated"}), 1, "one: f16/cos: is stored"},
      {"no tables", json("tensors", {"rotated"}), 1, "differs: one: f32/sin: is stored"},
      {"adjoint", json("tensors", {"tables", "rotated", "adjoint"}), 3,
       "/cases/one/bf16/k_adj is missing"},
      {"logits", json("tensors", {"tables", "rotated", "logits"}), 3,
       "/cases/one/bf16/logits is missing"},
      {"no composition", [](Draft& d) { d.edit([](Json& c) { c.erase("composition"); }); }, 1,
       "differs: one: composition: layout is nothing, scheme mrope has \"grid\""},
      {"a word more", [](Draft& d) { d.edit([](Json& c) { c["composition"]["k"] = 1; }); }, 1,
       "differs: one: composition: k is 1, scheme mrope has nothing"},
      {"no flags", attribute("flags", ""), 1,
       "differs: one: flags: '', the case and its positions have 'axes_differ'"},
      {"other flags", attribute("flags", "axes_differ,video"), 1,
       "one: flags: 'axes_differ,video'"},
      {"source", attribute("source", "\x1b"), 1, "differs: one: source: '\\x1b', scheme mrope has"},
      {"suite", suite_is("smoke"), 1, "differs: /: suite: smoke has no case one"},
      {"prompt", suite_is("prompt"), 1, "differs: /: suite: 'prompt', must be of one case"},
      {"no suite", suite_is("\n"), 1, "differs: /: suite: '\\x0a', must be smoke, minimal, full"},
      {"generator", [](Draft& d) { d.root.text["generator"] = "another 7"; }, 0,
       "not recomputed: /: suite, flags, source: 'another 7' wrote the file"},
  };
  for (const std::string& key : composition_keys()) {
    const Json word = key == "axes" ? Json(2) : Json("spiral");
    all.push_back({key, [=](Draft& d) { d.edit([&](Json& c) { c["composition"][key] = word; }); },
                   1,
                   "differs: one: composition: " + key + " is " + word.dump() + ", scheme mrope"});
  }
  expect_found(golden, all);
}

// Made at speed and verified piece by piece.
TEST_F(VerifiedWords, OfALargeCaseToo) {
  const std::string golden =
      generated("golden.h5",
                R"({"id": "one", "scheme": "mrope", "sequence": "t1048576", "window": [1048000, 40],
      "params": {"mrope_section": [4, 2, 2]}, "shape": {"head_dim": 16, "rotary_dim": 16,
      "num_heads": 1, "num_key_value_heads": 1}, "dtypes": ["f64", "f32"],
      "tensors": ["own_tables"]})");
  EXPECT_NE(output({"verify", golden}).find(" values of tables made anew"), std::string::npos);
  const auto json = [](const char* key, const Json& value) {
    return [=](Draft& d) { d.edit([&](Json& c) { c[key] = value; }); };
  };
  expect_found(
      golden,
      {{"a dtype less", json("dtypes", {"f64"}), 1, "one: f32/cos: is stored"},
       {"a dtype more", json("dtypes", {"f64", "f32", "f16"}), 3, "one/f16/cos"},
       {"flags", [](Draft& d) { d.cases.front().text["flags"] = "video"; }, 1,
        "flags: 'video', the case and its positions have 'long_position,text_only'"},
       {"composition", [](Draft& d) { d.edit([](Json& c) { c["composition"]["text"] = ""; }); }, 1,
        "composition: text is \"\", scheme mrope has \"every_axis\""}});
}

TEST_F(VerifiedWords, OfASuiteAreItsCases) {
  const std::string golden = at("smoke.h5");
  output_of_generate({"generate", "--suite", "minimal", "--out", golden});
  const auto suite_is = [](const char* value) {
    return [=](Draft& d) { d.root.text["suite"] = value; };
  };
  expect_found(
      golden,
      {{"smoke", suite_is("smoke"), 1, "differs: /: suite: smoke has a case "},
       {"full", suite_is("full"), 1, "differs: /: suite: full has a case "},
       {"prompt", suite_is("prompt"), 1, "differs: /: suite: 'prompt', must be"},
       {"a case less", [](Draft& d) { d.cases.pop_back(); }, 1, "minimal has a case "},
       {"a case more",
        [](Draft& d) {
          d.cases.push_back(d.cases.front());
          d.cases.back().id = "more";
        },
        1, "differs: /: suite: minimal has no case more"},
       {"another case of that name", [](Draft& d) { d.edit([](Json& c) { c.erase("model"); }); }, 1,
        "differs: /: suite: the file's case "}});
}

// Each flag with a case that has it and one, as near as can be, that has not.
TEST(Flags, HoldOfWhatTheySay) {
  const struct {
    const char *flag, *with, *without;
  } kRows[] = {
      {"axes_differ", R"("scheme": "mrope", "sequence": "t1 v1x2x3")",
       R"("scheme": "mrope", "sequence": "t1 v1x2x3", "window": [0, 3])"},
      {"axes_differ", R"("scheme": "mrope", "sequence": "t1 v1x2x3")",
       R"("scheme": "vanilla", "sequence": "t1 v1x2x3")"},
      {"long_position", R"("scheme": "vanilla", "sequence": "t2050")",
       R"("scheme": "vanilla", "sequence": "t2049")"},
      {"long_position", R"("scheme": "vanilla", "sequence": "t8192", "window": [4101, 1])",
       R"("scheme": "vanilla", "sequence": "t8192", "window": [4104, 1])"},
      {"text_only", R"("scheme": "mrope", "sequence": "t3")",
       R"("scheme": "mrope", "sequence": "t3 v1x1x1")"},
      {"text_only", R"("scheme": "mrope", "sequence": "t3")",
       R"("scheme": "mrope", "sequence": "")"},
      {"video", R"("scheme": "mrope", "sequence": "t1 v2x1x1")",
       R"("scheme": "mrope", "sequence": "t1 v1x1x1 v1x1x1")"},
      {"video", R"("scheme": "mrope", "sequence": "f2x1x1")",
       R"("scheme": "mrope", "sequence": "f1x1x1")"},
      {"padding", R"("scheme": "mrope", "sequence": "t1", "padding": {"left": 1})",
       R"("scheme": "mrope", "sequence": "t1", "padding": {"left": 0})"},
      {"padding", R"("scheme": "mrope", "sequence": "t1", "attention_mask": [1, 0])",
       R"("scheme": "mrope", "sequence": "t1", "attention_mask": [1])"},
      {"gqa", R"("scheme": "vanilla", "shape": {"num_heads": 4, "num_key_value_heads": 2})",
       R"("scheme": "vanilla", "shape": {"num_heads": 4, "num_key_value_heads": 4})"},
      {"partial", R"("scheme": "vanilla", "shape": {"head_dim": 64, "rotary_dim": 32})",
       R"("scheme": "vanilla", "shape": {"head_dim": 64, "rotary_dim": 64})"},
      {"odd_size", R"("scheme": "vanilla", "shape": {"head_dim": 80, "rotary_dim": 32})",
       R"("scheme": "vanilla", "shape": {"head_dim": 64, "rotary_dim": 32})"},
      {"odd_size", R"("scheme": "vanilla", "shape": {"head_dim": 64, "rotary_dim": 48})",
       R"("scheme": "vanilla", "shape": {"head_dim": 64, "rotary_dim": 64})"},
      {"scaled", R"("model": "llama-3.1-8b")", R"("model": "llama-2-7b")"},
      {"gptj", R"("scheme": "vanilla", "pairing": "gptj")",
       R"("scheme": "vanilla", "pairing": "neox")"},
      {"special", R"("scheme": "vanilla", "sequence": "t1", "inputs": "special")",
       R"("scheme": "vanilla", "sequence": "t1", "inputs": "ordinary")"},
  };
  std::set<std::string_view> tried;
  for (const auto& [flag, with, without] : kRows) {
    tried.insert(flag);
    const auto has = [&](const char* text) {
      const std::string all = flags_of(case_from_json(parse_json("{" + std::string(text) + "}")));
      return ("," + all + ",").find("," + std::string(flag) + ",") != std::string::npos;
    };
    EXPECT_TRUE(has(with)) << flag << ": " << with;
    EXPECT_FALSE(has(without)) << flag << ": " << without;
  }
  EXPECT_EQ(tried.size(), flags().size());
}

TEST_F(VerifiedWords, AClaimThatDoesNotHoldIsRefused) {
  const std::string one =
      R"({"scheme": "vanilla", "sequence": "t3", "shape": {"head_dim": 8}, "flags": )";
  for (const char* wrong : {"video", "text_only,video", "nine", "text_only,,"}) {
    expect_refusal({"generate", "--cases", "-", "--out", at("x.h5")}, 2,
                   {"flags: '", "case-0", "text_only"}, one + Json(wrong).dump() + "}");
  }
  EXPECT_EQ(files(), 0U);
  for (const char* right : {"", "text_only"}) {
    output_of_generate({"generate", "--cases", "-", "--out", at("x.h5")},
                       one + Json(right).dump() + "}");
    EXPECT_EQ(FileReader(at("x.h5")).load("case-0").text.at("flags"), "text_only");
  }
}

}  // namespace
}  // namespace plumbline
