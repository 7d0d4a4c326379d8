// SPDX-License-Identifier: Apache-2.0
// Tables too large for memory: the values of the reference, the same bytes whatever the threads and
// shards, every changed value found, and the verdict of compare().
#include "golden/large_tables.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <sstream>

#include "golden/large_case.h"
#include "golden/large_compare.h"
#include "golden/shards.h"
#include "properties/process.h"
#include "reference/evaluate.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

class LargeTablesFile : public CommandLine {};

// Nine pairs, so that rows lie across the ends of blocks.
Case text_case(std::int64_t rows, const Json& dtypes = Json::array({"f64"})) {
  return case_from_json(Json{
      {"id", "text"},
      {"scheme", "vanilla"},
      {"shape",
       Json{{"head_dim", 18}, {"rotary_dim", 18}, {"num_heads", 1}, {"num_key_value_heads", 1}}},
      {"spectrum", Json{{"rope_theta", "500000"}}},
      {"sequence", Json::array({Json{{"type", "text"}, {"len", rows}}})},
      {"dtypes", dtypes},
      {"tensors", Json::array({"own_tables"})}});
}

// Every scheme: a text that is worth seeds, its edges, blocks with coordinates of their own, and
// the text behind them, which may stand at fractions.
TEST_F(LargeTablesFile, HoldTheValuesOfTheReference) {
  int fitting = 0;
  for (const Scheme& scheme : schemes()) {
    Json json = fitted_case(scheme, {16, 16, 2, 1});
    json["id"] = "t";
    json["sequence"] = "t4100 v1x2x3 t3 v1x3x2 t2";
    json["tensors"] = Json::array({"tables"});
    Case c;
    try {
      c = case_from_json(json);
      if (!LargeTables::fits(c)) continue;
    } catch (const std::invalid_argument&) {
      continue;  // a vision tower has no text
    }
    ++fitting;
    SCOPED_TRACE(std::string(scheme.name));
    const LargeTables tables(c, 1);
    Case few = c;
    few.windows = {{0, 3}, {255, 3}, {4094, c.padded_length() - 4094}};
    const PositionTable ids = positions(few);
    const Tensors truth = evaluate(few, ids, table_formats(few), {}, false, 1);
    for (const Table& t : truth.tables) {
      const std::size_t bytes = info(dtype_of(t.format)).bytes;
      std::vector<std::byte> cos(tables.entries() * bytes), sin(cos);
      for (std::size_t row = 0; row < ids.rows(); ++row) {
        tables.tables(dtype_of(t.format), static_cast<std::uint64_t>(ids.token_index[row]), 1,
                      cos.data(), sin.data());
        for (std::size_t e = 0; e < tables.entries(); ++e) {
          std::uint64_t c_bits = 0, s_bits = 0;
          std::memcpy(&c_bits, cos.data() + e * bytes, bytes);
          std::memcpy(&s_bits, sin.data() + e * bytes, bytes);
          ASSERT_EQ(c_bits, t.cos[row * tables.entries() + e]) << t.format.name << " row " << row;
          ASSERT_EQ(s_bits, t.sin[row * tables.entries() + e]) << t.format.name << " row " << row;
        }
      }
    }
  }
  EXPECT_GT(fitting, 20);
}

