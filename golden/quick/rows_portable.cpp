// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <cstring>

#include "golden/quick/lane_kernels.h"

namespace plumbline::quick {
namespace {

struct One {
  using Index = std::uint64_t;
  static constexpr int kWidth = 1;
  double x;

  static One load(const double* at) { return {*at}; }
  static One all(double x) { return {x}; }
  static One fma(One a, One b, One c) { return {std::fma(a.x, b.x, c.x)}; }
  static One fms(One a, One b, One c) { return {std::fma(a.x, b.x, -c.x)}; }
  static One fnma(One a, One b, One c) { return {std::fma(-a.x, b.x, c.x)}; }
  friend One operator+(One a, One b) { return {a.x + b.x}; }
  friend One operator-(One a, One b) { return {a.x - b.x}; }
  friend One operator*(One a, One b) { return {a.x * b.x}; }
  static unsigned unequal(One a, One b) { return a.x == b.x ? 0 : 1; }
  static unsigned all_zero(One a, std::uint64_t mask) {
    return (std::bit_cast<std::uint64_t>(a.x) & mask) == 0 ? 1 : 0;
  }
  static One flip(One a, One sign) { return {std::signbit(sign.x) ? -a.x : a.x}; }

  static void store(double* at, One a) { *at = a.x; }
  static One size(One a) { return {std::abs(a.x)}; }
  static unsigned not_above(One a, One b) { return a.x > b.x ? 0 : 1; }

  template <Dtype kTo>
  static std::uint64_t encode(One value) {
    if constexpr (kTo == Dtype::f64) return std::bit_cast<std::uint64_t>(value.x);
    return std::isnan(value.x) ? ~std::uint64_t{0} : narrow(value.x, kTo);
  }
  // The bfloat16 of a value that is one.
  static std::uint64_t upper_half(One a) { return encode<Dtype::bf16>(a); }
  static unsigned codes_differ(std::uint64_t a, std::uint64_t b) { return a != b ? 1 : 0; }
  template <Dtype kTo>
  static void put_code(std::byte* to, int lane, int pairs, std::uint64_t code) {
    if (lane < pairs) std::memcpy(to + lane * kBytes<kTo>, &code, kBytes<kTo>);  // little endian
  }
  template <Dtype kTo>
  static void put(std::byte* to, int lane, int pairs, One value) {
    put_code<kTo>(to, lane, pairs, encode<kTo>(value));
  }
  template <Dtype kTo>
  static One get(const std::byte* from, int lane, int pairs) {
    std::uint64_t bits = 0;
    if (lane < pairs) std::memcpy(&bits, from + lane * kBytes<kTo>, kBytes<kTo>);
    return {widen(bits, kTo)};
  }

  static Phase<One> phase(const std::int64_t* position, const std::uint64_t* chunks) {
    const bool negative = *position < 0;
    const std::uint64_t n = negative ? 0 - static_cast<std::uint64_t>(*position)
                                     : static_cast<std::uint64_t>(*position);
    std::uint64_t product[kChunks];
    for (int i = 0; i < kChunks; ++i) product[i] = n * chunks[i * kGroup];
    const auto low = [](std::uint64_t x) { return x & 0xffffffff; };
    const std::uint64_t first = low(product[0]) + (product[1] >> 32),
                        second = low(product[1]) + (product[2] >> 32),
                        third = low(product[2]) + (product[3] >> 32),
                        fourth = low(product[3]) + (product[4] >> 32);
    // What rounds up to a whole turn wraps to index 0.
    const std::uint64_t fraction = (first << 32) + second;
    const std::uint64_t index =
        (fraction + (std::uint64_t{1} << (63 - kTableBits))) >> (64 - kTableBits);
    const auto near = static_cast<std::int64_t>(fraction - (index << (64 - kTableBits)));
    const auto real = [](auto x) { return One{static_cast<double>(x)}; };
    return {real(near), real(third), real(fourth), real(n), One{negative ? -1.0 : 1.0}, index};
  }
  static Turn<One> gather(const double* table, std::uint64_t index) {
    const double* at = table + 4 * index;
    return {{at[0]}, {at[1]}, {at[2]}, {at[3]}};
  }
};

}  // namespace

constinit const Kernels kPortable = kernels_of<One>("portable", []() noexcept { return true; });

}  // namespace plumbline::quick
