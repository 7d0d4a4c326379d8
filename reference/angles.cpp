// SPDX-License-Identifier: Apache-2.0
#include "reference/angles.h"

#include <algorithm>
#include <cmath>

namespace plumbline {

Angles::Angles(const Spectra& spectra, const FrequencyAllocation& allocation,
               const PositionTable& ids, std::size_t first, std::size_t count)
    : spectra_(spectra),
      allocation_(allocation),
      ids_(ids),
      first_(first),
      rungs_(static_cast<std::size_t>(spectra.most_rungs())) {
  const auto axes = static_cast<std::size_t>(ids.axes);
  for (std::size_t a = 0; a < axes; ++a) {
    std::map<Rational, std::size_t> seen;
    for (std::size_t row = 0; row < count; ++row) {
      const auto* exact = std::get_if<Rational>(&ids.at(a, first + row));
      std::size_t slot = distinct_;
      if (exact != nullptr) slot = seen.try_emplace(*exact, distinct_).first->second;
      if (slot == distinct_) ++distinct_;
      slots_[a].push_back(slot);
    }
  }
  memo_.resize(distinct_ * rungs_);
  places_.resize(distinct_);
}

const Interval& Angles::attention() {
  const auto found = attention_.find(WorkingPrecision::bits());
  if (found != attention_.end()) return found->second;
  return attention_.emplace(WorkingPrecision::bits(), spectra_.first().attention_factor())
      .first->second;
}

std::optional<Rational> Angles::still(std::size_t row, int map, int pair) const {
  const Assignment& assigned = allocation_.at(map, pair);
  const auto& factor = spectra_.first().exact_attention_factor();
  if (!factor) return std::nullopt;
  if (assigned.axis != Axis::none) {
    const auto* p = std::get_if<Rational>(&ids_.at(index(assigned.axis), row));
    const bool at_origin = p != nullptr && *p == 0;
    if (!at_origin && !spectra_.of(assigned.axis).never_turns(assigned.rung)) return std::nullopt;
  }
  return factor;
}

CosSin Angles::at(std::size_t row, int map, int pair) {
  const Assignment& assigned = allocation_.at(map, pair);
  if (assigned.axis == Axis::none) return {attention(), enclose(Rational(0))};
  const auto axis = index(assigned.axis);
  const ResolvedSpectrum& spectrum = spectra_.of(assigned.axis);
  const auto rung = static_cast<std::size_t>(assigned.rung);
  if (const auto eighths = eighth_turns(row, assigned); eighths && *eighths % 2 == 0) {
    const Interval zero = enclose(Rational(0));
    switch (*eighths / 2) {
      case 0:
        return {attention(), zero};
      case 1:
        return {zero, attention()};
      case 2:
        return {-attention(), zero};
      default:
        return {zero, -attention()};
    }
  }
  if (WorkingPrecision::bits() != kFirstPrecision) {
    return cos_sin(enclose(ids_.at(axis, row)), spectrum.inv_freq(assigned.rung), attention());
  }
  const std::size_t place = slots_[axis][row - first_];
  auto& slot = memo_[place * rungs_ + rung];
  if (!slot) {
    auto& position = places_[place];
    if (!position) position = enclose(ids_.at(axis, row));
    auto& ladder = ladders_[axis];
    if (ladder.empty()) ladder.resize(rungs_);
    if (!ladder[rung]) ladder[rung] = spectrum.inv_freq(assigned.rung);
    slot = cos_sin(*position, *ladder[rung], attention());
  }
  return *slot;
}

TurnedPair Angles::turned(std::size_t row, int map, int pair, std::uint64_t x, std::uint64_t y,
                          bool adjoint, const Format& format) {
  if (const auto exact = diagonal(row, map, pair, decode_double(x, format),
                                  decode_double(y, format), adjoint, format))
    return *exact;
  return turn(
      x, y, [&] { return at(row, map, pair); }, still(row, map, pair), adjoint, format,
      "a rotated pair");
}

// (x c - y s) = (+-x +- y) A / sqrt 2, which vanishes where the lanes are equal; no enclosure of c
// and s could tell.
std::optional<TurnedPair> Angles::diagonal(std::size_t row, int map, int pair, double x, double y,
                                           bool adjoint, const Format& format) const {
  const Assignment& assigned = allocation_.at(map, pair);
  if (assigned.axis == Axis::none || !std::isfinite(x) || !std::isfinite(y)) return std::nullopt;
  const auto eighths = eighth_turns(row, assigned);
  if (!eighths || *eighths % 2 == 0) return std::nullopt;
  const int c = *eighths == 1 || *eighths == 7 ? 1 : -1;
  const int s = (*eighths < 4 ? 1 : -1) * (adjoint ? -1 : 1);
  const auto lane = [&](double along, double across) {
    const Rational sum = from_double(along) + from_double(across);
    if (sum == 0)
      return Certified{std::signbit(along + across) ? sign_bit(format) : 0, kFirstPrecision};
    return certify(
        [&] {
          return enclose(sum) * spectra_.first().attention_factor() * sqrt(enclose(Rational(1, 2)));
        },
        format, "a rotated pair");
  };
  const Certified one = lane(c * x, -s * y), two = lane(c * y, s * x);
  return TurnedPair{one.bits, two.bits, std::max(one.precision, two.precision)};
}

// 0 to 7 where the angle is exactly so many eighths of a turn, which only ladders in turns reach.
std::optional<int> Angles::eighth_turns(std::size_t row, const Assignment& assigned) const {
  const auto turns = spectra_.of(assigned.axis).exact_turns(assigned.rung);
  const auto* p = std::get_if<Rational>(&ids_.at(index(assigned.axis), row));
  if (!turns || p == nullptr) return std::nullopt;
  const Rational eighths = *p * *turns * 8;
  if (denominator(eighths) != 1) return std::nullopt;
  const Integer rest = numerator(eighths) % 8;
  return (rest.convert_to<int>() + 8) % 8;
}

}  // namespace plumbline
