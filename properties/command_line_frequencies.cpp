// SPDX-License-Identifier: Apache-2.0
// frequencies, and what a spectrum may leave out: what is printed, and what is refused.
#include <cmath>
#include <nlohmann/json.hpp>

#include "properties/process.h"
#include "reference/model.h"

namespace plumbline {
namespace {

class Frequencies : public CommandLine {};

struct Fault {
  const char* knob;  // what the line must name
  const char* text;  // the JSON
};

// The number of significant digits of a plain or scientific decimal.
std::size_t significant(std::string text) {
  text = text.substr(0, text.find_first_of("eE"));
  std::erase_if(text, [](char letter) { return letter == '.' || letter == '-'; });
  const auto first = text.find_first_not_of('0');
  return first == std::string::npos ? 0 : text.size() - first;
}

// `few` is `many` rounded to its own digits: off by at most half a unit in its last place.
void expect_rounding(const std::string& few, const std::string& many, int digits) {
  if (many == "0") {
    EXPECT_EQ(few, "0");
    return;
  }
  EXPECT_EQ(significant(few), static_cast<std::size_t>(digits)) << few;
  const Rational x = parse_rational(few), y = parse_rational(many);
  // 10^(e - digits + 1) is a unit in the last place of a number in [10^e, 10^(e + 1)).
  Rational unit(1);
  while (unit * 10 <= abs(x)) unit *= 10;
  while (unit > abs(x)) unit /= 10;
  for (int i = 1; i < digits; ++i) unit /= 10;
  EXPECT_LE(abs(Rational(x - y)) * 2, unit) << few << " and " << many;
}

// What is left out of a spectrum where it has a default or no effect.
TEST_F(Frequencies, SpectraWithoutWhatTheyDoNotNeed) {
  struct Row {
    const char *brief, *full;
  };
  constexpr Row kRows[] = {
      // models.md A.0
      {R"({"scheme": "default", "params": {"rotary_dim": 8}})",
       R"({"scheme": "default", "params": {"rotary_dim": 8, "base": 10000}})"},
      {R"({"scheme": "linear", "params": {"rotary_dim": 8, "factor": 4, "base": null}})",
       R"({"scheme": "linear", "params": {"rotary_dim": 8, "factor": 4, "base": 10000}})"},
      // Null is not given, whichever of two names has it.
      {R"({"scheme": "linear", "params": {"rotary_dim": 8, "factor": 4, "base": 16,
           "rope_theta": null, "head_dim": null}})",
       R"({"scheme": "linear", "params": {"rotary_dim": 8, "factor": 4, "base": 16}})"},
      {R"({"scheme": "yarn", "params": {"rotary_dim": 8, "factor": 4, "truncate": null,
           "original_max_position_embeddings": 4096}})",
       R"({"scheme": "yarn", "params": {"rotary_dim": 8, "factor": 4, "truncate": true,
           "original_max_position_embeddings": 4096}})"},
      // A.6: lengths give the attention factor, where none is given.
      {R"({"scheme": "longrope", "params": {"rotary_dim": 4, "factors": [1, 2],
           "attention_factor": 1.5}})",
       R"({"scheme": "longrope", "params": {"rotary_dim": 4, "factors": [1, 2], "factor": 32,
           "original_max_position_embeddings": 4096, "attention_factor": 1.5}})"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(output({"frequencies", "--cases", "-"}, row.brief),
              output({"frequencies", "--cases", "-"}, row.full));
    Json one{{"id", "a"}, {"scheme", "vanilla"}, {"sequence", "t2"}};
    const Json entry = Json::parse(row.brief);
    one["spectrum"] = Json{{"scaling", entry["scheme"]}, {"params", entry["params"]}};
    one["shape"] = Json{{"head_dim", entry["params"]["rotary_dim"]}};
    output_of_generate({"generate", "--cases", "-", "--out", at("a.h5")}, one.dump());
  }
}

// head_dim x partial_rotary_factor, floored and made even, says so where that changed it.
TEST_F(Frequencies, RoundedWidthsAreNamed) {
  const std::string list = R"([
      {"scheme": "default", "params": {"head_dim": 9, "partial_rotary_factor": 0.6}},
      {"scheme": "default", "params": {"head_dim": 128, "partial_rotary_factor": 0.75}},
      {"scheme": "default", "params": {"head_dim": 7}}])";
  const Ended ended = run({"frequencies", "--cases", "-"}, list);
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.err,
            "plumbline: warning: case 0: head_dim x partial_rotary_factor = 27/5: rounded to "
            "rotary_dim = 4\n"
            "plumbline: warning: case 2: head_dim x partial_rotary_factor = 7: rounded to "
            "rotary_dim = 6\n");
  const Json all = Json::parse(ended.out);
  const std::size_t pairs[] = {2, 48, 3};
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all[i]["inv_freq"].size(), pairs[i]);
}

