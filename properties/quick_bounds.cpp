// SPDX-License-Identifier: Apache-2.0
// What the proofs of golden/quick/proof start from and what they claim, against Arb: seeds and
// tables as double-doubles, and the error of what the kernels compute.
#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <random>

#include "golden/oracle/table.h"
#include "golden/quick/consecutive.h"
#include "golden/quick/fixed.h"
#include "golden/quick/lane_rows.h"
#include "golden/quick/scattered.h"
#include "properties/quick_support.h"

namespace plumbline::test {
namespace {

using namespace quick;

// A lane of one binary64: the arithmetic of the kernels, stopped before it is rounded.
struct Plain {
  using Index = std::uint64_t;
  static constexpr int kWidth = 1;
  double x;
  static Plain load(const double* at) { return {*at}; }
  static Plain all(double x) { return {x}; }
  static Plain fma(Plain a, Plain b, Plain c) { return {std::fma(a.x, b.x, c.x)}; }
  static Plain fms(Plain a, Plain b, Plain c) { return {std::fma(a.x, b.x, -c.x)}; }
  static Plain fnma(Plain a, Plain b, Plain c) { return {std::fma(-a.x, b.x, c.x)}; }
  friend Plain operator+(Plain a, Plain b) { return {a.x + b.x}; }
  friend Plain operator-(Plain a, Plain b) { return {a.x - b.x}; }
  friend Plain operator*(Plain a, Plain b) { return {a.x * b.x}; }
};

constexpr std::uint64_t kSeed = 20261122;

struct Place {
  std::size_t row, group, lane;
  double* part(std::span<double> rows, int groups, int which) const {
    return rows.data() + (row * static_cast<std::size_t>(groups) + group) * kTurnGroup +
           static_cast<std::size_t>(which) * kGroup + lane;
  }
};

// The largest distance of a seed from Arb's value, in kSeedError of `scale`.
double worst_seed(ConsecutiveRows& quick, oracle::Table& arb, bool coarse, std::int64_t begin,
                  double scale) {
  const int n = quick.channels(), groups = (n + kGroup - 1) / kGroup;
  const std::span<double> rows = coarse ? quick.coarse() : quick.fine();
  const std::size_t count = rows.size() / static_cast<std::size_t>(groups * kTurnGroup);
  double worst = 0;
  for (std::size_t row = 0; row < count; ++row)
    for (int channel = 0; channel < n; ++channel) {
      const Place at{row, static_cast<std::size_t>(channel / kGroup),
                     static_cast<std::size_t>(channel % kGroup)};
      const auto r = static_cast<std::int64_t>(row);
      for (const int sine : {0, 1}) {
        const double high = *at.part(rows, groups, 2 * sine),
                     low = *at.part(rows, groups, 2 * sine + 1);
        EXPECT_LE(std::abs(low), 0x1p-53 * std::abs(high));
        const std::int64_t half = quick.fine_rows();
        const double distance = arb.distance(
            static_cast<std::size_t>(channel),
            coarse ? 2 * (begin + 2 * half * r + half) - 1 : 2 * r + 1, 2, sine == 1, high, low);
        worst = std::max(worst, distance / (kSeedError * scale));
      }
    }
  return worst;
}

TEST(QuickBounds, SeedsAreWithinTheirBoundAndAPartIn2To95IsNot) {
  const std::vector<SpectrumJob> jobs = spectrum_jobs();
  for (const SpectrumJob& job : jobs) {
    const ResolvedSpectrum spectrum(job.spectrum);
    oracle::Table arb(job.json, spectrum.rungs());
    const double scale = scale_of(spectrum);
    // Few seeds, and of one spectrum more than are made together.
    const bool first = &job == &jobs.front();
    for (const auto& [begin, count] :
         {std::pair<std::int64_t, std::int64_t>{0, first ? 40000 : 1500},
          {kFarthest - 1500, 1500}}) {
      ConsecutiveRows quick(spectrum, begin, begin + count);
      const double coarse = worst_seed(quick, arb, true, begin, scale);
      EXPECT_LE(coarse, 1) << job.name;
      std::cout << job.name << " from " << begin << ": coarse seeds within " << coarse;
      if (begin == 0 && scale == 1) {
        const double fine = worst_seed(quick, arb, false, begin, 1);
        EXPECT_LE(fine, 1) << job.name;
        std::cout << ", fine seeds within " << fine;
      }
      std::cout << " of their bound\n";
      // The largest part of one seed, changed by one part in 2^95 in the low word.
      double* group = quick.coarse().data();
      const int which = std::abs(group[0]) > std::abs(group[2 * kGroup]) ? 0 : 2;
      group[(which + 1) * kGroup] += 0x1p-95 * group[which * kGroup];
      EXPECT_GT(worst_seed(quick, arb, true, begin, scale), 1) << job.name;
    }
  }
}

// Limbs of every size, small ones and whole numbers among them.
Fixed drawn(std::mt19937_64& random) {
  Fixed out;
  for (std::uint64_t& limb : out.limbs)
    limb = random() % 4 == 0 ? random() % 3 - 1 : random() >> random() % 64;
  out.limbs[3] = random() % 3;
  out.negative = random() % 2 == 0;
  return out;
}
Rational value_of(const Fixed& x) {
  Integer digits = 0;
  for (std::size_t i = x.limbs.size(); i-- > 0;) digits = (digits << 64) + x.limbs[i];
  return {x.negative ? Integer(-digits) : digits, Integer(1) << kFixedFraction};
}

TEST(QuickBounds, FixedPointSumsAreExactAndProductsAreCut) {
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const Fixed a = drawn(random), b = i % 50 == 0 ? a : drawn(random);
    const Rational x = value_of(a), y = value_of(b);
    ASSERT_EQ(value_of(a + b), x + y) << "pair " << i << " of seed " << kSeed;
    ASSERT_EQ(value_of(a - b), x - y) << "pair " << i << " of seed " << kSeed;
    const Rational lost = abs(Rational(x * y)) - abs(value_of(a * b));
    ASSERT_TRUE(lost >= 0 && lost < Rational(1, Integer(1) << 190)) << "pair " << i;
    if (x * y != 0 && value_of(a * b) != 0) {
      ASSERT_EQ(value_of(a * b) < 0, x * y < 0) << "pair " << i;
    }
  }
}

TEST(QuickBounds, TheTableOfTurnsIsWithinItsBound) {
  for (const SpectrumJob& job : spectrum_jobs()) {
    const ResolvedSpectrum spectrum(job.spectrum);
    oracle::Table arb(job.json, spectrum.rungs());
    const double allowed = kSeedError * scale_of(spectrum);
    ScatteredRows quick(spectrum, 1);
    ASSERT_EQ(quick.table().size(), 4U * kTable);
    double worst = 0;
    for (int k = 0; k < kTable; ++k)
      for (const int sine : {0, 1}) {
        const double* at = quick.table().data() + 4 * k + 2 * sine;
        worst = std::max(worst, arb.distance_of_turn(k, kTable, sine == 1, at[0], at[1]));
        EXPECT_LE(std::abs(at[1]), 0x1p-53 * std::abs(at[0]));
      }
    EXPECT_LE(worst, allowed) << job.name;
    const double* at = quick.table().data() + 4 * 100;
    EXPECT_GT(arb.distance_of_turn(100, kTable, false, at[0], at[1] + 0x1p-95 * at[0]), allowed);
  }
}

// The largest error seen, as a part of the bound, of what the kernels test for its rounding.
TEST(QuickBounds, ProductsStayWithinTheBound) {
  const int samples = 100 * (std::getenv("PLUMBLINE_EXHAUSTIVE") != nullptr ? 3000 : 20);
  double worst = 0;
  std::uint64_t seen = 0;
  for (const SpectrumJob& job : spectrum_jobs()) {
    const ResolvedSpectrum spectrum(job.spectrum);
    oracle::Table arb(job.json, spectrum.rungs());
    std::mt19937_64 random(kSeed);
    const int groups = (spectrum.rungs() + kGroup - 1) / kGroup;
    const std::int64_t begin = 0;
    ConsecutiveRows quick(spectrum, begin, begin + (1 << 16));
    for (int i = 0; i < samples; ++i) {
      const auto position = static_cast<std::int64_t>(random() >> 48);
      const auto channel = static_cast<int>(random() % static_cast<unsigned>(spectrum.rungs()));
      const auto row = [&](std::span<double> rows, std::int64_t at) {
        return load_turn<Plain>(rows.data() + (at * groups + channel / kGroup) * kTurnGroup,
                                channel % kGroup);
      };
      const std::int64_t half = quick.fine_rows(), at = position % (2 * half);
      const bool back = at < half;
      const Products<Plain> turn(row(quick.coarse(), position / (2 * half)),
                                 row(quick.fine(), back ? half - 1 - at : at - half));
      const Sum<Plain> cos = back ? turn.cos_back() : turn.cos(),
                       sin = back ? turn.sin_back() : turn.sin();
      const auto part = [&](bool sine, const Sum<Plain>& x) {
        return arb.distance(static_cast<std::size_t>(channel), position, 1, sine, x.high.x,
                            x.low.x) /
               quick.bound();
      };
      worst = std::max({worst, part(false, cos), part(true, sin)});
      seen += 2;
    }
  }
  EXPECT_LT(worst, 1);
  EXPECT_GT(worst, 0x1p-8) << "so far below the bound, something else is measured";
  std::cout << "seed " << kSeed << ": " << seen << " products within " << worst
            << " of the bound\n";
}

// The same of the polynomial, which proof/polynomial.g and kCosLost bound.
TEST(QuickBounds, SmallTurnsStayWithinTheirBound) {
  const SpectrumJob job = spectrum_jobs().front();
  oracle::Table arb(job.json, ResolvedSpectrum(job.spectrum).rungs());
  ASSERT_EQ(scale_of(ResolvedSpectrum(job.spectrum)), 1);
  std::mt19937_64 random(kSeed);
  double worst = 0;
  for (int i = 0; i < 4000; ++i) {
    // A dyadic turn, so that Arb knows it exactly; both ends of the interval among them.
    const std::int64_t near =
        i == 0 ? std::int64_t{1} << 50
        : i == 1
            ? -(std::int64_t{1} << 50)
            : static_cast<std::int64_t>(random() >> (14 + random() % 40)) - (std::int64_t{1} << 49);
    const double r = std::ldexp(static_cast<double>(near), -61);
    const Turn<Plain> turn = small_turn(Sum<Plain>{{r}, {0}});
    constexpr std::int64_t kTurn = std::int64_t{1} << 61;
    worst =
        std::max({worst, arb.distance_of_turn(near, kTurn, false, turn.cos_high.x, turn.cos_low.x),
                  arb.distance_of_turn(near, kTurn, true, turn.sin_high.x, turn.sin_low.x)});
  }
  EXPECT_LT(worst, kSeedError);
  EXPECT_GT(worst, 0x1p-8 * kSeedError);
  std::cout << "small turns within " << worst / kSeedError << " of their bound\n";
}

// Binary64 to the narrower formats, once, against the reference's exact rounding.
TEST(QuickBounds, NarrowRoundsOnce) {
  std::mt19937_64 random(kSeed);
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const Format& format = format_of_float(dtype);
    for (int i = 0; i < 60000; ++i) {
      // Any exponent down to far below the subnormals, and often a tie or its neighbour.
      double x = std::ldexp(1.0 + static_cast<double>(random() >> 12) * 0x1p-52,
                            -static_cast<int>(random() % (dtype == Dtype::f16 ? 40 : 170)));
      if (i % 2 == 0) {
        auto bits = std::bit_cast<std::uint64_t>(x);
        bits &= ~((std::uint64_t{1} << (random() % 53)) - 1);
        x = std::bit_cast<double>(bits + (random() % 3) - 1);
      }
      if (i % 3 == 0) x = -x;
      if (x == 0) continue;
      ASSERT_EQ(narrow(x, dtype), round_to(from_double(x), format)) << format.name << ' ' << x;
    }
    EXPECT_EQ(narrow(0.0, dtype), 0U);
    EXPECT_EQ(narrow(0x1p1000, dtype), infinity_bits(format));
  }
}

TEST(QuickBounds, AnotherRoundingModeIsRefused) {
  EXPECT_NO_THROW(require_nearest());
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    ASSERT_EQ(std::fesetround(mode), 0);
    EXPECT_THROW(require_nearest(), std::logic_error) << mode;
    std::fesetround(FE_TONEAREST);
  }
}

}  // namespace
}  // namespace plumbline::test
