// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/table.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "golden/oracle/case.h"
#include "golden/oracle/rotation.h"
#include "golden/oracle/rounding.h"
#include "golden/oracle/turns.h"

namespace plumbline::oracle {
namespace {

// Angle addition loses a few bits; 160 leave more than a hundred beyond binary64.
constexpr slong kBits = 160;
constexpr int kFine = 256;

struct CosSin {
  Ball cos, sin;
};

constexpr slong kDistanceBits = 512;

// |high + low - value| of every number of the ball, rounded up. Keeps its room: balls allocate.
class Distance {
 public:
  Distance() { mag_init(size_); }
  ~Distance() { mag_clear(size_); }
  Distance(const Distance&) = delete;
  Distance& operator=(const Distance&) = delete;
  double of(const Ball& value, double high, double low) {
    arb_set_d(part_.get(), high);
    arb_sub(rest_.get(), part_.get(), value.get(), kDistanceBits);
    arb_set_d(part_.get(), low);
    arb_add(rest_.get(), rest_.get(), part_.get(), kDistanceBits);
    arb_get_mag(size_, rest_.get());
    return mag_get_d(size_);
  }

 private:
  Ball rest_, part_;
  mag_t size_;
};

const Format& format_of(Dtype dtype) {
  for (const Format& f : kFormats)
    if (f.dtype == dtype) return f;
  throw std::invalid_argument("no float type");
}

}  // namespace

struct Table::Parts {
  Parts(const std::string& text, std::int64_t pairs)
      : spectrum(Json::parse(text), pairs, {{.rungs = pairs}}), turns(spectrum) {
    const Ladder& ladder = spectrum.at(kBits);
    for (const Real& w : ladder.inv_freq) w.enclose(inv_freq.emplace_back(), kBits);
    ladder.attention.value.enclose(attention, kBits);
  }
  // e^(i n w) for n < kFine, frequency by frequency, each on its own.
  const std::vector<CosSin>& fine() {
    if (!fine_.empty()) return fine_;
    for (int n = 0; n < kFine; ++n)
      for (const Ball& w : inv_freq) {
        CosSin& turn = fine_.emplace_back();
        Ball angle;
        arb_mul_si(angle.get(), w.get(), n, kBits);
        arb_sin_cos(turn.sin.get(), turn.cos.get(), angle.get(), kBits);
      }
    return fine_;
  }
  CosSin direct(std::size_t frequency, std::int64_t position) const {
    CosSin turn;
    Ball angle;
    arb_mul_si(angle.get(), inv_freq[frequency].get(), position, kBits);
    arb_sin_cos(turn.sin.get(), turn.cos.get(), angle.get(), kBits);
    arb_mul(turn.cos.get(), turn.cos.get(), attention.get(), kBits);
    arb_mul(turn.sin.get(), turn.sin.get(), attention.get(), kBits);
    return turn;
  }

  // What a value was rounded from, beside a ball that encloses the value. At kBits its radius is
  // below 2^-120, for positions to 2^31.
  void measure(TableFindings& found, const Ball& ball, const Approximation& from) {
    const double error = distance.of(ball, from.high, from.low) / from.bound;
    if (!(error <= found.error)) found.error = error;
  }
  // One value against all formats; `ball` encloses it at kBits.
  void compare(TableFindings& found, const Ball& ball, bool sine, std::size_t frequency,
               std::int64_t numerator, std::int64_t denominator, std::ptrdiff_t row,
               std::ptrdiff_t column, std::span<const TableRows> rows) {
    std::optional<std::uint64_t> rounded[std::size(kFormats)];
    round_all(ball, kBits, rounded);
    for (const TableRows& r : rows) {
      const Format& format = format_of(r.dtype);
      const std::size_t bytes = info(r.dtype).bytes;
      std::uint64_t stored = 0;
      std::memcpy(&stored,
                  static_cast<const std::byte*>(sine ? r.sin : r.cos) +
                      static_cast<std::size_t>(row * r.stride + column) * bytes,
                  bytes);
      std::optional<std::uint64_t> expected = rounded[&format - kFormats];
      if (!expected) {
        ++found.harder;
        const Coordinate position(Rational(numerator) / Rational(denominator));
        for (slong bits = kFirstBits; !expected; bits *= 2) {
          if (bits > kLastBits) throw std::runtime_error("a rounding stays undecided");
          const Turn turn = turns.at(position, frequency, bits);
          expected = round(sine ? turn.sin : turn.cos, bits, format);
        }
      }
      if (*expected == stored) {
        ++found.values;
        continue;
      }
      if (found.differ++ == 0)
        found.first = fmt::format("{} of frequency {} at position {}/{}, {}: stored {:x}, Arb {:x}",
                                  sine ? "sin" : "cos", frequency, numerator, denominator,
                                  info(r.dtype).format, stored, *expected);
    }
  }

  Spectrum spectrum;
  Turns turns;
  std::vector<Ball> inv_freq;
  Ball attention;
  Distance distance;

