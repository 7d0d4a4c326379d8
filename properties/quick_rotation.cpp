// SPDX-License-Identifier: Apache-2.0
// Certified rotated pairs against the enclosures of reference/ and against Arb: four formats, both
// pairings, both directions, special lanes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <iostream>
#include <random>

#include "golden/quick/consecutive.h"
#include "golden/quick/rotation.h"
#include "golden/quick/scattered.h"
#include "properties/quick_support.h"

namespace plumbline::test {
namespace {

using namespace quick;

constexpr std::uint64_t kSeed = 20261122;

std::uint64_t load(const std::vector<std::byte>& from, std::size_t index, Dtype dtype) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from.data() + index * info(dtype).bytes, info(dtype).bytes);
  return bits;
}

// Encodings of every kind: ordinary sizes, any bits at all (NaN, infinities, subnormals among
// them), zeros of both signs.
std::uint64_t draw(std::mt19937_64& random, Dtype dtype, bool special) {
  const Format& f = format_of_float(dtype);
  const std::uint64_t all = sign_bit(f) | (sign_bit(f) - 1);
  if (special && random() % 2 == 0)
    return random() % 3 == 0 ? random() % 2 * sign_bit(f) : random() & all;
  const double value = (static_cast<double>(random() >> 11) * 0x1p-52 - 1) * 4;
  return round_to(from_double(value), f);
}

struct Setting {
  const SpectrumJob* job;
  std::int64_t position;
  Dtype dtype;
  Pairing pairing;
  bool adjoint, special, in_place;
};

std::ostream& operator<<(std::ostream& os, const Setting& s) {
  return os << s.job->name << ", position " << s.position << ", " << info(s.dtype).format << ", "
            << (s.pairing == Pairing::neox ? "neox" : "gptj") << (s.adjoint ? ", adjoint" : "")
            << (s.special ? ", special lanes" : "") << (s.in_place ? ", in place" : "");
}

Count check(const Setting& s, const Kernels& kernels, std::mt19937_64& random, oracle::Table& arb,
            std::uint64_t& by_arb) {
  const ResolvedSpectrum spectrum(s.job->spectrum);
  const int n = spectrum.rungs();
  constexpr int kHeads = 3;
  const int stride = 2 * n + 5, groups = (n + kGroup - 1) / kGroup;
  const std::size_t bytes = info(s.dtype).bytes;
  std::vector<std::byte> in(static_cast<std::size_t>(kHeads * stride) * bytes);
  for (std::size_t i = 0; i < in.size() / bytes; ++i) {
    const std::uint64_t bits = draw(random, s.dtype, s.special);
    std::memcpy(in.data() + i * bytes, &bits, bytes);
  }
  std::vector<std::byte> out = s.in_place ? in : std::vector<std::byte>(in.size(), std::byte{0x5a});
  const std::vector<std::byte> before = out;
  std::vector<double> turns(static_cast<std::size_t>(groups) * kTurnGroup);
  if (s.position % 2 == 0) {
    ConsecutiveRows(spectrum, s.position, s.position + 1)
        .turns(s.position, s.position + 1, turns.data(), kernels);
  } else {
    ScatteredRows(spectrum, 1).turns(std::vector{s.position}, 1, turns.data(), kernels);
  }
  const Count count = Rotation(spectrum).rotate(
      turns.data(), [&](int) { return Rational(s.position); },
      {s.dtype, s.in_place ? out.data() : in.data(), out.data(), kHeads, stride, stride, s.pairing},
      s.adjoint, kernels);
  EXPECT_EQ(count.values, static_cast<std::uint64_t>(2 * kHeads * n));
  const auto& exact_factor = spectrum.exact_attention_factor();
  for (int head = 0; head < kHeads; ++head) {
    for (int pair = 0; pair < n; ++pair) {
      const Lanes at = lanes(s.pairing, pair, n);
      const auto x = static_cast<std::size_t>(head * stride + at.x),
                 y = static_cast<std::size_t>(head * stride + at.y);
      const std::uint64_t given[] = {load(in, x, s.dtype), load(in, y, s.dtype)},
                          got[] = {load(out, x, s.dtype), load(out, y, s.dtype)};
      const bool still = s.position == 0 || spectrum.never_turns(pair);
      const auto by_reference = turn(
          given[0], given[1],
          [&] {
            return cos_sin(Interval(s.position), spectrum.inv_freq(pair),
                           spectrum.attention_factor());
          },
          still ? exact_factor : std::nullopt, s.adjoint, format_of_float(s.dtype), "test");
      EXPECT_EQ(got[0], by_reference.x) << s << ", pair " << pair << ", " << kernels.name;
      EXPECT_EQ(got[1], by_reference.y) << s << ", pair " << pair << ", " << kernels.name;
      for (const int lane : {0, 1}) {
        const auto expected = arb.rotated(static_cast<std::size_t>(pair), s.position, given[0],
                                          given[1], s.adjoint, lane, s.dtype);
        if (!expected) continue;
        ++by_arb;
        EXPECT_EQ(got[lane], *expected) << s << ", pair " << pair << ", lane " << lane;
      }
    }
    for (int lane = 2 * n; lane < stride; ++lane) {
      const auto at = static_cast<std::size_t>(head * stride + lane);
      EXPECT_EQ(load(out, at, s.dtype), load(before, at, s.dtype))
          << s << ": a lane past the pairs";
    }
  }
  return count;
}

TEST(QuickRotation, EqualsTheReferenceAndArb) {
  std::mt19937_64 random(kSeed);
  Count ordinary;
  std::uint64_t by_arb = 0;
  for (const SpectrumJob& job : spectrum_jobs()) {
    oracle::Table arb(job.json, ResolvedSpectrum(job.spectrum).rungs());
    for (const Dtype dtype : kFloats)
      for (const std::int64_t position :
           {std::int64_t{0}, std::int64_t{1}, static_cast<std::int64_t>(random() >> 44), kFarthest,
            static_cast<std::int64_t>(random() >> 33)}) {
        Setting s{&job, position, dtype, Pairing::neox, false, false, false};
        s.pairing = random() % 2 == 0 ? Pairing::neox : Pairing::gptj;
        s.adjoint = random() % 2 == 0;
        s.in_place = random() % 2 == 0;
        for (const Kernels* kernels : quick::kernels()) {
          if (!kernels->supported()) continue;
          s.special = false;
          const Count count = check(s, *kernels, random, arb, by_arb);
          if (position != 0) ordinary += count;
          s.special = position == 0 || position == 1 || dtype == Dtype::f32;
          if (s.special) check(s, *kernels, random, arb, by_arb);
        }
        if (HasFailure()) return;
      }
  }
  std::cout << "seed " << kSeed << ": " << ordinary.values << " ordinary values, "
            << ordinary.decided << " decided by the reference; " << by_arb
            << " compared with Arb\n";
  EXPECT_GT(by_arb, 50'000U);
}

}  // namespace
}  // namespace plumbline::test
