// SPDX-License-Identifier: Apache-2.0
// What a scheme does where a case says nothing: the numbers that its source gives, not those of the
// row.
#include <set>

#include "properties/properties.h"

namespace plumbline::test {
namespace {

constexpr std::string_view kChunks = R"("mrope_section": [16, 24, 24])",
                           kThrees = R"("mrope_section": [24, 20, 20])";
std::string with(std::string_view section, std::string_view more) {
  return "{" + std::string(section) + (more.empty() ? "" : ", ") + std::string(more) + "}";
}

struct Expected {
  std::string scheme;
  int base, head_dim, rotary_dim;
  std::string params;  // JSON
  int heads = 8;       // also where a source is not about heads
};

// Bases and sizes: Qwen2-VL, Qwen2.5-VL and arXiv 2510.23095 10^6 and 128; Qwen3-VL 5 10^6; Qwen3.5
// 10^7, a quarter of 256; ERNIE-4.5-VL 5 10^5; RoFormer, OmniGen2 (40 lanes an axis), Lumos-1 10^4;
// diffusion transformers and vision towers as their released configurations have them.
const std::vector<Expected>& expected() {
  constexpr int kMillion = 1000000;
  static const std::vector<Expected> kRows = {
      {"vanilla", 10000, 128, 128, "{}"},
      {"v2pe", kMillion, 128, 128, R"({"visual_stride": 16})"},
      {"v2pe-original", kMillion, 128, 128, R"({"num_image_token": 256})"},
      {"tad-rope", kMillion, 128, 128, "{}"},
      {"mrope", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 2)")},
      {"mrope-qwen2vl", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 1)")},
      {"mrope-abs-time", kMillion, 128, 128,
       with(kChunks, R"("second_per_grid_t": 1, "tokens_per_second": 2)")},
      {"mrope-qwen3vl", 5000000, 128, 128, with(kThrees, R"("temporal_stride": 1)")},
      {"mrope-qwen3.5", 10000000, 256, 64,
       R"({"mrope_section": [11, 11, 10], "temporal_stride": 1})"},
      {"mrope-interleave", kMillion, 128, 128,
       with(kThrees, R"("temporal_stride": 1, "spatial_reset": false)")},
      {"mrope-i", kMillion, 128, 128, with(kThrees, R"("temporal_stride": 1)")},
      {"mhrope", kMillion, 128, 128,
       R"({"mrope_section": [2, 3, 3], "temporal_stride": 1, "spatial_reset": false})"},
      {"mrope-ernie4.5vl", 500000, 128, 128,
       R"({"mrope_section": [22, 22, 20], "temporal_stride": 1})"},
      {"videorope", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 2)")},
      {"videorope-original", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 2)")},
      {"videorope-paper", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 2)")},
      {"hope", kMillion, 128, 128, with(kChunks, {})},
      {"hope-original", kMillion, 128, 128, with(kChunks, {})},
      {"hope-paper", kMillion, 128, 128, with(kChunks, {})},
      {"circlerope", kMillion, 128, 128,
       with(kChunks, R"("temporal_stride": 1, "radius": -1, "alpha": -1, "dff_rate": 0,
                        "method": "circle", "move_to_origin": false, "move_to_positive": false)")},
      {"circlerope-published", kMillion, 128, 128,
       with(kChunks, R"("temporal_stride": 1, "radius": 10, "alpha": "1/2", "move_to_origin": true,
                        "dff_rate": 0, "move_to_positive": false)")},
      {"circlerope-original/age-mrope-layers", kMillion, 128, 128,
       with(kChunks, R"("second_per_grid_t": 1, "tokens_per_second": 2)")},
      {"circlerope-paper", kMillion, 128, 128,
       with(kChunks, R"("radius": "auto-l2", "alpha": "1/2", "move_to_origin": true)")},
      {"ilrope", kMillion, 128, 128, with(kThrees, R"("temporal_stride": 1)")},
      {"ilrope-paper", kMillion, 128, 128, R"({"advance": "extent"})"},
      {"omnirope", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 1)")},
      {"omnirope-original", 10000, 120, 120, R"({"axes_dim": [40, 40, 40], "patch_size": 2})"},
      {"omnirope-paper", 10000, 120, 120, R"({"axes_dim": [40, 40, 40], "patch_size": 2})"},
      {"tmrope", kMillion, 128, 128,
       with(kChunks, R"("position_id_per_seconds": 25, "seconds_per_chunk": 2)")},
      {"tmrope-qwen3-omni", kMillion, 128, 128, with(kThrees, R"("position_id_per_seconds": 13)")},
      {"mmrope", kMillion, 128, 128, R"({"temporal_stride": 1, "position_scale": [1, 1, 1]})"},
      {"mmrope-original", 10000, 128, 128, R"({"stride": [4, 8, 8]})"},
      {"grape", kMillion, 128, 128,
       with(kChunks, R"("temporal_stride": 1, "log_freq_scale": 1, "block_size": 16,
                        "frequency_allocation": "chunked", "mode": "canonical")")},
      {"rope-2d", 10000, 128, 128, R"({"ladder": "axial"})"},
      {"typed-2d", 10000, 128, 128, R"({"advance": "one"})"},
      {"rope-tie", 10000, 128, 128, R"({"spacing": "integer"})"},
      {"vrope-original", kMillion, 128, 128, "{}"},
      {"abl-1d", kMillion, 128, 128, "{}"},
      {"abl-3d", kMillion, 128, 128, R"({"temporal_stride": 1})"},
      {"abl-3d-reset", kMillion, 128, 128, R"({"temporal_stride": 1})"},
      {"abl-diagonal", kMillion, 128, 128, R"({"temporal_stride": 2})"},
      {"abl-interval", kMillion, 128, 128, "{}"},
      {"abl-text-reset", kMillion, 128, 128, R"({"temporal_stride": 1})"},
      {"abl-base", kMillion, 128, 128,
       with(kThrees, R"("temporal_stride": 1, "spatial_theta": 10000)")},
      {"abl-f-interleave", kMillion, 128, 128, R"({"temporal_stride": 1})"},
      {"abl-f-multihead", kMillion, 128, 128,
       R"({"mrope_section": [2, 3, 3], "temporal_stride": 1})"},
      {"abl-f-videorope", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 1)")},
      {"abl-f-videorope-original", kMillion, 128, 128, with(kChunks, R"("temporal_stride": 1)")},
      {"abl-f-il", kMillion, 128, 128, R"({"temporal_stride": 1})"},
      {"abl-ratio", kMillion, 128, 128, R"({"ratio": [24, 20, 20], "temporal_stride": 1})"},
      {"flux", 10000, 128, 128, R"({"axes_dim": [16, 56, 56]})", 24},
      {"qwen-image", 10000, 128, 128, R"({"axes_dim": [16, 56, 56], "scale_rope": true})", 24},
      {"wan", 10000, 128, 128, "{}", 40},
      {"hunyuan-video", 256, 128, 128, R"({"axes_dim": [16, 56, 56]})", 24},
      {"cogvideox", 10000, 64, 64, "{}", 48},
      {"vision-qwen2vl", 10000, 80, 80, R"({"merge_size": 2})", 16},
      {"vision-pixtral", 10000, 64, 64, "{}", 16},
      {"vision-moonvit", 10000, 72, 72, "{}", 16},
      {"vision-llama4", 10000, 88, 88, "{}", 16},
      {"vision-dinov3", 100, 64, 64, "{}", 6},
      {"vision-eva02", 10000, 64, 64, R"({"ref": 16})", 12},
      {"vision-rope-vit-axial", 100, 64, 64, "{}", 6},
      {"vision-rope-vit-mixed", 10, 64, 64, "{}", 6},
  };
  return kRows;
}

Json resolved(const Expected& want) {
  Json object{{"scheme", want.scheme}, {"sequence", "t1"}};
  if (want.scheme == "v2pe-original") object["params"] = Json{{"rope_pos_id_stride", 64}};
  if (want.scheme.starts_with("hope")) object["params"] = Json{{"temporal_stride_lst", {1}}};
  return parse_json(case_to_json(case_from_json(parse_json(object.dump()))).dump());
}

TEST(Defaults, AreThoseOfTheSources) {
  for (const Expected& want : expected()) {
    SCOPED_TRACE(want.scheme);
    const Json c = resolved(want);
    EXPECT_EQ(integer_in(c["spectrum"]["params"]["base"], "base", 1, 1LL << 40), want.base);
    EXPECT_EQ(integer_in(c["shape"]["head_dim"], "head_dim", 1, 1LL << 40), want.head_dim);
    EXPECT_EQ(integer_in(c["shape"]["rotary_dim"], "rotary_dim", 1, 1LL << 40), want.rotary_dim);
    EXPECT_EQ(integer_in(c["shape"]["num_heads"], "num_heads", 1, 1024), want.heads);
    EXPECT_EQ(integer_in(c["shape"]["num_key_value_heads"], "heads", 1, 1024), want.heads);
    const Json params = parse_json(want.params);
    for (const auto& [key, value] : params.items())
      EXPECT_EQ(c["params"].value(key, Json()), value) << key;
  }
}

TEST(Defaults, OfEverySchemeAreListed) {
  std::set<std::string_view> listed;
  for (const Expected& row : expected()) listed.insert(row.scheme);
  for (const Scheme& scheme : schemes()) {
    // The authors' code and its published settings disagree.
    if (scheme.name == "circlerope-original") continue;
    EXPECT_TRUE(listed.contains(scheme.name)) << scheme.name;
  }
}

}  // namespace
}  // namespace plumbline::test
