// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/draw.h"

#include <stdexcept>

#include "properties/laws/draw_parts.h"

namespace plumbline::laws {
namespace {

// The value that suites use for a knob without a fallback, where rows have one.
std::string_view suggested(const ParameterSpec& spec) {
  return spec.fallback.empty() ? spec.example : spec.fallback;
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
  HeadShape shape = own ? scheme.shape : drawn_shape(random, tier, per_head);
  if (!own) {
    object["shape"] = Json{{"head_dim", shape.head_dim},
                           {"rotary_dim", shape.rotary_dim},
                           {"num_heads", shape.num_heads},
                           {"num_key_value_heads", shape.num_key_value_heads}};
  } else if (!per_head) {
    shape.num_heads = 2;
    shape.num_key_value_heads = 1;
    object["shape"] = Json{{"num_heads", 2}, {"num_key_value_heads", 1}};
  }
  for (const ParameterSpec& spec : scheme.parameters) {
    if (spec.kind == Kind::ignored || spec.name == "num_key_value_heads") continue;
    // What shares out the head must fit the shape; the other knobs may stay as they are.
    const int unit = shares(spec, split(suggested(spec)), scheme.shape);
    const bool drawn = unit > 0 ? !own : tier == Tier::wild && random.chance(1, 2);
    Json value = drawn ? drawn_value(random, spec, shape, per_head, unit) : usual_value(spec);
    // A list of numbers has no shape that could be drawn.
    if (spec.kind == Kind::numbers)
      value = spec.fit == nullptr ? Json() : Json(split(spec.fit(shape)));
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
    } catch (const std::out_of_range&) {
      return object;  // no refusal but a defect, which the law will meet again
    }
  }
  return std::nullopt;
}

}  // namespace plumbline::laws