// Rows of several windows, whatever rows were made before: the last ones of each window, by the
// reference.
TEST_F(LargeTablesFile, WindowsMayOverlap) {
  const std::vector<Window> kWindows[] = {{{0, 4096}, {0, 4097}},
                                          {{0, 9000}, {0, 4096}, {0, 9001}},
                                          {{5, 5000}, {5, 6000}, {4000, 7000}, {5, 5000}},
                                          {{0, 5000}, {0, 5001}, {0, 5002}, {0, 5003}, {0, 5004}}};
  for (const std::vector<Window>& windows : kWindows) {
    Case c = text_case(20000), ends = c;
    c.windows = windows;
    for (const Window& w : windows) ends.windows.push_back({w.first + w.count - 2, 2});
    const Tensors truth = evaluate(ends, positions(ends), {binary64}, {}, false, 1);
    const LargeTables tables(c, 1);
    std::vector<std::uint64_t> cos(2 * tables.entries()), sin(cos);
    std::uint64_t row = 0;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      row += static_cast<std::uint64_t>(windows[i].count);
      tables.tables(Dtype::f64, row - 2, 2, reinterpret_cast<std::byte*>(cos.data()),
                    reinterpret_cast<std::byte*>(sin.data()));
      for (std::size_t e = 0; e < cos.size(); ++e) {
        ASSERT_EQ(cos[e], truth.tables[0].cos[i * cos.size() + e]) << "window " << i;
        ASSERT_EQ(sin[e], truth.tables[0].sin[i * sin.size() + e]) << "window " << i;
      }
    }
  }
}

void write_large(const fs::path& path, const Case& c, unsigned threads) {
  FileWriter file(path, golden_root("cases"));
  add_large(file, {c, ""}, threads);
  file.finish();
}

std::map<std::string, std::string> digests(const fs::path& text) {
  std::map<std::string, std::string> out;
  std::istringstream lines(slurp(text));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind, path, word, last;
    words >> kind >> path;
    while (words >> word) last = word;
    if (kind == "dataset") out[path] = last;
  }
  return out;
}

TEST_F(LargeTablesFile, AreTheSameBytesForAnyThreadsAndShards) {
  const Case c = text_case(70001, Json::array({"f64", "bf16"}));
  write_large(at("one.h5"), c, 1);
  check_manifest(at("one.h5"));
  for (const unsigned threads : {2U, 5U}) {
    write_large(at("more.h5"), c, threads);
    EXPECT_TRUE(slurp(at("one.h5")) == slurp(at("more.h5"))) << threads;
    EXPECT_EQ(slurp(at("one.h5.manifest")), slurp(at("more.h5.manifest")));
  }
  const auto whole = digests(at("one.h5.manifest"));
  for (const std::uint64_t n : {1U, 2U, 3U}) {
    std::vector<fs::path> parts;
    for (std::uint64_t i = 0; i < n; ++i) {
      parts.push_back(at("part" + std::to_string(i) + ".h5"));
      write_large(parts.back(), shard_of(c, i, n), 2);
    }
    join_shards({{c, ""}}, parts, at("all.shards"));
    check_shards(at("all.shards"));
    EXPECT_EQ(shards_of(at("all.shards")).size(), n);
    const auto joined = digests(at("all.shards"));
    EXPECT_EQ(joined.size(), 5U);  // token_index, cos and sin in two formats
    for (const auto& [path, digest] : joined) EXPECT_EQ(digest, whole.at(path)) << path << ' ' << n;
    if (n == 1) continue;
    std::swap(parts[0], parts[1]);
    EXPECT_NE(refusal([&] { join_shards({{c, ""}}, parts, at("x.shards")); }), "");
    parts.pop_back();
    EXPECT_NE(refusal([&] { join_shards({{c, ""}}, parts, at("x.shards")); }), "");
    EXPECT_FALSE(fs::exists(at("x.shards")));
    const std::string text = slurp(at("all.shards"));
    for (std::size_t i = 0; i < text.size(); i += 7) {
      poke(at("all.shards"), i, static_cast<char>(text[i] ^ 1));
      EXPECT_NE(refusal([&] { check_shards(at("all.shards")); }), "") << i;
      poke(at("all.shards"), i, text[i]);
    }
  }
}

