// SPDX-License-Identifier: Apache-2.0
// positions and allocation: what they print, against the worked examples of the
// schemes' own sources.
#include <nlohmann/json.hpp>
#include <sstream>

#include "properties/process.h"
#include "reference/model.h"

namespace plumbline {
namespace {

class Results : public CommandLine {};

// "0 1 (1,1,2)": one word per token, a bare number standing for all three axes.
std::string json_line(const std::string& scheme, const std::string& tokens, int delta) {
  std::string rows[3];
  std::istringstream words(tokens);
  for (std::string word; words >> word;) {
    std::istringstream parts(word.front() == '(' ? word.substr(1, word.size() - 2)
                                                 : word + "," + word + "," + word);
    for (std::string& row : rows) {
      std::string number;
      std::getline(parts, number, ',');
      row += (row.empty() ? "" : ", ") + number;
    }
  }
  const std::string end = std::to_string(delta);
  return "{\"scheme\": \"" + scheme + "\", \"position_ids\": [[" + rows[0] + "], [" + rows[1] +
         "], [" + rows[2] + "]], \"rope_delta\": " + end + ", \"rope_delta_cursor\": " + end + "}";
}

constexpr const char* kE1 = "t3 v1x2x3 t2";
constexpr const char* kE2 = "t2 v2x2x2 t1";
constexpr const char* kFrames = "t2 f1x2x2 t3 f1x2x2 t1";

struct Example {
  const char* scheme;
  const char* knobs;  // space-separated --set values
  const char* sequence;
  const char* tokens;
  int delta;
};

constexpr const char* kGridE1 = "0 1 2 3 (3,3,4) (3,3,5) (3,4,3) (3,4,4) (3,4,5) 6 7";
constexpr const char* kGridE2 = "0 1 2 (2,2,3) (2,3,2) (2,3,3) (3,2,2) (3,2,3) (3,3,2) 3 4";
constexpr const char* kGridE2Wide =
    "0 1 2 (2,2,3) (2,3,2) (2,3,3) (4,2,2) (4,2,3) (4,3,2) (4,3,3) 5";
constexpr const char* kGridE2Collapsed =
    "0 1 2 (2,2,3) (2,3,2) (2,3,3) 2 (2,2,3) (2,3,2) (2,3,3) 4";
constexpr const char* kGridFrames =
    "0 1 2 (2,2,3) (2,3,2) (2,3,3) 4 5 6 7 (7,7,8) (7,8,7) (7,8,8) 9";
constexpr const char* kResetE1 = "0 1 2 (3,0,0) (3,0,1) (3,0,2) (3,1,0) (3,1,1) (3,1,2) 6 7";
constexpr const char* kResetE2 =
    "0 1 (2,0,0) (2,0,1) (2,1,0) (2,1,1) (3,0,0) (3,0,1) (3,1,0) (3,1,1) 4";
constexpr const char* kResetFrames =
    "0 1 (2,0,0) (2,0,1) (2,1,0) (2,1,1) 4 5 6 (7,0,0) (7,0,1) (7,1,0) (7,1,1) 9";
constexpr const char* kFlat = "0 1 2 3 4 5 6 7 8 9 10";

constexpr Example kExamples[] = {
    {"vanilla", "", kE1, kFlat, 0},
    {"vanilla", "", kE2, kFlat, 0},
    {"mrope", "temporal_stride=1", kE1, kGridE1, -3},
    {"mrope", "temporal_stride=1", kE2, kGridE2, -6},
    {"mrope", "", kE2, kGridE2Wide, -5},
    {"mrope", "scale_factor=2", kE2, kGridE2Wide, -5},
    {"mrope", "temporal_stride=0.5", kE2, kGridE2Collapsed, -6},
    {"mrope", "temporal_stride=1/2 integer_output=none", kE2,
     "0 1 2 (2,2,3) (2,3,2) (2,3,3) (2.5,2,2) (2.5,2,3) (2.5,3,2) (2.5,3,3) 4", -6},
    {"mrope", "temporal_stride=0.1 integer_output=none", kE2,
     "0 1 2 (2,2,3) (2,3,2) (2,3,3) (2.1,2,2) (2.1,2,3) (2.1,3,2) (2.1,3,3) 4", -6},
    {"mrope-qwen2vl", "", kE1, kGridE1, -3},
    {"mrope-qwen2vl", "", kE2, kGridE2, -6},
    {"mrope-abs-time", "", kE1, kGridE1, -3},
    {"mrope-abs-time", "second_per_grid_t=2", kE2,
     "0 1 2 (2,2,3) (2,3,2) (2,3,3) (6,2,2) (6,2,3) (6,3,2) (6,3,3) 7", -3},
    {"mrope-abs-time", "second_per_grid_t=0.3", kE2, kGridE2Collapsed, -6},
    {"mrope-qwen3vl", "", kFrames, kGridFrames, -4},
    {"mrope-qwen3.5", "", kFrames, kGridFrames, -4},
    {"mrope-interleave", "", kE1, kGridE1, -3},
    {"mrope-interleave", "", kE2, kGridE2, -6},
    {"mrope-interleave", "spatial_reset=true", kE1, kResetE1, -3},
    {"mrope-interleave", "spatial_reset=true", kE2, kResetE2, -6},
    {"mrope-i", "", kE1, kResetE1, -3},
    {"mrope-i", "", kE2, kResetE2, -6},
    {"mrope-i", "", kFrames, kResetFrames, -4},
    {"mhrope", "", kE1, kGridE1, -3},
    {"mhrope", "spatial_reset=true", kE2, kResetE2, -6},
    {"mhrope", "spatial_reset=true", kFrames, kResetFrames, -4},
};

TEST_F(Results, WorkedExamplesOfPositions) {
  for (const Example& e : kExamples) {
    Arguments arguments{"positions", "--scheme", e.scheme, "--sequence", e.sequence, "--json"};
    std::istringstream knobs(e.knobs);
    for (std::string knob; knobs >> knob;) arguments.insert(arguments.end(), {"--set", knob});
    EXPECT_EQ(output(arguments), json_line(e.scheme, e.tokens, e.delta) + "\n") << shown(arguments);
  }
}

// A sequence that ends in a visual block is where the official delta of a spatial reset leaves the
// cursor: the largest coordinate is behind it.
TEST_F(Results, TheTwoDeltasPartAfterATrailingBlockOfASpatialReset) {
  const Json ids = Json::parse(
      output({"positions", "--scheme", "mrope-i", "--sequence", "t3 v1x2x4", "--json"}));
  EXPECT_EQ(ids["rope_delta"], 4 - 11);
  EXPECT_EQ(ids["rope_delta_cursor"], 7 - 11);
}

TEST_F(Results, FormsOfPositions) {
  EXPECT_EQ(output({"positions", "--scheme", "mrope", "--sequence", "", "--csv"}), "token,t,h,w\n");
  const Arguments one{"positions", "--scheme", "mrope-i", "--sequence", "t1 v1x1x2 t1"};
  const auto with = [&](const Arguments& more) {
    Arguments all = one;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  EXPECT_EQ(output(with({"--csv"})), "token,t,h,w\n0,0,0,0\n1,1,0,0\n2,1,0,1\n3,3,3,3\n");
  EXPECT_EQ(output(with({"--csv", "--set", "window=2,2"})), "token,t,h,w\n2,1,0,1\n3,3,3,3\n");
  EXPECT_EQ(output(one),
            "mrope-i  t1 v1x1x2 t1\nt  0 1 1 3\nh  0 0 0 3\nw  0 0 1 3\n"
            "rope_delta 0  rope_delta_cursor 0\n");
  EXPECT_EQ(output(with({"--json", "--out", at("ids.json")})), "");
  EXPECT_EQ(slurp(at("ids.json")), output(with({"--json"})));
  // A JSON list of segments says the same as the notation; an alias answers like its scheme.
  EXPECT_EQ(output({"positions", "--scheme", "mrope-i", "--json", "--sequence",
                    R"([{"type": "text", "len": 1, "role": "user"}, {"type": "text", "len": 0},
                        {"type": "image", "grid": [1, 1, 2]}, {"type": "text", "len": 1}])"}),
            output(with({"--json"})));
  EXPECT_EQ(output({"positions", "--scheme", "vanilla-rope", "--sequence", "t2", "--json"}),
            json_line("vanilla", "0 1", 0) + "\n");
}

TEST_F(Results, AWindowIsASliceAndPaddingMovesNothing) {
  constexpr int kTokens = 5 + 2 * 3 * 4 + 3, kLeft = 2, kRight = 3;
  const std::string one = R"({"scheme": "mrope", "sequence": "t5 v2x3x4 t3")";
  std::string list = "[" + one + "}, " + one + R"(, "padding": {"left": 2, "right": 3}})";
  std::string mask = "[0";
  for (int i = 0; i < kTokens; ++i) mask += i % 5 == 2 ? ", 0, 1" : ", 1";
  list += ", " + one + ", \"attention_mask\": " + mask + "]}";
  for (int first = 0; first <= kTokens; ++first) {
    for (int count = 0; first + count <= kTokens; count += 5)
      list += ", " + one + ", \"window\": [" + std::to_string(first) + ", " +
              std::to_string(count) + "]}";
  }
  const Json all = Json::parse(output({"positions", "--cases", "-"}, list + "]"));
  const Json& whole = all[0];
  ASSERT_EQ(whole["position_ids"][0].size(), static_cast<std::size_t>(kTokens));
  const int delta = whole["rope_delta"].get<int>();
  std::size_t next = 3;
  for (int a = 0; a < 3; ++a) {
    const Json &real = whole["position_ids"][a], &padded = all[1]["position_ids"][a],
               &masked = all[2]["position_ids"][a];
    ASSERT_EQ(padded.size(), static_cast<std::size_t>(kLeft + kTokens + kRight));
    for (int i = 0; i < kLeft + kTokens + kRight; ++i) {
      const bool is_real = i >= kLeft && i < kLeft + kTokens;
      EXPECT_EQ(padded[i], is_real ? real[i - kLeft] : Json(1)) << "axis " << a << ", row " << i;
    }
    std::size_t row = 0;
    EXPECT_EQ(masked[row++], 1);
    for (int i = 0; i < kTokens; ++i) {
      if (i % 5 == 2) {
        EXPECT_EQ(masked[row++], 1) << "axis " << a << ", before token " << i;
      }
      EXPECT_EQ(masked[row++], real[i]) << "axis " << a << ", token " << i;
    }
    EXPECT_EQ(row, masked.size());
  }
  // Deltas are counted from the padded length.
  EXPECT_EQ(all[1]["rope_delta"], delta - kLeft - kRight);
  EXPECT_EQ(all[2]["rope_delta"],
            delta - static_cast<int>(all[2]["position_ids"][0].size()) + kTokens);
  for (int first = 0; first <= kTokens; ++first) {
    for (int count = 0; first + count <= kTokens; count += 5, ++next) {
      for (int a = 0; a < 3; ++a) {
        const auto begin = whole["position_ids"][a].begin() + first;
        EXPECT_EQ(all[next]["position_ids"][a].get<std::vector<Json>>(),
                  std::vector<Json>(begin, begin + count))
            << "window " << first << " + " << count;
      }
      EXPECT_EQ(all[next]["rope_delta"], delta);
    }
  }
  EXPECT_EQ(next, all.size());
}

// 2^40 tokens are walked, not stored.
TEST_F(Results, WindowsOfVeryLongSequences) {
  const std::string list =
      R"([{"scheme": "vanilla", "sequence": "t1099511627776", "window": [1099511627774, 2]},
          {"scheme": "mrope-i", "sequence": "t1099511627776 v1x2x2 t1",
           "window": [1099511627775, 6]},
          {"scheme": "mrope", "sequence": "v1x1048576x1048576 t1",
           "window": [[0, 1], [1099511627775, 2]]}])";
  EXPECT_EQ(output({"positions", "--cases", "-"}, list),
            "[\n" + json_line("vanilla", "1099511627774 1099511627775", 0) + ",\n" +
                json_line("mrope-i",
                          "1099511627775 (1099511627776,0,0) (1099511627776,0,1) "
                          "(1099511627776,1,0) (1099511627776,1,1) 1099511627778",
                          -2) +
                ",\n" +
                R"({"scheme": "mrope", "position_ids": [[0, 0, 1048576], [0, 1048575, 1048576], )" +
                R"([0, 1048575, 1048576]], "rope_delta": -1099510579200, )" +
                R"("rope_delta_cursor": -1099510579200})" + "\n]\n");
}

TEST_F(Results, ABatchKeepsItsOrder) {
  std::string list, expected;
  int n = 0;
  for (const Scheme& scheme : schemes()) {
    for (const char* sequence : {"t0", "t2", "t1 v1x2x2", "v1x1x1"}) {
      const std::string id = "case-" + std::to_string(n++);
      Json one{{"id", id}, {"scheme", std::string(scheme.name)}, {"params", Json::object()}};
      for (const ParameterSpec& spec : scheme.parameters) {
        if (!spec.example.empty())
          one["params"][std::string(spec.name)] = std::string(spec.example);
      }
      one["sequence"] = sequence;
      list += (list.empty() ? "[" : ", ") + one.dump();
      expected += id + " " + std::string(scheme.name) + "\n";
    }
  }
  std::string seen;
  for (const Json& one : Json::parse(output({"positions", "--cases", "-"}, list + "]"))) {
    seen += one["id"].get<std::string>() + " " + one["scheme"].get<std::string>() + "\n";
    EXPECT_TRUE(one["rope_delta"].is_number() || one["rope_delta"].is_null()) << one;
    EXPECT_TRUE(one["rope_delta_cursor"].is_number()) << one;
  }
  EXPECT_EQ(seen, expected);
}

struct Map {
  const char* scheme;
  const char* section;  // "" for the scheme's own
  const char* axis_map;
  const char* counts;
  const char* honoured;  // what the warning says instead; "" for none
};

constexpr const char* kThirds = "THWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWT";
constexpr Map kMaps[] = {
    {"mrope", "", "TTTTTTTTTTTTTTTTHHHHHHHHHHHHHHHHHHHHHHHHWWWWWWWWWWWWWWWWWWWWWWWW", "T16 H24 W24",
     ""},
    {"mrope", "24,20,20", "TTTTTTTTTTTTTTTTTTTTTTTTHHHHHHHHHHHHHHHHHHHHWWWWWWWWWWWWWWWWWWWW",
     "T24 H20 W20", ""},
    {"mrope-i", "", "THWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTTTT",
     "T24 H20 W20", ""},
    {"mrope-interleave", "32,16,16",
     "THWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTTTTTTTTTTTTTTTT", "T32 H16 W16", ""},
    {"mrope-interleave", "48,8,8",
     "THWTHWTHWTHWTHWTHWTHWTHWTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT", "T48 H8 W8", ""},
    {"mrope-i", "12,26,26", kThirds, "T22 H21 W21", "[22, 21, 21]"},
    {"mrope-i", "16,24,24", kThirds, "T22 H21 W21", "[22, 21, 21]"},
    {"mrope-qwen3vl", "20,24,20",
     "THWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHWTHTT", "T23 H21 W20",
     "[23, 21, 20]"},
    {"mrope-i", "1,1,1", "THWTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT",
     "T62 H1 W1", "[62, 1, 1]"},
    {"mrope-qwen3.5", "", "THWTHWTHWTHWTHWTHWTHWTHWTHWTHWTH", "T11 H11 W10", ""},
    {"vanilla", "", "TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT", "T64", ""},
};

// A stride is needed where a block has two frames, and nowhere else.
TEST_F(Results, StridesThatNothingReadsNeedNotBeGiven) {
  for (const Scheme& scheme : schemes()) {
    for (const ParameterSpec& spec : scheme.parameters) {
      if (spec.kind != Kind::per_block || !spec.fallback.empty()) continue;
      const auto written = [&](const std::string& sequence, bool given, const char* name) {
        Json one{{"id", "a"}, {"scheme", std::string(scheme.name)}, {"sequence", sequence}};
        if (given) one["params"][std::string(spec.name)] = "7/3";
        return run({"generate", "--cases", "-", "--out", at(name)}, one.dump());
      };
      for (const char* sequence : {"t3", "t1 v1x2x2 v1x1x3 t1"}) {
        SCOPED_TRACE(std::string(scheme.name) + " " + sequence);
        for (const bool given : {false, true}) {
          const Ended ended = written(sequence, given, given ? "given.h5" : "none.h5");
          ASSERT_EQ(ended.code, 0) << ended.err;
        }
        const std::string differs = run({"diff", at("none.h5"), at("given.h5")}).out;
        EXPECT_EQ(differs, "/cases/a attribute case: differs\n1 differences\n");
      }
      EXPECT_EQ(written("v2x1x1", false, "faulty.h5").code, 2) << scheme.name;
    }
  }
}

TEST_F(Results, AllocationsAndTheirWarning) {
  for (const Map& map : kMaps) {
    Arguments arguments{"allocation", "--scheme", map.scheme};
    const std::string section = map.section;
    if (!section.empty()) arguments.insert(arguments.end(), {"--set", "mrope_section=" + section});
    SCOPED_TRACE(shown(arguments));
    const Ended text = run(arguments);
    EXPECT_EQ(text.code, 0);
    EXPECT_EQ(text.out, std::string(map.axis_map) + "  " + map.counts + "\n");
    if (std::string(map.honoured).empty()) {
      EXPECT_EQ(text.err, "");
    } else {
      EXPECT_TRUE(one_line(text.err)) << text.err;
      for (const std::string word : {"warning", "mrope_section", map.honoured})
        EXPECT_NE(text.err.find(word), std::string::npos) << text.err;
    }
    arguments.emplace_back("--json");
    const Ended json = run(arguments);
    EXPECT_EQ(json.err, text.err);
    const Json one = Json::parse(json.out);
    EXPECT_EQ(one["axis_map"], map.axis_map);
    std::string counts;
    for (const auto& [axis, count] : one["counts"].items())
      counts += (counts.empty() ? "" : " ") + axis + std::to_string(count.get<int>());
    EXPECT_EQ(counts, map.counts);
    EXPECT_FALSE(one.contains("frequency")) << "no ladder of these schemes restarts";
  }
}

// What a case may say, both oracles and every later reader of the file take.
TEST_F(Results, LongNumbersAreReadBack) {
  const std::string ones(9000, '1');
  for (const std::string& stride : {"3." + ones, "0." + ones + "e-4096"}) {
    Json one{{"id", "a"}, {"scheme", "mrope"}, {"sequence", "t1 v2x1x1"}, {"dtypes", {"f32"}}};
    one["shape"] = Json{{"head_dim", 8}};
    one["params"] = Json{{"mrope_section", {2, 1, 1}}, {"temporal_stride", stride}};
    output_of_generate({"generate", "--cases", "-", "--out", at("a.h5")}, one.dump());
    EXPECT_EQ(run({"verify", at("a.h5")}).code, 0);
    fs::remove(at("a.h5"));
  }
}

// Among many cases a warning says whose it is.
TEST_F(Results, WarningsOfAList) {
  const std::string list = R"([{"scheme": "mrope-i", "sequence": "t1"}, {"scheme": "mrope-i",
      "sequence": "t1", "params": {"mrope_section": [12, 26, 26]}}])";
  for (const Arguments& arguments :
       {Arguments{"allocation", "--cases", "-"}, Arguments{"positions", "--cases", "-"},
        Arguments{"generate", "--cases", "-", "--out", at("golden.h5")}}) {
    const Ended ended = run(arguments, list);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_TRUE(one_line(ended.err)) << ended.err;
    EXPECT_TRUE(ended.err.starts_with("plumbline: warning: case 1: mrope_section")) << ended.err;
  }
}

