// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/kernels.h"

#include <bit>
#include <cmath>
#include <limits>

namespace plumbline::quick {

std::span<const Kernels* const> kernels() {
  static constexpr const Kernels* kAll[] = {&kAvx512, &kPortable};
  return kAll;
}

const Kernels& best_kernels() {
  for (const Kernels* k : kernels())
    if (k->supported()) return *k;
  return kPortable;
}

std::uint32_t narrow(double x, Dtype dtype) {
  if (dtype == Dtype::f32) return std::bit_cast<std::uint32_t>(static_cast<float>(x));
  const int precision = dtype == Dtype::bf16 ? 8 : 11, emin = dtype == Dtype::bf16 ? -126 : -14;
  const std::uint32_t infinity = dtype == Dtype::bf16 ? 0x7f80 : 0x7c00;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint32_t sign = static_cast<std::uint32_t>(bits >> 63) << 15;
  const int field = static_cast<int>(bits >> 52 & 0x7ff);
  if (field == 0) return sign;  // below 2^-1022: nearer to zero than to any number of either format
  const std::uint64_t significand = (bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1}
                                                                                  << 52;
  const int exponent = field - 1023;
  const int below_normal = exponent < emin ? emin - exponent : 0;
  const int dropped = 53 - precision + below_normal;
  if (dropped > 54) return sign;
  const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
  const std::uint64_t kept = significand >> dropped, rest = significand & (2 * half - 1);
  // An encoding counts the numbers from zero, so that a carry needs no case.
  std::uint64_t out = kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0);
  if (exponent > emin) out += static_cast<std::uint64_t>(exponent - emin) << (precision - 1);
  return sign | (out < infinity ? static_cast<std::uint32_t>(out) : infinity);
}

double widen(std::uint64_t bits, Dtype dtype) {
  if (dtype == Dtype::f64) return std::bit_cast<double>(bits);
  const auto word = static_cast<std::uint32_t>(bits);
  if (dtype == Dtype::f32) return std::bit_cast<float>(word);
  if (dtype == Dtype::bf16) return std::bit_cast<float>(word << 16);
  const std::uint32_t field = word >> 10 & 0x1f, fraction = word & 0x3ff;
  double size = 0;
  if (field == 0x1f) {
    size = fraction == 0 ? HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
  } else {
    size = field == 0 ? std::ldexp(fraction, -24)
                      : std::ldexp(fraction + 1024.0, static_cast<int>(field) - 25);
  }
  return (word & 0x8000) != 0 ? -size : size;
}

}  // namespace plumbline::quick
