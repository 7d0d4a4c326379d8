// SPDX-License-Identifier: Apache-2.0
// The phase that CUDA kernels form for themselves: the frequencies in turns against enclosures, the
// reduction digit by digit, cos and sin against the C library, and the whole against the goldens.
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
  const std::int64_t edges[] = {0, 1, -1, INT32_MAX, INT32_MIN, 1LL << 31, INT64_MAX, INT64_MIN};
  for (std::uint64_t i = 0; i < scaled(200000); ++i) {
    const std::uint64_t a = draw.bits(), b = draw.bits();
    const cuda::Turn turn{static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32),
                          static_cast<std::uint32_t>(b), 0};
    const std::int64_t position =
        i % 4 == 0 ? edges[i / 4 % std::size(edges)]
                   : static_cast<std::int64_t>(draw.bits()) >> draw.number(0, 62);
    ASSERT_LE(phase_off(position, turn), 1) << "position " << position << " turn " << a << " " << b;
  }
}

TEST(CudaPhase, CosAndSinKeepTheirBound) {
  Draw draw(20261122);
  Worst worst;
  for (std::uint64_t i = 0; i < scaled(300000); ++i) {
    const std::uint64_t phase = draw.bits() >> draw.number(0, 62);
    for (const double factor : kFactors)
      compare_cos_sin<cuda::Machine>((draw.bits() & 3U) << 62 | phase, factor, worst);
  }
  // The seams of the quarters and their neighbours.
  for (std::uint64_t eighth = 0; eighth < 8; ++eighth) {
    for (std::uint64_t off = 0; off < 4096; ++off) {
      compare_cos_sin<cuda::Machine>((eighth << 61) + off, 1, worst);
      compare_cos_sin<cuda::Machine>((eighth << 61) - off, 1, worst);
    }
  }
  std::cout << "worst of the sample: " << worst.ulp << " ulp at phase " << worst.phase << "\n";
  EXPECT_LE(worst.ulp, cuda::kPositionsRecipe.trig_ulp);
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
        compare_cos_sin<cuda::Machine>(phase, 1, worst);
        ++count;
      }
    }
  }
  std::cout << "worst of " << count << " angles: " << worst.ulp << " ulp at phase " << worst.phase
            << "\n";
  EXPECT_LE(worst.ulp, cuda::kPositionsRecipe.trig_ulp);
}

// Units of 2^-96 turn between `turn` and inv_freq / (2 pi), the shorter way round.
double off(const cuda::Turn& turn, const Interval& inv_freq) {
  const Interval units = ldexp(inv_freq / (2 * pi()), 96);
  Integer words = (Integer(turn.high) << 64) + (Integer(turn.middle) << 32) + turn.low;
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
