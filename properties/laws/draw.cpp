// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/draw.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace plumbline::laws {
namespace {

// The value that suites use for a knob without a fallback, where rows have one.
template <class Spec>
std::string_view suggested(const Spec& spec) {
  if constexpr (requires { spec.example; }) {
    if (spec.fallback.empty()) return spec.example;
  }
  return spec.fallback;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto comma = list.find(',');
    out.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return out;
}

Json drawn_number(Random& random) {
  static const std::vector<std::string> kNumbers{"1", "2", "3", "1/2", "3/2", "1/3", "5/4", "16"};
  return number_json(parse_rational(random.pick(kNumbers)));
}

// Three positive parts of `total`, each times `unit`; nothing where it has no three.
Json drawn_section(Random& random, int total, int unit) {
  if (total < 3) return nullptr;
  const auto first = random.between(1, total - 2), second = random.between(1, total - first - 1);
  return Json::array({unit * first, unit * second, unit * (total - first - second)});
}

// Lanes per entry where a knob shares out the head: 1 for pairs, 2 for lanes, 0 for any other list.
int shares(const ParameterSpec& spec, const std::vector<std::string>& usual, const HeadShape& own) {
  if (spec.kind == Kind::section) return 1;
  if (usual.size() != 3) return 0;
  Rational sum = 0;
  for (const std::string& entry : usual) sum += parse_rational(entry);
  return sum == own.pairs() ? 1 : sum == own.rotary_dim ? 2 : 0;
}

Json drawn_value(Random& random, const ParameterSpec& spec, const HeadShape& shape, bool per_head,
                 int unit) {
  if (unit > 0)
    return drawn_section(random, per_head ? shape.num_key_value_heads : shape.pairs(), unit);
  if (spec.kind == Kind::flag) return random.chance(1, 2);
  const auto words = split(spec.words);
  if (!words.empty() && (spec.kind == Kind::word || random.chance(1, 2))) return random.pick(words);
  const auto usual = split(suggested(spec));
  if (usual.size() <= 1) return drawn_number(random);
  Json list = Json::array();
  for (std::size_t i = 0; i < usual.size(); ++i) list.push_back(drawn_number(random));
  return list;
}

Json usual_value(const ParameterSpec& spec) {
  if (spec.kind == Kind::ignored || !spec.fallback.empty()) return nullptr;
  const auto usual = split(suggested(spec));
  if (usual.empty()) return nullptr;
  const auto one = [](const std::string& text) -> Json {
    try {
      return number_json(parse_rational(text));
    } catch (const std::invalid_argument&) {
      return text;
    }
  };
  if (usual.size() == 1) return one(usual.front());
  Json list = Json::array();
  for (const auto& text : usual) list.push_back(one(text));
  return list;
}

Json drawn_spectrum(Random& random, const HeadShape& shape) {
  static const std::vector<std::string> kBases{"10000", "1000000", "500000", "7", "100000000"};
  Json params{{"base", number_json(parse_rational(random.pick(kBases)))}};
  std::string name = "default";
  const std::int64_t length = random.pick({512, 4096, 8192, 32768});
  switch (random.between(0, 8)) {
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
      params["factor"] = random.between(2, 40);
      params["original_max_position_embeddings"] = length;
      if (random.chance(1, 3)) params["truncate"] = false;
      if (random.chance(1, 3)) params["attention_factor"] = drawn_number(random);
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

std::int64_t length_of(const Json& sequence) {
  try {
    return tokens(sequence_from_json(sequence));
  } catch (const std::invalid_argument&) {
    return -1;
  }
}

void draw_padding(Random& random, Json& object) {
  const std::int64_t length = length_of(object["sequence"]);
  if (random.chance(3, 4) || length < 0) return;
  if (random.chance(1, 2) || length > 200) {
    object["padding"] = Json{{"left", random.between(0, 3)}, {"right", random.between(0, 3)}};
    return;
  }
  Json mask = Json::array();
  for (std::int64_t real = 0; real < length;) {
    const bool bit = random.chance(3, 4);
    mask.push_back(bit ? 1 : 0);
    real += bit ? 1 : 0;
  }
  object["attention_mask"] = mask;
}

// How wild a draw is; a scheme that refuses one tier gets the next.
enum class Tier : std::uint8_t { wild, plain, wide, own };

Tier tier_of(int attempt) {
  return attempt < 8    ? Tier::wild
         : attempt < 13 ? Tier::plain
         : attempt < 17 ? Tier::wide
                        : Tier::own;
}

HeadShape drawn_shape(Random& random, Tier tier, bool per_head) {
  const auto pairs = tier == Tier::wild    ? random.pick({1, 2, 3, 3, 4, 5, 6, 7, 9})
                     : tier == Tier::plain ? random.pick({3, 4, 6, 8, 12})
                                           : random.pick({16, 24, 32});
  HeadShape shape;
  shape.rotary_dim = static_cast<int>(2 * pairs);
  shape.head_dim = shape.rotary_dim + static_cast<int>(random.pick({0, 0, 1, 2, 5}));
  shape.num_key_value_heads =
      static_cast<int>(per_head ? random.between(3, 4) : random.pick({1, 1, 2, 3}));
  shape.num_heads = shape.num_key_value_heads * static_cast<int>(random.pick({1, 2, 2, 3}));
  return shape;
}

Json drawn_case(Random& random, const Scheme& scheme, Reach reach, Tier tier) {
  const Parameters parameters(scheme.parameters);
  const bool per_head = parameters.find("num_key_value_heads") != nullptr, own = tier == Tier::own;
  Json object{{"scheme", std::string(scheme.name)}, {"params", Json::object()}};
  const HeadShape shape = own ? scheme.shape : drawn_shape(random, tier, per_head);
  if (!own) {
    object["shape"] = Json{{"head_dim", shape.head_dim},
                           {"rotary_dim", shape.rotary_dim},
                           {"num_heads", shape.num_heads},
                           {"num_key_value_heads", shape.num_key_value_heads}};
  } else if (!per_head) {
    object["shape"] = Json{{"num_heads", 2}, {"num_key_value_heads", 1}};
  }
  for (const ParameterSpec& spec : scheme.parameters) {
    if (spec.kind == Kind::ignored || spec.name == "num_key_value_heads") continue;
    // What shares out the head must fit the shape; the other knobs may stay as they are.
    const int unit = shares(spec, split(suggested(spec)), scheme.shape);
    const bool drawn = unit > 0 ? !own : tier == Tier::wild && random.chance(1, 2);
    const Json value = drawn ? drawn_value(random, spec, shape, per_head, unit) : usual_value(spec);
    if (!value.is_null()) object["params"][std::string(spec.name)] = value;
  }
  if (tier == Tier::wild) {
    object["sequence"] = drawn_sequence(random, reach, random.chance(1, 8));
  } else {
    object["sequence"] = Json::array({Json{{"type", "text"}, {"len", random.between(1, 9)}}});
    object["sequence"].push_back(Json{
        {"type", "image"}, {"grid", Json::array({1, random.between(1, 6), random.between(1, 6)})}});
    object["sequence"].push_back(Json{{"type", "text"}, {"len", random.between(1, 9)}});
  }
  if (!own && random.chance(1, 2)) object["spectrum"] = drawn_spectrum(random, shape);
  object["pairing"] = random.chance(1, 2) ? "neox" : "gptj";
  draw_padding(random, object);
  return object;
}

}  // namespace

std::optional<Json> draw_case(Random& random, const Scheme& scheme, Reach reach,
                              std::string& refusal) {
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt <= kAttempts; ++attempt) {
    Json object = attempt < kAttempts
                      ? drawn_case(random, scheme, reach, tier_of(attempt))
                      : Json{{"scheme", std::string(scheme.name)},
                             {"sequence", Json::array({Json{{"type", "text"}, {"len", 5}}})}};
    try {
      const Case c = case_from_json(object);
      // Some parameters are only read where a token is placed.
      plumbline::positions(with_rows(c, telling_rows(c, 0, 2)));
      return object;
    } catch (const std::invalid_argument& e) {
      refusal = e.what();
    }
  }
  return std::nullopt;
}

Json draw_data(Random& random) {
  static const std::vector<std::string> kNames{"f64", "f32", "bf16", "f16"};
  return Json{{"dtype", random.pick(kNames)}, {"data", random.between(0, 1'000'000)}};
}

Json draw_tuples(Random& random, const Case& c, int count) {
  const int axes = design_of(*c.scheme, c.parameters).axes;
  Json out = Json::array();
  for (int i = 0; i < count; ++i) {
    Json row = Json::array();
    for (int a = 0; a < axes; ++a) {
      const auto kind = random.between(0, 9);
      const std::int64_t n = kind < 4   ? random.between(-3, 50)
                             : kind < 6 ? random.between(0, 1 << 20)
                             : kind < 8 ? random.between(0, 1 << 30)
                                        : random.between(-500, 5000);
      row.push_back(number_json(kind == 8   ? Rational(n, 8)
                                : kind == 9 ? Rational(n, 3)
                                            : Rational(n)));
    }
    out.push_back(row);
  }
  return out;
}

std::vector<std::vector<Rational>> tuples(const Json& aux, const std::string& key) {
  if (!aux.contains(key) || !aux[key].is_array())
    throw std::invalid_argument(key + ": must be a list of tuples");
  std::vector<std::vector<Rational>> out;
  for (const Json& row : aux[key]) {
    if (!row.is_array()) throw std::invalid_argument(key + ": must be a list of tuples");
    out.emplace_back();
    for (const Json& x : row) out.back().push_back(exact_number(x, key));
  }
  return out;
}

std::int64_t integer(const Json& aux, const std::string& key, std::int64_t fallback) {
  return aux.contains(key) ? integer_in(aux[key], key, 0, std::int64_t{1} << 62) : fallback;
}

std::int64_t row_of_token(const Case& c, std::int64_t token) {
  if (c.attention_mask.empty()) return c.pad_left + token;
  std::int64_t row = 0;
  for (std::int64_t before = -1; row < static_cast<std::int64_t>(c.attention_mask.size()); ++row) {
    before += c.attention_mask[static_cast<std::size_t>(row)];
    if (before == token) break;
  }
  return row;
}

std::vector<std::int64_t> telling_rows(const Case& c, std::uint64_t pick, std::size_t most) {
  const std::int64_t length = c.padded_length(), real = tokens(c.sequence);
  std::set<std::int64_t> rows;
  const auto take = [&](std::int64_t row) {
    if (row >= 0 && row < length) rows.insert(row);
  };
  take(0);
  take(length - 1);
  std::int64_t first = 0;
  for (const Segment& segment : c.sequence) {
    const std::int64_t count = tokens(segment);
    if (const auto* v = std::get_if<Visual>(&segment)) {
      for (const std::int64_t inside : {v->grid.w + 1, v->grid.h * v->grid.w + 2, count / 2})
        if (first + inside < real) take(row_of_token(c, first + inside));
    }
    for (const std::int64_t token : {first, first + 1, first + count - 1})
      if (token < real) take(row_of_token(c, token));
    first += count;
  }
  std::vector<std::int64_t> all(rows.begin(), rows.end());
  Random random = Random(pick).stream("rows");
  while (all.size() > most) {
    const auto at = random.between(0, static_cast<std::int64_t>(all.size()) - 1);
    all.erase(all.begin() + at);
  }
  return all;
}

Case with_rows(const Case& c, const std::vector<std::int64_t>& rows) {
  Case out = c;
  out.windows.clear();
  for (const std::int64_t row : rows) out.windows.push_back({row, 1});
  if (rows.empty()) out.windows.push_back({0, 0});
  return out;
}

}  // namespace plumbline::laws
