// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "reference/real.h"

namespace plumbline {

// A binary interchange format: `precision` significant bits; finite values m * 2^e with 1/2 <= |m|
// < 1 and emin <= e <= emax, subnormals below. Source: IEEE 754-2019, section 3.6; bfloat16 is
// binary32 cut to 8 bits.
struct Format {
  std::string_view name;
  int precision, emin, emax, bytes;
  friend bool operator==(const Format& a, const Format& b) { return a.name == b.name; }
};
inline constexpr Format binary64{"binary64", 53, -1021, 1024, 8},
    binary32{"binary32", 24, -125, 128, 4}, bfloat16{"bfloat16", 8, -125, 128, 2},
    binary16{"binary16", 11, -13, 16, 2};
inline constexpr Format kFormats[] = {binary64, binary32, bfloat16, binary16};
// What cases and options call them, in the same order: "f64", "f32", "bf16", "f16".
std::string_view dtype_name(const Format& format);
// The format of that name; nullptr where it is none of the four.
const Format* find_format(std::string_view dtype_name);

// An encoding, and the working precision in bits that proved it.
struct Certified {
  std::uint64_t bits;
  unsigned precision;
};

// No proof of a rounding up to the cap; what() names what was asked.
struct Unresolved : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr unsigned kFirstPrecision = 128, kLastPrecision = 16384;

// round(x) to `format`, to nearest, ties to even; subnormals kept, overflow to infinity. Exact zero
// gives +0.
std::uint64_t round_to(const Rational& x, const Format& format);
// The same where every real number of the interval rounds alike; nothing otherwise.
std::optional<std::uint64_t> round_to(const Interval& x, const Format& format);

// Calls `attempt` under rising working precision until it returns a value; Undecided counts as
// none. Throws Unresolved(what) after kLastPrecision.
template <class Attempt>
auto at_rising_precision(const Attempt& attempt, std::string_view what) {
  for (unsigned bits = kFirstPrecision; bits <= kLastPrecision; bits *= 2) {
    const WorkingPrecision scope(bits);
    try {
      if (auto result = attempt()) return *result;
    } catch (const Undecided&) {
    }
  }
  throw Unresolved("undecided at " + std::to_string(kLastPrecision) +
                   " bits: " + std::string(what));
}

// The rounding of the real number that every enclosure(p), p = working precision, contains. Proven:
// both ends of one enclosure round to the same encoding. Throws Unresolved.
Certified certify(const std::function<Interval()>& enclosure, const Format& format,
                  std::string_view what);

// The value of a finite encoding, exactly.
Rational decode(std::uint64_t bits, const Format& format);
// The value of an encoding as a double: exact, NaN and infinity included.
double decode_double(std::uint64_t bits, const Format& format);
std::uint64_t infinity_bits(const Format& format);
std::uint64_t sign_bit(const Format& format);

}  // namespace plumbline
