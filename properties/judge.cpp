// SPDX-License-Identifier: Apache-2.0
// The judge's own edges: just inside and just outside each budget, classes of non-finite values,
// planted phases.
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include "golden/compare.h"
#include "golden/golden.h"
#include "properties/properties.h"

namespace plumbline::test {
namespace {

// A golden case whose own outputs can be handed back as a candidate, with one element moved.
class Subject {
 public:
  explicit Subject(const Json& object)
      : stored(generate({case_from_json(object), ""}, 1).stored), candidate(copy(stored)) {}
  static StoredCase copy(const StoredCase& golden) {
    StoredCase out;
    out.id = golden.id;
    for (const auto& [name, tensor] : golden.tensors) {
      if (name.find('/') != std::string::npos && !name.ends_with("_in")) out.tensors[name] = tensor;
    }
    return out;
  }
  void set(const std::string& dataset, std::size_t i, double value) {
    Tensor& t = candidate.tensors.at(dataset);
    auto bits = bits_of(t);
    const Format& f = format_of(t.dtype);
    bits[i] = std::isnan(value)   ? infinity_bits(f) + 1
              : std::isinf(value) ? infinity_bits(f) | (value < 0 ? sign_bit(f) : 0)
                                  : round_to(from_double(value), f);
    t = tensor_of(f, t.shape, bits);
  }
  double get(const std::string& dataset, std::size_t i) const {
    return values_of(candidate.tensors.at(dataset))[i];
  }
  CaseResult judge(const std::string& recipe) const {
    return compare(stored, candidate, [&](const Format&) { return parse_recipe(recipe); });
  }
  std::uint64_t failures(const std::string& recipe = "hf_f32") const {
    std::uint64_t sum = 0;
    for (const ClassResult& d : judge(recipe).classes) sum += d.failures;
    return sum;
  }

