// SPDX-License-Identifier: Apache-2.0
// A scheme that is one row in a file of its own appears everywhere: the command line is built once
// more with properties/toy/, and asked.
#undef PLUMBLINE_BINARY
#define PLUMBLINE_BINARY PLUMBLINE_TOY

#include "properties/process.h"
#include "reference/case.h"

namespace plumbline {
namespace {

class Toy : public CommandLine {};

bool names_it(const Json& rows, const std::string& key) {
  for (const Json& row : rows) {
    if (row[key] == "toy") return true;
  }
  return false;
}

TEST_F(Toy, IsListedWithGoldenCasesOfItsOwn) {
  EXPECT_TRUE(names_it(Json::parse(output({"list", "schemes", "--json"})), "name"));
  EXPECT_TRUE(names_it(Json::parse(output({"list", "cases", "--json"})), "scheme"));
  EXPECT_NE(output({"list", "schemes", "--markdown"}).find("| `toy` |"), std::string::npos);
}

TEST_F(Toy, IsGeneratedVerifiedAndRunByEveryKernel) {
  // Rows 3 to 8 of "t3 v1x2x3 t2": the cursor counts six tokens, the grid is MRoPE's.
  EXPECT_NE(output({"positions", "--scheme", "toy", "--sequence", "t3 v1x2x3 t2", "--json"})
                .find("[[0, 1, 2, 3, 3, 3, 3, 3, 3, 9, 10], [0, 1, 2, 3, 3, 3, 4, 4, 4, 9, 10], "
                      "[0, 1, 2, 3, 4, 5, 3, 4, 5, 9, 10]]"),
            std::string::npos);
  const std::string golden = at("toy.h5");
  const std::string smoke = output({"generate", "--suite", "smoke", "--out", golden});
  EXPECT_NE(smoke, "");
  EXPECT_NE(output({"verify", golden}).find("0 datasets differ"), std::string::npos);
  const Ended judged = run({"validate", golden, "--kernel", "scalar"});
  EXPECT_EQ(judged.code, 0) << judged.err;
  EXPECT_NE(judged.out.find("\ntoy "), std::string::npos) << judged.out;
}

TEST_F(Toy, IsJudgedByTheLawsAndTheCriteria) {
  const Ended laws = run({"properties", "--law", "injective", "--cases", "2"});
  EXPECT_EQ(laws.code, 0) << laws.out << laws.err;
  const Ended verdicts = run({"conformance", "--scheme", "toy", "--json"});
  EXPECT_EQ(verdicts.code, 0) << verdicts.out << verdicts.err;
  const Json row = Json::parse(verdicts.out)["schemes"].at(0);
  EXPECT_EQ(row["scheme"], "toy");
  EXPECT_EQ(row["criteria"]["GROW"]["verdict"], "violated");
  EXPECT_EQ(row["criteria"]["FUT"]["verdict"], "conditional");  // strides are not counted
}

TEST_F(Toy, HasASpectrum) {
  const Json all = Json::parse(output({"spectrum", "--scheme", "toy", "--json"}));
  const Json& axes = all["maps"].at(all["schemes"].at(0)["map"].get<std::size_t>())["axes"];
  ASSERT_EQ(axes.size(), 3U);
  EXPECT_EQ(axes.at(1)["channels"].size(), 20U);  // 24, 20, 20 of 64 pairs
}

}  // namespace
}  // namespace plumbline