TEST_F(LargeTablesFile, VerifyingFindsEveryKindOfChange) {
  const Case c = text_case(70001);
  write_large(at("a.h5"), c, 2);
  std::istringstream lines(slurp(at("a.h5.manifest")));
  std::mt19937_64 random = generator(20261122);
  {
    const CaseFile file(at("a.h5"));
    const LargeFindings found = verify_large(file.view("text"), c, 2);
    EXPECT_EQ(found.differs, std::vector<std::string>{});
    EXPECT_EQ(found.count.values, 70001U * (1 + 3 * 3 + 2 * 9));
    EXPECT_GT(found.sampled, 100U);
  }
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind, path;
    std::size_t offset = 0, size = 0;
    if (!(words >> kind >> path >> offset >> size) || kind != "dataset") continue;
    const std::size_t at_byte = offset + random() % size;
    const std::string before = slurp(at("a.h5"));
    poke(at("a.h5"), at_byte, static_cast<char>(before[at_byte] ^ 1));
    const CaseFile file(at("a.h5"));
    const LargeFindings found = verify_large(file.view("text"), c, 2);
    std::string said;
    for (const std::string& difference : found.differs) said += difference + '\n';
    EXPECT_EQ(found.differs.size(), 1U) << path << ", byte " << at_byte << ":\n" << said;
    EXPECT_NE(said.find(path.substr(path.rfind('/') + 1)), std::string::npos) << said;
    poke(at("a.h5"), at_byte, before[at_byte]);
  }
}

// A candidate's tables, made by `value(exact, row, entry, sine)`.
template <class F, class Value>
std::vector<F> candidate_table(const Tensor& golden, std::size_t columns, bool sine,
                               const Value& value) {
  std::vector<F> out(golden.bytes.size() / 8);
  for (std::size_t i = 0; i < out.size(); ++i) {
    double exact = 0;
    std::memcpy(&exact, golden.bytes.data() + 8 * i, 8);
    out[i] = static_cast<F>(value(exact, i / columns, i % columns, sine));
  }
  return out;
}

template <class F>
Tensor tensor_with(const Tensor& golden, const std::vector<F>& values) {
  Tensor out{sizeof(F) == 8 ? Dtype::f64 : Dtype::f32, golden.shape,
             std::vector<std::byte>(values.size() * sizeof(F))};
  std::memcpy(out.bytes.data(), values.data(), out.bytes.size());
  return out;
}

CaseView view_of(const StoredCase& one) {
  CaseView out{one.id, one.text, one.numbers, {}};
  for (const auto& [path, t] : one.tensors) out.datasets[path] = {t.dtype, t.shape, t.bytes};
  return out;
}

void expect_same(const Place& a, const Place& b) {
  EXPECT_EQ(a.dataset, b.dataset);
  EXPECT_EQ(a.row, b.row);
  EXPECT_EQ(a.token, b.token);
  EXPECT_EQ(a.pair, b.pair);
  EXPECT_EQ(a.axis, b.axis);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.ulp, b.ulp);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.budget, b.budget);
}

void expect_same(const CaseResult& a, const CaseResult& b) {
  EXPECT_EQ(a.missing, b.missing);
  EXPECT_EQ(a.recipe, b.recipe);
  ASSERT_EQ(a.classes.size(), b.classes.size());
  for (std::size_t i = 0; i < a.classes.size(); ++i) {
    const ClassResult &x = a.classes[i], &y = b.classes[i];
    SCOPED_TRACE(x.dataset);
    EXPECT_EQ(x.dataset, y.dataset);
    EXPECT_EQ(x.values, y.values);
    EXPECT_EQ(x.failures, y.failures);
    EXPECT_EQ(x.worst_ratio, y.worst_ratio);
    EXPECT_EQ(x.worst_norm_ulp, y.worst_norm_ulp);
    EXPECT_EQ(x.failures_by_axis, y.failures_by_axis);
    expect_same(x.worst, y.worst);
    expect_same(x.worst_ulp, y.worst_ulp);
    ASSERT_EQ(x.first_failure.has_value(), y.first_failure.has_value());
    if (x.first_failure) expect_same(*x.first_failure, *y.first_failure);
  }
  const auto m = context_lengths(a.phases), n = context_lengths(b.phases);
  ASSERT_EQ(m.size(), n.size());
  for (std::size_t i = 0; i < m.size(); ++i) {
    EXPECT_EQ(m[i].measurable, n[i].measurable) << i;
    EXPECT_EQ(m[i].length, n[i].length) << i;
    EXPECT_EQ(m[i].exceeded_at, n[i].exceeded_at) << i;
    EXPECT_EQ(m[i].all, n[i].all) << i;
    // Runs take A (1 - 2^-50) for the length that compare() measures; each side rounds a product, a
    // quotient and an arcsine.
    EXPECT_NEAR(m[i].resolution, n[i].resolution, (0x1p-50 + 8 * 0x1p-53) * n[i].resolution) << i;
  }
}