// A scaling under a name of another tool's is not taken for none without a word.
TEST_F(Frequencies, FrequenciesNameFieldsThatTheyDoNotRead) {
  const Ended ended = run({"frequencies", "--cases", "-"},
                          R"({"title": "t", "entries": [
                {"scheme": "default", "params": {"base": 10, "rotary_dim": 2}, "inv_freq": ["1"]},
                {"rope_type": "yarn", "params": {"base": 10, "rotary_dim": 2}}]})");
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "plumbline: warning: case 1: field 'rope_type' is not read\n");
  EXPECT_EQ(parse_json(ended.out).size(), 2U);
}

TEST_F(Frequencies, FrequenciesToAnyNumberOfDigits) {
  for (const Model& model : models()) {
    std::vector<Json> ladders;
    for (const int digits : {5, 30, 100}) {
      ladders.push_back(Json::parse(output(
          {"frequencies", "--model", model.name, "--digits", std::to_string(digits), "--json"})));
      const Json& one = ladders.back();
      ASSERT_EQ(one.size(), 3U);
      EXPECT_EQ(one["id"], model.name);
      EXPECT_EQ(
          one["inv_freq"].size(),
          static_cast<std::size_t>(case_from_json(Json{{"model", model.name}}).shape.pairs()));
    }
    const Json& many = ladders[2];
    for (std::size_t few = 0; few < 2; ++few) {
      const int digits = few == 0 ? 5 : 30;
      expect_rounding(ladders[few]["attention_factor"], many["attention_factor"], digits);
      for (std::size_t k = 0; k < many["inv_freq"].size(); ++k)
        expect_rounding(ladders[few]["inv_freq"][k], many["inv_freq"][k], digits);
    }
  }
}

TEST_F(Frequencies, FrequenciesOfAList) {
  const std::string list = R"({"entries": [
      {"id": "b", "scheme": "default", "params": {"base": 10000, "rotary_dim": 8}, "inv_freq": []},
      {"id": "a", "scheme": "linear", "params": {"base": 16, "rotary_dim": 4, "factor": 4}},
      {"id": "p", "scheme": "proportional",
       "params": {"base": 16, "head_dim": 8, "partial_rotary_factor": 0.5}},
      {"id": "large", "scheme": "linear",
       "params": {"base": 10000, "rotary_dim": 8, "factor": "2/24691357"}},
      {"id": "agree", "scheme": "default", "note": "3 is made even",
       "params": {"base": 16, "rotary_dim": 2, "head_dim": 6, "partial_rotary_factor": 0.5}},
      {"id": "part", "scheme": "default", "params": {"base": 16, "rotary_dim": 2, "head_dim": 6}}],
      "title": "six", "digits": 6, "conventions": []})";
  const Json all = Json::parse(output({"frequencies", "--cases", "-", "--digits", "6"}, list));
  const Json expected = Json::parse(R"([
      {"id": "b", "inv_freq": ["1.00000", "0.100000", "0.0100000", "0.00100000"],
       "attention_factor": "1.00000"},
      {"id": "a", "inv_freq": ["0.250000", "0.0625000"], "attention_factor": "1.00000"},
      {"id": "p", "inv_freq": ["1.00000", "0.500000", "0", "0"], "attention_factor": "1.00000"},
      {"id": "large", "inv_freq": ["1.23457e7", "1.23457e6", "123457", "12345.7"],
       "attention_factor": "1.00000"},
      {"id": "agree", "inv_freq": ["1.00000"], "attention_factor": "1.00000"},
      {"id": "part", "inv_freq": ["1.00000"], "attention_factor": "1.00000"}])");
  EXPECT_EQ(all, expected);
  // Default digits, and a ladder that the C library can vouch for to its own precision.
  const Json ladder = Json::parse(output({"frequencies", "--model", "qwen2-vl-7b", "--json"}));
  for (std::size_t k = 0; k < 64; ++k) {
    const std::string text = ladder["inv_freq"][k];
    EXPECT_EQ(significant(text), 30U);
    // Half an ulp of the text, one of pow, half of the quotient.
    EXPECT_NEAR(std::stod(text) / std::pow(1e6, -static_cast<double>(k) / 64), 1, 0x1p-51);
  }
}

