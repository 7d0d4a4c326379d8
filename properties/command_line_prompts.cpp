// SPDX-License-Identifier: Apache-2.0
// Prompt files: pixels and frames in, grids, sequences and positions out, for each family of rules.
#include <nlohmann/json.hpp>

#include "golden/golden.h"
#include "properties/process.h"
#include "reference/model.h"

namespace plumbline {
namespace {

class Prompts : public CommandLine {
 protected:
  // The stored case of a prompt whose `window` rows alone are certified.
  StoredCase generated(const std::string& model, const std::string& items,
                       const std::string& window) const {
    const std::string prompt =
        spilled("prompt.json", R"({"id": "p", "tensors": ["tables"], "prompt": )" + items +
                                   R"(, "window": )" + window + "}");
    output_of_generate(
        {"generate", "--prompt", prompt, "--model", model, "--out", at("golden.h5")});
    output_of_generate({"verify", at("golden.h5")});
    return FileReader(at("golden.h5")).load("p");
  }
  void expect_prompt_refusal(const std::string& model, const std::string& prompt,
                             const std::vector<std::string>& words) const {
    const std::string path = spilled("prompt.json", prompt);
    expect_refusal({"generate", "--prompt", path, "--model", model, "--out", at("x.h5")}, 2, words);
    ASSERT_FALSE(fs::exists(at("x.h5")));
  }
};

Json sequence_of(const StoredCase& stored) {
  return Json::parse(stored.text.at("case")).at("sequence");
}

// [axis][row], as integers: all of these schemes have integer coordinates.
std::vector<std::vector<std::int64_t>> positions_of(const StoredCase& stored) {
  const Tensor& top = stored.tensors.at("position_numerator");
  const auto values = bits_of(top), bottoms = bits_of(stored.tensors.at("position_denominator"));
  std::vector<std::vector<std::int64_t>> out(top.shape[0]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(bottoms[i], 1U);
    out[i / top.shape[1]].push_back(static_cast<std::int64_t>(values[i]));
  }
  return out;
}

struct Worked {
  std::int64_t frames, width, height;  // 0 frames: a still image
  Grid patch14, patch16;               // after merging, f = 28 (Qwen2-VL) and f = 32 (Qwen3-VL)
};
constexpr Worked kWorked[] = {
    {0, 1344, 896, {1, 32, 48}, {1, 28, 42}},
    {0, 640, 360, {1, 13, 23}, {1, 11, 20}},
    {0, 1000, 700, {1, 25, 36}, {1, 22, 31}},
    {0, 70, 42, {1, 2, 2}, {1, 7, 11}},
    {0, 20, 20, {1, 2, 2}, {1, 8, 8}},
    {0, 8000, 6000, {1, 110, 147}, {1, 110, 147}},
    {64, 640, 360, {32, 13, 23}, {32, 10, 18}},
    {16, 1280, 720, {8, 20, 36}, {8, 20, 36}},
    {300, 1920, 1080, {150, 20, 36}, {150, 4, 8}},
};

// qwen-vl-utils doubles the last of an odd number of frames; the volumes' resizing refuses fewer
// than the two of a temporal patch.
TEST_F(Prompts, OneFrameIsAVideoWhereFramesAreResizedOneByOne) {
  const char* items = R"([{"video": {"frames": 1, "fps": 1, "width": 640, "height": 360}}])";
  for (const char* model : {"qwen2-vl-7b", "qwen2.5-vl-7b"})
    EXPECT_EQ(sequence_of(generated(model, items, "[0, 1]"))[1],
              (Json{{"type", "video"}, {"grid", {1, 13, 23}}}))
        << model;
  for (const char* model : {"qwen3-vl-8b", "glm-4.1v-9b"})
    expect_prompt_refusal(model, items, {"frames = 1: must be 2 to 1048576"});
  expect_prompt_refusal("qwen2-vl-7b",
                        R"([{"video": {"frames": 0, "fps": 1, "width": 640, "height": 360}}])",
                        {"frames = 0: must be"});
}

TEST_F(Prompts, WorkedSizes) {
  struct Rule {
    const char* model;
    Grid Worked::*grid;
  };
  for (const Rule& rule :
       {Rule{"qwen2-vl-7b", &Worked::patch14}, Rule{"qwen2.5-vl-7b", &Worked::patch14},
        Rule{"qwen3-vl-8b", &Worked::patch16}, Rule{"qwen3.5-27b", &Worked::patch16}}) {
    for (const Worked& w : kWorked) {
      const std::string& media = find_model(rule.model).media_rule;
      const Grid got = w.frames == 0 ? image_grid(media, w.width, w.height)
                                     : video_grid(media, w.frames, w.width, w.height),
                 want = w.*rule.grid;
      EXPECT_EQ(notation({Visual{got, Medium::video, 0}}),
                notation({Visual{want, Medium::video, 0}}))
          << rule.model << " " << w.frames << " frames of " << w.width << " x " << w.height;
    }
  }
}

// text 10, a marker, the image, a marker, text 20: text resumes behind the larger side.
TEST_F(Prompts, AnImageChat) {
  struct Row {
    const char* model;
    std::int64_t height, width;
  };
  // GLM-4.1V counts a still image as two frames, which changes nothing at this size.
  for (const Row& row : {Row{"qwen2-vl-7b", 32, 48}, Row{"qwen2.5-vl-7b", 32, 48},
                         Row{"qwen3-vl-8b", 28, 42}, Row{"glm-4.1v-9b", 32, 48}}) {
    SCOPED_TRACE(row.model);
    const std::int64_t end = 11 + row.height * row.width;
    const StoredCase stored = generated(
        row.model, R"([{"text": 10}, {"image": {"width": 1344, "height": 896}}, {"text": 20}])",
        "[[10, 2], [" + std::to_string(end - 1) + ", 22]]");
    EXPECT_EQ(sequence_of(stored),
              (Json::array({Json{{"type", "text"}, {"len", 11}},
                            Json{{"type", "image"}, {"grid", {1, row.height, row.width}}},
                            Json{{"type", "text"}, {"len", 21}}})));
    const auto ids = positions_of(stored);
    ASSERT_EQ(ids.size(), 3U);
    const std::int64_t extent[] = {0, row.height - 1, row.width - 1};
    const std::int64_t next = 11 + std::max(row.height, row.width);
    for (std::size_t a = 0; a < 3; ++a) {
      std::vector<std::int64_t> want{10, 11, 11 + extent[a]};
      for (std::int64_t k = 0; k < 21; ++k) want.push_back(next + k);
      EXPECT_EQ(ids[a], want) << "axis " << a;
    }
    EXPECT_EQ(stored.text.at("rope_delta"), std::to_string(next + 21 - (end + 21)));
  }
}

constexpr const char* kVideoItems =
    R"([{"text": 3}, {"video": {"frames": 16, "fps": 0.1, "width": 1280, "height": 720}},
        {"text": 4}])";