TEST_F(LargeTablesFile, AreJudgedAsWholeOnesAre) {
  constexpr std::int64_t kRows = 12000;
  constexpr std::size_t kColumns = 9;
  const Case c = text_case(kRows, Json::array({"f64", "f32"}));
  write_large(at("g.h5"), c, 2);
  const StoredCase golden = FileReader(at("g.h5")).load("text");
  const Tensor &cos = golden.tensors.at("f64/cos"), &sin = golden.tensors.at("f64/sin");
  std::vector<double> inv_freq(kColumns);
  std::memcpy(inv_freq.data(), golden.tensors.at("inv_freq").bytes.data(), 8 * kColumns);
  const auto recipe_for = [](const Format& f) { return default_recipe(f); };

  using Value = std::function<double(double, std::size_t, std::size_t, bool)>;
  const auto phase32 = [&](double, std::size_t row, std::size_t e, bool sine) {
    const float angle = static_cast<float>(row) * static_cast<float>(inv_freq[e]);
    return static_cast<double>(sine ? std::sin(angle) : std::cos(angle));
  };
  const struct {
    const char* name;
    Value value;
  } kCandidates[] = {
      {"exact", [](double x, std::size_t, std::size_t, bool) { return x; }},
      {"an ulp here and there",
       [](double x, std::size_t row, std::size_t e, bool) {
         return (row * 31 + e) % 1009 == 0 ? std::nextafter(x, 2) : x;
       }},
      {"float32 phase", phase32},
      {"one value far off", [](double x, std::size_t row, std::size_t e,
                               bool sine) { return row == 7012 && e == 4 && sine ? x + 1e-3 : x; }},
      {"NaN at the end",
       [](double x, std::size_t row, std::size_t e, bool) {
         return row == kRows - 1 && e == kColumns - 1 ? std::nan("") : x;
       }},
      {"infinity in the middle",
       [](double x, std::size_t row, std::size_t e, bool sine) {
         return row == kRows / 2 && e == 0 && !sine ? HUGE_VAL : x;
       }},
      {"wrong from a row on",
       [](double x, std::size_t row, std::size_t, bool) { return row < 11900 ? x : -x; }},
  };
  for (const auto& [name, value] : kCandidates) {
    SCOPED_TRACE(name);
    StoredCase candidate{"text", {}, {}, {}};
    candidate.tensors["f64/cos"] =
        tensor_with(cos, candidate_table<double>(cos, kColumns, false, value));
    candidate.tensors["f64/sin"] =
        tensor_with(sin, candidate_table<double>(sin, kColumns, true, value));
    candidate.tensors["f32/cos"] =
        tensor_with(cos, candidate_table<float>(cos, kColumns, false, value));
    candidate.tensors["f32/sin"] =
        tensor_with(sin, candidate_table<float>(sin, kColumns, true, value));
    const CaseResult expected = compare(golden, candidate, recipe_for);
    for (const unsigned threads : {1U, 3U}) {
      const auto got = compare_large(view_of(golden), view_of(candidate), recipe_for, threads);
      ASSERT_TRUE(got.has_value());
      expect_same(*got, expected);
    }
    if (std::string(name) == "float32 phase") continue;
    EXPECT_EQ(expected.conforms(), std::string(name) == "exact" || name[0] == 'a');
  }
  // What is not tables alone, or too small, is left to compare().
  StoredCase other = golden;
  other.tensors["f64/q_out"] = other.tensors["f64/cos"];
  EXPECT_FALSE(compare_large(view_of(other), view_of(golden), recipe_for, 1).has_value());
}