TEST_F(Results, AllocationsPerHead) {
  struct Heads {
    const char* section;
    const char* letters;
  };
  for (const Heads& heads : {Heads{"2,3,3", "TTHHHWWW"}, Heads{"1,2,2", "THHWW---"}}) {
    const Json one = Json::parse(output({"allocation", "--scheme", "mhrope", "--json", "--set",
                                         std::string("mrope_section=") + heads.section}));
    ASSERT_EQ(one["axis_map"].size(), 8U);
    for (std::size_t g = 0; g < 8; ++g) {
      EXPECT_EQ(one["axis_map"][g], std::string(64, heads.letters[g]));
      EXPECT_EQ(one["counts"][g], (Json{{std::string(1, heads.letters[g]), 64}}));
    }
  }
  const std::string batch = R"([{"id": "b", "scheme": "mrope", "shape": {"head_dim": 8,
      "rotary_dim": 8}, "params": {"mrope_section": [2, 1, 1]}}, {"scheme": "mrope-i",
      "shape": {"head_dim": 6, "rotary_dim": 6}, "params": {"mrope_section": [1, 1, 1]}}])";
  EXPECT_EQ(output({"allocation", "--cases", "-"}, batch),
            "[\n"
            R"({"id":"b","scheme":"mrope","axis_map":"TTHW","counts":{"T":2,"H":1,"W":1}},)"
            "\n"
            R"({"scheme":"mrope-i","axis_map":"THW","counts":{"T":1,"H":1,"W":1}})"
            "\n]\n");
}

}  // namespace
}  // namespace plumbline
