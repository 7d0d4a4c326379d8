// SPDX-License-Identifier: Apache-2.0
// Rotated pairs whose exact value lies closer to the middle between two binary32 numbers than the
// filter's bound: it must leave them to the reference, and no others.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iostream>
#include <vector>

#include "golden/quick/consecutive.h"
#include "golden/quick/rotation.h"
#include "properties/quick_support.h"

namespace plumbline::test {
namespace {

using namespace quick;

// What golden/quick/rotation.cpp claims of the formats below binary64, of |x| + |y|.
constexpr double kClaimed = 0x1p-49;

struct Hard {
  float x, y;
  double distance;  // of x c - y s from the nearest midpoint, of |x| + |y|
};

// Pairs with 1/2 <= |x c - y s| < 1 for a turn by one radian. Neighbouring y move the value by
// s 2^-23, which is no multiple of the spacing of the results, so that its place between two of
// them is spread evenly. Only binary32 has so many pairs: the narrower formats have none so close.
std::vector<Hard> near_midpoints(double c, double s, double farthest) {
  constexpr double kRound = 0x1.8p52;
  std::vector<Hard> out;
  for (int column = 0; column < 16; ++column) {
    const double x = 1 + column * 0x1p-9 + 0x1p-23;
    for (int i = 3 << 20; i < 6 << 20; ++i) {
      const double y = 1 + i * 0x1p-23, value = std::abs(std::fma(x, c, -(y * s)));
      // Midpoints of [1/2, 1) are the odd multiples of 2^-25.
      const double place = (value * 0x1p25 - 1) / 2;
      const double away = std::abs(place - ((place + kRound) - kRound)) * 0x1p-24;
      if (away <= farthest * (x + y) && value >= 0.5 && value < 1)
        out.push_back({static_cast<float>(x), static_cast<float>(y), away / (x + y)});
    }
  }
  return out;
}

TEST(QuickHardCases, WhatIsNearAMidpointIsLeftToTheReference) {
  // A spectrum without scaling: its first channel turns by one radian a position.
  const std::vector<SpectrumJob> jobs = spectrum_jobs();
  const auto job = std::find_if(jobs.begin(), jobs.end(), [](const SpectrumJob& j) {
    return ResolvedSpectrum(j.spectrum).exact_inv_freq(0) == Rational(1) &&
           ResolvedSpectrum(j.spectrum).exact_attention_factor() == Rational(1);
  });
  ASSERT_NE(job, jobs.end());
  const ResolvedSpectrum spectrum(job->spectrum);
  const Rotation rotation(spectrum);
  const int n = spectrum.rungs(), groups = (n + kGroup - 1) / kGroup;
  std::vector<double> turns(static_cast<std::size_t>(groups) * kTurnGroup);
  ConsecutiveRows(spectrum, 1, 2).turns(1, 2, turns.data());
  const double c = turns[0], s = turns[2 * kGroup];
  // Two numbers within an ulp, 2^-53, of the cosine.
  ASSERT_NEAR(c, std::cos(1.0), 0x1p-52) << "the first channel of " << job->name;

  const auto rotated = [&](const Hard& pair, const Kernels& kernels, std::uint32_t(&out)[2]) {
    // Every other pair is (1, 0), which is near no midpoint.
    std::vector<float> lanes(static_cast<std::size_t>(2 * n));
    std::fill(lanes.begin(), lanes.begin() + n, 1.0F);
    lanes[0] = pair.x;
    lanes[static_cast<std::size_t>(n)] = pair.y;
    const Count count = rotation.rotate(
        turns.data(), [](int) { return Rational(1); },
        {Dtype::f32, lanes.data(), lanes.data(), 1, 2 * n, 2 * n, Pairing::neox}, false, kernels);
    std::memcpy(&out[0], &lanes[0], sizeof out[0]);
    std::memcpy(&out[1], &lanes[static_cast<std::size_t>(n)], sizeof out[1]);
    return count.decided;
  };
  const std::vector<Hard> hits = near_midpoints(c, s, 8 * kClaimed);
  for (const Kernels* kernels : quick::kernels()) {
    if (!kernels->supported()) continue;
    std::uint32_t got[2];
    const std::uint64_t others = rotated({1, 0, 0}, *kernels, got);
    int inside = 0, outside = 0;
    for (const Hard& hit : hits) {
      const std::uint64_t decided = rotated(hit, *kernels, got) - others;
      const TurnedPair expected = turn(
          std::bit_cast<std::uint32_t>(hit.x), std::bit_cast<std::uint32_t>(hit.y),
          [&] { return cos_sin(Interval(1), spectrum.inv_freq(0), spectrum.attention_factor()); },
          std::nullopt, false, binary32, "test");
      EXPECT_EQ(got[0], expected.x) << hit.x << ' ' << hit.y;
      EXPECT_EQ(got[1], expected.y) << hit.x << ' ' << hit.y;
      if (hit.distance <= kClaimed / 2) {
        ++inside;
        EXPECT_GE(decided, 1U) << std::hexfloat << hit.x << ' ' << hit.y << " is " << hit.distance
                               << " from a midpoint, and was not left to the reference";
      } else if (hit.distance >= 2 * kClaimed) {
        ++outside;
        EXPECT_EQ(decided, 0U) << std::hexfloat << hit.x << ' ' << hit.y << " is " << hit.distance
                               << " from a midpoint, and was left to the reference";
      }
    }
    std::cout << kernels->name << ": " << inside << " pairs within half of the bound, " << outside
              << " beyond twice the bound\n";
    EXPECT_GE(inside, 2);
    EXPECT_GE(outside, 10);
  }
}

}  // namespace
}  // namespace plumbline::test
