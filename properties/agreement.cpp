// SPDX-License-Identifier: Apache-2.0
// Golden cases through the file and back, the two oracles against each other, and every kernel
// against the goldens.
#include <filesystem>

#include "fast/fast.h"
#include "golden/compare.h"
#include "golden/golden.h"
#include "golden/oracle/oracle.h"
#include "properties/properties.h"
#include "tools/subject.h"

namespace plumbline::test {
namespace {

class Agreement : public testing::Test {
 protected:
  static const std::vector<StoredCase>& smoke() {
    static const std::vector<StoredCase> kStored = [] {
      std::vector<StoredCase> out;
      for (const GoldenCase& g : suite("smoke")) out.push_back(generate(g, 2).stored);
      return out;
    }();
    return kStored;
  }
};

TEST_F(Agreement, TheSecondOracleRecomputesEveryValue) {
  for (const StoredCase& stored : smoke()) {
    const oracle::Report report = oracle::recompute(stored);
    EXPECT_TRUE(report.differs.empty()) << stored.id << ": " << report.differs.front();
    EXPECT_TRUE(report.taken.empty()) << stored.id << ": " << report.taken.front();
    std::uint64_t values = 0;
    for (const auto& [name, tensor] : stored.tensors) {
      if (!name.ends_with("_in") && name != "logits_index")
        values += tensor.bytes.size() / info(tensor.dtype).bytes;
    }
    EXPECT_GE(report.values, values) << stored.id;
  }
}

// What no suite holds: knobs that are lists, are left out, or change what padding does.
TEST_F(Agreement, TheSecondOracleRecomputesUnusualCases) {
  constexpr const char* kCases[] = {
      R"({"id": "a", "scheme": "v2pe-original", "sequence": "t1 v1x1x3 t1 v2x2x1 t2",
          "params": {"rope_pos_id_stride": [64, "5/2"], "num_image_token": 7}})",
      R"({"id": "a", "scheme": "hope", "sequence": "t2 v1x2x3 t1"})",
      R"({"id": "a", "scheme": "mrope-qwen2vl", "sequence": "t2 v2x2x2 t1",
          "params": {"position_rule": "hf-2026"}, "padding": {"left": 3, "right": 1}})",
      R"({"id": "a", "scheme": "mrope-abs-time", "sequence": "t2 v2x2x2 t1",
          "params": {"position_rule": "hf-2026"}, "padding": {"left": 3, "right": 1}})",
      R"({"id": "a", "scheme": "vanilla", "sequence": "t2", "shape": {"head_dim": 4},
          "spectrum": {"scaling": "longrope", "params": {"base": 10, "factors": [1, 2],
          "attention_factor": 1.5}}})",
  };
  for (const char* text : kCases) {
    const StoredCase stored = generate({case_from_json(parse_json(text)), ""}, 1).stored;
    const oracle::Report report = oracle::recompute(stored);
    EXPECT_TRUE(report.differs.empty()) << text << ": " << report.differs.front();
    EXPECT_TRUE(report.taken.empty()) << text << ": " << report.taken.front();
  }
}

// One flipped bit in any dataset of any case is found and named.
TEST_F(Agreement, TheSecondOracleFindsAFlippedBit) {
  for (const StoredCase& stored : smoke()) {
    for (const auto& [name, tensor] : stored.tensors) {
      if (name.ends_with("_in") || name == "logits_index" || tensor.bytes.empty()) continue;
      StoredCase wrong = stored;
      Tensor& t = wrong.tensors.at(name);
      // The lowest bit of the element in the middle; NaNs are one class, so another element where
      // it is one.
      const std::size_t width = info(t.dtype).bytes;
      std::size_t i = t.bytes.size() / width / 2;
      const bool is_float = t.dtype != Dtype::i64 && t.dtype != Dtype::i32 && t.dtype != Dtype::u8;
      while (is_float && std::isnan(values_of(t)[i])) i = (i + 1) % (t.bytes.size() / width);
      t.bytes[i * width] ^= std::byte{1};
      const oracle::Report report = oracle::recompute(wrong);
      ASSERT_FALSE(report.differs.empty()) << stored.id << " " << name;
      EXPECT_NE(report.differs.front().find(name.substr(0, 8)), std::string::npos)
          << report.differs.front();
    }
  }
}

