// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>

#include "fast/spectrum.h"
#include "reference/frequency_spectrum.h"

// The error that fast.h states of the exact phase, against enclosures of the reference at 320 bits.
namespace plumbline::test {
namespace {

constexpr std::uint64_t kSeed = 20261122;
constexpr double kFrequency = 0x1p-116;  // relative, times max(1, factor, 1 / log_freq_scale)

struct Spectra {
  fast::Spectrum quick;
  FrequencySpectrum slow;
  Ladder ladder;
};

Spectra linear(double factor, double base, int dim) {
  Spectra s;
  s.quick.scaling = fast::Scaling::linear;
  s.quick.factor = factor;
  s.quick.base = base;
  s.quick.rotary_dim = s.slow.rotary_dim = dim;
  s.slow.rope_theta = from_double(base);
  s.slow.scaling = Linear{from_double(factor)};
  return s;
}

fast::RotaryCase one_pair(const fast::Spectrum& spectrum, int rung) {
  fast::RotaryCase c;
  c.spectra = {spectrum};
  c.head_dim = c.rotary_dim = 2;
  c.num_heads = c.num_key_value_heads = 1;
  c.axis_map = {0};
  c.rung = {rung};
  return c;
}

double off(const Interval& value, double got) {
  return std::abs(static_cast<double>(median(value - Interval(got))));
}

// Positions where cos or sin comes closest to a zero, so that the frequency's own error shows.
TEST(FastAccuracy, BesideAZero) {
  const WorkingPrecision precision(320);
  struct Row {
    double factor, base;
    int dim, rung;
    double position;
  };
  constexpr Row kRows[] = {{0x1p-20, 1e4, 128, 5, 1988314411},
                           {1, 1.5, 65536, 23009, 1955692181},
                           {1, 1e4, 128, 0, 355},
                           {1, 1e4, 128, 63, 2147483648.0}};
  for (const Row& row : kRows) {
    const Spectra s = linear(row.factor, row.base, row.dim);
    const auto plan = fast::make_plan(one_pair(s.quick, row.rung), std::span(&row.position, 1), 1,
                                      fast::Phase::exact, fast::Storage::f64);
    const Interval phi = ResolvedSpectrum(s.slow).inv_freq(row.rung) * Interval(row.position);
    const double angle = static_cast<double>(median(phi));
    for (const bool sine : {false, true}) {
      const Interval value = sine ? sin(phi) : cos(phi);
      const double got = plan.cos_sin_cache_f64[sine ? 1 : 0];
      const double ulp = std::ldexp(1, std::ilogb(static_cast<double>(median(value))) - 52);
      const double error = off(value, got);
      EXPECT_LE(error, 1.1 * ulp + kFrequency * angle)
          << "factor " << row.factor << " base " << row.base << " rotary_dim " << row.dim
          << " rung " << row.rung << (sine ? " sin " : " cos ") << got << " off by " << error / ulp
          << " ulp";
      std::cout << "off by 2^" << std::log2(error) << ", " << error / ulp << " ulp\n";
    }
  }
}

Spectra draw(std::mt19937_64& random, int scaling) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  // A quarter at a time, so that the decimal is the double.
  const auto some = [&](int most) { return 1 + below(4 * most) / 4.0; };
  constexpr int kDims[] = {4, 6, 64, 128, 256, 1024, 4096};
  constexpr double kBases[] = {1.5, 100, 10000, 500000, 5e6, 1e9};
  const double factor = below(4) == 0 ? 1048576 : some(64);
  Spectra s = linear(factor, kBases[below(6)], kDims[below(7)]);
  const int original = 1024 << below(8), longer = original + below(1 << 20);
  const Rational exact = from_double(factor);
  s.quick.scaling = static_cast<fast::Scaling>(scaling);
  s.quick.max_position_embeddings = original;
  s.quick.original_max_position_embeddings = original;
  switch (s.quick.scaling) {
    case fast::Scaling::default_:
      s.slow.scaling = Unscaled{};
      break;
    case fast::Scaling::ntk_aware_static:
      s.quick.alpha = factor;
      s.slow.scaling = NtkAware{exact};
      break;
    case fast::Scaling::ntk_fixed_su:
      if (below(2) == 0) s.quick.mixed_b = 0.625;
      s.slow.scaling =
          NtkFixed{exact, s.quick.mixed_b ? std::optional(Rational(5, 8)) : std::nullopt};
      break;
    case fast::Scaling::dynamic:
      s.quick.seq_len = longer;
      s.slow.scaling = DynamicNtk{exact, longer, original};
      break;
    case fast::Scaling::yarn: {
      s.quick.truncate = below(2) == 0;
      Yarn yarn;
      yarn.factor = exact;
      yarn.original_max_position_embeddings = original;
      yarn.truncate = s.quick.truncate;
      s.slow.scaling = yarn;
      break;
    }
    case fast::Scaling::llama3:
      s.slow.scaling = Llama3{exact, 1, 4, original};
      break;
    default:
      break;
  }
  constexpr double kScales[] = {1, 1, 2, 0.5, 0.125};
  s.quick.log_freq_scale = kScales[below(5)];
  s.ladder.exponent = 1 / from_double(s.quick.log_freq_scale);
  s.quick.turns = s.ladder.turns = below(3) == 0;
  return s;
}

TEST(FastAccuracy, Frequencies) {
  const WorkingPrecision precision(320);
  std::mt19937_64 random(kSeed);
  using fast::Scaling;
  double worst = 0;
  int compared = 0;
  for (const Scaling scaling :
       {Scaling::default_, Scaling::linear, Scaling::ntk_aware_static, Scaling::ntk_fixed_su,
        Scaling::dynamic, Scaling::yarn, Scaling::llama3})
    for (int n = 0; n < 20; ++n) {
      const Spectra s = draw(random, static_cast<int>(scaling));
      const fast::Ladder quick = fast::ladder(s.quick);
      const ResolvedSpectrum slow(s.slow, s.ladder);
      ASSERT_EQ(quick.inv_freq.size(), static_cast<std::size_t>(slow.rungs()));
      for (int probe = 0; probe < 24; ++probe) {
        const int rung =
            probe == 0 ? slow.rungs() - 1 : static_cast<int>(random() % quick.inv_freq.size());
        const fast::Wide& got = quick.inv_freq[static_cast<std::size_t>(rung)];
        const auto high = static_cast<double>(got.high);
        if (high == 0) continue;
        const fast::Wide rest = got - fast::Wide(high);
        const auto middle = static_cast<double>(rest.high);
        const Interval value = slow.inv_freq(rung);
        const Interval error = ((value - Interval(high)) - Interval(middle)) -
                               Interval(static_cast<double>((rest - fast::Wide(middle)).high));
        const double bound =
            kFrequency * std::max({1.0, s.quick.factor.value_or(1), 1 / s.quick.log_freq_scale});
        const double relative = std::abs(static_cast<double>(median(error)) / high);
        ASSERT_LE(relative, bound)
            << "scaling " << static_cast<int>(scaling) << " seed " << kSeed << " draw " << n
            << " base " << s.quick.base << " rotary_dim " << s.quick.rotary_dim << " factor "
            << s.quick.factor.value_or(1) << " log_freq_scale " << s.quick.log_freq_scale
            << " rung " << rung;
        worst = std::max(worst, relative / bound);
        ++compared;
      }
    }
  std::cout << compared << " frequencies, the worst at " << worst << " of the bound\n";
}

// cos and sin of whole quarter turns are 0, 1 and -1 and nothing beside them.
TEST(FastAccuracy, QuarterTurns) {
  constexpr double kCos[] = {1, 0, -1, 0}, kSin[] = {0, 1, 0, -1};
  constexpr double kPositions[] = {0,    1,   2,    5,          -5,          7.5,          10,
                                   0.25, -64, 65.5, 2147483648, -2147483645, 1000000000.25};
  int quarters = 0;
  for (const double base : {100.0, 16.0, 10000.0})
    for (const int dim : {4, 8})
      for (const double factor : {1.0, 3.0, 0.1}) {
        Spectra s = linear(factor, base, dim);
        s.slow.scaling = Linear{factor == 0.1 ? Rational(1, 10) : from_double(factor)};
        s.quick.turns = s.ladder.turns = true;
        const ResolvedSpectrum slow(s.slow, s.ladder);
        for (int rung = 0; rung < dim / 2; ++rung)
          for (const double p : kPositions) {
            const auto turns = slow.exact_turns(rung);
            const Rational all = p == 0  ? Rational(0)
                                 : turns ? *turns * from_double(p) * 4
                                         : Rational(1, 2);
            const auto c = one_pair(s.quick, rung);
            const auto at = std::span(&p, 1);
            const auto wide =
                fast::make_plan(c, at, 1, fast::Phase::exact, fast::Storage::f64).cos_sin_cache_f64;
            std::vector<std::vector<float>> rows{
                fast::make_plan(c, at, 1, fast::Phase::exact, fast::Storage::f32).cos_sin_cache};
            if (p == std::trunc(p)) {
              const auto whole = static_cast<std::int64_t>(p);
              for (const bool table : {false, true})
                rows.push_back(fast::RotaryEmbedding(
                                   c, {.ready_positions = 128, .table = table, .kernel = nullptr})
                                   .cos_sin(std::span(&whole, 1), 1));
            }
            for (const auto& row : rows) {
              const std::string where = "base " + std::to_string(base) + " rotary_dim " +
                                        std::to_string(dim) + " factor " + std::to_string(factor) +
                                        " rung " + std::to_string(rung) + " position " +
                                        std::to_string(p);
              if (denominator(all) == 1) {
                const auto q = static_cast<std::size_t>(
                    (Integer(numerator(all) % 4 + 4) % 4).convert_to<int>());
                EXPECT_TRUE(row[0] == kCos[q] && row[1] == kSin[q]) << where;
                EXPECT_TRUE(wide[0] == kCos[q] && wide[1] == kSin[q]) << where;
                ++quarters;
              } else {
                EXPECT_TRUE(row[0] != 0 && row[1] != 0 && wide[0] != 0 && wide[1] != 0) << where;
              }
            }
          }
      }
  EXPECT_GT(quarters, 100);
  std::cout << quarters << " rows at whole quarter turns\n";
}

}  // namespace
}  // namespace plumbline::test
