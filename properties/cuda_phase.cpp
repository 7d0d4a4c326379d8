// SPDX-License-Identifier: Apache-2.0
// The phase that CUDA kernels form for themselves: the frequencies in turns against enclosures, the
// reduction against wider integers, cos and sin against the C library, and the whole against
// enclosures and the goldens.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "properties/cuda/call.h"
#include "properties/cuda/golden_run.h"
#include "properties/cuda/phase_check.h"
#include "properties/properties.h"

namespace plumbline::test {
namespace {

constexpr double kFactors[] = {1.0, 1.1386294361119891, 0.7071067811865476};

std::uint64_t scaled(std::uint64_t count) {
  const char* scale = std::getenv("PLUMBLINE_TEST_SCALE");
  return count * (scale == nullptr ? 1 : std::strtoull(scale, nullptr, 10));
}

TEST(CudaPhase, TheReductionIsExactAtEveryDistance) {
  Draw draw(20261122);
  constexpr std::uint64_t kEnds[] = {0, 1, INT32_MAX, 1ULL << 31, UINT32_MAX, 1ULL << 63};
  for (std::uint64_t i = 0; i < scaled(200000); ++i) {
    const cuda::Turn turn = draw_turn(draw);
    for (const std::uint64_t distance :
         {kEnds[i % std::size(kEnds)], static_cast<std::uint64_t>(std::abs(draw_position(draw))),
          draw.bits() >> draw.number(0, 63)}) {
      ASSERT_EQ(reduction_fault(distance, turn), "")
          << "distance " << distance << " turn " << turn.high << " " << turn.middle << " "
          << turn.low;
    }
  }
}

TEST(CudaPhase, CosAndSinKeepTheirBound) {
  Draw draw(20261122);
  Worst worst, turned;
  for (std::uint64_t i = 0; i < scaled(300000); ++i) {
    const Units phase = draw_phase(draw);
    const cuda::Turn turn = draw_turn(draw);
    const std::int64_t position = draw_position(draw);
    for (const double factor : kFactors) {
      compare_cos_sin<cuda::Machine>(phase, factor, worst);
      compare_turned<cuda::Machine>(position, turn, factor, turned);
    }
  }
  // The seams of the quarters, and of the units in which their rests are counted.
  for (unsigned eighth = 0; eighth < 8; ++eighth) {
    for (const int unit : {0, 32, 62}) {
      for (unsigned off = 0; off < 4096; ++off) {
        const Units seam = (Units{eighth} << 93) + (Units{unit == 62} << unit);
        const Units step = Units{off} << (unit == 62 ? 31 : unit);
        compare_cos_sin<cuda::Machine>((seam + step) % kWholeTurn, 1, worst);
        compare_cos_sin<cuda::Machine>((seam - step) % kWholeTurn, 1, worst);
      }
    }
  }
  std::cout << "worst of the sample: " << worst.text() << "; of positions: " << turned.text()
            << "\n";
  EXPECT_LE(worst.ulp, cuda::kPositionsRecipe.trig_ulp);
  EXPECT_LE(turned.ulp, cuda::kPositionsRecipe.trig_ulp);
}

// Every binary32 value of the angle's leading part in its upper four binades, where the polynomials
// contribute most, with the least, no and the greatest rest; `PLUMBLINE_EXHAUSTIVE` in the
// environment, else one value in 1009.
TEST(CudaPhase, CosAndSinKeepTheirBoundAtEveryLeadingPart) {
  const std::uint32_t step = std::getenv("PLUMBLINE_EXHAUSTIVE") == nullptr ? 1009 : 1;
  Worst worst;
  std::uint64_t count = 0;
  for (int exponent = 57; exponent <= 60; ++exponent) {
    const std::uint64_t ulp = std::uint64_t{1} << (exponent - 23);
    for (std::uint32_t i = 0; i < 1U << 23; i += step) {
      const std::uint64_t high = (std::uint64_t{1} << exponent) + i * ulp;
      for (const std::uint64_t phase : {high - ulp / 2 + 1, high, high + ulp / 2 - 1}) {
        compare_cos_sin<cuda::Machine>(Units{phase} << 32, 1, worst);
        ++count;
      }
    }
  }
  std::cout << "worst of " << count << " angles: " << worst.text() << "\n";
  EXPECT_LE(worst.ulp, cuda::kPositionsRecipe.trig_ulp);
}

// Units of 2^-96 turn between `turn` and inv_freq / (2 pi), the shorter way round.
double off(const cuda::Turn& turn, const Interval& inv_freq) {
  const Interval units = ldexp(inv_freq / (2 * pi()), 96);
  const Integer words = (Integer(turn.high) << 64) + (Integer(turn.middle) << 32) + turn.low;
  const Integer whole = floor(ldexp(units, -96));
  const Interval difference =
      abs(units - enclose(Rational(Integer(whole << 96))) - enclose(Rational(words)));
  const auto upper_end = upper(difference).convert_to<double>();
  return std::min(upper_end, std::abs(0x1p96 - upper_end));
}

TEST(CudaPhase, TurnsAreTheFrequenciesOfEveryPreset) {
  const WorkingPrecision scope(320);
  for (const Model& m : models()) {
    Case c = case_from_json(Json{{"id", m.name}, {"model", m.name}, {"sequence", "t4 v1x2x3 t2"}});
    const FrequencyAllocation map = allocation(c);
    const fast::RotaryCase rotary = rotary_case(c, map, positions(c).axes);
    const std::vector<cuda::Turn> turns = cuda::make_turns(rotary);
    ASSERT_EQ(turns.size(), map.of.size());
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const Assignment& a = map.of[i];
      if (a.axis == Axis::none) {
        EXPECT_EQ(turns[i].low | turns[i].middle | turns[i].high, 0U);
        continue;
      }
      EXPECT_EQ(turns[i].axis, static_cast<std::uint32_t>(a.axis));
      const ResolvedSpectrum spectrum(c.spectrum, map.ladder(a.axis));
      EXPECT_LE(off(turns[i], spectrum.inv_freq(a.rung)), 1.0) << m.name << " pair " << i;
    }
  }
}

// One rung of a spectrum; its reals stand for their shortest decimals.
struct Rung {
  double base;
  int dim, rung;
  double factor = 1;
  bool turns = false;
};

struct TurnedRung {
  cuda::Turn turn;
  Interval inv_freq;
  std::optional<Rational> turns;  // exactly, where it counts them
};

TurnedRung turned_rung(const Rung& row) {
  fast::RotaryCase c;
  fast::Spectrum& quick = c.spectra.emplace_back();
  quick.scaling = fast::Scaling::linear;
  quick.factor = row.factor;
  quick.base = row.base;
  quick.rotary_dim = row.dim;
  quick.turns = row.turns;
  c.head_dim = c.rotary_dim = 2;
  c.num_heads = c.num_key_value_heads = 1;
  c.axis_map = {0};
  c.rung = {row.rung};
  FrequencySpectrum spectrum;
  spectrum.rope_theta = parse_rational(fmt::format("{}", row.base));
  spectrum.rotary_dim = row.dim;
  spectrum.scaling = Linear{parse_rational(fmt::format("{}", row.factor))};
  Ladder ladder;
  ladder.turns = row.turns;
  const ResolvedSpectrum slow(spectrum, ladder);
  return {cuda::make_turns(c).at(0), slow.inv_freq(row.rung), slow.exact_turns(row.rung)};
}

std::string name_of(const Rung& row, std::int64_t position) {
  return fmt::format("base {} rotary_dim {} rung {} factor {}{} position {}", row.base, row.dim,
                     row.rung, row.factor, row.turns ? " turns" : "", position);
}

constexpr std::int64_t kPositions[] = {
    0,          1,           -1,        7,          355,        -1000,     (1 << 20) + 1,
    1955692181, -1988314411, INT32_MAX, -INT32_MAX, 2147483646, 1LL << 31, -(1LL << 31)};

// From the knobs of a spectrum to cos and sin: frequencies from the largest that there may be to
// the smallest, at the ends of the positions and where one comes close to a zero.
TEST(CudaPhase, PositionsKeepTheRecipesBound) {
  const WorkingPrecision scope(320);
  constexpr Rung kRungs[] = {
      {1e4, 128, 0},          {1e4, 128, 63},       {5e5, 128, 32},         {0x1p41, 128, 1},
      {0x1p41, 128, 63},      {0x1p60, 128, 40},    {0x1p60, 128, 63},      {0x1p60, 4096, 2047},
      {1e4, 128, 5, 0x1p-20}, {1.5, 65536, 23009},  {0x1p60, 4, 1, 0x1p20}, {0x1p60, 256, 127, 64},
      {1e4, 8, 3, 0.5, true}, {1e4, 6, 1, 1, true}, {0x1p60, 6, 2, 1, true}};
  double worst = 0;
  std::string at;
  for (const Rung& row : kRungs) {
    const TurnedRung one = turned_rung(row);
    EXPECT_LE(off(one.turn, one.inv_freq), 1.0) << name_of(row, 0);
    for (const std::int64_t position : kPositions) {
      const Interval phi = times(one.inv_freq, static_cast<double>(position));
      const Interval exact[] = {cos(phi), sin(phi)};
      for (const double factor : kFactors) {
        const auto high = static_cast<float>(factor);
        const cuda::CosSin got = cuda::cos_sin<cuda::Machine>(position, one.turn, high,
                                                              static_cast<float>(factor - high));
        for (const bool sine : {false, true}) {
          const Interval value = times(exact[sine ? 1 : 0], factor);
          const auto size = median(abs(value)).convert_to<double>();
          const double ulp =
              std::ldexp(1, std::max(-126, size == 0 ? -126 : std::ilogb(size)) - 23);
          const double error =
              std::abs(median(value - Interval(sine ? got.sin : got.cos)).convert_to<double>());
          const double phase =
              cuda::kPhaseQuantum * static_cast<double>(std::abs(position)) * factor;
          const double share = error / (cuda::kPositionsRecipe.trig_ulp * ulp + phase);
          EXPECT_LE(share, 1) << name_of(row, position) << (sine ? " sin " : " cos ") << error / ulp
                              << " ulp";
          if (share > worst) worst = share, at = name_of(row, position);
        }
      }
    }
  }
  std::cout << "worst at " << worst << " of the bound: " << at << "\n";
}

// cos and sin of whole quarter turns are 0, 1 and -1, and nowhere else.
TEST(CudaPhase, QuarterTurnsAreExact) {
  const WorkingPrecision scope(320);
  constexpr float kCos[] = {1, 0, -1, 0}, kSin[] = {0, 1, 0, -1};
  int quarters = 0;
  for (const double base : {100.0, 16.0, 1e4, 0x1p40, 1e18}) {
    for (const int dim : {4, 8, 12}) {
      for (const double factor : {1.0, 3.0, 7.0, 40.0, 1000003.0, 0x1p-17}) {
        for (int rung = 0; rung < dim / 2; ++rung) {
          const Rung row{base, dim, rung, factor, true};
          const TurnedRung one = turned_rung(row);
          for (const std::int64_t position : kPositions) {
            const cuda::CosSin got = cuda::cos_sin<cuda::Machine>(position, one.turn, 1, 0);
            const Rational all = position == 0 ? Rational(0)
                                 : one.turns   ? Rational(*one.turns * position * 4)
                                               : Rational(1, 2);
            if (denominator(all) == 1) {
              const auto q =
                  static_cast<std::size_t>((Integer(numerator(all) % 4 + 4) % 4).convert_to<int>());
              EXPECT_TRUE(got.cos == kCos[q] && got.sin == kSin[q]) << name_of(row, position);
              ++quarters;
            } else {
              EXPECT_TRUE(got.cos != 0 && got.sin != 0) << name_of(row, position);
            }
          }
        }
      }
    }
  }
  std::cout << quarters << " whole quarter turns\n";
  EXPECT_GT(quarters, 500);
}

void on_host(const cuda::Launch& launch, Memory /*all of it is here*/) { run_on_host(launch); }

TEST(CudaPhase, RotationsFromPositionsConformToTheGoldens) {
  int judged = 0, left = 0;
  for (const GoldenCase& g : suite("smoke")) {
    const StoredCase stored = generate(g, 2).stored;
    if (has_dense_planes(stored)) continue;
    const Truth truth(stored);
    const auto positions = whole_positions(truth);
    if (!positions || truth.rows() == 0) {
      ++left;
      continue;
    }
    const StoredCase subject = rotated_on(on_host, stored, truth, positions, 0);
    const CaseResult r = compare(stored, subject, [](const Format&) { return positions_recipe(); });
    for (const ClassResult& one : r.classes) {
      EXPECT_EQ(one.failures, 0U) << stored.id << " " << one.dataset << " token " << one.worst.token
                                  << " lane " << one.worst.lane << " ratio " << one.worst_ratio;
    }
    judged += r.classes.empty() ? 0 : 1;
  }
  std::cout << judged << " cases judged; " << left << " with positions that are not whole\n";
  EXPECT_GT(judged, 10);
}

}  // namespace
}  // namespace plumbline::test
