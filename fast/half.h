// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

// Conversions between binary32 and the 16-bit encodings, in integer arithmetic, so that neither the
// rounding mode nor a flush-to-zero flag of the caller matters. Widening is exact. Narrowing is to
// nearest, ties to even, straight from binary32: subnormals are kept, overflow gives infinity, a
// NaN becomes the positive quiet NaN without payload.
namespace plumbline::fast {

constexpr float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

constexpr std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return 0x7fc0;
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

constexpr float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16;
  std::uint32_t exponent = bits >> 10 & 0x1fU;
  std::uint32_t fraction = bits & 0x3ffU;
  if (exponent == 0x1fU) return std::bit_cast<float>(sign | 0x7f800000U | fraction << 13);
  if (exponent == 0) {
    if (fraction == 0) return std::bit_cast<float>(sign);
    // A binary16 subnormal is a normal number in binary32: shift its first bit to the hidden place.
    const auto shift = static_cast<std::uint32_t>(std::countl_zero(fraction)) - 21U;
    exponent = 1U - shift;  // wraps below zero, and back in the sum below
    fraction = fraction << shift & 0x3ffU;
  }
  return std::bit_cast<float>(sign | (exponent + 112U) << 23 | fraction << 13);
}

constexpr std::uint16_t to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  const auto signed_bits = [sign](std::uint32_t rest) {
    return static_cast<std::uint16_t>(sign | rest);
  };
  if (magnitude > 0x7f800000U) return 0x7e00;
  if (magnitude >= 0x477ff000U)
    return signed_bits(0x7c00);    // 65520 is the tie between 65504 and 65536
  if (magnitude >= 0x38800000U) {  // 2^-14, the least normal number
    const std::uint32_t rounded = magnitude + 0xfffU + (magnitude >> 13 & 1U);
    return signed_bits((rounded - (112U << 23)) >> 13);
  }
  // The result counts units of 2^-24, and the significand below units of 2^(exponent - 150).
  const std::uint32_t shift = 126U - (magnitude >> 23);
  if (shift > 24) return sign;
  const std::uint32_t significand = (magnitude & 0x7fffffU) | 0x800000U;
  const std::uint32_t half = 1U << (shift - 1);
  return signed_bits((significand + half - 1U + (significand >> shift & 1U)) >> shift);
}

}  // namespace plumbline::fast
