// SPDX-License-Identifier: Apache-2.0
// The exhaustive certificate of every preset: each position below 2^20, each channel, cos and sin,
// four formats, and what other means say of the same values.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <ctime>
#include <iostream>
#include <mutex>
#include <random>
#include <set>

#include "golden/quick/consecutive.h"
#include "golden/quick/scattered.h"
#include "properties/quick_support.h"
#include "reference/parallel.h"

namespace plumbline::test {
namespace {

using namespace quick;

constexpr std::uint64_t kSeed = 20261122;
constexpr std::int64_t kPositions = std::int64_t{1} << 20;
// Rows of a tile. Values come in strips of a constant length, which g++ -O2 turns into vectors.
constexpr int kRows = 256, kStrip = 64;

// Of how many tiles one is done. All, but where a fused multiply-add is a call of a function, or
// each of them is watched.
int stride_of_tiles() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 256;
#endif
  return &best_kernels() == &kPortable ? 256 : 1;
}

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// An encoding as the binary64 of the same value, where it is a normal number: the exponent's bias
// and the place of the fraction differ.
template <int kPrecision, int kMinExponent, class Code>
std::uint64_t widened(Code code) {
  constexpr int kWidth = 8 * sizeof(Code);
  const auto bits = std::uint64_t{code};
  const std::uint64_t size = bits & ((std::uint64_t{1} << (kWidth - 1)) - 1);
  constexpr std::uint64_t kBias = static_cast<std::uint64_t>(1022 + kMinExponent)
                                  << (kPrecision - 1);
  return (bits >> (kWidth - 1)) << 63 | (size + kBias) << (53 - kPrecision);
}

// Zero where one rounding of `wide` to the format is `code`, ties away from zero and toward it
// alike, and `wide` is no smaller than the format's normal numbers. A real number and the binary64
// nearest to it lie on the same side of every midpoint but the one that the binary64 is.
template <int kPrecision, int kMinExponent, class Code>
std::uint64_t unlike(double wide, Code code) {
  constexpr std::uint64_t kLast = std::uint64_t{1} << (53 - kPrecision), kHalf = kLast / 2,
                          kExponent = std::uint64_t{0x7ff} << 52,
                          kLeast = static_cast<std::uint64_t>(1023 + kMinExponent) << 52;
  const auto bits = std::bit_cast<std::uint64_t>(wide);
  const std::uint64_t same = widened<kPrecision, kMinExponent>(code);
  const std::uint64_t away = (bits + kHalf) & ~(kLast - 1),
                      toward = (bits + (kHalf - 1)) & ~(kLast - 1);
  return (away ^ same) | (toward ^ same) | ((bits & kExponent) - kLeast) >> 63;
}

// Values of one part, cos or sin, of a tile in four formats, and binary64 by another algorithm.
struct Part {
  explicit Part(std::size_t size) : f64(size), again(size), f32(size), bf16(size), f16(size) {}
  std::vector<double> f64, again;
  std::vector<std::uint32_t> f32;
  std::vector<std::uint16_t> bf16, f16;

