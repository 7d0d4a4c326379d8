// SPDX-License-Identifier: Apache-2.0
// Smaller cases and smaller draws: what a failure is reduced by.
#include "properties/laws/draw.h"

namespace plumbline::laws {
namespace {

// n -> low, half of n, n - 1: each nearer to `low`.
std::vector<std::int64_t> smaller(std::int64_t n, std::int64_t low) {
  std::vector<std::int64_t> out;
  for (const std::int64_t next : {low, low + (n - low) / 2, n - 1}) {
    if (next < n && next >= low && (out.empty() || out.back() != next)) out.push_back(next);
  }
  return out;
}

// Every JSON that differs from `value` by one number made smaller or one text fraction made whole.
void simpler_numbers(const Json& value, std::int64_t low,
                     const std::function<void(const Json&)>& use) {
  if (value.is_number_integer()) {
    const auto n = value.get<std::int64_t>();
    if (n < 0) use(Json(-n));
    for (const std::int64_t next : smaller(n, low)) use(Json(next));
  } else if (value.is_string()) {
    try {
      use(number_json(Rational(floor(parse_rational(value.get<std::string>())))));
    } catch (const std::invalid_argument&) {
      // A word has nothing smaller.
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      simpler_numbers(value[i], low, [&](const Json& next) {
        Json copy = value;
        copy[i] = next;
        use(copy);
      });
    }
  } else if (value.is_object()) {
    for (const auto& [key, entry] : value.items()) {
      simpler_numbers(entry, low, [&, name = key](const Json& next) {
        Json copy = value;
        copy[name] = next;
        use(copy);
      });
    }
  }
}

}  // namespace

std::vector<Json> simpler_cases(const Json& object) {
  std::vector<Json> out;
  const auto changed = [&](const auto& change) {
    Json copy = object;
    change(copy);
    if (copy != object) out.push_back(copy);
  };
  for (const char* field : {"attention_mask", "padding", "spectrum"})
    changed([&](Json& o) { o.erase(field); });
  const Json& sequence = object["sequence"];
  for (std::size_t i = 0; i < sequence.size(); ++i)
    changed([&](Json& o) { o["sequence"].erase(i); });
  if (object.contains("params")) {
    for (const auto& [key, value] : object["params"].items())
      changed([&, name = key](Json& o) { o["params"].erase(name); });
  }
  changed([](Json& o) { o["pairing"] = "neox"; });
  if (object.contains("shape") && object["shape"].contains("head_dim")) {
    const Json& shape = object["shape"];
    const auto with = [&](const char* field, std::int64_t to) {
      changed([&](Json& o) { o["shape"][field] = to; });
    };
    with("head_dim", shape["rotary_dim"].get<std::int64_t>());
    with("num_heads", shape["num_key_value_heads"].get<std::int64_t>());
    // Sections count heads under some schemes, and pairs under others.
    for (const bool with_section : {true, false}) {
      changed([&](Json& o) {
        o["shape"]["num_heads"] = o["shape"]["num_key_value_heads"] = 1;
        if (!with_section) o["params"].erase("mrope_section");
      });
    }
    for (const std::int64_t pairs : smaller(shape["rotary_dim"].get<std::int64_t>() / 2, 1)) {
      changed([&](Json& o) {
        o["shape"]["head_dim"] = o["shape"]["rotary_dim"] = 2 * pairs;
        if (o["params"].contains("mrope_section") && pairs >= 3)
          o["params"]["mrope_section"] = Json::array({pairs - 2, 1, 1});
        else
          o["params"].erase("mrope_section");
        o.erase("spectrum");
      });
    }
  }
  simpler_numbers(sequence, 0,
                  [&](const Json& next) { changed([&](Json& o) { o["sequence"] = next; }); });
  if (object.contains("params")) {
    simpler_numbers(object["params"], 1,
                    [&](const Json& next) { changed([&](Json& o) { o["params"] = next; }); });
  }
  return out;
}

std::vector<Json> simpler_aux(const Json& aux) {
  std::vector<Json> out;
  for (const auto& [key, value] : aux.items()) {
    if (value.is_array() && value.size() > 1) {
      Json copy = aux;
      copy[key].erase(copy[key].size() - 1);
      out.push_back(copy);
    }
    simpler_numbers(value, 0, [&, name = key](const Json& next) {
      Json copy = aux;
      copy[name] = next;
      out.push_back(copy);
    });
  }
  return out;
}

}  // namespace plumbline::laws