constexpr std::int64_t kFrame = 20 * 36;

// One native block: 20 s between temporal patches, which Qwen2.5-VL counts in half seconds.
TEST_F(Prompts, AVideoChatInOneBlock) {
  struct Row {
    const char* model;
    std::int64_t last_t, next;
  };
  for (const Row& row : {Row{"qwen2-vl-7b", 4 + 7, 4 + 36},
                         Row{"qwen2.5-vl-7b", 4 + 7 * 20 * 2, 4 + 7 * 20 * 2 + 1}}) {
    SCOPED_TRACE(row.model);
    const StoredCase stored = generated(
        row.model, kVideoItems, "[[3, 2], [" + std::to_string(4 + 8 * kFrame - 1) + ", 6]]");
    EXPECT_EQ(sequence_of(stored), (Json::array({Json{{"type", "text"}, {"len", 4}},
                                                 Json{{"type", "video"}, {"grid", {8, 20, 36}}},
                                                 Json{{"type", "text"}, {"len", 5}}})));
    const std::int64_t last[] = {row.last_t, 4 + 19, 4 + 35};
    const auto ids = positions_of(stored);
    for (std::size_t a = 0; a < 3; ++a) {
      EXPECT_EQ(ids[a], (std::vector<std::int64_t>{3, 4, last[a], row.next, row.next + 1,
                                                   row.next + 2, row.next + 3, row.next + 4}))
          << "axis " << a;
    }
  }
  const Json params =
      Json::parse(generated("qwen2.5-vl-7b", kVideoItems, "[0, 1]").text.at("case")).at("params");
  EXPECT_EQ(params.at("second_per_grid_t"), 20);
}