  void* at(Dtype dtype, std::size_t i) {
    switch (dtype) {
      case Dtype::f64:
        return &f64[i];
      case Dtype::f32:
        return &f32[i];
      case Dtype::bf16:
        return &bf16[i];
      default:
        return &f16[i];
    }
  }
  std::uint64_t bits(Dtype dtype, std::size_t i) {
    std::uint64_t out = 0;
    std::memcpy(&out, at(dtype, i), info(dtype).bytes);
    return out;
  }
  // Whether every value of a strip is plainly the rounding of its binary64.
  bool plain(std::size_t first) const {
    std::uint64_t any = 0;
    for (std::size_t i = first; i < first + kStrip; ++i)
      any |= unlike<24, -126>(f64[i], f32[i]) | unlike<8, -126>(f64[i], bf16[i]) |
             unlike<11, -14>(f64[i], f16[i]);
    return any == 0;
  }
};

// |cos^2 + sin^2 - A^2| of two binary64, as a part of A^2: each is off by 2^-53 of itself, 2 2^-53
// of the sum of squares; squaring and adding lose 2 2^-53, and A^2 is good to 2^-53. 2^-56 is for
// the products of these.
constexpr double kNormLost = 5 * 0x1p-53 + 0x1p-56;

bool on_circle(double cos, double sin, double square) {
  return std::abs((cos * cos + sin * sin) - square) <= kNormLost * square;
}

bool on_circle(const Part& cos, const Part& sin, std::size_t first, double square) {
  std::uint64_t off = 0;
  for (std::size_t i = first; i < first + kStrip; ++i)
    off |= on_circle(cos.f64[i], sin.f64[i], square) ? 0 : 1;
  return off == 0;
}

// The first value of a strip of which `wrong` is true, or its last.
template <class Wrong>
std::size_t first_of_strip(std::size_t first, const Wrong& wrong) {
  std::size_t i = first;
  while (i + 1 < first + kStrip && !wrong(i)) ++i;
  return i;
}

class Certificate {
 public:
  explicit Certificate(const SpectrumJob& job, std::uint64_t seed)
      : job_(job),
        spectrum_(job.spectrum),
        n_(static_cast<std::size_t>(spectrum_.rungs())),
        arb_(job.json, spectrum_.rungs()),
        random_(seed),
        cos_(kRows * n_),
        sin_(kRows * n_) {
    const WorkingPrecision precision(kSeedBits);
    const Interval factor = spectrum_.attention_factor();
    square_ = static_cast<double>(median(Interval(factor * factor)));
  }

  void run(int stride) {
    const double begin = seconds();
    const ConsecutiveRows rows(spectrum_, 0, kPositions);
    certified_in = seconds() - begin;
    const ScatteredRows scattered(spectrum_, 1);
    std::vector<std::int64_t> positions(kRows);
    for (std::int64_t at = 0; at < kPositions && !failed_; at += kRows * stride) {
      const double from = seconds();
      for (const Dtype dtype : kFloats)
        count += rows.rows(at, at + kRows, {dtype, cos_.at(dtype, 0), sin_.at(dtype, 0), width()});
      certified_in += seconds() - from;
      for (int row = 0; row < kRows; ++row) positions[static_cast<std::size_t>(row)] = at + row;
      again += scattered.rows(positions, kRows,
                              {Dtype::f64, cos_.again.data(), sin_.again.data(), width()});
      for (std::size_t i = 0; i < kRows * n_ && !failed_; i += kStrip) {
        if (!on_circle(cos_, sin_, i, square_))
          fail(first_of_strip(
                   i, [&](auto k) { return !on_circle(cos_.f64[k], sin_.f64[k], square_); }),
               at, "cos^2 + sin^2 is not A^2");
        for (Part* part : {&cos_, &sin_}) {
          if (std::memcmp(&part->f64[i], &part->again[i], kStrip * sizeof(double)) != 0)
            fail(first_of_strip(i, [&](auto k) { return part->f64[k] != part->again[k]; }), at,
                 "consecutive and scattered rows differ");
          if (!part->plain(i)) look(*part, i, at);
        }
      }
      if (at == 0) ask(0, 0);
      if (at / kRows / stride % 4 == 0)
        ask(static_cast<std::size_t>(random_() % static_cast<unsigned>(kRows)), at);
    }
    checked_in = seconds() - begin - certified_in;
  }

  std::size_t channels() const { return n_; }
  double certified_in = 0, checked_in = 0;
  Count count, again;
  std::uint64_t by_arb = 0, midpoints = 0, small = 0;

 private:
  std::ptrdiff_t width() const { return static_cast<std::ptrdiff_t>(n_); }

  // One row against Arb, in every format.
  void ask(std::size_t row, std::int64_t tile) {
    std::vector<oracle::TableRows> rows;
    for (const Dtype dtype : kFloats)
      rows.push_back({dtype, cos_.at(dtype, row * n_), sin_.at(dtype, row * n_), width()});
    const oracle::TableFindings found =
        arb_.at(std::vector{tile + static_cast<std::int64_t>(row)}, 1, 1, rows);
    by_arb += found.values;
    if (found.differ == 0) return;
    failed_ = true;
    ADD_FAILURE() << job_.name << ": " << found.first;
  }

