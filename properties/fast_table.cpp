// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "fast/fast.h"
#include "properties/properties.h"
#include "tools/subject.h"

// Rows made on the fly against the correctly rounded table, position after position. The table
// comes from enclosures of the reference at 200 bits and one product in double-double, whose error
// is far below what the rounding test leaves open; the rest is decided by the reference itself.
// PLUMBLINE_EXHAUSTIVE in the environment: every position below 2^20.
namespace plumbline::test {
namespace {

struct Double2 {
  double high, low;
};

Double2 two_product(double a, double b) {
  const double p = a * b;
  return {p, std::fma(a, b, -p)};
}
Double2 two_sum(double a, double b) {
  const double s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
Double2 multiply(Double2 a, Double2 b) {
  const Double2 p = two_product(a.high, b.high);
  return {p.high, p.low + (a.high * b.low + a.low * b.high)};
}
Double2 add(Double2 a, Double2 b) {
  const Double2 s = two_sum(a.high, b.high);
  return {s.high, s.low + (a.low + b.low)};
}

// Seeds are good to 2^-105, moduli are A and 1, and each product and sum of this form loses less
// than 2^-102 of A: 2^-98 A covers their sum with room.
constexpr double kBound = 0x1p-98;

// The binary32 nearest to every number within `bound` of x; nothing if there are two.
std::optional<float> one_float(Double2 x, double bound) {
  const auto r = static_cast<float>(x.high);
  const double up = std::nextafter(r, INFINITY), down = std::nextafter(r, -INFINITY);
  const double above = (0.5 * (r + up) - x.high) - x.low,
               below = (x.high - 0.5 * (r + down)) + x.low;
  if (above > 2 * bound && below > 2 * bound) return r;
  return std::nullopt;
}

Double2 double2_of(const Interval& x) {
  const double high = static_cast<double>(median(x));
  const Interval rest = x - Interval(high);
  return {high, static_cast<double>(median(rest))};
}

struct Turn {
  Double2 cos, sin;
};

// e^(i n phi) for n = 0 .. count - 1, times `factor`. From n / 2, not from n - 1: each product
// widens the enclosure by up to sqrt(2).
std::vector<Turn> seeds(const Interval& phi, const Interval& factor, int count) {
  std::vector<Interval> c{1, cos(phi)}, s{0, sin(phi)};
  std::vector<Turn> out;
  for (int n = 0; n < count; ++n) {
    const auto half = static_cast<std::size_t>(n / 2), rest = static_cast<std::size_t>(n - n / 2);
    if (n > 1) {
      c.push_back(c[half] * c[rest] - s[half] * s[rest]);
      s.push_back(c[half] * s[rest] + s[half] * c[rest]);
    }
    const auto i = static_cast<std::size_t>(n);
    out.push_back({double2_of(c[i] * factor), double2_of(s[i] * factor)});
  }
  return out;
}

constexpr int kFine = 1024;

class Channel {
 public:
  Channel(const ResolvedSpectrum& spectrum, int rung, std::int64_t positions)
      : spectrum_(spectrum), rung_(rung) {
    const WorkingPrecision precision(256);
    const Interval phi = spectrum.inv_freq(rung);
    fine_ = seeds(phi, 1, kFine);
    coarse_ = seeds(phi * kFine, spectrum.attention_factor(),
                    static_cast<int>((positions + kFine - 1) / kFine));
    bound_ = kBound * static_cast<double>(median(spectrum.attention_factor()));
  }
  // A cos and A sin, rounded to nearest.
  std::pair<float, float> at(std::int64_t position) {
    const Turn& a = coarse_[static_cast<std::size_t>(position / kFine)];
    const Turn& b = fine_[static_cast<std::size_t>(position % kFine)];
    const Double2 minus{-b.sin.high, -b.sin.low};
    const auto cos = one_float(add(multiply(a.cos, b.cos), multiply(a.sin, minus)), bound_);
    const auto sin = one_float(add(multiply(a.cos, b.sin), multiply(a.sin, b.cos)), bound_);
    if (cos && sin) return {*cos, *sin};
    ++decided_by_reference;
    const auto certified = [&](Interval (*f)(const Interval&)) {
      const Certified bits = certify(
          [&] {
            return f(spectrum_.inv_freq(rung_) * Interval(position)) * spectrum_.attention_factor();
          },
          binary32, "cos_sin");
      return static_cast<float>(decode_double(bits.bits, binary32));
    };
    if (position == 0 || spectrum_.never_turns(rung_)) {
      const Certified one =
          certify([&] { return spectrum_.attention_factor(); }, binary32, "attention_factor");
      return {static_cast<float>(decode_double(one.bits, binary32)), 0.0F};
    }
    return {certified(cos_of), certified(sin_of)};
  }
  static inline std::uint64_t decided_by_reference = 0;

 private:
  static Interval cos_of(const Interval& x) { return plumbline::cos(x); }
  static Interval sin_of(const Interval& x) { return plumbline::sin(x); }
  const ResolvedSpectrum& spectrum_;
  int rung_;
  std::vector<Turn> fine_, coarse_;
  double bound_;
};

struct Job {
  std::string name;
  Case c;
};

// Presets with distinct spectra, and the two bases where a plain product in binary64 misrounds.
std::vector<Job> jobs() {
  std::vector<Job> out;
  std::vector<std::string> seen;
  const auto take = [&](const std::string& name, const Json& json) {
    Case c = case_from_json(json);
    const std::string key = c.spectrum_json.dump() + std::to_string(c.shape.rotary_dim);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) return;
    seen.push_back(key);
    out.push_back({name, std::move(c)});
  };
  for (const Model& m : models())
    take(m.name, Json{{"id", m.name}, {"model", m.name}, {"sequence", "t1"}});
  for (const char* base : {"500000", "5000000"})
    take("base " + std::string(base), Json{{"id", "b"},
                                           {"scheme", "vanilla"},
                                           {"spectrum", {{"rope_theta", base}}},
                                           {"sequence", "t1"}});
  return out;
}

struct Range {
  std::int64_t begin, end;
};

void expect_equal(const Job& job, const std::vector<Range>& ranges) {
  const std::int64_t most = ranges.back().end;
  const ResolvedSpectrum spectrum(job.c.spectrum);
  fast::RotaryCase rotary = rotary_case(job.c, allocation(job.c), 4);
  rotary.spectra.resize(1);
  rotary.axes = 1;
  rotary.maps = 1;
  rotary.axis_map.assign(static_cast<std::size_t>(rotary.rotary_dim / 2), 0);
  rotary.rung.resize(rotary.axis_map.size());
  const int rungs = std::min(spectrum.rungs(), rotary.rotary_dim / 2);
  for (std::size_t i = 0; i < rotary.rung.size(); ++i)
    rotary.rung[i] = std::min(static_cast<int>(i), rungs - 1);
  const fast::RotaryEmbedding embedding(
      rotary, {.ready_positions = most, .table = false, .kernel = nullptr});
  std::vector<Channel> channels;
  for (int rung = 0; rung < rungs; ++rung) channels.emplace_back(spectrum, rung, most);
  const std::size_t pairs = rotary.rung.size();
  constexpr std::int64_t kBlock = 4096;
  for (const auto& [begin, end] : ranges)
    for (std::int64_t first = begin; first < end; first += kBlock) {
      std::vector<std::int64_t> ids(static_cast<std::size_t>(std::min(kBlock, end - first)));
      std::iota(ids.begin(), ids.end(), first);
      const std::vector<float> rows = embedding.cos_sin(ids, static_cast<int>(ids.size()));
      for (std::size_t rung = 0; rung < channels.size(); ++rung)
        for (std::size_t t = 0; t < ids.size(); ++t) {
          const auto [cos, sin] = channels[rung].at(ids[t]);
          const float* row = rows.data() + t * 2 * pairs + rung;
          if (row[0] != cos || row[pairs] != sin)
            FAIL() << job.name << " position " << ids[t] << " pair " << rung << ": (" << row[0]
                   << ", " << row[pairs] << ") instead of (" << cos << ", " << sin << ")";
        }
    }
}

TEST(FastTable, RowsMadeOnTheFlyAreCorrectlyRounded) {
  const bool all = std::getenv("PLUMBLINE_EXHAUSTIVE") != nullptr;
  std::uint64_t values = 0;
  for (const Job& job : jobs()) {
    const std::int64_t end = all ? std::int64_t{1} << 20 : 8192;
    expect_equal(job, {{0, end}});
    if (HasFatalFailure()) return;
    values += 2 * static_cast<std::uint64_t>(end) *
              static_cast<std::uint64_t>(job.c.shape.rotary_dim / 2);
    std::cout << job.name << ": positions below " << end << " equal\n";
  }
  std::cout << values << " values, " << Channel::decided_by_reference
            << " pairs decided by the reference\n";
}

// A plain product in binary64 rounds these two wrongly.
TEST(FastTable, HardCases) {
  for (const Job& job : jobs()) {
    expect_equal(job, {{65944, 65945}, {548383, 548384}, {(1 << 20) - 300, 1 << 20}});
  }
}

}  // namespace
}  // namespace plumbline::test
