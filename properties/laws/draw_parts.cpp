// SPDX-License-Identifier: Apache-2.0
// What a drawn case is made of: spectra and sequences.
#include "properties/laws/draw_parts.h"

namespace plumbline::laws {

Json drawn_number(Random& random) {
  static const std::vector<std::string> kNumbers{"1", "2", "3", "1/2", "3/2", "1/3", "5/4", "16"};
  return number_json(parse_rational(random.pick(kNumbers)));
}

Json drawn_spectrum(Random& random, const HeadShape& shape) {
  static const std::vector<std::string> kBases{"10000", "1000000", "500000", "7", "100000000"};
  Json params{{"base", number_json(parse_rational(random.pick(kBases)))}};
  std::string name = "default";
  const std::int64_t length = random.pick({512, 4096, 8192, 32768});
  switch (random.between(0, 9)) {
    case 0:
      name = "linear";
      params["factor"] = drawn_number(random);
      break;
    case 1:
      name = "ntk_aware_static";
      params["alpha"] = drawn_number(random);
      break;
    case 2:
      name = "ntk_fixed_su";
      params["factor"] = random.between(2, 40);
      if (random.chance(1, 2)) params["mixed_b"] = "7/10";
      break;
    case 3:
      name = "dynamic";
      params["factor"] = random.between(1, 8);
      params["seq_len"] = length * random.between(1, 5);
      params["max_position_embeddings"] = length;
      break;
    case 4:
      name = "yarn";
      params["factor"] = random.between(1, 40);
      params["original_max_position_embeddings"] = length;
      if (random.chance(1, 3)) params["truncate"] = false;
      if (random.chance(1, 3)) params["attention_factor"] = drawn_number(random);
      if (random.chance(1, 3)) {
        params["mscale"] = drawn_number(random);
        params["mscale_all_dim"] = drawn_number(random);
      }
      if (random.chance(1, 3)) params["beta_fast"] = random.between(8, 64);
      break;
    case 5:
      name = "longrope";
      params["factor"] = random.between(1, 32);
      params["original_max_position_embeddings"] = length;
      params["factors"] = Json::array();
      for (int i = 0; i < shape.pairs(); ++i) params["factors"].push_back(drawn_number(random));
      break;
    case 6:
      name = "llama3";
      params["factor"] = random.between(2, 32);
      params["low_freq_factor"] = 1;
      params["high_freq_factor"] = random.between(2, 8);
      params["original_max_position_embeddings"] = length;
      break;
    case 7:
      name = "proportional";
      params["head_dim"] = shape.rotary_dim;
      params["partial_rotary_factor"] = random.chance(1, 2) ? "1/2" : "1/4";
      break;
    default:
      break;
  }
  return Json{{"scaling", name}, {"params", params}};
}

namespace {

Json block(Random& random) {
  const auto side = [&] { return random.pick({1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8}); };
  const std::int64_t t = random.pick({1, 1, 1, 2, 3}), h = side(), w = side();
  return Json{{"type", t == 1 ? "image" : "video"}, {"grid", Json::array({t, h, w})}};
}

// Kinds of segment that only some schemes take; the others refuse the case, and another is drawn.
Json rare_block(Random& random) {
  const auto side = [&] { return random.between(1, 5); };
  const std::int64_t h = side(), w = side();
  switch (random.between(0, 3)) {
    case 0:
      return Json{{"type", "image"}, {"tiles", 1}, {"tokens", 256}};
    case 1:
      return Json{{"type", "lumos_frame"},
                  {"grid", Json::array({1, h, w})},
                  {"columns_including_newline", w + 1}};
    case 2:
      return Json{{"type", "audio"}, {"len", side()}};
    default:
      return Json{{"type", "video"}, {"grid", Json::array({side(), h, w})}, {"audio", side()}};
  }
}

}  // namespace

Json drawn_sequence(Random& random, Reach reach, bool rare) {
  Json out = Json::array();
  const auto text = [&](std::int64_t length) {
    out.push_back(Json{{"type", "text"}, {"len", length}});
  };
  if (reach == Reach::far && random.chance(1, 2)) {
    // Powers of two and their neighbours, where a narrow type first loses a position.
    const std::int64_t power = std::int64_t{1} << random.between(8, 30);
    text(random.chance(1, 2) ? power + random.between(-2, 2) : random.between(1000, 2'000'000'000));
  }
  const auto segments = random.between(random.chance(1, 12) ? 0 : 1, 4);
  for (std::int64_t i = 0; i < segments; ++i) {
    switch (random.between(0, 5)) {
      case 0:
      case 1:
        text(random.pick({0, 1, 1, 2, 3, 5, 9}));
        break;
      case 2:
        for (std::int64_t frame = random.between(1, 3), h = random.between(1, 4),
                          w = random.between(1, 4);
             frame > 0; --frame) {
          out.push_back(
              Json{{"type", "video_frame"}, {"grid", Json::array({1, h, w})}, {"video", i}});
          if (random.chance(1, 2)) text(random.between(1, 3));
        }
        break;
      default:
        out.push_back(rare ? rare_block(random) : block(random));
    }
  }
  if (random.chance(1, 2)) text(random.between(1, 4));
  return out;
}

}  // namespace plumbline::laws