TEST_F(Frequencies, FaultySpectraByFrequencies) {
  constexpr Fault kFaults[] = {
      {"case 0: entry: must be an object", "[5]"},
      {"case 0: id: must be text",
       R"([{"id": 5, "scheme": "default", "params": {"base": 10, "rotary_dim": 8}}])"},
      {"case 0: needs 'params'", R"([{"id": "a", "scheme": "default"}])"},
      {"scaling = 'nope'", R"([{"scheme": "nope", "params": {"rotary_dim": 8}}])"},
      {"rotary_dim = 7", R"([{"scheme": "default", "params": {"rotary_dim": 7}}])"},
      {"rope_angles = 63: must equal head_dim x partial_rotary_factor / 2, rounded down, = 64",
       R"([{"scheme": "proportional", "params": {"head_dim": 512, "partial_rotary_factor": 0.25,
            "rope_angles": 63}}])"},
      {"base = 1:", R"([{"scheme": "default", "params": {"base": 1, "rotary_dim": 8}}])"},
      {"rotary_dim = 7", R"([{"scheme": "default", "params": {"base": 10, "rotary_dim": 7}}])"},
      {"rotary_dim: scaling 'default' needs it, or head_dim",
       R"([{"scheme": "default", "params": {"base": 10}}])"},
      {"rotary_dim: scaling 'yarn' needs it, or head_dim",
       R"([{"scheme": "yarn", "params": {"base": 10, "partial_rotary_factor": 0.5, "factor": 4,
            "original_max_position_embeddings": 4096}}])"},
      {"partial_rotary_factor = 1/2: needs head_dim",
       R"([{"scheme": "default",
            "params": {"base": 10, "rotary_dim": 8, "partial_rotary_factor": 0.5}}])"},
      {"scaling = 'nope'", R"([{"scheme": "nope", "params": {"base": 10, "rotary_dim": 8}}])"},
      {"gain", R"([{"scheme": "default", "params": {"base": 10, "rotary_dim": 8, "gain": 1}}])"},
      {"case 1: factor", R"([{"scheme": "default", "params": {"base": 10, "rotary_dim": 8}},
                             {"scheme": "linear", "params": {"base": 10, "rotary_dim": 8}}])"},
      {"rotary_dim = 2", R"([{"scheme": "ntk_aware_static",
                              "params": {"base": 10, "rotary_dim": 2, "alpha": 2}}])"},
      {"factors", R"([{"scheme": "longrope", "params": {"base": 10, "rotary_dim": 8, "factor": 4,
                       "factors": [1], "original_max_position_embeddings": 4096}}])"},
      {"factor = -4: must be above 0",
       R"([{"scheme": "longrope", "params": {"base": 10, "rotary_dim": 4, "factor": -4,
            "factors": [1, 1], "original_max_position_embeddings": 4096}}])"},
      {"factor = 0: must be above 0",
       R"([{"scheme": "longrope", "params": {"base": 10, "rotary_dim": 4, "factor": 0,
            "factors": [1, 1], "original_max_position_embeddings": 4096}}])"},
      {"max_position_embeddings = -1: must be above 0",
       R"([{"scheme": "longrope", "params": {"base": 10, "rotary_dim": 4, "factors": [1, 1],
            "max_position_embeddings": -1, "original_max_position_embeddings": 4096}}])"},
      {"max_position_embeddings = 0: must be above 0",
       R"([{"scheme": "yarn", "params": {"base": 10, "rotary_dim": 4,
            "max_position_embeddings": 0, "original_max_position_embeddings": 4096}}])"},
      // 0.1 m ln 40 + 1 is below 0 from m = -2.72 down.
      {"mscale_all_dim = -3: must be such that the attention factor",
       R"([{"scheme": "yarn", "params": {"base": 10, "rotary_dim": 4, "factor": 40, "mscale": 1,
            "mscale_all_dim": -3, "original_max_position_embeddings": 4096}}])"},
      {"mscale = -3: must be such that the attention factor",
       R"([{"scheme": "yarn", "params": {"base": 10, "rotary_dim": 4, "factor": 40, "mscale": -3,
            "mscale_all_dim": -2, "original_max_position_embeddings": 4096}}])"},
      {"rotary_dim = 8: must equal head_dim x partial_rotary_factor, made even, = 4",
       R"([{"scheme": "default", "params": {"base": 10, "rotary_dim": 8, "head_dim": 9,
            "partial_rotary_factor": 0.6}}])"},
      {"rotary_dim = 8: must be at most head_dim, made even, = 6",
       R"([{"scheme": "default", "params": {"base": 10, "rotary_dim": 8, "head_dim": 7}}])"},
      {"'scheme' appears twice", R"([{"scheme": "default", "scheme": "linear"}])"},
      // Two names of one thing.
      {"rope_theta = 500", R"([{"scheme": "default",
                                "params": {"base": 10, "rope_theta": 500, "rotary_dim": 8}}])"},
      {"'yarn'", R"([{"scheme": "linear",
                      "params": {"type": "yarn", "base": 10, "rotary_dim": 8, "factor": 2}}])"},
      {"factors = [1, 2.50]: must equal [1, 5], which is given for the same parameter",
       R"([{"scheme": "longrope", "scaling": {"factors": [1, 5]},
            "params": {"base": 10, "rotary_dim": 4, "factors": [1, 2.50]}}])"},
      {"list = 5: must be a word", R"([{"scheme": "longrope",
            "params": {"base": 10, "rotary_dim": 4, "factors": [1, 1], "list": 5}}])"},
      {"factor = 9", R"([{"scaling": {"type": "linear", "factor": 2},
                          "params": {"base": 10, "rotary_dim": 8, "factor": 9}}])"},
  };
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.text);
    expect_refusal({"frequencies", "--cases", "-"}, 2, {fault.knob}, fault.text);
  }
}

}  // namespace
}  // namespace plumbline
