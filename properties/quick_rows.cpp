// SPDX-License-Identifier: Apache-2.0
// Certified rows against Arb, bit for bit, and what they were rounded from, in the bound claimed of
// its error: every preset's channels, four formats, positions to 2^31. PLUMBLINE_EXHAUSTIVE in the
// environment: more than 10^9 values.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <random>

#include "golden/oracle/table.h"
#include "golden/quick/consecutive.h"
#include "golden/quick/scattered.h"
#include "properties/quick_support.h"
#include "reference/parallel.h"

namespace plumbline::test {
namespace {

using namespace quick;

constexpr std::uint64_t kSeed = 20261122;
constexpr int kBlock = 512;

// Where rows start: the beginning, both sides of 2^20, both ends, and random places.
std::vector<std::int64_t> starts(std::mt19937_64& random, int more) {
  constexpr std::int64_t kFar = std::int64_t{1} << 31, kMillion = std::int64_t{1} << 20;
  std::vector<std::int64_t> out{0,       1,     kMillion - 100,     kFar + 1 - kBlock,
                                -kBlock, -kFar, 65944 - kBlock / 2, 548383 - kBlock / 2};
  for (int i = 0; i < more; ++i)
    out.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(kFar - kBlock)));
  return out;
}

// Turns as kernels store them, and the bound of each row's and channel's.
template <class Bound>
oracle::Approximations approximations(const std::vector<double>& turns, int groups, Bound bound) {
  return [&turns, groups, bound](int row, std::size_t channel, bool sine) {
    const std::size_t group = static_cast<std::size_t>(row * groups) + channel / kGroup;
    const double* at =
        turns.data() + group * kTurnGroup + (sine ? 2 * kGroup : 0) + channel % kGroup;
    return oracle::Approximation{at[0], at[kGroup], bound(row, channel)};
  };
}

// One spectrum against Arb, with a machine's share of the work.
class Referee {
 public:
  explicit Referee(const SpectrumJob& job)
      : job_(job),
        spectrum_(job.spectrum),
        arb_(job.json, spectrum_.rungs()),
        groups_((spectrum_.rungs() + kGroup - 1) / kGroup),
        turns_(static_cast<std::size_t>(kBlock * groups_) * kTurnGroup) {
    for (const Dtype dtype : kFloats) rows_.emplace_back(dtype, kBlock, spectrum_.rungs());
  }
  void consecutive(std::int64_t start) {
    const ConsecutiveRows quick(spectrum_, start, start + kBlock);
    for (RowBuffer& r : rows_) count += quick.rows(start, start + kBlock, r.out());
    quick.turns(start, start + kBlock, turns_.data());
    take(arb_.consecutive(
             start, kBlock, tables(rows_),
             approximations(turns_, groups_, [&](int, std::size_t) { return quick.bound(); })),
         consecutive_error);
  }
  void scattered(std::mt19937_64& random, std::int64_t denominator, bool each, int count_of_rows) {
    const ScatteredRows quick(spectrum_, denominator);
    std::vector<std::int64_t> numerators(static_cast<std::size_t>(count_of_rows) *
                                         (each ? static_cast<std::size_t>(spectrum_.rungs()) : 1));
    for (std::int64_t& p : numerators) {
      p = static_cast<std::int64_t>(random() >> (33 + random() % 24));
      if (random() % 4 == 0) p = -p;
    }
    numerators.front() = kFarthest;
    for (RowBuffer& r : rows_) count += quick.rows(numerators, count_of_rows, r.out());
    quick.turns(numerators, count_of_rows, turns_.data());
    const auto bound = [&](int row, std::size_t channel) {
      const auto n = static_cast<std::size_t>(spectrum_.rungs()), r = static_cast<std::size_t>(row);
      return quick.bound(numerators[each ? r * n + channel : r]);
    };
    take(arb_.at(numerators, denominator, count_of_rows, tables(rows_),
                 approximations(turns_, groups_, bound)),
         scattered_error);
  }
  Count count;
  std::uint64_t equal = 0, harder = 0;
  double consecutive_error = 0, scattered_error = 0;  // the largest, in its bound

 private:
  void take(const oracle::TableFindings& found, double& error) {
    if (!(found.error <= error)) error = found.error;
    equal += found.values;
    harder += found.harder;
    if (found.differ != 0)
      ADD_FAILURE() << job_.name << ": " << found.differ << " differ, first " << found.first;
  }
  const SpectrumJob& job_;
  ResolvedSpectrum spectrum_;
  oracle::Table arb_;
  int groups_;
  std::vector<double> turns_;
  std::vector<RowBuffer> rows_;
};

