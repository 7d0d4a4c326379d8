// SPDX-License-Identifier: Apache-2.0
// Where the rows of tables too large for memory stand: as positions() says, at any coordinates, and
// among any number of segments.
#include "golden/large_positions.h"

#include <cstdint>

#include "golden/golden.h"
#include "golden/large_case.h"
#include "properties/process.h"
#include "reference/evaluate.h"

namespace plumbline {
namespace {

class LargePositionsFile : public CommandLine {};

// Bytes of every dataset of positions, in pieces of any size, beside positions().
TEST_F(LargePositionsFile, HoldThePositionsOfTheReference) {
  const Json still{{"mrope_section", {4, 2, 2}}};
  std::string frames = "t5";
  for (int i = 0; i < 900; ++i) frames += " v1x3x4 t2";
  Json mask = Json::array();
  for (int i = 0; i < 9000; ++i) mask.push_back(i % 7 == 3 ? 0 : 1);
  const Json kCases[] = {
      {{"sequence", frames}},
      {{"sequence", frames + " t9000 v2x3x4 t4096"},
       {"padding", {{"left", 70}, {"right", 5000}}},
       {"window", {{0, 9000}, {12000, 0}, {65, 12}, {8000, 22000}, {100, 25000}}}},
      {{"sequence", "t3000 v3x10x20 t" + std::to_string(9000 - 9000 / 7 - 1 - 3600)},
       {"attention_mask", mask}},
      {{"sequence", "t20 v1x3x3 t9000 v1x3x3"},
       {"scheme", "v2pe"},
       {"params", {{"visual_stride", "1e-18"}}}},
      {{"sequence", "t9223 v1x3x3 t5000 v1x3x3"},
       {"scheme", "v2pe"},
       {"params", {{"visual_stride", "1e-15"}}}},
  };
  std::mt19937_64 random = generator(20261122);
  int inexact = 0;
  for (Json json : kCases) {
    if (!json.contains("scheme")) json.update({{"scheme", "mrope"}, {"params", still}});
    json.update(
        {{"shape",
          {{"head_dim", 16}, {"rotary_dim", 16}, {"num_heads", 1}, {"num_key_value_heads", 1}}},
         {"dtypes", {"f64"}},
         {"tensors", {"own_tables"}}});
    SCOPED_TRACE(json.dump().substr(0, 200));
    const Case c = case_from_json(json);
    const PositionTable ids = positions(c);
    const LargePositions found(c, 2);
    ASSERT_EQ(found.rows(), ids.rows());
    std::vector<std::uint64_t> expected[4];
    for (const std::int64_t i : ids.token_index)
      expected[0].push_back(static_cast<std::uint64_t>(i));
    bool fit = true;
    for (const Coordinate& x : ids.position_ids) {
      const Rational& exact = std::get<Rational>(x);
      expected[1].push_back(round_to(exact, binary64));
      fit = fit && abs(numerator(exact)) <= INT64_MAX && denominator(exact) <= INT64_MAX;
    }
    for (const Coordinate& x : ids.position_ids) {
      if (!fit) continue;
      const Rational& exact = std::get<Rational>(x);
      expected[2].push_back(
          static_cast<std::uint64_t>(numerator(exact).convert_to<std::int64_t>()));
      expected[3].push_back(
          static_cast<std::uint64_t>(denominator(exact).convert_to<std::int64_t>()));
    }
    inexact += fit ? 0 : 1;
    ASSERT_EQ(found.exact(), fit);
    ASSERT_EQ(found.datasets().size(), fit ? 4U : 2U);
    for (std::size_t d = 0; d < found.datasets().size(); ++d) {
      ASSERT_EQ(found.datasets()[d].bytes(), 8 * expected[d].size());
      std::vector<std::uint64_t> got(expected[d].size());
      for (std::size_t at = 0, some = 0; at < got.size(); at += some) {
        some = std::min<std::size_t>(got.size() - at, 1 + random() % 9000);
        found.bytes(d, 8 * at, std::as_writable_bytes(std::span(got).subspan(at, some)));
      }
      EXPECT_TRUE(got == expected[d]) << found.datasets()[d].path;
    }
  }
  EXPECT_EQ(inexact, 2);
}

// Coordinates whose terms pass 63 bits, beside rows of seeds and of exact terms.
TEST_F(LargePositionsFile, MayStandAtCoordinatesPast63Bits) {
  for (const char* window : {"[9000000, 9]", "[8999990, 19]", "[[8990000, 10004], [9000008, 1]]"}) {
    SCOPED_TRACE(window);
    const std::string json =
        std::string(R"({"id": "far", "scheme": "v2pe", "params": {"visual_stride": 1e-12}, "shape":
            {"head_dim": 8, "rotary_dim": 8, "num_heads": 1, "num_key_value_heads": 1},
            "sequence": "t9000000 v1x3x3", "dtypes": ["f64"], "tensors": ["own_tables"],
            "window": )") +
        window + "}";
    const Case c = case_from_json(parse_json(json));
    ASSERT_TRUE(is_large(c));
    const std::string cases = spilled("cases.json", json), file = at("far.h5");
    EXPECT_NE(output({"generate", "--cases", cases, "--out", file}), "");
    EXPECT_NE(output({"verify", file}).find(" 0 datasets differ"), std::string::npos);
    const StoredCase one = FileReader(file).load("far");
    EXPECT_FALSE(one.tensors.contains("position_numerator"));
    EXPECT_FALSE(one.tensors.contains("position_denominator"));
    const PositionTable ids = positions(c);
    const Tensors truth = evaluate(c, ids, {binary64}, {}, false, 2);
    std::vector<std::uint64_t> coordinates;
    for (const Coordinate& x : ids.position_ids)
      coordinates.push_back(round_to(std::get<Rational>(x), binary64));
    EXPECT_EQ(bits_of(one.tensors.at("position_ids")), coordinates);
    EXPECT_TRUE(bits_of(one.tensors.at("f64/cos")) == truth.tables[0].cos);
    EXPECT_TRUE(bits_of(one.tensors.at("f64/sin")) == truth.tables[0].sin);

    // One coordinate changed; and terms that cannot be all right.
    StoredCase changed = one, more = one;
    changed.tensors.at("position_ids").bytes[3] ^= std::byte{1};
    for (const char* path : {"position_numerator", "position_denominator"}) {
      more.tensors[path] = one.tensors.at("position_ids");
      more.tensors[path].dtype = Dtype::i64;
    }
    for (const auto& [wrong, count] : {std::pair(changed, 1), std::pair(more, 2)}) {
      FileWriter writer(at("wrong.h5"), FileReader(file).root());
      writer.add(wrong);
      writer.finish();
      const Ended ended = run({"verify", at("wrong.h5")});
      EXPECT_EQ(ended.code, 1) << ended.err;
      EXPECT_NE(ended.out.find(" " + std::to_string(count) + " datasets differ"), std::string::npos)
          << ended.out;
    }
  }
}

// Time grows with the rows alone: these segments at once for every piece of every dataset would
// pass the processor time that run() allows.
TEST_F(LargePositionsFile, AreMadeFromAnyNumberOfSegments) {
  std::string frames = "t9";
  for (int i = 0; i < 4000; ++i) frames += " v1x10x20";
  const std::string cases = spilled(
      "cases.json",
      Json{{"id", "frames"},
           {"scheme", "mrope"},
           {"params", {{"mrope_section", {2, 1, 1}}}},
           {"shape",
            {{"head_dim", 8}, {"rotary_dim", 8}, {"num_heads", 1}, {"num_key_value_heads", 1}}},
           {"sequence", frames},
           {"dtypes", {"f64", "f32", "bf16", "f16"}},
           {"tensors", {"own_tables"}}}
          .dump());
  EXPECT_NE(output({"generate", "--cases", cases, "--out", at("frames.h5")}), "");
  EXPECT_NE(output({"verify", at("frames.h5")}).find(" 0 datasets differ"), std::string::npos);
}

}  // namespace
}  // namespace plumbline
