// SPDX-License-Identifier: Apache-2.0
// plumbline spectrum: what it prints, what it writes, what it refuses.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "golden/recipe.h"
#include "properties/process.h"
#include "reference/case.h"

namespace plumbline {
namespace {

class Spectrum : public CommandLine {};

Json report(const Arguments& more) {
  Arguments arguments{"spectrum", "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Json::parse(output(arguments));
}

TEST_F(Spectrum, TextNamesEveryAxisAndWhyTheSpectrumIsNotFull) {
  const std::string text = output({"spectrum", "--scheme", "mrope", "--set", "base=1000000"});
  for (const char* part : {"mrope\n", "T        16        0-15     0", "160.114", "W        24",
                           "full spectrum: violated: axis t ends at e = 15/64"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

// Neither NTK scaling says anything of one pair.
TEST_F(Spectrum, OnePairIsNotStretched) {
  for (const char* setting : {"head_dim=2", "head_dim=3"})
    EXPECT_TRUE(report({"--scheme", "vanilla", "--set", setting, "--context",
                        "256"})["maps"][0]["extension"]
                    .empty())
        << setting;
  EXPECT_EQ(report({"--scheme", "vanilla", "--set", "head_dim=4"})["maps"][0]["extension"].size(),
            4U);
}

TEST_F(Spectrum, SchemesSideBySideShareMapsAndLayouts) {
  const Json all = report({"--scheme", "mrope-i", "--scheme", "ilrope", "--scheme",
                           "mrope-interleave:spatial_reset=true", "--scheme", "mrope-interleave"});
  EXPECT_EQ(all["plumbline_spectrum"], 2);
  ASSERT_EQ(all["schemes"].size(), 4U);
  EXPECT_EQ(all["maps"].size(), 1U);
  EXPECT_EQ(all["maps"][0]["schemes"], Json({0, 1, 2, 3}));
  ASSERT_EQ(all["layouts"].size(), 2U);
  EXPECT_EQ(all["layouts"][0]["schemes"], Json({0, 1, 2}));
  EXPECT_EQ(all["layouts"][1]["schemes"], Json({3}));
  EXPECT_EQ(all["schemes"][2]["title"], "mrope-interleave:spatial_reset=true");
  // One frame later: with reset a still patch moves along time alone, also between blocks.
  EXPECT_EQ(all["layouts"][0]["motion"]["split"]["still"][1], 0);
  EXPECT_NE(all["layouts"][1]["motion"]["split"]["still"][1], 0);
  EXPECT_EQ(all["layouts"][1]["motion"]["native"]["still"], Json({1.0, 0.0, 0.0}));
}

TEST_F(Spectrum, TheContextChoosesOffsetsAndCountsChannels) {
  for (const std::int64_t context : {1, 2, 10, 4096, 100000}) {
    const Json one = report({"--scheme", "mrope-i", "--context", std::to_string(context)});
    EXPECT_EQ(one["context"], context);
    const Json& offsets = one["offsets"];
    EXPECT_EQ(offsets.front(), 0);
    EXPECT_EQ(offsets.back(), context);
    EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end()));
    EXPECT_EQ(std::adjacent_find(offsets.begin(), offsets.end()), offsets.end());
    for (std::int64_t power = 1; power <= context; power *= 10)
      EXPECT_NE(std::find(offsets.begin(), offsets.end(), Json(power)), offsets.end()) << power;
    for (const Json& axis : one["maps"][0]["axes"]) {
      int longer = 0;
      for (const Json& w : axis["wavelength"])
        longer += w.get<double>() > static_cast<double>(context) ? 1 : 0;
      EXPECT_EQ(axis["longer_than_context"], longer);
      EXPECT_EQ(axis["kernel"].size(), offsets.size());
      EXPECT_EQ(axis["kernel"][0], 1);
    }
  }
}

// Behind a transcendental block too: frames of one block stand exactly one stride apart, and what
// separates blocks is the same on every axis.
TEST_F(Spectrum, MotionIsExactWhereTheCoordinatesAreNot) {
  const Json motion = report({"--scheme", "circlerope-published"})["layouts"][0]["motion"];
  EXPECT_EQ(motion["native"]["still"], Json({1.0, 1.0, 1.0}));
  const Json& split = motion["split"]["still"];
  EXPECT_EQ(split[0], split[1]);
  EXPECT_EQ(split[0], split[2]);
  EXPECT_NE(split[0], 1);
}

// The budget of golden/recipe.h meets the limit up to the horizon and no further, with inv_freq
// from a plain power.
TEST_F(Spectrum, AHorizonIsWhereTheBudgetMeetsTheLimit) {
  const Json all = report({"--scheme", "mrope-i", "--set", "base=1000000"});
  const Case c = case_from_json(Json{{"scheme", "mrope-i"}, {"spectrum", {{"base", 1000000}}}});
  int inside = 0;
  for (const Json& kind : all["horizons"]) {
    const Recipe recipe = parse_recipe(kind["recipe"].get<std::string>());
    const double limit = kind["radians"];
    for (const Json& axis : all["maps"][0]["axes"]) {
      const Json& horizons = axis["horizon"][kind["name"].get<std::string>()];
      for (std::size_t k = 0; k < horizons.size(); ++k) {
        const int channel = axis["channels"][k];
        const PhaseBudget budget(recipe, c.spectrum, channel, std::pow(10, -6.0 * channel / 64));
        const double last = horizons[k];
        const std::string where = kind["name"].get<std::string>() + " channel " +
                                  std::to_string(channel) + ": " + std::to_string(last);
        if (last == 0x1p31) {
          EXPECT_LE(budget.at(last - 1, true), limit * (1 + 1e-12)) << where;
          continue;
        }
        ++inside;
        // Odd positions are those that a narrow type cannot hold.
        if (last > 0) {
          EXPECT_LE(budget.at(last, true), limit * (1 + 1e-12)) << where;
        }
        EXPECT_GT(std::max(budget.at(last + 1, true), budget.at(last + 2, true)),
                  limit * (1 - 1e-12))
            << where;
      }
    }
  }
  EXPECT_GT(inside, 100);
}

// Channel by channel, a float32 phase holds out longer than a bfloat16 one, and a laxer limit is
// met longer; on the channel of one radian a token the limit 2^-9 allows some thousand positions in
// float32: half an ulp, 2^-25 p each, from two or three roundings.
TEST_F(Spectrum, HorizonsAreOrdered) {
  const Json one = report({"--scheme", "vanilla"});
  const Json& horizons = one["maps"][0]["axes"][0]["horizon"];
  const Json &f32 = horizons["float32 phase, f32 class"],
             &bf16 = horizons["float32 phase, bf16 class"],
             &narrow = horizons["bfloat16 phase, bf16 class"];
  ASSERT_EQ(bf16.size(), 64U);
  for (std::size_t k = 0; k < 64; ++k) {
    EXPECT_LE(f32[k], bf16[k]) << k;
    EXPECT_LT(narrow[k], bf16[k]) << k;
    if (k > 0) {
      EXPECT_GE(bf16[k].get<double>() * 1.05, bf16[k - 1].get<double>()) << k;
    }
  }
  EXPECT_GT(bf16[0], 4000);
  EXPECT_LT(bf16[0], 70000);
}

TEST_F(Spectrum, AFileOfItsNumbersOpensAndIsNoGoldenFile) {
  const std::string path = at("spectrum.h5");
  output_of_generate({"spectrum", "--scheme", "mrope", "--h5", path});
  check_manifest(path);
  const FileReader file(path);
  EXPECT_EQ(file.root().text.at("plumbline"), "spectrum");
  const StoredCase map = file.load("map-0");
  const Json one = report({"--scheme", "mrope"});
  const Tensor& kernel = map.tensors.at("f64/T.kernel");
  ASSERT_EQ(kernel.shape, (std::vector<std::uint64_t>{one["offsets"].size()}));
  for (std::size_t i = 0; i < kernel.shape[0]; ++i) {
    double value = 0;
    std::memcpy(&value, kernel.bytes.data() + i * sizeof value, sizeof value);
    EXPECT_EQ(value, one["maps"][0]["axes"][0]["kernel"][i].get<double>()) << i;
  }
  expect_refusal({"verify", path}, 3, {path, "golden"});
  expect_refusal({"validate", path, "--kernel", "scalar"}, 3, {path, "golden"});
  expect_refusal({"validate", tiny_golden(), "--candidate", path}, 3, {path, "spectrum file"});
  expect_refusal({"identify", "--candidate", path}, 3, {path, "spectrum file"});
  for (const Arguments& files :
       {Arguments{path, tiny_golden()}, Arguments{tiny_golden(), path}, Arguments{path, path}})
    expect_refusal({"diff", files[0], files[1]}, 3, {path, "spectrum file"});
}

TEST_F(Spectrum, EveryRunGivesTheSameBytes) {
  const auto make = [&](const std::string& name) {
    output_of_generate({"spectrum", "--scheme", "circlerope-published", "--scheme", "mhrope",
                        "--html", at(name + ".html"), "--csv", at(name + ".csv"), "--h5",
                        at(name + ".h5")});
    return slurp(at(name + ".html")) + slurp(at(name + ".csv")) + slurp(at(name + ".h5"));
  };
  const std::string one = make("one");
  EXPECT_GT(one.size(), 100000U);
  EXPECT_TRUE(one == make("two"));
}

TEST_F(Spectrum, WrongWordsAreRefused) {
  expect_refusal({"spectrum"}, 2, {"plumbline: needs --scheme or --model\n"});
  expect_refusal({"spectrum", "--scheme", "mrope4"}, 2, {"mrope4"});
  expect_refusal({"spectrum", "--model", "gpt-5"}, 2, {"gpt-5"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--context", "0"}, 2, {"context", "0"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--context", "-5"}, 2, {"context"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--context", "4294967296"}, 2, {"context"});
  for (const char* factor : {"1", "1/2", "-4", "0"})
    expect_refusal({"spectrum", "--scheme", "mrope", "--extend", factor}, 2, {"--extend", factor});
  for (const char* factor : {"nan", "inf", "", "4x"})
    expect_refusal({"spectrum", "--scheme", "mrope", "--extend", factor}, 2, {"--extend", factor});
  expect_refusal({"spectrum", "--scheme", "vanilla", "--set", "base=1e300"}, 2,
                 {"base: must be finite in binary32"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--scheme", "mrope"}, 2, {"mrope", "twice"});
  expect_refusal({"spectrum", "--scheme", "all", "--set", "base=10"}, 2, {"--set", "all"});
  expect_refusal({"spectrum", "--scheme", "mrope:stride=2"}, 2, {"stride"});
  expect_refusal({"spectrum", "--scheme", "mrope:temporal_stride"}, 2, {"temporal_stride"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--set", "mrope_section=1,2,3"}, 2,
                 {"mrope_section", "[1, 2, 3]"});
  expect_refusal({"spectrum", "--scheme", "mrope", "--html", at("no/such.html")}, 3, {"such.html"});
}

}  // namespace
}  // namespace plumbline
