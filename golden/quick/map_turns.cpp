// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/map_turns.h"

#include <limits>
#include <numeric>

namespace plumbline::quick {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

void put(double* group, std::size_t lane, const SeedTurn& turn) {
  const double parts[] = {turn.cos.high, turn.cos.low, turn.sin.high, turn.sin.low};
  for (std::size_t i = 0; i < 4; ++i) group[i * kGroup + lane] = parts[i];
}

}  // namespace

MapTurns::MapTurns(const Spectra& spectra, const FrequencyAllocation& map, const PositionTable& ids)
    : spectra_(spectra),
      map_(map),
      ids_(ids),
      groups_((map.pairs + kGroup - 1) / kGroup),
      scale_(scale_of(spectra.first())) {
  require_nearest();
  {
    const WorkingPrecision precision(kSeedBits);
    still_ = seeds(Interval(0), Interval(0), 1, spectra.first().attention_factor(), scale_).front();
  }
  find_denominators();
  rows_.resize(map.ladders.size());
  for (const Assignment& a : map.of) {
    if (a.axis == Axis::none) continue;
    auto& rows = rows_[ladder_of(a.axis)];
    if (!rows && denominators_[ladder_of(a.axis)] > 0)
      rows = std::make_unique<const ScatteredRows>(spectra.of(a.axis),
                                                   denominators_[ladder_of(a.axis)]);
  }
}

void MapTurns::find_denominators() {
  denominators_.assign(map_.ladders.size(), 0);
  const auto axes = static_cast<std::size_t>(ids_.axes);
  const std::size_t rows = ids_.rows();
  std::vector<std::optional<std::array<std::int64_t, 2>>> terms;
  for (const Coordinate& x : ids_.position_ids) {
    const auto* exact = std::get_if<Rational>(&x);
    terms.push_back(exact == nullptr ? std::nullopt : small_fraction(*exact));
  }
  // A denominator that would make the common one too large stays out, and its coordinates with it.
  for (std::size_t at = 0; at < terms.size(); ++at) {
    if (!terms[at]) continue;
    std::int64_t& common = denominators_[ladder_of(static_cast<Axis>(at / rows))];
    const std::int64_t denominator = (*terms[at])[1];
    if (common == 0) common = 1;
    if (denominator > kFarthest || common % denominator == 0) continue;
    const std::int64_t more = denominator / std::gcd(common, denominator);
    if (more <= kFarthest / common) common *= more;
  }
  numerators_.assign(axes * rows, kNone);
  for (std::size_t at = 0; at < terms.size(); ++at) {
    if (!terms[at]) continue;
    const auto [numerator, denominator] = *terms[at];
    const std::int64_t common = denominators_[ladder_of(static_cast<Axis>(at / rows))];
    if (common % denominator != 0) continue;
    const std::int64_t most = kFarthest / (common / denominator);
    if (numerator >= -most && numerator <= most)
      numerators_[at] = numerator * (common / denominator);
  }
}

bool MapTurns::enclosed(Angles& angles, std::size_t row, int map, int pair, double* group) const {
  const WorkingPrecision precision(kFirstPrecision);
  try {
    const CosSin at = angles.at(row, map, pair);
    const auto cos = narrow_double2(at.cos, scale_), sin = narrow_double2(at.sin, scale_);
    if (!cos || !sin) return false;
    put(group, static_cast<std::size_t>(pair % kGroup), {*cos, *sin});
    return true;
  } catch (const Undecided&) {
    return false;
  }
}

PairTurns MapTurns::Block::at(std::size_t row, int map) const {
  const std::size_t entry = (row - first_) * static_cast<std::size_t>(all_->map_.maps) +
                            static_cast<std::size_t>(map),
                    groups = static_cast<std::size_t>(all_->groups_);
  return {turns_.data() + entry * groups * kTurnGroup, all_->map_.pairs, all_->scale_,
          open_[entry]};
}

MapTurns::Block MapTurns::block(std::size_t first, std::size_t count, Angles& angles) const {
  const auto maps = static_cast<std::size_t>(map_.maps), axes = static_cast<std::size_t>(ids_.axes),
             groups = static_cast<std::size_t>(groups_);
  Block out;
  out.all_ = this;
  out.first_ = first;
  out.turns_.resize(count * maps * groups * kTurnGroup);
  out.open_.resize(count * maps);

  // The rungs' turns of one axis, row by row; those of an axis that stands where another one of the
  // same ladder does are that one's.
  std::vector<std::vector<double>> by_axis(axes);
  std::vector<std::size_t> same(axes);
  std::vector<bool> used(axes);
  for (const Assignment& a : map_.of)
    if (a.axis != Axis::none) used[index(a.axis)] = true;
  for (std::size_t a = 0; a < axes; ++a) {
    same[a] = a;
    if (!used[a]) continue;
    const std::size_t ladder = ladder_of(static_cast<Axis>(a));
    if (!rows_[ladder]) continue;
    const auto numerators = [&](std::size_t axis) {
      return std::span(numerators_).subspan(axis * ids_.rows() + first, count);
    };
    for (std::size_t b = 0; b < a && same[a] == a; ++b)
      if (used[b] && ladder_of(static_cast<Axis>(b)) == ladder &&
          std::ranges::equal(numerators(a), numerators(b)))
        same[a] = same[b];
    if (same[a] != a) continue;
    std::vector<std::int64_t> known(numerators(a).begin(), numerators(a).end());
    for (std::int64_t& n : known)
      if (n == kNone) n = 0;
    const auto width =
        static_cast<std::size_t>((rows_[ladder]->channels() + kGroup - 1) / kGroup) * kTurnGroup;
    by_axis[a].resize(count * width);
    rows_[ladder]->turns(known, static_cast<int>(count), by_axis[a].data());
  }

  for (std::size_t row = 0; row < count; ++row)
    for (std::size_t map = 0; map < maps; ++map) {
      const std::size_t entry = row * maps + map;
      double* to = out.turns_.data() + entry * groups * kTurnGroup;
      for (int pair = 0; pair < map_.pairs; ++pair) {
        const auto group = static_cast<std::size_t>(pair / kGroup);
        double* at = to + group * kTurnGroup;
        const Assignment& assigned = map_.at(static_cast<int>(map), pair);
        if (assigned.axis == Axis::none) {
          put(at, static_cast<std::size_t>(pair % kGroup), still_);
          continue;
        }
        const std::size_t axis = index(assigned.axis);
        if (numerator_at(axis, first + row) == kNone) {
          if (!enclosed(angles, first + row, static_cast<int>(map), pair, at))
            out.open_[entry] = true;
          continue;
        }
        const std::vector<double>& rungs = by_axis[same[axis]];
        const auto rung = static_cast<std::size_t>(assigned.rung);
        const double* from =
            rungs.data() + row * (rungs.size() / count) + rung / kGroup * kTurnGroup;
        for (std::size_t i = 0; i < 4; ++i)
          at[i * kGroup + static_cast<std::size_t>(pair % kGroup)] =
              from[i * kGroup + rung % kGroup];
      }
    }
  return out;
}

}  // namespace plumbline::quick
