// SPDX-License-Identifier: Apache-2.0
// Single numbers worked out by hand, at the corners where a formula has a clamp, an exception or an
// exact tie.
#include <cmath>
#include <numbers>

#include "properties/properties.h"

namespace plumbline::test {
namespace {

ResolvedSpectrum spectrum(int rotary_dim, RopeScaling scaling, int base = 10000) {
  return ResolvedSpectrum({Rational(base), rotary_dim, std::move(scaling)});
}

double as_double(const ResolvedSpectrum& s, int rung) {
  const WorkingPrecision scope(kFirstPrecision);
  return decode_double(round_to(s.inv_freq(rung), binary64).value(), binary64);
}

Yarn yarn(int factor, int length, Rational fast, Rational slow, bool truncate) {
  Yarn y;
  y.factor = factor;
  y.original_max_position_embeddings = length;
  y.beta_fast = fast;
  y.beta_slow = slow;
  y.truncate = truncate;
  return y;
}

// C(1) = 32 ln(10^7 / 2 pi) / ln 10^4 = 49.6: the upper bound is clamped at d - 1 = 63, not at d /
// 2 - 1 = 31, so that even the slowest pair is only partly interpolated.
TEST(WorkedExamples, TheYarnRampMayEndPastTheLastPair) {
  const auto s = spectrum(64, yarn(4, 10'000'000, 32, 1, true));
  const double low = std::floor(32 * std::log(1e7 / (2 * std::numbers::pi * 32)) / std::log(1e4)),
               high = 50;
  for (int k = 0; k < 32; ++k) {
    const double r = std::clamp((k - low) / (high - low), 0.0, 1.0);
    const double want = std::pow(1e4, -k / 32.0) * (1 - r + r / 4);
    EXPECT_LE(std::abs(as_double(s, k) / want - 1), 0x1p-46) << k;
  }
  EXPECT_GT(as_double(s, 31), std::pow(1e4, -31 / 32.0) / 4 * 1.5);
  const auto far = spectrum(64, yarn(4, 1'000'000'000, 32, 1, true));  // C(1) = 65.6, clamped at 63
  const double bound = std::floor(32 * std::log(1e9 / (2 * std::numbers::pi * 32)) / std::log(1e4));
  ASSERT_LT(bound, 63);
  EXPECT_EQ(as_double(far, 31), as_double(spectrum(64, Unscaled{}), 31)) << "below the ramp";
}

// 0.1 m ln f + 1 in double is off by less than a part in 2^52: an ulp of the logarithm and three
// roundings, all but the last of a term below the sum's half. Two of them, their quotient and the
// rounding of what they are compared with make three.
constexpr double kRatioOfMagnitudes = 3 * 0x1p-52;

// Source: huggingface/transformers modeling_rope_utils.py: with both mscales the ratio of their
// magnitudes, with one of them or none that of 1, which is 0.1 ln 40 + 1.
TEST(WorkedExamples, OneMscaleAloneIsNotAsked) {
  const std::optional<Rational> none, zero(0), one(1), half(Rational(1, 2));
  const double plain = 0.1 * std::log(40) + 1, halved = 0.05 * std::log(40) + 1;
  for (const auto& [mscale, all, want] :
       {std::tuple(none, none, plain), std::tuple(half, none, plain), std::tuple(none, half, plain),
        std::tuple(half, zero, plain), std::tuple(zero, half, plain), std::tuple(half, half, 1.0),
        std::tuple(half, one, halved / plain), std::tuple(one, half, plain / halved)}) {
    Yarn y = yarn(40, 4096, 32, 1, true);
    y.mscale = mscale;
    y.mscale_all_dim = all;
    const auto s = spectrum(64, y);
    const WorkingPrecision scope(kFirstPrecision);
    const double got = decode_double(round_to(s.attention_factor(), binary64).value(), binary64);
    EXPECT_LE(std::abs(got / want - 1), kRatioOfMagnitudes) << want;
    EXPECT_EQ(s.exact_attention_factor().has_value(), mscale == all && mscale.has_value());
  }
}

TEST(WorkedExamples, ASmallFactorHasItsMagnitude) {
  Yarn y = yarn(2, 4096, 32, 1, true);
  y.mscale = 1;
  y.mscale_all_dim = Rational(1, 2);
  const auto s = spectrum(64, y);
  const WorkingPrecision scope(kFirstPrecision);
  const double got = decode_double(round_to(s.attention_factor(), binary64).value(), binary64);
  EXPECT_LE(std::abs(got / ((0.1 * std::log(2) + 1) / (0.05 * std::log(2) + 1)) - 1),
            kRatioOfMagnitudes);
}

// Gemma-4: the first rope_angles pairs are slowed by the factor, the others stand still.
TEST(WorkedExamples, AProportionalSpectrumIsSlowedToo) {
  const auto s = spectrum(16, Proportional{.angles = 3, .factor = 4});
  for (int k = 0; k < 3; ++k) {
    // An ulp of pow and a rounding: less than two ulps, 2^-52 each.
    EXPECT_LE(std::abs(as_double(s, k) / (std::pow(1e4, -k / 8.0) / 4) - 1), 0x1p-51) << k;
  }
  for (int k = 3; k < 8; ++k) EXPECT_EQ(as_double(s, k), 0) << k;
}

// Equal bounds make a step one thousandth wide: everything up to the bound keeps its speed,
// everything above is divided.
TEST(WorkedExamples, EqualYarnBoundsMakeAStep) {
  const auto plain = spectrum(64, Unscaled{});
  const auto clamped =
      spectrum(64, yarn(8, 6, 32, 1, true));  // C(32) < 0 and ceil C(1) = 0: both are 0
  EXPECT_EQ(as_double(clamped, 0), 1.0);
  for (int k = 1; k < 32; ++k) EXPECT_EQ(as_double(clamped, k), as_double(plain, k) / 8) << k;
  const auto real = spectrum(64, yarn(8, 4096, 2, 2, false));
  const int last = static_cast<int>(32 * std::log(4096 / (4 * std::numbers::pi)) / std::log(1e4));
  for (int k = 0; k < 32; ++k)
    EXPECT_EQ(as_double(real, k), as_double(plain, k) / (k <= last ? 1 : 8)) << k;
}

// The step itself: C(1) = 2 ln(626.87 / 2 pi) / ln 10^4 = 0.99950, so that pair 1 stands halfway
// up.
TEST(WorkedExamples, APairMayStandInsideTheYarnStep) {
  Yarn y = yarn(8, 1, 1, 1, false);
  y.original_max_position_embeddings = Rational(62687, 100);
  const auto s = spectrum(4, y);
  const double bound = 2 * std::log(626.87 / (2 * std::numbers::pi)) / std::log(1e4);
  const double r = (1 - bound) / 0.001;
  ASSERT_TRUE(r > 0.3 && r < 0.7) << r;
  // The bound has four roundings below 2, which a step of 0.001 makes 4000, and 0.01 * 7 / 8 makes
  // 35; the rest is below 1.
  EXPECT_NEAR(as_double(s, 1), 0.01 * (1 - r + r / 8), 36 * 0x1p-53);
}

// Four tokens are 4 / 2 pi = 0.64 turns of the fastest pair: below one, so that even it is divided.
TEST(WorkedExamples, AShortContextScalesEveryPair) {
  Llama3 llama;
  llama.factor = 8;
  llama.low_freq_factor = 1;
  llama.high_freq_factor = 4;
  llama.original_max_position_embeddings = 4;
  EXPECT_EQ(spectrum(4, llama).exact_inv_freq(0), Rational(1, 8));
  EXPECT_EQ(spectrum(4, llama).exact_inv_freq(1), Rational(1, 800));
}

TEST(WorkedExamples, DynamicNtkBelowItsLengthIsUnscaled) {
  const auto s = spectrum(128, DynamicNtk{4, 17, 4096});
  for (int k = 0; k < 64; ++k)
    EXPECT_EQ(as_double(s, k), as_double(spectrum(128, Unscaled{}), k)) << k;
}

// omega_{n-1} is exactly 1 / alpha times the unscaled one.
TEST(WorkedExamples, NtkDividesTheSlowestPairByAlpha) {
  EXPECT_EQ(spectrum(4, NtkAware{7}, 16).exact_inv_freq(1), Rational(1, 28));
  EXPECT_EQ(spectrum(4, NtkAware{7}, 16).exact_inv_freq(0), Rational(1));
}

// LongRoPE's root is rational where both lengths are powers of one number: 1 + ln 128 / ln 512 = 16
// / 9.
TEST(WorkedExamples, LongRopeFactorsAreExactWhereTheyAre) {
  const std::vector<Rational> ones(4, Rational(1));
  EXPECT_EQ(spectrum(8, LongRope{ones, 128, 512, {}}).exact_attention_factor(), Rational(4, 3));
  const auto phi = spectrum(8, LongRope{ones, 32, 4096, {}});
  EXPECT_FALSE(phi.exact_attention_factor().has_value());
  EXPECT_EQ(phi.exact_attention_square(), Rational(17, 12));
  EXPECT_FALSE(spectrum(8, LongRope{ones, 3, 4096, {}}).exact_attention_square().has_value());
  // The far ends of what is looked for: ln x / ln L = p / q with p and q up to 64.
  const Rational much(Integer(1) << 64U);
  EXPECT_EQ(spectrum(8, LongRope{ones, much, 2, {}}).exact_attention_square(), Rational(65));
  EXPECT_EQ(spectrum(8, LongRope{ones, 2, much, {}}).exact_attention_square(), Rational(65, 64));
}

// x = 165 and A = 11/10 at position 0: 181.5 lies between the bfloat16 neighbours 181 and 182, and
// goes to the even one.
TEST(WorkedExamples, AnExactTieOfARationalFactorIsDecided) {
  const Rational a(11, 10);
  const auto bits = [](double x) { return round_to(from_double(x), bfloat16); };
  const auto angle = [&] { return cos_sin(Rational(0), enclose(Rational(1)), enclose(a)); };
  const TurnedPair t = turn(bits(165), bits(-165), angle, a, false, bfloat16, "a tie");
  EXPECT_EQ(decode_double(t.x, bfloat16), 182);
  EXPECT_EQ(decode_double(t.y, bfloat16), -182);
  EXPECT_THROW(turn(bits(165), bits(-165), angle, std::nullopt, false, bfloat16, "a tie"),
               Unresolved);
  const Certified same = logit(
      {{3, 4, 3, 4, Rational(9), Rational(9), [] { return enclose(Rational(1)); }}}, Rational(0),
      a * a, [&] { return enclose(a); }, 16, binary64, "equal angles");
  EXPECT_EQ(decode_double(same.bits, binary64), 7.5625);  // 1.21 * 25 / 4
}

// A table entry a hair above a midpoint of binary32 needs more than 300 bits, through the one door.
TEST(WorkedExamples, AHardTableEntryRaisesThePrecision) {
  const Integer scale = Integer(1) << 300U;
  const Rational hard = 1 + Rational(1, 1 << 24) + Rational(Integer(1), scale);
  Json object{{"id", "hard"}, {"scheme", "vanilla"}, {"sequence", "t1"}};
  object["spectrum"] = Json{{"scaling", "yarn"},
                            {"params", Json{{"factor", 4},
                                            {"original_max_position_embeddings", 4096},
                                            {"attention_factor", to_text(hard)}}}};
  const Case c = case_from_json(object);
  const Tensors out = evaluate(c, positions(c), {binary32}, {}, false, 1);
  EXPECT_EQ(out.tables[0].cos[0], round_to(Rational(1), binary32) + 1);
  EXPECT_GE(out.precision, 512U);
}

// g = 0.21, t = 150, kappa = 2: exactly 63, and 62 in the authors' float32 order of operations.
TEST(WorkedExamples, AbsoluteTimeAtAnExactBoundary) {
  Json object{
      {"scheme", "mrope-abs-time"}, {"sequence", "v151x1x1"}, {"window", Json::array({150, 1})}};
  object["params"] = Json{{"second_per_grid_t", "0.21"}};
  const auto time = [&] { return std::get<Rational>(positions(case_from_json(object)).at(0, 0)); };
  EXPECT_EQ(time(), Rational(63));
  object["arithmetic"] = "float32";
  EXPECT_EQ(time(), Rational(62));
}

// Steps of 2/2 and 4/2 behind 0 and 3; one stride stands for all of them.
TEST(WorkedExamples, StridesDrawnForEachBlock) {
  const auto times = [](const Json& stride) {
    const PositionTable ids = positions(
        case_from_json(Json{{"scheme", "v2pe-original"},
                            {"sequence", "t1 v1x1x2 t1 v1x2x1 t1"},
                            {"params", {{"num_image_token", 2}, {"rope_pos_id_stride", stride}}}}));
    std::vector<Rational> out;
    for (std::size_t row = 0; row < ids.rows(); ++row)
      out.push_back(std::get<Rational>(ids.at(0, row)));
    return out;
  };
  EXPECT_EQ(times(Json::array({2, 4})), (std::vector<Rational>{0, 1, 2, 3, 5, 7, 8}));
  EXPECT_EQ(times(Json::array({2, "5/2"})),
            (std::vector<Rational>{0, 1, 2, 3, {17, 4}, {11, 2}, 7}));
  EXPECT_EQ(times(Json::array({2})), times(2));
}

// models.md C.1: 1 + the largest position - the tokens that are no padding; the code before 2026
// takes off the padded length.
TEST(WorkedExamples, TheDeltaOf2026CountsNoPadding) {
  struct Row {
    const char *scheme, *rule;
    int last, counted;  // the position of the last token, which is the largest; tokens taken off
  };
  for (const Row& row : {Row{"mrope-qwen2vl", "original", 4, 14},
                         {"mrope-qwen2vl", "hf-2026", 4, 11},
                         {"mrope-abs-time", "original", 5, 14},
                         {"mrope-abs-time", "hf-2026", 4, 11}}) {
    for (const bool left : {false, true}) {
      const PositionTable ids =
          positions(case_from_json(Json{{"scheme", row.scheme},
                                        {"sequence", "t2 v2x2x2 t1"},
                                        {"params", {{"position_rule", row.rule}}},
                                        {"padding", {{left ? "left" : "right", 3}}}}));
      EXPECT_EQ(std::get<Rational>(ids.at(0, left ? 13 : 10)), Rational(row.last)) << row.scheme;
      EXPECT_EQ(std::get<Rational>(*ids.rope_delta), Rational(1 + row.last - row.counted))
          << row.scheme << " " << row.rule;
    }
  }
}

// vllm-project/vllm computes trunc(t (g kappa)) in binary64: 50 * fl(0.29 * 2) and
// 100 * fl(0.145 * 2) are 28.999999999999996. The text behind goes on from there.
TEST(WorkedExamples, AbsoluteTimeInBinary64) {
  for (const auto& [g, t, exact, rounded] :
       {std::tuple("0.29", 50, 29, 28), std::tuple("0.21", 150, 63, 63), std::tuple("0.5", 7, 7, 7),
        std::tuple("0.145", 100, 29, 28)}) {
    Json object{{"scheme", "mrope-abs-time"},
                {"sequence", "v" + std::to_string(t + 1) + "x1x1 t1"},
                {"window", Json::array({t, 2})}};
    object["params"] = Json{{"second_per_grid_t", g}};
    for (const bool vllm : {false, true}) {
      object["params"]["position_rule"] = vllm ? "vllm" : "original";
      const PositionTable ids = positions(case_from_json(object));
      const int steps = vllm ? rounded : exact;
      EXPECT_EQ(std::get<Rational>(ids.at(0, 0)), Rational(steps)) << object;
      EXPECT_EQ(std::get<Rational>(ids.at(1, 1)), Rational(steps + 1)) << object;
    }
  }
}

// Qwen3-Omni: begin tokens 0 and 1, then the video's patch and the audio's tokens from 2 on, the
// patch first where both stand at 2, and what is left of either; end tokens after the last.
TEST(WorkedExamples, AudioMayOutlastItsVideo) {
  const auto times = [](const char* scheme, const char* sequence) {
    const PositionTable ids =
        positions(case_from_json(Json{{"scheme", scheme}, {"sequence", sequence}}));
    std::vector<Rational> out;
    for (std::size_t row = 0; row < ids.rows(); ++row)
      out.push_back(std::get<Rational>(ids.at(0, row)));
    return out;
  };
  using Times = std::vector<Rational>;
  EXPECT_EQ(times("tmrope-qwen3-omni", "s1x1x1+4"), (Times{0, 1, 2, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(times("tmrope-qwen3-omni", "s2x1x1+1"), (Times{0, 1, 2, 2, 15, 16, 17}));
  // Qwen2.5-Omni: begin tokens share a position, end tokens share one; chunks of 50 in turn.
  EXPECT_EQ(times("tmrope", "s1x1x1+4"), (Times{0, 0, 1, 1, 2, 3, 4, 5, 5}));
  EXPECT_EQ(times("tmrope", "s3x1x1+1"), (Times{0, 0, 1, 26, 1, 51, 52, 52}));
  // Audio tokens stand on the diagonal, the video's cells at their rows and columns.
  const PositionTable cells =
      positions(case_from_json(Json{{"scheme", "tmrope-qwen3-omni"}, {"sequence", "s1x2x2+2"}}));
  const Rational want[][3] = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {2, 2, 3}, {2, 3, 2},
                              {2, 3, 3}, {2, 2, 2}, {3, 3, 3}, {4, 4, 4}, {5, 5, 5}};
  ASSERT_EQ(cells.rows(), std::size(want));
  for (std::size_t row = 0; row < std::size(want); ++row) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      EXPECT_EQ(std::get<Rational>(cells.at(axis, row)), want[row][axis]) << row << " " << axis;
  }
  Times long_audio{0, 0, 1};
  for (int i = 1; i <= 60; ++i) long_audio.emplace_back(i);
  long_audio.insert(long_audio.end(), {61, 61});
  EXPECT_EQ(times("tmrope", "s1x1x1+60"), long_audio);
}

// The code applies the list of 16 to whole groups of lanes; of 120, the last 8 are left to time:
// lanes 112 .. 119 are the partners of pairs 52 .. 59. Lanes 60 .. 63 begin with HHWW of the list.
TEST(WorkedExamples, LanesBehindTheLastGroupFollowTime) {
  const Case c = case_from_json(
      Json{{"scheme", "mmrope-original"}, {"shape", {{"head_dim", 120}, {"rotary_dim", 120}}}});
  const FrequencyAllocation map = allocation(c);
  ASSERT_EQ(map.partner.size(), 60U);
  const std::string list = "TTTTHHWWHHWWHHWW";
  for (int lane = 0; lane < 120; ++lane) {
    const auto at = static_cast<std::size_t>(lane % 60);
    const Axis axis = lane < 60 ? map.of[at].axis : map.partner[at].axis;
    const char letter = lane < 112 ? list[static_cast<std::size_t>(lane % 16)] : 'T';
    EXPECT_EQ(axis, letter == 'T' ? Axis::t : letter == 'H' ? Axis::h : Axis::w) << lane;
  }
}

// A ring by spatial angles alone, 3 x 5 and centred: the extremes are pi and atan2(-2, -4), and the
// centre at angle 0 is as far from their middle as the cell at atan2(2, 4). What one has on the
// second axis the other has, negated, on the third: sums cancel.
TEST(WorkedExamples, TheCentreOfARingMirrorsACell) {
  Json object{{"scheme", "circlerope-published"}, {"sequence", "v1x3x5"}};
  object["params"] = Json{{"alpha", 1}};
  const PositionTable ids = positions(case_from_json(object));
  const auto at = [&](std::size_t axis, std::size_t row) {
    return std::get<Irrational>(ids.at(axis, row));
  };
  for (const auto& [axis, mirrored] : {std::pair(1, 2), std::pair(2, 1)}) {
    const Irrational sum =
        at(static_cast<std::size_t>(axis), 7) + at(static_cast<std::size_t>(mirrored), 14);
    EXPECT_TRUE(sum.is_rational()) << axis;
    EXPECT_EQ(sum.constant(), 0) << axis;
  }
}

// Two videos, the first split into frames: a list has two entries, and the native one steps by the
// second, floor(t 3/2 2). An image is no video.
TEST(WorkedExamples, FramesOfASplitVideoShareOneEntry) {
  Json object{{"scheme", "mrope-abs-time"}, {"sequence", "f2x1x1 t1 v3x1x1"}};
  object["params"] = Json{{"second_per_grid_t", {"5", "3/2"}}};
  const PositionTable ids = positions(case_from_json(object));
  const int want[] = {0, 1, 2, 3, 6, 9};
  for (std::size_t row = 0; row < std::size(want); ++row)
    EXPECT_EQ(std::get<Rational>(ids.at(0, row)), want[row]) << row;
  object["sequence"] = "v1x1x2 t1 v3x1x1";
  EXPECT_THROW(case_from_json(object), std::invalid_argument);
}

// HoPE gives every visual segment its own stride, d: frames d apart, and the text behind goes on
// past the last one.
TEST(WorkedExamples, EveryBlockHasItsStride) {
  Json object{{"scheme", "hope"}, {"sequence", "v2x1x1 t1 v2x1x1"}};
  object["params"] = Json{{"temporal_stride_lst", {2, 3}}};
  const PositionTable ids = positions(case_from_json(object));
  const int want[] = {0, 2, 3, 4, 7};
  for (std::size_t row = 0; row < std::size(want); ++row)
    EXPECT_EQ(std::get<Rational>(ids.at(0, row)), want[row]) << row;
  object["params"] = Json{{"temporal_stride_lst", {2, 3, 1}}};
  EXPECT_THROW(case_from_json(object), std::invalid_argument);
}

// (2 theta)^2: a spectrum of half the positions' scale on a ladder of squared frequencies.
TEST(WorkedExamples, APowerOfALadderTakesItsFactorAlong) {
  for (const auto& [factor, doubled] : {std::pair(Rational(1, 2), 2.0), std::pair(Rational(1), 1.0),
                                        std::pair(Rational(4), 0.25)}) {
    const ResolvedSpectrum s({Rational(10000), 16, Linear{factor}}, Ladder{.exponent = 2});
    for (int k = 0; k < 8; ++k) {
      const double want = std::pow(doubled * std::pow(1e4, -k / 8.0), 2);
      // An ulp, 2^-52, of the inner pow counts twice; then an ulp of the outer one and a rounding.
      EXPECT_LE(std::abs(as_double(s, k) / want - 1), 4 * 0x1p-52) << k;
    }
  }
}

TEST(WorkedExamples, IntegersAreNotGuessed) {
  const WorkingPrecision scope(64);
  const Interval straddle = hull(enclose(Rational(199, 100)), enclose(Rational(201, 100)));
  EXPECT_THROW(floor(straddle), Undecided);
  EXPECT_THROW(ceil(straddle), Undecided);
  EXPECT_THROW(sign(hull(enclose(Rational(-1)), enclose(Rational(1)))), Undecided);
  EXPECT_THROW(to_digits(straddle, 3), Undecided);
  EXPECT_EQ(floor(Rational(-7, 2)), Integer(-4));
  EXPECT_EQ(truncate(Rational(-7, 2)), Rational(-3));
}

// Fractional strides of schemes with integer output are cut toward zero at the very end; deltas are
// not.
TEST(WorkedExamples, TruncationComesLast) {
  Json object{{"scheme", "mrope"},
              {"sequence", "t2 v2x1x1 t2"},
              {"params", Json{{"temporal_stride", "1.5"}}}};
  const PositionTable cut = positions(case_from_json(object));
  object["params"]["integer_output"] = "none";
  const PositionTable whole = positions(case_from_json(object));
  const std::vector<Rational> want{0, 1, 2, Rational(7, 2), Rational(9, 2), Rational(11, 2)};
  for (std::size_t row = 0; row < want.size(); ++row) {
    EXPECT_EQ(std::get<Rational>(whole.at(0, row)), want[row]);
    EXPECT_EQ(std::get<Rational>(cut.at(0, row)), truncate(want[row]));
  }
  EXPECT_EQ(value_of(*whole.rope_delta), Rational(1, 2));
  EXPECT_EQ(value_of(*cut.rope_delta), Rational(1, 2));
}

}  // namespace
}  // namespace plumbline::test
