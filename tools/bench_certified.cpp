// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_certified.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "golden/golden.h"
#include "golden/oracle/table.h"
#include "golden/quick/consecutive.h"
#include "golden/quick/evaluate.h"
#include "golden/quick/scattered.h"
#include "reference/model.h"
#include "reference/rotation.h"
#include "tools/bench_limits.h"
#include "tools/bench_median.h"

namespace plumbline {
namespace {

constexpr std::int64_t kPositions = std::int64_t{1} << 20;
constexpr int kRows = 256;  // rows of one call: both tables of 64 binary64 pairs stay in a 1 MiB L2

double seconds_of(const std::function<void()>& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Method {
  std::string name;
  std::uint64_t values;  // of one round
  std::function<quick::Count()> round;
  bool logits = false;         // a value is a whole logit
  Operations operations = {};  // for sixteen values; none: not counted
  int bytes = 0;               // stored for a value
  std::vector<double> seconds = {};
  std::vector<double> limit = {};  // values a second that ports and stores allow, round by round
  quick::Count count = {};
};

ResolvedSpectrum spectrum_of(const Model& model) {
  return ResolvedSpectrum(
      case_from_json(Json{{"id", "bench"}, {"model", model.name}, {"sequence", "t1"}}).spectrum);
}

struct Everywhere {
  quick::Count count;
  double seconds = 0;
};

// Every position of `rows`, in four formats.
Everywhere certify_everywhere(const quick::ConsecutiveRows& rows) {
  const int n = rows.channels();
  std::vector<double> cos(static_cast<std::size_t>(kRows * n)), sin(cos);
  Everywhere all;
  all.seconds = seconds_of([&] {
    for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16})
      for (std::int64_t at = 0; at < kPositions; at += kRows)
        all.count += rows.rows(at, at + kRows, {dtype, cos.data(), sin.data(), n});
  });
  return all;
}

}  // namespace

int bench_certified_presets() {
  fmt::print("every position below 2^20 in four formats, one core, kernels {}\n",
             quick::best_kernels().name);
  fmt::print("{:24} {:>8} {:>12} {:>10} {:>10}  {}\n", "preset", "channels", "values", "seeds, s",
             "values, s", "left to the reference");
  for (const Model& model : models()) {
    const ResolvedSpectrum spectrum = spectrum_of(model);
    std::unique_ptr<quick::ConsecutiveRows> rows;
    const double seed_seconds = seconds_of(
        [&] { rows = std::make_unique<quick::ConsecutiveRows>(spectrum, 0, kPositions); });
    const Everywhere all = certify_everywhere(*rows);
    fmt::print("{:24} {:8} {:12} {:10.2f} {:10.2f}  {}\n", model.name, spectrum.rungs(),
               all.count.values, seed_seconds, all.seconds, all.count.decided);
    std::fflush(stdout);
  }
  return 0;
}

