// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "golden/quick/double2.h"
#include "golden/quick/kernels.h"
#include "reference/certify.h"
#include "reference/frequency_spectrum.h"

// What the quick rows take from the definition: seeds, phases, and the values that they leave open.
namespace plumbline::quick {

// Error of a seed, as a part of scale_of(): |high + low - exact| <= kSeedError scale.
inline constexpr double kSeedError = 0x1p-105;
// Error of a product of two turns that are good to kSeedError, as a part of scale_of(),
// with the rounding of the test on top: 0x1.2p-101 + 2^-103, proof/product.g. The turns that
// small_turn() makes are good to kSeedError too: 0x1.2p-106, proof/polynomial.g, with kCosLost and
// with 2^-113 for the bits of the phase that no double of r holds, proof/phase.g.
inline constexpr double kBound = 0x1p-100;
// Error of a turn that is such a product, without the rounding of the test: 0x1.2p-101.
inline constexpr double kTurnError = 0x1p-100;
// Working precision of seeds, in bits.
inline constexpr unsigned kSeedBits = 256;

struct SeedTurn {
  Double2 cos, sin;
};

// Throws std::logic_error unless this thread rounds to nearest and keeps subnormals: every bound of
// this folder is stated for that.
void require_nearest();

// factor e^(i (start + n step)) for n = 0 .. count - 1, radians, each part good to kSeedError
// scale; scale >= |factor|, a power of two. At the working precision. The constructor throws
// std::logic_error where an enclosure is too wide for that, or for a count above 2^24.
class Seeds {
 public:
  Seeds(const Interval& start, const Interval& step, int count, const Interval& factor,
        double scale);
  Seeds(Seeds&&) noexcept;
  ~Seeds();
  // n = tile kTile ..., as many as `to` holds, at most kTile.
  static constexpr int kTile = 64;
  void tile(int tile, std::span<SeedTurn> to) const;

 private:
  struct Turns;
  std::unique_ptr<Turns> turns_;
};

// All of them at once.
std::vector<SeedTurn> seeds(const Interval& start, const Interval& step, int count,
                            const Interval& factor, double scale);

// high + low within kSeedError scale of every number of x, |low| <= 2^-53 scale; nothing where x is
// too wide for that.
std::optional<Double2> narrow_double2(const Interval& x, double scale);

// The first kChunks 32-bit digits of the fractional part of inv_freq / (2 pi denominator).
// denominator >= 1. Throws Unresolved where they cannot be decided.
std::vector<std::uint64_t> phase_chunks(const ResolvedSpectrum& spectrum, int rung,
                                        std::int64_t denominator);

// The smallest power of two that is no smaller than the attention factor: what is proven for
// operands of size 1 holds, scaled by it, without another rounding.
double scale_of(const ResolvedSpectrum& spectrum);

// A cos(position inv_freq) or A sin, rounded once by the enclosures of reference/. Exactly where
// the angle is zero or a quarter turn. Throws Unresolved.
std::uint64_t decide(const ResolvedSpectrum& spectrum, int rung, const Rational& position,
                     bool sine, Dtype dtype);

// The reference's name of a float type. Throws std::logic_error for an integer type.
const Format& format_of_float(Dtype dtype);

}  // namespace plumbline::quick