// Where positions fall, what a row may differ by falls too: errors in late rows that the first
// one's position would excuse.
TEST_F(LargeTablesFile, AreJudgedAsWholeOnesAreWherePositionsFall) {
  constexpr std::size_t kRows = 12000, kColumns = 9;
  write_large(at("up.h5"), text_case(kRows), 2);
  StoredCase golden = FileReader(at("up.h5")).load("text");
  for (auto& [path, tensor] : golden.tensors) {
    const std::size_t row = path == "position_ids"     ? 8
                            : path.starts_with("f64/") ? 8 * kColumns
                                                       : 0;
    if (row == 0) continue;
    const std::vector<std::byte> up = tensor.bytes;
    for (std::size_t axis = 0; axis < up.size(); axis += kRows * row)
      for (std::size_t i = 0; i < kRows; ++i)
        std::memcpy(tensor.bytes.data() + axis + i * row, up.data() + axis + (kRows - 1 - i) * row,
                    row);
  }
  const auto recipe_for = [](const Format& f) { return default_recipe(f); };
  bool excused = false;
  for (int power = -56; power <= -36; ++power) {
    SCOPED_TRACE(power);
    const auto value = [&](double x, std::size_t row, std::size_t e, bool sine) {
      // An ulp each, of -0.31 at position 11999 and of 0.14 at 14.
      const double errors = e != 0 || sine ? 0 : row == 0 ? 1 : row == kRows - 15 ? 0.5 : 0;
      return x + std::ldexp(errors, power);
    };
    StoredCase candidate{"text", {}, {}, {}};
    for (const bool sine : {false, true}) {
      const Tensor& exact = golden.tensors.at(sine ? "f64/sin" : "f64/cos");
      candidate.tensors[sine ? "f64/sin" : "f64/cos"] =
          tensor_with(exact, candidate_table<double>(exact, kColumns, sine, value));
    }
    const CaseResult expected = compare(golden, candidate, recipe_for);
    const auto got = compare_large(view_of(golden), view_of(candidate), recipe_for, 1);
    ASSERT_TRUE(got.has_value());
    expect_same(*got, expected);
    const std::optional<Place>& first = expected.classes[0].first_failure;
    excused = excused || (first && first->row > 0);
  }
  EXPECT_TRUE(excused);
}

// Axes that stand still, jump back and go by fractions: samples of many positions are of text only.
TEST_F(LargeTablesFile, AreJudgedAsWholeOnesAreBesideImages) {
  for (const char* model : {"qwen2-vl-7b", "qwen2.5-omni-7b"}) {
    SCOPED_TRACE(model);
    const Case c = case_from_json(Json{{"id", "mixed"},
                                       {"model", model},
                                       {"sequence", "t900 v2x20x30 t700"},
                                       {"dtypes", Json::array({"f64"})},
                                       {"tensors", Json::array({"own_tables"})}});
    write_large(at("mixed.h5"), c, 2);
    const StoredCase golden = FileReader(at("mixed.h5")).load("mixed");
    const auto recipe_for = [](const Format& f) { return default_recipe(f); };
    for (const std::size_t wrong_row : {std::size_t{0}, std::size_t{1000}, std::size_t{2700}}) {
      StoredCase candidate{"mixed", {}, {}, {}};
      for (const std::string path : {"f64/cos", "f64/sin"})
        candidate.tensors[path] = golden.tensors.at(path);
      const std::size_t at_value = (wrong_row * 64 + 40) * 8;
      if (wrong_row != 0)
        std::memset(candidate.tensors["f64/sin"].bytes.data() + at_value, 0x40, 8);
      const CaseResult expected = compare(golden, candidate, recipe_for);
      EXPECT_EQ(expected.conforms(), wrong_row == 0);
      const auto got = compare_large(view_of(golden), view_of(candidate), recipe_for, 2);
      ASSERT_TRUE(got.has_value());
      expect_same(*got, expected);
    }
  }
}