 private:
  std::vector<CosSin> fine_;
};

Table::Table(const std::string& spectrum, std::int64_t pairs)
    : parts_(std::make_unique<Parts>(spectrum, pairs)) {
  free_caches_at_thread_end();
}
Table::~Table() = default;

TableFindings Table::consecutive(std::int64_t first, int count, std::span<const TableRows> rows,
                                 const Approximations& approximations) {
  Parts& p = *parts_;
  const std::size_t n = p.inv_freq.size();
  const std::vector<CosSin>& fine = p.fine();
  TableFindings found;
  std::vector<CosSin> coarse(n);
  CosSin value;
  for (int row = 0; row < count; ++row) {
    const std::int64_t position = first + row;
    for (std::size_t f = 0; f < n; ++f) {
      if (row % kFine == 0) coarse[f] = p.direct(f, position);
      const CosSin &a = coarse[f], &b = fine[static_cast<std::size_t>(row % kFine) * n + f];
      arb_mul(value.cos.get(), a.cos.get(), b.cos.get(), kBits);
      arb_submul(value.cos.get(), a.sin.get(), b.sin.get(), kBits);
      arb_mul(value.sin.get(), a.sin.get(), b.cos.get(), kBits);
      arb_addmul(value.sin.get(), a.cos.get(), b.sin.get(), kBits);
      const auto column = static_cast<std::ptrdiff_t>(f);
      p.compare(found, value.cos, false, f, position, 1, row, column, rows);
      p.compare(found, value.sin, true, f, position, 1, row, column, rows);
      if (!approximations) continue;
      p.measure(found, value.cos, approximations(row, f, false));
      p.measure(found, value.sin, approximations(row, f, true));
    }
  }
  return found;
}

TableFindings Table::at(std::span<const std::int64_t> numerators, std::int64_t denominator,
                        int count, std::span<const TableRows> rows,
                        const Approximations& approximations) {
  Parts& p = *parts_;
  const std::size_t n = p.inv_freq.size();
  const bool one = numerators.size() == static_cast<std::size_t>(count);
  TableFindings found;
  for (int row = 0; row < count; ++row)
    for (std::size_t f = 0; f < n; ++f) {
      const auto r = static_cast<std::size_t>(row);
      const std::int64_t numerator = numerators[one ? r : r * n + f];
      const Turn turn =
          p.turns.at(Coordinate(Rational(numerator) / Rational(denominator)), f, kBits);
      const auto column = static_cast<std::ptrdiff_t>(f);
      p.compare(found, turn.cos, false, f, numerator, denominator, row, column, rows);
      p.compare(found, turn.sin, true, f, numerator, denominator, row, column, rows);
      if (!approximations) continue;
      p.measure(found, turn.cos, approximations(row, f, false));
      p.measure(found, turn.sin, approximations(row, f, true));
    }
  return found;
}

double Table::distance(std::size_t frequency, std::int64_t numerator, std::int64_t denominator,
                       bool sine, double high, double low) {
  const Coordinate position(Rational(numerator) / Rational(denominator));
  const Turn turn = parts_->turns.at(position, frequency, kDistanceBits);
  return parts_->distance.of(sine ? turn.sin : turn.cos, high, low);
}

double Table::distance_of_turn(std::int64_t numerator, std::int64_t denominator, bool sine,
                               double high, double low) {
  const Rational half_turns = Rational(2 * numerator) / Rational(denominator);
  Ball value, factor;
  (sine ? arb_sin_pi_fmpq : arb_cos_pi_fmpq)(value.get(), half_turns.get(), kDistanceBits);
  parts_->turns.attention(kDistanceBits).value.enclose(factor, kDistanceBits);
  arb_mul(value.get(), value.get(), factor.get(), kDistanceBits);
  return parts_->distance.of(value, high, low);
}

std::optional<std::uint64_t> Table::rotated(std::size_t frequency, std::int64_t position,
                                            std::uint64_t x_bits, std::uint64_t y_bits,
                                            bool adjoint, int lane, Dtype dtype) {
  Turns& turns = parts_->turns;
  const Format& format = format_of(dtype);
  const double x = decode(x_bits, format), y = decode(y_bits, format);
  if (!std::isfinite(x) || !std::isfinite(y)) return std::nullopt;
  turns.forget_if_many();
  const Coordinate where(position);
  const Place place{
      &where, frequency,
      turns.still(where, frequency) ? nullptr : &turns.at_first_bits(where, frequency)};
  if (lane_is_zero(lane, x, y, adjoint, place)) return std::nullopt;
  for (slong bits = kFirstBits; bits <= kLastBits; bits *= 2) {
    Ball ball;
    enclose_lane(ball, bits, lane, x, y, adjoint, place, turns);
    if (const auto rounded = round(ball, bits, format)) return rounded;
  }
  throw std::runtime_error("a rounding stays undecided");
}

void Table::plain_row(std::int64_t position, double* cos, double* sin) {
  constexpr slong kPlain = 113;
  const Parts& p = *parts_;
  for (std::size_t f = 0; f < p.inv_freq.size(); ++f) {
    CosSin turn;
    Ball angle;
    arb_mul_si(angle.get(), p.inv_freq[f].get(), position, kPlain);
    arb_sin_cos(turn.sin.get(), turn.cos.get(), angle.get(), kPlain);
    arb_mul(turn.cos.get(), turn.cos.get(), p.attention.get(), kPlain);
    arb_mul(turn.sin.get(), turn.sin.get(), p.attention.get(), kPlain);
    const auto put = [](const Ball& x) {
      const auto bits = round(x, kPlain, kBinary64);
      return bits ? std::bit_cast<double>(*bits) : 0.0;
    };
    cos[f] = put(turn.cos);
    sin[f] = put(turn.sin);
  }
}

}  // namespace plumbline::oracle