TEST(QuickRows, EqualArbInEveryFormat) {
  const bool all = std::getenv("PLUMBLINE_EXHAUSTIVE") != nullptr;
  const std::vector<SpectrumJob> jobs = spectrum_jobs();
  // 4 formats x 2 x 64 channels x kBlock: a quarter of a million values a block.
  const int blocks = all ? 4300 / static_cast<int>(jobs.size()) : 0;
  std::mutex lock;
  Count count;
  std::uint64_t equal = 0, harder = 0;
  double consecutive = 0, scattered = 0;
  std::cout << "seed " << kSeed << '\n';
  each_on_all_cores(
      jobs.size(),
      [&](std::size_t mine) {
        std::mt19937_64 random(kSeed + mine);
        Referee referee(jobs[mine]);
        for (const std::int64_t start : starts(random, blocks)) referee.consecutive(start);
        for (const std::int64_t denominator : {1, 2, 3, 16, 4096, 2147483647})
          for (const bool each : {false, true})
            for (int i = 0; i <= blocks / 40; ++i)
              referee.scattered(random, denominator, each, all ? kBlock : 40);
        const std::scoped_lock hold(lock);
        std::cout << jobs[mine].name << ": " << referee.equal << " values equal, "
                  << referee.count.decided << " decided by the reference, " << referee.harder
                  << " needed more than Arb's first precision, errors to "
                  << referee.consecutive_error << " and " << referee.scattered_error
                  << " of the bound\n";
        EXPECT_LT(referee.consecutive_error, 1) << jobs[mine].name;
        EXPECT_LT(referee.scattered_error, 1) << jobs[mine].name;
        consecutive = std::max(consecutive, referee.consecutive_error);
        scattered = std::max(scattered, referee.scattered_error);
        count += referee.count;
        equal += referee.equal;
        harder += referee.harder;
      },
      all ? 0 : 1);
  std::cout << equal << " of " << count.values << " values equal to Arb, " << count.decided
            << " of them decided by the reference; largest error of what they were rounded from: "
            << consecutive << " of the bound at consecutive positions, " << scattered
            << " at any\n";
  for (const double error : {consecutive, scattered})
    EXPECT_GT(error, 0x1p-8) << "so far below the bound, something else is measured";
  EXPECT_EQ(equal, count.values);
  EXPECT_GT(count.values, all ? 1'000'000'000U : 10'000'000U);
}

TEST(QuickRows, EveryInstructionSetGivesTheSameBits) {
  for (const SpectrumJob& job : spectrum_jobs()) {
    const ResolvedSpectrum spectrum(job.spectrum);
    const int n = spectrum.rungs();
    std::mt19937_64 random(kSeed);
    const ConsecutiveRows consecutive(spectrum, 0, 2000);
    const ScatteredRows scattered(spectrum, 16);
    std::vector<std::int64_t> numerators(kBlock);
    for (std::int64_t& p : numerators)
      p = static_cast<std::int64_t>(random() >> 33) - (kFarthest >> 1);
    for (const Dtype dtype : kFloats) {
      RowBuffer first(dtype, kBlock, n), other(dtype, kBlock, n);
      for (const Kernels* k : kernels()) {
        if (!k->supported()) {
          std::cout << "skipped: " << k->name << " does not run here\n";
          continue;
        }
        const Count expected = consecutive.rows(1000, 1000 + kBlock, first.out(), kPortable);
        const Count count = consecutive.rows(1000, 1000 + kBlock, other.out(), *k);
        EXPECT_EQ(first, other) << job.name << ' ' << k->name << ' ' << info(dtype).format;
        EXPECT_EQ(count.decided, expected.decided);
        scattered.rows(numerators, kBlock, first.out(), kPortable);
        scattered.rows(numerators, kBlock, other.out(), *k);
        EXPECT_EQ(first, other) << job.name << ' ' << k->name << ' ' << info(dtype).format;
      }
    }
  }
}

// A test widened until most values fail it leaves them to the reference, and the bits stay.
TEST(QuickRows, TheFallbackGivesTheSameBits) {
  const SpectrumJob job = spectrum_jobs().front();
  const ResolvedSpectrum spectrum(job.spectrum);
  const int n = spectrum.rungs();
  ConsecutiveRows consecutive(spectrum, 70000, 70016);
  ScatteredRows scattered(spectrum, 3);
  const std::vector<std::int64_t> numerators{1, 7, -2147483647, kFarthest};
  for (const double factor : {0x1p44, 0x1p30}) {
    for (const Dtype dtype : kFloats) {
      RowBuffer rows(dtype, 16, n), forced(dtype, 16, n);
      consecutive.rows(70000, 70016, rows.out());
      scattered.rows(numerators, 4, rows.out());
      ConsecutiveRows wide = consecutive;
      ScatteredRows wide_scattered = scattered;
      wide.widen_bound(factor);
      wide_scattered.widen_bound(factor);
      for (const Kernels* k : kernels()) {
        if (!k->supported()) continue;
        consecutive.rows(70000, 70016, rows.out());
        const Count count = wide.rows(70000, 70016, forced.out(), *k);
        EXPECT_EQ(rows, forced) << k->name << ' ' << info(dtype).format << ' ' << factor;
        scattered.rows(numerators, 4, rows.out());
        const Count more = wide_scattered.rows(numerators, 4, forced.out(), *k);
        EXPECT_EQ(rows, forced) << k->name << ' ' << info(dtype).format << ' ' << factor;
        if (factor == 0x1p44) {
          EXPECT_GT(count.decided, count.values / 8);
          EXPECT_GT(more.decided, more.values / 8);
        }
      }
    }
  }
}

// What spoils a seed by less than the rounding of a binary64 still moves values across midpoints.
TEST(QuickRows, ASpoiledSeedGivesWrongRows) {
  const SpectrumJob job = spectrum_jobs().front();
  const ResolvedSpectrum spectrum(job.spectrum);
  ConsecutiveRows quick(spectrum, 4000, 4000 + kBlock);
  for (std::size_t i = 0; i < quick.coarse().size(); i += kTurnGroup)
    for (int lane = 0; lane < kGroup; ++lane)
      quick.coarse()[i + kGroup + static_cast<std::size_t>(lane)] +=
          0x1p-60 * quick.coarse()[i + static_cast<std::size_t>(lane)];
  std::vector<RowBuffer> rows;
  rows.emplace_back(Dtype::f64, kBlock, spectrum.rungs());
  quick.rows(4000, 4000 + kBlock, rows.front().out());
  oracle::Table arb(job.json, spectrum.rungs());
  const int groups = (spectrum.rungs() + kGroup - 1) / kGroup;
  std::vector<double> turns(static_cast<std::size_t>(kBlock * groups) * kTurnGroup);
  quick.turns(4000, 4000 + kBlock, turns.data());
  const oracle::TableFindings found = arb.consecutive(
      4000, kBlock, tables(rows),
      approximations(turns, groups, [&](int, std::size_t) { return quick.bound(); }));
  EXPECT_GT(found.differ, 100U);
  EXPECT_GT(found.error, 1);
}

TEST(QuickRows, BadInputIsNamed) {
  const SpectrumJob job = spectrum_jobs().front();
  const ResolvedSpectrum spectrum(job.spectrum);
  const int n = spectrum.rungs();
  RowBuffer rows(Dtype::f64, 1, n);
  const auto refused = [](const auto& body, const std::string& words) {
    try {
      body();
      ADD_FAILURE() << "accepted; expected: " << words;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  refused([&] { ConsecutiveRows(spectrum, 5, 5); }, "positions = [5, 5)");
  refused([&] { ConsecutiveRows(spectrum, 0, kFarthest + 2); }, "must hold a position");
  refused([&] { ConsecutiveRows(spectrum, -kFarthest - 1, 0); }, "-2147483649");
  refused([&] { ConsecutiveRows(spectrum, 3, 9).rows(2, 3, rows.out()); }, "rows [2, 3)");
  refused([&] { ScatteredRows(spectrum, 0); }, "denominator = 0");
  refused([&] { ScatteredRows(spectrum, kFarthest + 1); }, "denominator = 2147483649");
  const ScatteredRows scattered(spectrum, 1);
  refused([&] { scattered.rows(std::vector{kFarthest + 1}, 1, rows.out()); },
          "numerator = 2147483649");
  refused([&] { scattered.rows(std::vector<std::int64_t>{1, 2}, 1, rows.out()); }, "2 numerators");
}

}  // namespace
}  // namespace plumbline::test
