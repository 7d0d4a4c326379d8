// SPDX-License-Identifier: Apache-2.0
// The judge on candidates that are known to be right or wrong. The pipeline below is written from
// the kernel contract alone, in plain float32, so that it shares nothing with reference/ or fast/.
#include <cmath>
#include <cstring>
#include <optional>

#include "golden/compare.h"
#include "golden/golden.h"
#include "properties/properties.h"

namespace plumbline::test {
namespace {

// What an inference engine would hold: everything but the numbers under judgement.
struct Setup {
  int rows = 0, axes = 0, maps = 0, pairs = 0, width = 0, heads = 0, kv_heads = 0;
  double base = 0, factor = 1;
  std::vector<double> position;
  std::vector<std::uint8_t> axis_map;
  bool neox = true;
};

struct Bug {
  bool swap_h_and_w = false, flip_pairing = false, bf16_inv_freq = false, temporal_only = false,
       negate_sine = false;
  bool drop_h_and_w_rows = false, bf16_table = false, shift_positions = false;
};

double to_bf16(double x) { return decode_double(round_to(from_double(x), bfloat16), bfloat16); }

Setup setup_of(const GoldenCase& g, const StoredCase& stored) {
  Setup s;
  const Tensor& ids = stored.tensors.at("position_ids");
  s.axes = static_cast<int>(ids.shape[0]);
  s.rows = static_cast<int>(ids.shape[1]);
  s.position = values_of(ids);
  const Tensor& map = stored.tensors.at("axis_map");
  s.maps = static_cast<int>(map.shape[0]);
  s.pairs = static_cast<int>(map.shape[1]);
  for (const std::byte b : map.bytes) s.axis_map.push_back(std::to_integer<std::uint8_t>(b));
  s.width = g.c.shape.head_dim;
  s.heads = g.c.shape.num_heads;
  s.kv_heads = g.c.shape.num_key_value_heads;
  s.base = to_double(g.c.spectrum.rope_theta);
  if (const auto* linear = std::get_if<Linear>(&g.c.spectrum.scaling))
    s.factor = to_double(linear->factor);
  s.neox = g.c.pairing == Pairing::neox;
  return s;
}

// The common rotate-half pipeline, one float32 rounding per operation.
void rotate(const Setup& s, const Bug& bug, int heads, const std::vector<double>& in,
            std::vector<double>& out) {
  const auto p_of = [&](int axis, int row) {
    return static_cast<float>(s.position[static_cast<std::size_t>(axis * s.rows + row)]);
  };
  for (int row = 0; row < s.rows; ++row) {
    for (int head = 0; head < heads; ++head) {
      const int map = s.maps == 1 ? 0 : head / (heads / s.kv_heads);
      const std::size_t first = static_cast<std::size_t>((row * heads + head) * s.width);
      for (int i = 0; i < s.pairs; ++i) {
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(2 * s.pairs);
        float inv_freq = 1.0F / std::pow(static_cast<float>(s.base), exponent);
        inv_freq = inv_freq / static_cast<float>(s.factor);
        if (bug.bf16_inv_freq)
          inv_freq = static_cast<float>(to_bf16(static_cast<double>(inv_freq)));
        int axis = s.axis_map[static_cast<std::size_t>(map * s.pairs + i)];
        if (bug.swap_h_and_w && (axis == 1 || axis == 2)) axis = 3 - axis;
        if (bug.drop_h_and_w_rows && axis != 255) axis = 0;
        float angle = axis == 255 ? 0.0F : p_of(axis, row) * inv_freq;
        if (bug.shift_positions && axis != 255) angle = (p_of(axis, row) + 1.0F) * inv_freq;
        float c = std::cos(angle), n = std::sin(angle);
        if (bug.bf16_table) {
          c = static_cast<float>(to_bf16(static_cast<double>(c)));
          n = static_cast<float>(to_bf16(static_cast<double>(n)));
        }
        if (bug.negate_sine) n = -n;
        const bool halves = s.neox != bug.flip_pairing;
        const auto ix = first + static_cast<std::size_t>(halves ? i : 2 * i);
        const auto iy = first + static_cast<std::size_t>(halves ? i + s.pairs : 2 * i + 1);
        const float x = static_cast<float>(in[ix]), y = static_cast<float>(in[iy]);
        out[ix] = static_cast<double>(x * c - y * n);
        out[iy] = static_cast<double>(y * c + x * n);
      }
      for (int d = 2 * s.pairs; d < s.width; ++d)
        out[first + static_cast<std::size_t>(d)] = in[first + static_cast<std::size_t>(d)];
    }
  }
}

StoredCase run(const GoldenCase& g, const StoredCase& golden, const Bug& bug) {
  const Setup s = setup_of(g, golden);
  StoredCase out;
  out.id = golden.id;
  for (const char* which : {"q", "k"}) {
    const Tensor& input = golden.tensors.at(std::string("f32/") + which + "_in");
    const auto in = values_of(input);
    std::vector<double> turned(in.size());
    rotate(s, bug, *which == 'q' ? s.heads : s.kv_heads, in, turned);
    std::vector<std::uint64_t> bits;
    for (const double x : turned) bits.push_back(round_to(from_double(x), binary32));
    out.tensors[std::string("f32/") + which + "_out"] = tensor_of(binary32, input.shape, bits);
  }
  return out;
}

// A preset with a spectrum that the pipeline above can form, at positions where the axes differ.
GoldenCase subject(const std::string& model) {
  const HeadShape full = case_from_json(Json{{"model", model}}).shape;
  Json object{{"id", model}, {"model", model}};
  object["shape"] = Json{{"head_dim", full.head_dim},
                         {"rotary_dim", full.rotary_dim},
                         {"num_heads", 4},
                         {"num_key_value_heads", 2}};
  object["sequence"] = "t5000 v3x60x97 t9 v1x4x6 t3";
  object["window"] =
      Json::array({Json::array({7, 2}), Json::array({5000 + 60 * 97 + 97 * 33 + 71, 3}),
                   Json::array({5000 + 97 * 2 + 90, 2})});
  return {case_from_json(object), ""};
}

const std::vector<std::string>& subjects() {
  static const std::vector<std::string> kModels = [] {
    std::vector<std::string> names;
    for (const Model& m : models()) {
      const Case c = case_from_json(Json{{"model", m.name}});
      if (std::holds_alternative<Unscaled>(c.spectrum.scaling) ||
          std::holds_alternative<Linear>(c.spectrum.scaling))
        names.push_back(m.name);
    }
    return names;
  }();
  return kModels;
}

CaseResult judge(const StoredCase& golden, const StoredCase& candidate,
                 const std::string& recipe = "hf_f32") {
  return compare(golden, candidate, [&](const Format&) { return parse_recipe(recipe); });
}

std::uint64_t failures(const CaseResult& r, char axis) {
  std::uint64_t sum = 0;
  for (const ClassResult& d : r.classes)
    sum += d.failures_by_axis[std::string_view("THW3").find(axis)];
  return sum;
}

TEST(Candidates, AFaultlessFloat32PipelinePassesUnderItsRecipe) {
  for (const std::string& model : subjects()) {
    const GoldenCase g = subject(model);
    const StoredCase golden = generate(g, 1).stored;
    const CaseResult r = judge(golden, run(g, golden, {}));
    EXPECT_TRUE(r.conforms()) << model << ": " << r.classes[0].worst_ratio;
    // Tight as well: a budget that allowed ten times as much would hide bugs.
    EXPECT_GT(r.classes[0].worst_ratio, 0.1) << model;
    const auto lengths = context_lengths(r.phases);
    ASSERT_TRUE(lengths[2].length.has_value()) << model;
    EXPECT_GE(*lengths[2].length, 5000) << model << ": the bf16 grade holds far out";
    EXPECT_LT(lengths[0].length.value_or(0), 5000)
        << model << ": a float32 phase cannot hold the f32 grade here";
  }
}

TEST(Candidates, SwappedRowsFailOnTheSpatialAxesOnly) {
  for (const std::string& model : subjects()) {
    const GoldenCase g = subject(model);
    const StoredCase golden = generate(g, 1).stored;
    const FrequencyAllocation map = allocation(g.c);
    if (map.count(0, Axis::h) == 0) continue;
    for (const auto& [bug, name] :
         {std::pair(Bug{.swap_h_and_w = true}, "swapped"),
          std::pair(Bug{.drop_h_and_w_rows = true}, "temporal rows only")}) {
      const CaseResult r = judge(golden, run(g, golden, bug));
      EXPECT_FALSE(r.conforms()) << model << " " << name;
      EXPECT_EQ(failures(r, 'T'), 0U) << model << " " << name;
      EXPECT_GT(failures(r, 'H'), 0U) << model << " " << name;
      EXPECT_GT(failures(r, 'W'), 0U) << model << " " << name;
      for (const ClassResult& d : r.classes) {
        ASSERT_TRUE(d.first_failure.has_value());
        EXPECT_TRUE(d.worst.axis == 'H' || d.worst.axis == 'W');
        EXPECT_GE(d.first_failure->token, 5000) << "text is right";
        EXPECT_EQ(map.axis_map(0)[static_cast<std::size_t>(d.worst.pair)], d.worst.axis);
      }
    }
  }
}

TEST(Candidates, EveryOtherBugIsCaught) {
  const std::pair<Bug, const char*> bugs[] = {{{.flip_pairing = true}, "pairing"},
                                              {{.bf16_inv_freq = true}, "bf16 inv_freq"},
                                              {{.negate_sine = true}, "sign"},
                                              {{.bf16_table = true}, "bf16 table"},
                                              {{.shift_positions = true}, "offset"}};
  for (const std::string& model : subjects()) {
    const GoldenCase g = subject(model);
    const StoredCase golden = generate(g, 1).stored;
    for (const auto& [bug, name] : bugs) {
      const CaseResult r = judge(golden, run(g, golden, bug));
      EXPECT_FALSE(r.conforms()) << model << " " << name;
      for (const ClassResult& d : r.classes)
        EXPECT_GT(d.failures, 0U) << model << " " << name << " " << d.dataset;
    }
  }
}

// The error of a narrowed inv_freq grows with position * inv_freq and spares pair 0, whose
// frequency is exactly 1.
TEST(Candidates, ANarrowInvFreqIsLocatedAndLegalUnderItsOwnRecipe) {
  const GoldenCase g = subject("qwen3-8b");
  const StoredCase golden = generate(g, 1).stored;
  const StoredCase wrong = run(g, golden, {.bf16_inv_freq = true});
  const CaseResult r = judge(golden, wrong);
  for (const ClassResult& d : r.classes) {
    EXPECT_NE(d.worst.pair, 0);
    EXPECT_NE(d.first_failure->pair, 0);
  }
  EXPECT_TRUE(judge(golden, wrong, "hf_f32,inv_freq=bf16").conforms());
  for (const ContextLength& l : context_lengths(r.phases))
    EXPECT_LT(l.length.value_or(0), 5000) << l.grade.name;
  // Declaring the table narrow instead does not excuse it.
  EXPECT_FALSE(judge(golden, wrong, "hf_f32,table=bf16").conforms());
  EXPECT_TRUE(judge(golden, run(g, golden, {.bf16_table = true}), "hf_f32,table=bf16").conforms());
}

TEST(Candidates, APassThroughLaneMayNotMove) {
  const GoldenCase g = subject("glm-4.1v-9b");
  const StoredCase golden = generate(g, 1).stored;
  StoredCase moved = run(g, golden, {});
  Tensor& q = moved.tensors.at("f32/q_out");
  auto bits = bits_of(q);
  bits[static_cast<std::size_t>(g.c.shape.rotary_dim)] ^= 1;
  q = tensor_of(binary32, q.shape, bits);
  const CaseResult r = judge(golden, moved);
  EXPECT_EQ(r.classes[0].failures, 1U);
  EXPECT_EQ(r.classes[0].failures_by_axis[5], 1U);
  EXPECT_EQ(r.classes[0].worst.lane, g.c.shape.rotary_dim);
}

TEST(Candidates, AWrongShapeIsRefusedByName) {
  const GoldenCase g = subject("qwen3-8b");
  const StoredCase golden = generate(g, 1).stored;
  StoredCase candidate = run(g, golden, {});
  candidate.tensors["f32/k_out"].shape = {1, 2, 3};
  try {
    judge(golden, candidate);
    FAIL();
  } catch (const Refused& e) {
    EXPECT_NE(std::string(e.what()).find("f32/k_out"), std::string::npos) << e.what();
  }
}

// Every single bit of an output that leaves the budget is seen: the judge has no blind element.
TEST(Candidates, NoElementEscapes) {
  const GoldenCase g = subject("qwen3-vl-8b");
  const StoredCase golden = generate(g, 1).stored;
  const StoredCase good = run(g, golden, {});
  const auto clean = bits_of(good.tensors.at("f32/k_out"));
  for (std::size_t i = 0; i < clean.size(); i += 37) {
    StoredCase bad = good;
    auto bits = clean;
    bits[i] ^= 0x80000000U;
    if (std::abs(decode_double(clean[i], binary32)) < 0.25) continue;
    bad.tensors["f32/k_out"] = tensor_of(binary32, bad.tensors["f32/k_out"].shape, bits);
    const CaseResult r = judge(golden, bad);
    ASSERT_FALSE(r.conforms()) << i;
    ASSERT_EQ(r.classes[1].failures, 1U);
    const auto width = static_cast<std::size_t>(g.c.shape.head_dim);
    ASSERT_EQ(static_cast<std::size_t>(r.classes[1].worst.lane), i % width);
    ASSERT_EQ(static_cast<std::size_t>(r.classes[1].worst.head), i / width % 2);
    ASSERT_EQ(static_cast<std::size_t>(r.classes[1].worst.row), i / width / 2);
  }
}

}  // namespace
}  // namespace plumbline::test