// A block for each temporal patch, with its timestamp and markers as text around it.
TEST_F(Prompts, AVideoChatInFrames) {
  for (const char* model : {"qwen3-vl-8b", "glm-4.1v-9b"}) {
    for (const std::int64_t stamp : {7, 2}) {
      SCOPED_TRACE(model);
      const std::int64_t before = 3 + stamp + 1, between = 1 + stamp + 1;
      const std::int64_t last = before + 7 * (kFrame + between);
      const std::string items =
          kVideoItems + (stamp == 7 ? std::string() : std::string(R"(, "timestamp_tokens": 2)"));
      const StoredCase stored = generated(model, items,
                                          "[[" + std::to_string(last - 1) + ", 2], [" +
                                              std::to_string(last + kFrame - 1) + ", 6]]");
      Json want = Json::array({Json{{"type", "text"}, {"len", before}}});
      for (int t = 0; t < 8; ++t) {
        want.push_back(Json{{"type", "video_frame"}, {"grid", {1, 20, 36}}, {"video", 0}});
        want.push_back(Json{{"type", "text"}, {"len", t < 7 ? between : 1 + 4}});
      }
      EXPECT_EQ(sequence_of(stored), want);
      // A frame costs its larger side.
      const std::int64_t start = before + 7 * (36 + between), next = start + 36;
      const std::int64_t extent[] = {0, 19, 35};
      const auto ids = positions_of(stored);
      for (std::size_t a = 0; a < 3; ++a) {
        EXPECT_EQ(ids[a], (std::vector<std::int64_t>{start - 1, start, start + extent[a], next,
                                                     next + 1, next + 2, next + 3, next + 4}))
            << "axis " << a;
      }
    }
  }
}

// Without a window the whole prompt gets its tables, and the seams get rotated heads. The file may
// name its model, and the option wins over it.
TEST_F(Prompts, AWholePromptHasItsSeams) {
  const std::string items = R"([{"text": 2}, {"image": {"width": 84, "height": 56}}, {"text": 1}])";
  const std::string list = spilled("my chat.json", items);
  output_of_generate({"generate", "--prompt", list, "--model", "qwen2-vl-7b", "--out", at("a.h5")});
  const FileReader a(at("a.h5"));
  EXPECT_EQ(a.ids(), (std::vector<std::string>{"my_chat", "my_chat.seams"}));
  EXPECT_EQ(a.root().text.at("suite"), "prompt");
  EXPECT_EQ(a.load("my_chat").tensors.at("token_index").shape[0], 3U + 6 + 2);
  EXPECT_TRUE(a.load("my_chat.seams").tensors.contains("bf16/q_out"));
  const std::string object =
      spilled("object.json", R"({"model": "qwen3-vl-8b", "prompt": )" + items + "}");
  output_of_generate({"generate", "--prompt", object, "--out", at("b.h5")});
  EXPECT_EQ(Json::parse(FileReader(at("b.h5")).load("object").text.at("case"))["model"],
            "qwen3-vl-8b");
  output_of_generate(
      {"generate", "--prompt", object, "--model", "qwen2-vl-7b", "--out", at("b.h5")});
  EXPECT_EQ(Json::parse(FileReader(at("b.h5")).load("object").text.at("case"))["model"],
            "qwen2-vl-7b");
}