  // A strip that is not plain: values below the normal numbers of binary16, by the reference's
  // rounding of the binary64; binary64 on midpoints, by Arb; or wrong.
  void look(Part& part, std::size_t first, std::int64_t tile) {
    for (std::size_t i = first; i < first + kStrip; ++i)
      for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
        const double wide = part.f64[i];
        const std::uint64_t code = part.bits(dtype, i);
        if (dtype == Dtype::f32 && unlike<24, -126>(wide, part.f32[i]) == 0) continue;
        if (dtype == Dtype::bf16 && unlike<8, -126>(wide, part.bf16[i]) == 0) continue;
        if (dtype == Dtype::f16 && unlike<11, -14>(wide, part.f16[i]) == 0) continue;
        if (wide == 0) {
          if (code != 0) fail(i, tile, "a zero of another format is none");
          continue;
        }
        const Format& format = format_of_float(dtype);
        const std::uint64_t above = round_to(from_double(std::nextafter(wide, HUGE_VAL)), format),
                            below = round_to(from_double(std::nextafter(wide, -HUGE_VAL)), format);
        if (above == below) {
          ++small;
          if (code != above) fail(i, tile, "formats differ");
        } else {
          ++midpoints;
          ask(i / n_, tile);
        }
      }
  }

  void fail(std::size_t i, std::int64_t tile, const char* what) {
    failed_ = true;
    ADD_FAILURE() << job_.name << ", position " << tile + static_cast<std::int64_t>(i / n_)
                  << ", channel " << i % n_ << ": " << what << std::hexfloat << "; cos "
                  << cos_.f64[i] << " and " << cos_.again[i] << ", sin " << sin_.f64[i] << " and "
                  << sin_.again[i] << ", A^2 " << square_;
  }

  const SpectrumJob& job_;
  ResolvedSpectrum spectrum_;
  std::size_t n_;
  oracle::Table arb_;
  std::mt19937_64 random_;
  Part cos_, sin_;
  double square_ = 0;
  bool failed_ = false;
};

TEST(QuickCertificate, EveryPresetAtEveryPositionBelow2To20InFourFormats) {
  const std::vector<SpectrumJob> jobs = spectrum_jobs();
  const int stride = stride_of_tiles();
  std::mutex lock;
  std::set<std::string> done;
  std::cout << "seed " << kSeed << ", kernels " << best_kernels().name << ", one tile of " << stride
            << '\n';
  each_on_all_cores(jobs.size(), [&](std::size_t mine) {
    const SpectrumJob& job = jobs[mine];
    Certificate certificate(job, kSeed + mine);
    try {
      certificate.run(stride);
    } catch (const std::exception& error) {
      ADD_FAILURE() << job.name << ": " << error.what();
    }
    const std::uint64_t n = certificate.channels(),
                        values = 8 * n * static_cast<std::uint64_t>(kPositions / stride);
    const std::scoped_lock hold(lock);
    EXPECT_EQ(certificate.count.values, values) << job.name;
    EXPECT_EQ(certificate.again.values, values / 4) << job.name;
    // Position 0, and the binary64 that may be midpoints of binary32, one of 2^28 at random, with
    // room for chance.
    EXPECT_LE(certificate.count.decided, 8 * n + (values >> 26)) << job.name;
    EXPECT_GE(certificate.by_arb, values / 1024) << job.name;
    for (const std::string& name : job.names) {
      std::cout << name << ": " << values << " values certified in " << certificate.certified_in
                << " s, " << certificate.count.decided << " left to the reference; checked in "
                << certificate.checked_in << " s, " << certificate.by_arb << " by Arb, "
                << certificate.small << " below binary16's normal numbers, "
                << certificate.midpoints << " at midpoints\n";
      done.insert(name);
    }
  });
  for (const Model& model : models()) EXPECT_TRUE(done.contains(model.name)) << model.name;
}

// The certificate is of the spectrum alone: no preset's scheme gives an axis a ladder of its own.
TEST(QuickCertificate, PresetsHaveOneLadder) {
  for (const Model& model : models()) {
    const Case c =
        case_from_json(Json{{"id", model.name}, {"model", model.name}, {"sequence", "t1"}});
    const FrequencyAllocation map = allocation(c);
    for (const Ladder& ladder : map.ladders) EXPECT_EQ(ladder, Ladder{}) << model.name;
    const int rungs = ResolvedSpectrum(c.spectrum).rungs();
    for (const Assignment& to : map.of) EXPECT_LT(to.rung, rungs) << model.name;
  }
}

}  // namespace
}  // namespace plumbline::test