  StoredCase stored, candidate;
};

Json plain(std::initializer_list<const char*> dtypes) {
  Json object{{"id", "plain"},
              {"scheme", "vanilla"},
              {"sequence", "t3000"},
              {"window", Json::array({0, 2})}};
  object["window"] = Json::array({Json::array({0, 3}), Json::array({2047, 2})});
  object["shape"] =
      Json{{"head_dim", 10}, {"rotary_dim", 8}, {"num_heads", 2}, {"num_key_value_heads", 1}};
  for (const char* d : dtypes) object["dtypes"].push_back(d);
  return object;
}

// Every class of output: moved by nine tenths of what its budget leaves it passes, by eleven tenths
// it fails alone.
TEST(Judge, EveryBudgetHasItsEdgeWhereItSaysItIs) {
  for (const char* recipe : {"hf_f32", "cache_bf16", "f64_table"}) {
    Subject s(plain({"f32"}));
    for (const std::string dataset :
         {"f32/cos", "f32/sin", "f32/q_out", "f32/k_adj", "f32/logits"}) {
      for (std::size_t i = 1; i < values_of(s.stored.tensors.at(dataset)).size(); i += 7) {
        if (dataset == "f32/q_out" && i % 10 >= 8) continue;
        const double golden = s.get(dataset, i);
        // A first, small failure reveals the budget; binary32 steps near it are far smaller.
        Subject probe = s;
        probe.set(dataset, i, golden + 0.9);
        double budget = 0;
        for (const ClassResult& d : probe.judge(recipe).classes) {
          if (d.dataset == dataset) budget = d.worst.budget;
        }
        if (budget > 0.5 || budget < 4 * ulp_at(golden, binary32)) continue;
        Subject inside = s, outside = s;
        inside.set(dataset, i, golden + 0.8 * budget - ulp_at(golden, binary32));
        outside.set(dataset, i, golden + 1.2 * budget + ulp_at(golden, binary32));
        EXPECT_EQ(inside.failures(recipe), 0U) << recipe << " " << dataset << " " << i;
        EXPECT_EQ(outside.failures(recipe), 1U) << recipe << " " << dataset << " " << i;
      }
    }
  }
}

// The formulas, worked by hand for hf_f32 at d = 8, base 10^4: u = 2^-24, pair 1 is 1/10.
TEST(Judge, BudgetsAreTheStatedCountsOfRoundings) {
  const Recipe f32 = parse_recipe("hf_f32");
  const double u = 0x1p-24;
  const ArithmeticBudget a = arithmetic_budget(f32, 1, binary32);
  EXPECT_DOUBLE_EQ(a.table, u + 0x1p-150);  // one ulp below 1, and half the smallest subnormal
  // A product of factors 1 + t, t >= 0, is 1 + S + P + ..., S the sum of the t and P that of their
  // products in pairs; each later term is at most S times the one before. `dropped` is what S
  // leaves out.
  const auto expect_product = [](double value, double sum, double pairs, double dropped) {
    EXPECT_GE(value, sum);
    EXPECT_LE(value, sum + pairs * (1 + 2 * sum) + dropped);
  };
  const double root = std::numbers::sqrt2, u2 = u * u, b = 0x1p-8;
  expect_product(a.relative, (root + 2) * u, (2 * root + 1) * u2, 0x1p-149);
  expect_product(arithmetic_budget(f32, 1.5, binary32).relative, (3 * root + 2) * u,
                 (9 * root + 1) * u2, 0x1p-148);
  // Dropped: the table's own float32 steps, sqrt 2 u, and the products, 2 u; twice that covers what
  // they multiply.
  expect_product(arithmetic_budget(parse_recipe("cache_bf16"), 1, bfloat16).relative,
                 (root / 2 + 1) * b, root / 2 * b * b, 2 * (root + 2) * u);
  expect_product(arithmetic_budget(parse_recipe("hf_bf16"), 1, bfloat16).relative,
                 (root / 2 + 2) * b, (root + 1) * b * b, 2 * root * u);
  FrequencySpectrum spectrum{Rational(10000), 8, Unscaled{}};
  const PhaseBudget phase(f32, spectrum, 1, 0.1);
  // Power and reciprocal, 2.2 u, and the product; then the position, then the scaling.
  expect_product(phase.at(1000, true) / 100, 3.2 * u, 2.2 * u2, 0);
  expect_product(phase.at(16777217, true) / 1677721.7, 4.2 * u, (2.2 * 2 + 1) * u2, 0);
  spectrum.scaling = Linear{Rational(3)};
  expect_product(PhaseBudget(f32, spectrum, 1, 0.1 / 3).at(3000, true) / 100, 5.2 * u, 4.2 * u2, 0);
  EXPECT_GT(arithmetic_budget(parse_recipe("f64"), 1.25, binary64).relative, 4 * 0x1p-53);
}

TEST(Judge, NonFiniteValuesAreClasses) {
  const double inf = std::numeric_limits<double>::infinity(),
               nan = std::numeric_limits<double>::quiet_NaN();
  Subject s(plain({"f32"}));
  for (const double wrong : {inf, -inf, nan}) {
    Subject bad = s;
    bad.set("f32/q_out", 23, wrong);
    EXPECT_EQ(bad.failures(), 1U) << wrong;
    bad = s;
    bad.set("f32/q_out", 28, wrong);  // a pass-through lane
    EXPECT_EQ(bad.failures(), 1U) << wrong;
    bad = s;
    bad.set("f32/logits", 1, wrong);
    EXPECT_EQ(bad.failures(), 1U) << wrong;
  }
  // Where the golden value is not finite, a finite answer is wrong and the wrong infinity too.
  Json rare = plain({"f32"});
  rare["inputs"] = "special";
  Subject special(rare);
  const auto golden = values_of(special.stored.tensors.at("f32/q_out"));
  const auto input = values_of(special.stored.tensors.at("f32/q_in"));
  std::size_t tried = 0;
  EXPECT_EQ(special.failures(), 0U);
  for (std::size_t i = 20; i < golden.size(); ++i) {
    if (std::isfinite(golden[i]) || i % 10 >= 8) continue;
    Subject bad = special;
    bad.set("f32/q_out", i, 42);
    EXPECT_EQ(bad.failures(), 1U) << i << " finite where " << golden[i];
    ++tried;
  }
  EXPECT_GT(tried, 5U);
}

TEST(Judge, WhatIsAbsentIsListedAndWrongTypesAreRefused) {
  Subject s(plain({"f32"}));
  s.candidate.tensors.erase("f32/k_adj");
  const CaseResult r = s.judge("hf_f32");
  EXPECT_NE(std::find(r.missing.begin(), r.missing.end(), "f32/k_adj"), r.missing.end());
  s.candidate.tensors["f32/q_out"] = s.stored.tensors.at("f16/cos");
  EXPECT_THROW(s.judge("hf_f32"), Refused);
}

// A phase planted in outputs, forward and adjoint, and in tables is recovered to within the noise
// stated.
TEST(Judge, APlantedPhaseIsRecovered) {
  for (const double planted : {0x1p-11, 0x1p-8, 0.25, -0.25}) {
    for (const bool tables : {false, true}) {
      Subject s(plain({"f32"}));
      const Truth truth(s.stored);
      StoredCase out;
      out.id = s.stored.id;
      const auto turn_pairs = [&](const std::string& name, double sense) {
        const Tensor& t = s.stored.tensors.at(name);
        auto v = values_of(t);
        for (std::size_t head = 0; head < v.size() / 10; ++head) {
          for (std::size_t i = 0; i < 4; ++i) {
            const std::complex<double> z(v[head * 10 + i], v[head * 10 + i + 4]),
                w = z * std::polar(1.0, sense * planted);
            v[head * 10 + i] = w.real();
            v[head * 10 + i + 4] = w.imag();
          }
        }
        std::vector<std::uint64_t> bits;
        for (const double x : v) bits.push_back(round_to(from_double(x), binary32));
        out.tensors[name] = tensor_of(binary32, t.shape, bits);
      };
      if (tables) {
        std::vector<std::uint64_t> c, n;
        for (std::size_t i = 0; i < truth.cos.size(); ++i) {
          const auto z =
              std::complex<double>(truth.cos[i], truth.sin[i]) * std::polar(1.0, planted);
          c.push_back(round_to(from_double(z.real()), binary32));
          n.push_back(round_to(from_double(z.imag()), binary32));
        }
        out.tensors["f32/cos"] = tensor_of(binary32, s.stored.tensors.at("f32/cos").shape, c);
        out.tensors["f32/sin"] = tensor_of(binary32, s.stored.tensors.at("f32/sin").shape, n);
      } else {
        turn_pairs("f32/q_out", 1);
        turn_pairs("f32/k_out", 1);
        turn_pairs("f32/q_adj", -1);
        turn_pairs("f32/k_adj", -1);
      }
      s.candidate = out;
      const CaseResult r = s.judge("hf_f32");
      ASSERT_FALSE(r.phases.empty());
      EXPECT_FALSE(r.conforms());
      for (const PhaseSample& p : r.phases) {
        EXPECT_LE(p.noise, 0x1p-20);
        EXPECT_LE(std::abs(p.excess + p.noise - std::abs(planted)), 0x1p-22);
      }
    }
  }
}

TEST(Judge, ALostPairHasNoPhase) {
  Subject s(plain({"f32"}));
  // The finest format measures the phase; here only binary32 outputs are left to do it.
  std::erase_if(s.candidate.tensors, [](const auto& entry) { return entry.first != "f32/q_out"; });
  for (std::size_t i = 0; i < 8; ++i)
    s.set("f32/q_out", i, std::numeric_limits<double>::quiet_NaN());
  for (const ContextLength& l : context_lengths(s.judge("hf_f32").phases)) {
    EXPECT_FALSE(l.length.has_value());
    EXPECT_EQ(l.exceeded_at.value_or(-1), 0);
  }
}

std::vector<PhaseSample> ramp(std::initializer_list<double> positions, double from, double excess,
                              double noise, std::uint8_t axes = 1) {
  std::vector<PhaseSample> out;
  for (const double p : positions) {
    for (std::uint8_t a = 0; a < axes; ++a) out.push_back({p, p >= from ? excess : 0, noise, a});
  }
  return out;
}

TEST(Judge, ContextLengthsAreWhatTheSamplesAllow) {
  const double quiet = 0x1p-30;
  const auto bf16 = [](const std::vector<PhaseSample>& samples) {
    return context_lengths(samples).back();
  };
  // Every integer on both axes: all.
  auto l = bf16(ramp({0, 1, 2, 3}, 99, 0, quiet, 2));
  EXPECT_EQ(l.length, 3.0);
  EXPECT_TRUE(l.all);
  EXPECT_FALSE(l.exceeded_at.has_value());
  // A gap, a fraction in between, one axis short: sampled, all, sampled.
  EXPECT_FALSE(bf16(ramp({0, 1, 3}, 99, 0, quiet)).all);
  EXPECT_TRUE(bf16(ramp({0, 0.5, 1, 2}, 99, 0, quiet)).all);
  auto lame = ramp({0, 1, 2}, 99, 0, quiet, 2);
  lame.pop_back();
  EXPECT_FALSE(bf16(lame).all);
  // Just above the limit ends it, just below does not.
  l = bf16(ramp({0, 1, 2, 3}, 2, 0x1.001p-9, quiet));
  EXPECT_EQ(l.length, 1.0);
  EXPECT_EQ(l.exceeded_at, 2.0);
  EXPECT_EQ(bf16(ramp({0, 1, 2, 3}, 2, 0x1.fffp-10, quiet)).length, 3.0);
  // The smallest tested position already exceeds.
  l = bf16(ramp({5, 6}, 0, 1, quiet));
  EXPECT_FALSE(l.length.has_value());
  EXPECT_EQ(l.exceeded_at, 5.0);
  // Noise above the limit: no length, only where it certainly ended.
  l = bf16(ramp({0, 1, 2}, 2, 1, 0x1p-8));
  EXPECT_FALSE(l.measurable);
  EXPECT_FALSE(l.length.has_value());
  EXPECT_EQ(l.exceeded_at, 2.0);
  EXPECT_TRUE(l.tested);
  // Nothing tested is not the same as wrong from the start.
  for (const ContextLength& none : context_lengths({})) {
    EXPECT_FALSE(none.tested);
    EXPECT_FALSE(none.measurable);
    EXPECT_FALSE(none.length.has_value());
    EXPECT_FALSE(none.exceeded_at.has_value());
  }
}

// The definition, position by position.
ContextLength spelled_out(const std::vector<PhaseSample>& samples, const Grade& grade) {
  ContextLength out{grade, true, {}, {}, true, 0};
  std::map<double, std::set<int>> tested;
  std::set<int> axes;
  double end = std::numeric_limits<double>::infinity();
  for (const PhaseSample& s : samples) {
    axes.insert(s.axis);
    out.resolution = std::max(out.resolution, s.noise);
    for (std::uint32_t i = 0; i <= s.further; ++i) {
      tested[s.position + i].insert(s.axis);
      if (s.excess > grade.limit) end = std::min(end, s.position + i);
    }
  }
  if (std::isfinite(end)) out.exceeded_at = end;
  out.measurable = out.resolution <= grade.limit;
  for (const auto& [position, on] : tested)
    if (out.measurable && position < end) out.length = position;
  if (!out.length) out.all = false;
  for (double p = 0; p <= out.length.value_or(-1); ++p) out.all = out.all && tested[p] == axes;
  return out;
}

TEST(Judge, SamplesOfManyPositionsAreThosePositions) {
  int all = 0, ended = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return random() % n; };
    std::vector<PhaseSample> samples;
    const unsigned axes = 1 + below(3), dense = below(2);
    for (std::uint8_t axis = 0; axis < axes; ++axis)
      for (double at = dense ? 0 : below(3); at < 30;) {
        const double excess = below(12) == 0 ? std::ldexp(1.0, -static_cast<int>(below(30))) : 0;
        samples.push_back({at, excess, below(9) == 0 ? 0x1p-10 : 0x1p-30, axis,
                           static_cast<std::uint32_t>(below(5))});
        at = samples.back().last() + (dense && below(20) != 0 ? 1 : 0.5 * below(4));
      }
    std::shuffle(samples.begin(), samples.end(), random);
    const std::vector<ContextLength> found = context_lengths(samples);
    for (std::size_t i = 0; i < std::size(kGrades); ++i) {
      const ContextLength expected = spelled_out(samples, kGrades[i]);
      EXPECT_EQ(found[i].measurable, expected.measurable) << "seed " << seed;
      EXPECT_EQ(found[i].length, expected.length) << "seed " << seed;
      EXPECT_EQ(found[i].exceeded_at, expected.exceeded_at) << "seed " << seed;
      EXPECT_EQ(found[i].all, expected.all) << "seed " << seed;
      EXPECT_EQ(found[i].resolution, expected.resolution) << "seed " << seed;
      all += expected.all && expected.length > 20 ? 1 : 0;
      ended += expected.exceeded_at && expected.length ? 1 : 0;
    }
  }
  EXPECT_GT(all, 400);
  EXPECT_GT(ended, 400);
}

}  // namespace
}  // namespace plumbline::test