TEST_F(Prompts, AspectRatios) {
  // 200 is the last ratio that is served.
  generated("qwen2-vl-7b", R"([{"image": {"width": 20000, "height": 100}}])", "[0, 1]");
  for (const char* model : {"qwen2-vl-7b", "qwen2.5-vl-7b", "qwen3-vl-8b", "glm-4.1v-9b"}) {
    for (const char* size : {R"("width": 20001, "height": 100)", R"("width": 100, "height": 20100)",
                             R"("width": 16777216, "height": 28)"}) {
      expect_prompt_refusal(model, std::string(R"([{"image": {)") + size + "}}]", {"aspect ratio"});
      expect_prompt_refusal(model,
                            std::string(R"([{"video": {"frames": 4, "fps": 1, )") + size + "}}]",
                            {"aspect ratio"});
    }
    // A side below one token is enlarged first, which is not what the line shows.
    expect_prompt_refusal(model, R"([{"image": {"width": 2011, "height": 10}}])",
                          {"width x height = 2011 x 10: must have an aspect ratio of at most 200"});
  }
}

TEST_F(Prompts, FaultyOnesAreRefused) {
  struct Row {
    const char* word;
    const char* text;
  };
  constexpr Row kRows[] = {
      {"JSON", "["},
      {"prompt", "5"},
      {"prompt", R"({"items": []})"},
      {"prompt", R"({"prompt": 5})"},
      {"prompt item", "[5]"},
      {"prompt item", "[{}]"},
      {"prompt item", R"([{"text": 1, "image": {"width": 28, "height": 28}}])"},
      {"'audio'", R"([{"audio": 1}])"},
      {"list of prompt files", R"([{"model": "qwen3-vl-8b", "prompt": [{"text": 1}]}])"},
      {"text = -1", R"([{"text": -1}])"},
      {"text", R"([{"text": "hello"}])"},
      {"image", R"([{"image": [28, 28]}])"},
      {"'height'", R"([{"image": {"width": 28}}])"},
      {"'depth'", R"([{"image": {"width": 28, "height": 28, "depth": 1}}])"},
      {"width = 0", R"([{"image": {"width": 0, "height": 28}}])"},
      {"height = -1", R"([{"image": {"width": 28, "height": -1}}])"},
      {"width", R"([{"image": {"width": 1e30, "height": 28}}])"},
      {"frames = 1:", R"([{"video": {"frames": 1, "fps": 1, "width": 28, "height": 28}}])"},
      {"'fps'", R"([{"video": {"frames": 4, "width": 28, "height": 28}}])"},
      {"fps = 0", R"([{"video": {"frames": 4, "fps": 0, "width": 28, "height": 28}}])"},
      {"fps", R"([{"video": {"frames": 4, "fps": "NaN", "width": 28, "height": 28}}])"},
      {"timestamp_tokens", R"({"prompt": [{"text": 1}], "timestamp_tokens": -1})"},
      {"model", R"({"prompt": [{"text": 1}], "model": 5})"},
      {"'nope'", R"({"prompt": [{"text": 1}], "nope": 1})"},
      {"pairing", R"({"prompt": [{"text": 1}], "pairing": "halves"})"},
      {"window", R"({"prompt": [{"text": 1}], "window": [0, 9]})"},
      {"id", R"({"prompt": [{"text": 1}], "id": "a/b"})"},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.text);
    expect_prompt_refusal("qwen3-vl-8b", row.text, {row.word});
  }
  const char* image = R"([{"image": {"width": 280, "height": 280}}])";
  expect_prompt_refusal("nope", image, {"model = 'nope'"});
  const char* video = R"([{"video": {"frames": 4, "fps": 1, "width": 280, "height": 280}}])";
  for (const Model& m : models()) {
    if (!m.media_rule.empty()) continue;
    const std::string why = "model = '" + m.name + "' has no rule for the size of images";
    expect_prompt_refusal(m.name, image, {"image: " + why, "\"grid\""});
    expect_prompt_refusal(m.name, video, {"video: " + why, "\"grid\""});
  }
  const std::string path = spilled("prompt.json", image);
  expect_refusal({"generate", "--prompt", path, "--out", at("x.h5")}, 2, {"model"});
}

}  // namespace
}  // namespace plumbline