int bench_certified(const std::string& name, int rounds) {
  const Model& model = find_model(name);
  const Case c = case_from_json(Json{{"id", "bench"}, {"model", model.name}, {"sequence", "t1"}});
  const ResolvedSpectrum spectrum(c.spectrum);
  const int n = spectrum.rungs();
  const auto per_row = 2 * static_cast<std::uint64_t>(n);

  std::unique_ptr<quick::ConsecutiveRows> rows;
  const double seed_seconds =
      seconds_of([&] { rows = std::make_unique<quick::ConsecutiveRows>(spectrum, 0, kPositions); });
  const quick::ScatteredRows scattered(spectrum, 1);
  oracle::Table arb(c.spectrum_json.dump(), n);
  std::vector<double> cos(static_cast<std::size_t>(kRows * n)), sin(cos);
  std::mt19937_64 random(20261122);
  std::vector<std::int64_t> places(kRows);
  for (std::int64_t& p : places) p = static_cast<std::int64_t>(random() >> 33);
  std::int64_t next = 0;

  std::vector<Method> methods;
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const quick::RowsOut out{dtype, cos.data(), sin.data(), n};
    constexpr int kCalls = 128;
    methods.push_back({fmt::format("consecutive positions, {}", info(dtype).format),
                       kCalls * kRows * per_row,
                       [&, out] {
                         quick::Count count;
                         for (int i = 0; i < kCalls; ++i) {
                           count += rows->rows(next, next + kRows, out);
                           next = (next + kRows) % kPositions;
                         }
                         return count;
                       },
                       false, product_operations(dtype), static_cast<int>(info(dtype).bytes)});
  }
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const quick::RowsOut out{dtype, cos.data(), sin.data(), n};
    constexpr int kCalls = 24;
    methods.push_back({fmt::format("any position below 2^31, {}", info(dtype).format),
                       kCalls * kRows * per_row,
                       [&, out] {
                         quick::Count count;
                         for (int i = 0; i < kCalls; ++i)
                           count += scattered.rows(places, kRows, out);
                         return count;
                       },
                       false, phase_operations(dtype), static_cast<int>(info(dtype).bytes)});
  }
  // 40 heads, as 32 of q and 8 of k; turns are made once a row.
  constexpr int kHeads = 40, kTurned = 64;
  const quick::Rotation rotation(spectrum);
  const int groups = (n + quick::kGroup - 1) / quick::kGroup;
  std::vector<double> turns(static_cast<std::size_t>(groups * quick::kTurnGroup));
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const std::size_t bytes = info(dtype).bytes;
    auto in =
        std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(kHeads * 2 * n) * bytes);
    auto out = std::make_shared<std::vector<std::byte>>(in->size());
    for (std::size_t i = 0; i < in->size() / bytes; ++i) {
      const double value = static_cast<double>(random() >> 11) * 0x1p-51 - 2;
      const std::uint64_t bits = round_to(from_double(value), quick::format_of_float(dtype));
      std::memcpy(in->data() + i * bytes, &bits, bytes);
    }
    for (const bool adjoint : {false, true})
      methods.push_back(
          {fmt::format("{}, {}", adjoint ? "gradients" : "rotated outputs", info(dtype).format),
           kTurned * kHeads * per_row,
           [&, dtype, adjoint, in, out] {
             quick::Count count;
             for (int i = 0; i < kTurned; ++i) {
               const std::int64_t at = next;
               next = (next + 1) % kPositions;
               rows->turns(at, at + 1, turns.data());
               count += rotation.rotate(
                   turns.data(), [at](int) { return Rational(at); },
                   {dtype, in->data(), out->data(), kHeads, 2 * n, 2 * n, Pairing::neox}, adjoint);
             }
             return count;
           },
           false, rotation_operations(dtype), static_cast<int>(bytes)});
  }
  // Every query of some rows with every key, as a case carries them.
  constexpr std::int32_t kTokens = 64;
  Case attended = case_from_json(
      Json{{"id", "bench"}, {"model", model.name}, {"sequence", "t" + std::to_string(kTokens)}});
  const PositionTable ids = positions(attended);
  std::vector<LogitIndex> index;
  for (std::int32_t query = 0; query < kTokens; ++query)
    for (std::int32_t key = 0; key < kTokens; ++key)
      index.push_back({query, key, key % attended.shape.num_heads});
  const std::vector<LogitIndex> few(index.begin() + kTokens, index.begin() + 2 * kTokens);
  const auto heads_of = [&](const Format& f) {
    const auto size = [&](int heads) {
      return static_cast<std::size_t>(kTokens * heads * attended.shape.head_dim);
    };
    return Heads{f, draw_inputs(1, "q", f, size(attended.shape.num_heads), false),
                 draw_inputs(1, "k", f, size(attended.shape.num_key_value_heads), false)};
  };
  for (const Format& f : kFormats)
    methods.push_back({fmt::format("logits, {}", f.name), index.size(),
                       [&, in = std::make_shared<const Heads>(heads_of(f))] {
                         quick::Evaluation evaluation(attended, ids);
                         evaluation.logits(*in, index);
                         return evaluation.count();
                       },
                       true});
  methods.push_back({"logits, MPFI, binary32", few.size(),
                     [&, in = std::make_shared<const Heads>(heads_of(binary32))] {
                       logits(attended, ids, *in, few);
                       return quick::Count{};
                     },
                     true});
  const std::size_t logits_by_mpfi = methods.size() - 1;
  constexpr int kArbRows = 64, kMpfiRows = 4;
  methods.push_back({"Arb, one by one, 113 bits, binary64", kArbRows * per_row, [&] {
                       for (int i = 0; i < kArbRows; ++i)
                         arb.plain_row(places[static_cast<std::size_t>(i)], cos.data(), sin.data());
                       return quick::Count{};
                     }});
  methods.push_back({"MPFI, one by one, 113 bits, binary64", kMpfiRows * per_row, [&] {
                       const WorkingPrecision precision(113);
                       std::vector<Interval> ladder;
                       for (int rung = 0; rung < n; ++rung)
                         ladder.push_back(spectrum.inv_freq(rung));
                       const Interval factor = spectrum.attention_factor();
                       for (int i = 0; i < kMpfiRows; ++i)
                         for (const Interval& w : ladder) {
                           const CosSin value =
                               cos_sin(Interval(places[static_cast<std::size_t>(i)]), w, factor);
                           cos[0] += static_cast<double>(round_to(value.cos, binary64).has_value());
                           sin[0] += static_cast<double>(round_to(value.sin, binary64).has_value());
                         }
                       return quick::Count{};
                     }});
  // The limits are measured before each method, so that both meet the same machine.
  const auto stored = static_cast<std::size_t>(2 * kRows * n) * sizeof(double);
  for (int round = 0; round < rounds; ++round)
    for (Method& m : methods) {
      if (m.operations.all() > 0) {
        const double port = 16 / peak_operations().seconds(m.operations),
                     store = store_bandwidth(stored) / m.bytes;
        m.limit.push_back(std::isnan(port) ? store : std::min(port, store));
      }
      m.seconds.push_back(seconds_of([&] { m.count += m.round(); }));
    }

  const Method &mpfi = methods.back(), &arb_method = methods[methods.size() - 2];
  fmt::print("{}, {} channels, {} rounds, kernels {}\n", model.name, n, rounds,
             quick::best_kernels().name);
  fmt::print("{:38} {:>12} {:>10} {:>8} {:>8} {:>9} {:>9}  {}\n", "certified values, one core",
             "values/s", "ns/pair", "x MPFI", "x Arb", "ops/16", "of limit",
             "left to the reference");
  for (const Method& m : methods) {
    const auto ratio_to = [&](const Method& other) {
      std::vector<double> ratio;
      for (std::size_t i = 0; i < m.seconds.size(); ++i)
        ratio.push_back(other.seconds[i] / static_cast<double>(other.values) *
                        static_cast<double>(m.values) / m.seconds[i]);
      return median_of(ratio).value;
    };
    const std::string ratios =
        m.logits ? fmt::format("{:8.0f} {:>8}", ratio_to(methods[logits_by_mpfi]), "")
                 : fmt::format("{:8.0f} {:8.1f}", ratio_to(mpfi), ratio_to(arb_method));
    const double rate = static_cast<double>(m.values) / median_of(m.seconds).value;
    const std::string left =
        m.count.values == 0 ? "" : fmt::format("{} of {}", m.count.decided, m.count.values);
    std::string limit = fmt::format("{:>9} {:>9}", "", "");
    if (m.operations.all() > 0) {
      std::vector<double> share;
      for (std::size_t i = 0; i < m.limit.size(); ++i)
        share.push_back(static_cast<double>(m.values) / m.seconds[i] / m.limit[i]);
      limit = fmt::format("{:>9} {:>9.2f}", m.operations.all(), median_of(share).value);
    }
    fmt::print("{:38} {:12.3e} {:>10} {} {}  {}\n", m.name, rate,
               m.logits ? "" : fmt::format("{:.3f}", 2e9 / rate), ratios, limit, left);
  }
  const Peak peak = peak_operations();
  fmt::print(
      "ops/16: binary64 vector operations of the kernel's code for 16 values; of limit: of what "
      "this core's stores and vector units allow, {:.3g} fused multiply-adds, {:.3g} sums or "
      "{:.3g} "
      "of both a second; the rest is integer work, gathers, loads and rows whose test fails\n",
      peak.products, peak.sums, peak.both);
  const auto [all, table_seconds] = certify_everywhere(*rows);
  fmt::print(
      "every position below 2^20 in four formats: {} values in {:.2f} s after {:.2f} s for "
      "seeds, {} left to the reference, a share of {:.1e}\n",
      all.values, table_seconds, seed_seconds, all.decided,
      static_cast<double>(all.decided) / static_cast<double>(all.values));
  return 0;
}

}  // namespace plumbline