constexpr const char* kLargeCase =
    R"({"id": "big", "model": "qwen3-8b", "sequence": "t131072", "dtypes": ["f64"],
    "tensors": ["own_tables"]})";

TEST_F(LargeTablesFile, GoThroughTheTool) {
  const std::string cases = spilled("cases.json", kLargeCase), whole = at("whole.h5");
  EXPECT_NE(output({"generate", "--cases", cases, "--out", whole}).find("16777216 values"),
            std::string::npos);
  EXPECT_NE(output({"verify", whole}).find("values of tables made anew"), std::string::npos);
  EXPECT_NE(output({"validate", whole, "--candidate", whole}).find("conforms"), std::string::npos);
  // One value of another file.
  const std::string wrong = at("wrong.h5");
  std::filesystem::copy_file(whole, wrong);
  for (std::size_t i = 0; i < 8; ++i) poke(wrong, 100'000'000 + i, '\x40');
  const Ended judged = run({"validate", whole, "--candidate", wrong});
  EXPECT_EQ(judged.code, 1) << judged.err;
  EXPECT_NE(judged.out.find("does not conform"), std::string::npos) << judged.out;
  std::vector<std::string> parts;
  for (const std::string i : {"0", "1"}) {
    parts.push_back(at("part" + i + ".h5"));
    output({"generate", "--cases", cases, "--shard", i + "/2", "--out", parts.back()});
  }
  const std::string all = at("all.shards");
  output({"generate", "--cases", cases, "--out", all, "--join", parts[0], parts[1]});
  EXPECT_NE(output({"verify", all}).find("0 datasets differ"), std::string::npos);
  expect_refusal({"generate", "--cases", cases, "--out", all, "--join", parts[1], parts[0]}, 3,
                 {parts[1]});
  const std::string text = slurp(parts[1]);
  poke(parts[1], text.size() / 2, static_cast<char>(text[text.size() / 2] ^ 1));
  expect_refusal({"verify", all}, 3, {parts[1], "differs from the manifest"});
  for (const std::string shard : {"", "1", "2/2", "-1/2", "0/0", "0/2x", "0/131073"})
    expect_refusal({"generate", "--cases", cases, "--shard", shard, "--out", at("x.h5")}, 2,
                   {"--shard"});
  const std::string tiny = spilled("tiny.json", kTinyCase);
  expect_refusal({"generate", "--cases", tiny, "--shard", "0/2", "--out", at("x.h5")}, 2,
                 {"--shard", "tiny"});
  expect_refusal({"generate", "--suite", "smoke", "--shard", "0/2", "--out", at("x.h5")}, 2,
                 {"--shard"});
  EXPECT_FALSE(fs::exists(at("x.h5")));
}

// The coordinates of the first shard alone fit.
TEST_F(LargeTablesFile, AreJoinedWhereSomeShardsHaveExactPositions) {
  const std::string cases =
      spilled("cases.json", R"({"id": "far", "scheme": "v2pe", "params": {"visual_stride": 1e-18},
          "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 1, "num_key_value_heads": 1},
          "sequence": "t20 v1x3x3", "dtypes": ["f64"], "tensors": ["own_tables"]})");
  std::vector<std::string> parts;
  for (const std::string i : {"0", "1"}) {
    parts.push_back(at("part" + i + ".h5"));
    output({"generate", "--cases", cases, "--shard", i + "/2", "--out", parts.back()});
    EXPECT_EQ(FileReader(parts.back()).load("far").tensors.contains("position_numerator"),
              i == "0");
  }
  const std::string whole = at("whole.h5"), all = at("all.shards");
  output({"generate", "--cases", cases, "--out", whole});
  output({"generate", "--cases", cases, "--out", all, "--join", parts[0], parts[1]});
  EXPECT_NE(output({"verify", all}).find(" 0 datasets differ"), std::string::npos);
  const auto expected = digests(whole + ".manifest");
  for (const auto& [path, digest] : digests(all)) EXPECT_EQ(digest, expected.at(path)) << path;
}

}  // namespace
}  // namespace plumbline
