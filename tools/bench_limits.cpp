// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_limits.h"

#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "golden/quick/lane_rotation.h"

namespace plumbline {
namespace {

using quick::kGroup;

// A lane type that stands for eight values and counts what is done to them.
struct Counted {
  using Index = int;
  static constexpr int kWidth = kGroup;
  static inline thread_local Operations count = {};
  double x = 1;

  static Counted product() {
    ++count.products;
    return {};
  }
  static Counted sum() {
    ++count.sums;
    return {};
  }
  static Counted load(const double*) { return {}; }
  static void store(double*, Counted) {}
  static Counted all(double) { return {}; }
  static Counted fma(Counted, Counted, Counted) { return product(); }
  static Counted fms(Counted, Counted, Counted) { return product(); }
  static Counted fnma(Counted, Counted, Counted) { return product(); }
  friend Counted operator+(Counted, Counted) { return sum(); }
  friend Counted operator-(Counted, Counted) { return sum(); }
  friend Counted operator*(Counted, Counted) { return product(); }
  static unsigned compared() {
    ++count.sums;
    return 0;
  }
  static int converted() {
    ++count.products;
    return 0;
  }
  static unsigned unequal(Counted, Counted) { return compared(); }
  static unsigned not_above(Counted, Counted) { return compared(); }
  static unsigned all_zero(Counted, std::uint64_t) { return 0; }
  static Counted flip(Counted a, Counted) { return a; }
  static Counted size(Counted a) { return a; }
  template <Dtype kTo>
  static int encode(Counted) {
    return converted();
  }
  static int upper_half(Counted) { return converted(); }
  static unsigned codes_differ(int, int) { return 0; }
  template <Dtype kTo>
  static void put_code(std::byte*, int, int, int) {}
  template <Dtype kTo>
  static void put(std::byte*, int, int, Counted) {
    if constexpr (kTo != Dtype::f64) converted();
  }
  template <Dtype kTo>
  static Counted get(const std::byte*, int, int) {
    if constexpr (kTo != Dtype::f64) converted();
    return {};
  }
  static quick::Phase<Counted> phase(const std::int64_t*, const std::uint64_t*) {
    count.products += 4;  // near, third, fourth and size are converted
    return {{}, {}, {}, {}, {}, 0};
  }
  static quick::Turn<Counted> gather(const double*, int) { return {}; }
};

template <class Body>
Operations counted(const Body& body) {
  Counted::count = {};
  body();
  return Counted::count;
}

// Calls body(constant) with the type as a constant.
template <class Body>
Operations with(Dtype dtype, const Body& body) {
  if (dtype == Dtype::f64) return body(std::integral_constant<Dtype, Dtype::f64>());
  if (dtype == Dtype::f32) return body(std::integral_constant<Dtype, Dtype::f32>());
  if (dtype == Dtype::bf16) return body(std::integral_constant<Dtype, Dtype::bf16>());
  return body(std::integral_constant<Dtype, Dtype::f16>());
}

// One group of one row, and nowhere to put it that is looked at.
struct Group {
  std::array<double, quick::kTurnGroup> turns{};
  std::array<std::byte, 2 * kGroup * 8> bytes{};
  std::array<std::int64_t, kGroup> positions{};
  std::array<std::uint64_t, quick::kChunkGroup> chunks{};
  std::uint16_t doubtful = 0;
  quick::Output out() { return {bytes.data(), bytes.data(), kGroup, &doubtful}; }
};

// Chains of fused multiply-adds and of sums, side by side.
template <int products, int sums>
__attribute__((target("avx512f"))) double peak() {
  constexpr int kTurns = 20000;
  __m512d product[products + 1], sum[sums + 1];
  for (int i = 0; i < products; ++i) product[i] = _mm512_set1_pd(i);
  for (int i = 0; i < sums; ++i) sum[i] = _mm512_set1_pd(i);
  const __m512d a = _mm512_set1_pd(0.5), b = _mm512_set1_pd(0.25);
  const auto begin = std::chrono::steady_clock::now();
  for (int turn = 0; turn < kTurns; ++turn) {
#pragma GCC unroll 16
    for (int i = 0; i < products; ++i) product[i] = _mm512_fmadd_pd(product[i], a, b);
#pragma GCC unroll 16
    for (int i = 0; i < sums; ++i) sum[i] = _mm512_add_pd(sum[i], b);
  }
  for (int i = 0; i < products; ++i) benchmark::DoNotOptimize(product[i]);
  for (int i = 0; i < sums; ++i) benchmark::DoNotOptimize(sum[i]);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return (products + sums) * kTurns / took.count();
}

}  // namespace

Operations product_operations(Dtype dtype) {
  return with(dtype, [](auto kind) {
    Group g;
    const Operations two_rows = counted([&] {
      quick::product_rows<kind.value, Counted>({g.turns.data(), g.turns.data(), 1, kGroup, 1},
                                               g.out(), g.out());
    });
    return Operations{two_rows.products / 2, two_rows.sums / 2};
  });
}

Operations phase_operations(Dtype dtype) {
  return with(dtype, [](auto kind) {
    Group g;
    return counted([&] {
      quick::phase_rows<kind.value, Counted>(
          {g.positions.data(), g.chunks.data(), g.turns.data(), 1, kGroup, 1, 1}, g.out());
    });
  });
}

Operations rotation_operations(Dtype dtype) {
  return with(dtype, [](auto kind) {
    Group g;
    return counted([&] {
      quick::rotate_heads<kind.value, Counted>({g.turns.data(), g.bytes.data(), g.bytes.data(),
                                                2 * kGroup, 2 * kGroup, 1, kGroup, 1, false,
                                                &g.doubtful});
    });
  });
}

double Peak::seconds(const Operations& o) const {
  return std::max({o.products / products, o.sums / sums, o.all() / both});
}

Peak peak_operations() {
  if (!quick::kAvx512.supported()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone, kNone};
  }
  return {peak<16, 0>(), peak<0, 16>(), peak<12, 12>()};
}

double store_bandwidth(std::size_t bytes) {
  std::vector<std::byte> buffer(bytes);
  constexpr int kTurns = 20;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kTurns; ++i) {
    std::memset(buffer.data(), i, bytes);
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(bytes) * kTurns / took.count();
}

}  // namespace plumbline
