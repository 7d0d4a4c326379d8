// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/rounding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

namespace plumbline::oracle {
namespace {

// The encoding of the finite dyadic x. With |x| = m * 2^e, 1/2 <= m < 1, the grid around x has the
// spacing 2^max(e - p, min_exponent - p + 1); the leading bits of m above the spacing are kept, the
// next one is the half, and the rest is sticky. Fields and carries need no cases: an encoding is an
// integer that counts grid points from zero.
std::uint64_t round_dyadic(const arf_t x, const Format& format) {
  if (arf_is_zero(x)) return 0;
  const std::uint64_t sign = arf_sgn(x) < 0 ? format.sign_bit() : 0;
  if (arf_cmpabs_2exp_si(x, 2000) >= 0) return sign | format.infinity();
  if (arf_cmpabs_2exp_si(x, -2000) < 0) return sign;
  const slong exponent = fmpz_get_si(ARF_EXPREF(x));
  const slong smallest = format.min_exponent + 1;  // of a normal number, with m below 1
  const slong kept =
      exponent >= smallest ? format.precision : format.precision - (smallest - exponent);
  if (kept < 0) return sign;
  mp_srcptr limbs = nullptr;
  mp_size_t size = 0;
  ARF_GET_MPN_READONLY(limbs, size, x);
  const std::uint64_t top = limbs[size - 1];  // leading bit set; the lowest limb is never zero
  std::uint64_t grid = kept == 0 ? 0 : top >> (64 - kept);
  const std::uint64_t rest = top << kept;
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  const bool above_half = rest > kHalf || (rest == kHalf && size > 1);
  if (above_half || (rest == kHalf && (grid & 1) != 0)) ++grid;
  if (exponent > smallest) {
    grid += static_cast<std::uint64_t>(exponent - smallest) << (format.precision - 1);
  }
  return sign | std::min(grid, format.infinity());
}

}  // namespace

namespace {

void round_to(const Ball& x, slong bits, std::span<const Format> formats,
              std::optional<std::uint64_t>* out) {
  const std::size_t count = formats.size();
  std::fill(out, out + count, std::nullopt);
  if (arb_is_exact(x.get())) {
    for (std::size_t i = 0; i < count; ++i) out[i] = round_dyadic(arb_midref(x.get()), formats[i]);
    return;
  }
  // A ball across zero is refused even where all its members underflow, because they differ in
  // sign.
  if (!arb_is_finite(x.get()) || arb_contains_zero(x.get())) return;
  arf_t low, high;
  arf_init(low);
  arf_init(high);
  arb_get_interval_arf(low, high, x.get(), bits);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t first = round_dyadic(low, formats[i]);
    if (first == round_dyadic(high, formats[i])) out[i] = first;
  }
  arf_clear(low);
  arf_clear(high);
}

}  // namespace

std::optional<std::uint64_t> round(const Ball& x, slong bits, const Format& format) {
  std::optional<std::uint64_t> out;
  round_to(x, bits, {&format, 1}, &out);
  return out;
}

void round_all(const Ball& x, slong bits,
               std::optional<std::uint64_t> (&out)[std::size(kFormats)]) {
  round_to(x, bits, kFormats, out);
}

double decode(std::uint64_t bits, const Format& format) {
  if (format.dtype == Dtype::f64) return std::bit_cast<double>(bits);
  if (format.dtype == Dtype::f32) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  if (format.dtype == Dtype::bf16) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits << 16));
  }
  const std::uint64_t magnitude = bits & ~format.sign_bit();
  const double sign = bits == magnitude ? 1.0 : -1.0;
  if (magnitude >= format.infinity()) {
    return magnitude == format.infinity() ? sign * HUGE_VAL : std::nan("");
  }
  const int field = static_cast<int>(magnitude >> (format.precision - 1));
  const std::uint64_t fraction = magnitude & ((std::uint64_t{1} << (format.precision - 1)) - 1);
  const std::uint64_t implicit = field == 0 ? 0 : std::uint64_t{1} << (format.precision - 1);
  const int scale = std::max(field, 1) - 1 + format.min_exponent - (format.precision - 1);
  return sign * std::ldexp(static_cast<double>(implicit + fraction), scale);
}

Rational in_binary64(const Rational& x) {
  constexpr slong kBits = 256;
  Ball ball;
  arb_set_fmpq(ball.get(), x.get(), kBits);
  arf_t nearest;
  arf_init(nearest);
  arf_set_d(nearest, decode(round(ball, kBits, kBinary64).value(), kBinary64));
  Rational out;
  arf_get_fmpq(out.get(), nearest);
  arf_clear(nearest);
  return out;
}

std::uint64_t encode_special(double x, const Format& format) {
  if (std::isnan(x)) {
    return format.infinity() | std::uint64_t{1} << (format.precision - 2);
  }
  const std::uint64_t sign = std::signbit(x) ? format.sign_bit() : 0;
  return x == 0 ? sign : sign | format.infinity();
}

bool is_nan(std::uint64_t bits, const Format& format) {
  return (bits & ~format.sign_bit()) > format.infinity();
}

}  // namespace plumbline::oracle