RC_GTEST_PROP(RoundTrip, WhatIsWrittenIsRead, (Drawn drawn)) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("plumbline-agreement-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  static std::size_t turn = 0;
  for_each_scheme([&](const Scheme& scheme) {
    if (++turn % 16 != 0) return;  // every scheme in its turn: a file costs a child and two syncs
    Case c = small_case(scheme, 3, drawn.sequence);
    if (tokens(c.sequence) > 3) c.windows = {{tokens(c.sequence) - 2, 2}};
    c.dtypes = {bfloat16};
    const StoredCase stored = generate({c, ""}, 1).stored;
    const auto path = folder / "case.h5";
    FileWriter writer(path, golden_root("cases"));
    writer.add(stored);
    writer.finish();
    check_manifest(path);
    const StoredCase back = FileReader(path).load(stored.id);
    RC_ASSERT(back.text == stored.text);
    RC_ASSERT(back.numbers == stored.numbers);
    RC_ASSERT(back.tensors.size() == stored.tensors.size());
    for (const auto& [name, tensor] : stored.tensors) {
      const Tensor& other = back.tensors.at(name);
      RC_ASSERT(other.dtype == tensor.dtype);
      RC_ASSERT(other.shape == tensor.shape);
      RC_ASSERT(other.bytes == tensor.bytes);
    }
  });
  std::filesystem::remove_all(folder);
}

// Threads and windows change no bit of a golden case.
TEST_F(Agreement, ThreadsAndWindowsChangeNoBit) {
  for (const Scheme& scheme : schemes()) {
    Case c = small_case(scheme, 5, parse_notation("t90 v2x7x9 t40"));
    c.dtypes = {binary32};
    c.contents.logits = false;
    const StoredCase one = generate({c, ""}, 1).stored, three = generate({c, ""}, 3).stored;
    for (const auto& [name, tensor] : one.tensors) {
      ASSERT_EQ(tensor.bytes, three.tensors.at(name).bytes) << scheme.name << " " << name;
    }
    c.windows = {{0, 100}, {100, c.padded_length() - 100}};
    const StoredCase cut = generate({c, ""}, 2).stored;
    for (const char* name : {"f32/cos", "f64/sin", "bf16/cos", "position_ids", "f32/q_out"}) {
      if (!one.tensors.contains(name)) continue;
      ASSERT_EQ(one.tensors.at(name).bytes, cut.tensors.at(name).bytes)
          << scheme.name << " " << name;
    }
  }
}

void expect_kernels_conform(const std::vector<StoredCase>& cases) {
  for (const fast::Kernel& kernel : fast::kernels()) {
    if (!kernel.supported()) {
      std::cout << "skipped: kernel " << kernel.name << " needs " << kernel.isa << "\n";
      continue;
    }
    for (const StoredCase& stored : cases) {
      if (has_dense_planes(stored)) {
        std::cout << "skipped: kernel " << kernel.name << " has no dense planes: " << stored.id
                  << "\n";
        continue;
      }
      const StoredCase subject = run_kernel(std::string(kernel.name), stored);
      const CaseResult r = compare(stored, subject, [&](const Format& f) {
        return parse_recipe(kernel_recipe(std::string(kernel.name), dtype_of(f)));
      });
      ASSERT_FALSE(r.classes.empty());
      for (const ClassResult& d : r.classes) {
        EXPECT_EQ(d.failures, 0U) << kernel.name << " " << stored.id << " " << d.dataset
                                  << " token " << d.worst.token << " lane " << d.worst.lane
                                  << " ratio " << d.worst_ratio;
      }
    }
  }
}

TEST_F(Agreement, EveryKernelConformsToEverySmokeCase) { expect_kernels_conform(smoke()); }

// Every preset in every format, binary64 with an attention factor among them.
TEST_F(Agreement, EveryKernelConformsToEveryPresetInEveryFormat) {
  std::vector<StoredCase> cases;
  for (const Model& m : models()) {
    Case c =
        case_from_json(Json{{"id", m.name}, {"model", m.name}, {"sequence", "t9000 v2x7x9 t40"}});
    c.shape.num_heads = 4;
    c.shape.num_key_value_heads = 2;
    c.windows = {{0, 4}, {8999, 12}};
    c.dtypes = {std::begin(kFormats), std::end(kFormats)};
    cases.push_back(generate({c, ""}, 2).stored);
  }
  expect_kernels_conform(cases);
}

}  // namespace
}  // namespace plumbline::test
