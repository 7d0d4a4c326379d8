// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>

#include "golden/oracle/exact.h"
#include "golden/tensor.h"

namespace plumbline::oracle {

// A binary interchange format: precision in bits with the implicit one, smallest exponent of a
// normal number 1.f * 2^e.
struct Format {
  Dtype dtype;
  int precision;
  int min_exponent;
  int width;
  std::uint64_t sign_bit() const { return std::uint64_t{1} << (width - 1); }
  // Exponent field all ones, fraction zero.
  std::uint64_t infinity() const { return sign_bit() - (std::uint64_t{1} << (precision - 1)); }
};
inline constexpr Format kFormats[] = {{Dtype::f64, 53, -1022, 64},
                                      {Dtype::f32, 24, -126, 32},
                                      {Dtype::bf16, 8, -126, 16},
                                      {Dtype::f16, 11, -14, 16}};
inline constexpr const Format& kBinary64 = kFormats[0];

// The encoding nearest to x, ties to even, with subnormals, underflow to a zero of x's sign and
// overflow to infinity; exact zero gives +0. Nothing if the numbers in the ball do not all share
// one encoding. Error: none. `bits` is the precision the ball was made at; the ends of the ball are
// rounded outward to it.
std::optional<std::uint64_t> round(const Ball& x, slong bits, const Format& format);

// The same in every one of kFormats, in their order.
void round_all(const Ball& x, slong bits, std::optional<std::uint64_t> (&out)[std::size(kFormats)]);

// The value of an encoding: exact, since binary64 holds every number of the four formats.
double decode(std::uint64_t bits, const Format& format);
// The number of binary64 nearest to x, ties to even; x within binary64's range. Error: none.
Rational in_binary64(const Rational& x);
// The encoding of a zero, an infinity or a NaN; the NaN is quiet, without payload and with the sign
// bit clear.
std::uint64_t encode_special(double x, const Format& format);
bool is_nan(std::uint64_t bits, const Format& format);

}  // namespace plumbline::oracle
