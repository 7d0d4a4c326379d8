// SPDX-License-Identifier: Apache-2.0
// Certified rows against the definition itself: MPFI, one value at a time. A million values, or
// twenty with PLUMBLINE_EXHAUSTIVE in the environment.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <random>

#include "golden/quick/consecutive.h"
#include "golden/quick/scattered.h"
#include "properties/quick_support.h"
#include "reference/parallel.h"
#include "reference/rotation.h"

namespace plumbline::test {
namespace {

using namespace quick;

constexpr std::uint64_t kSeed = 20261122;

struct Stored {
  Dtype dtype;
  std::vector<std::byte> cos, sin;
  std::uint64_t at(bool sine, std::size_t i) const {
    std::uint64_t bits = 0;
    const std::size_t bytes = info(dtype).bytes;
    std::memcpy(&bits, (sine ? sin : cos).data() + i * bytes, bytes);
    return bits;
  }
};

// Rows of one spectrum at numerators / denominator, by both ways that make them.
class Definition {
 public:
  explicit Definition(const SpectrumJob& job)
      : job_(job), spectrum_(job.spectrum), n_(static_cast<std::size_t>(spectrum_.rungs())) {}

  void consecutive(std::int64_t start, int count) {
    const ConsecutiveRows quick(spectrum_, start, start + count);
    std::vector<std::int64_t> numerators(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) numerators[static_cast<std::size_t>(i)] = start + i;
    compare(numerators, 1, [&](const RowsOut& out) { quick.rows(start, start + count, out); });
  }
  void scattered(const std::vector<std::int64_t>& numerators, std::int64_t denominator) {
    const ScatteredRows quick(spectrum_, denominator);
    compare(numerators, denominator, [&](const RowsOut& out) {
      quick.rows(numerators, static_cast<int>(numerators.size()), out);
    });
  }
  std::uint64_t values = 0;

 private:
  template <class Rows>
  void compare(const std::vector<std::int64_t>& numerators, std::int64_t denominator,
               const Rows& rows) {
    std::vector<Stored> stored;
    for (const Dtype dtype : kFloats) {
      const std::size_t bytes = numerators.size() * n_ * info(dtype).bytes;
      stored.push_back({dtype, std::vector<std::byte>(bytes), std::vector<std::byte>(bytes)});
      rows({dtype, stored.back().cos.data(), stored.back().sin.data(),
            static_cast<std::ptrdiff_t>(n_)});
    }
    for (std::size_t rung = 0; rung < n_; ++rung) {
      const WorkingPrecision precision(kFirstPrecision);
      const Interval speed = spectrum_.inv_freq(static_cast<int>(rung)),
                     factor = spectrum_.attention_factor();
      for (std::size_t row = 0; row < numerators.size(); ++row) {
        const Rational position(numerators[row], denominator);
        const CosSin value = cos_sin(enclose(position), speed, factor);
        for (const Stored& s : stored)
          for (const bool sine : {false, true}) {
            const Format& format = format_of_float(s.dtype);
            std::optional<std::uint64_t> expected = round_to(sine ? value.sin : value.cos, format);
            if (!expected)
              expected = certify(
                             [&] {
                               const CosSin finer = cos_sin(
                                   enclose(position), spectrum_.inv_freq(static_cast<int>(rung)),
                                   spectrum_.attention_factor());
                               return sine ? finer.sin : finer.cos;
                             },
                             format, "test")
                             .bits;
            ASSERT_EQ(s.at(sine, row * n_ + rung), *expected)
                << job_.name << ", rung " << rung << ", position " << position << ", "
                << format.name << (sine ? " sin" : " cos");
            ++values;
          }
      }
    }
  }
  const SpectrumJob& job_;
  ResolvedSpectrum spectrum_;
  std::size_t n_;
};

TEST(QuickDefinition, RowsEqualMpfi) {
  const bool all = std::getenv("PLUMBLINE_EXHAUSTIVE") != nullptr;
  const std::vector<SpectrumJob> jobs = spectrum_jobs();
  std::size_t channels = 0;
  for (const SpectrumJob& job : jobs)
    channels += static_cast<std::size_t>(ResolvedSpectrum(job.spectrum).rungs());
  // Four formats, cos and sin; half of the rows consecutive, half anywhere.
  const auto rows = static_cast<int>((all ? 20'000'000 : 1'000'000) / (channels * 8) / 2 + 1);
  std::mutex lock;
  std::uint64_t values = 0;
  each_on_all_cores(jobs.size(), [&](std::size_t mine) {
    std::mt19937_64 random(kSeed + mine);
    Definition definition(jobs[mine]);
    const auto below = [&](std::int64_t end) {
      return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end - 1));
    };
    definition.consecutive(below(mine % 2 == 0 ? std::int64_t{1} << 20 : kFarthest - rows), rows);
    std::vector<std::int64_t> numerators(static_cast<std::size_t>(rows));
    for (std::int64_t& p : numerators) p = below(kFarthest) * (random() % 4 == 0 ? -1 : 1);
    definition.scattered(numerators, mine % 3 == 0 ? 1 : mine % 3 == 1 ? 16 : 3);
    const std::scoped_lock hold(lock);
    values += definition.values;
  });
  std::cout << "seed " << kSeed << ": " << values << " values equal to MPFI\n";
  EXPECT_GE(values, 1'000'000U);
}

}  // namespace
}  // namespace plumbline::test
