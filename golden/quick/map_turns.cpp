// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/map_turns.h"

#include <algorithm>
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
      scale_(scale_of(spectra.first())),
      used_(kMostAxes) {
  require_nearest();
  for (const Assignment& a : map.of)
    if (a.axis != Axis::none) used_.at(index(a.axis)) = true;
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
  for (std::size_t at = 0; at < axes * rows; ++at) {
    const auto* exact = used_[at / rows] ? std::get_if<Rational>(&ids_.position_ids[at]) : nullptr;
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

std::vector<MapTurns::RungTurns> MapTurns::rung_turns(std::size_t first, std::size_t count) const {
  const auto numerators = [&](std::size_t axis) {
    return std::span(numerators_).subspan(axis * ids_.rows() + first, count);
  };
  std::vector<RungTurns> out(used_.size());
  for (std::size_t a = 0; a < used_.size(); ++a) {
    if (!used_[a]) continue;
    const std::size_t ladder = ladder_of(static_cast<Axis>(a));
    if (!rows_[ladder]) continue;
    for (std::size_t b = 0; b < a && !out[a]; ++b)
      if (used_[b] && ladder_of(static_cast<Axis>(b)) == ladder &&
          std::ranges::equal(numerators(a), numerators(b)))
        out[a] = out[b];
    if (out[a]) continue;
    std::vector<std::int64_t> known(numerators(a).begin(), numerators(a).end());
    std::ranges::replace(known, kNone, 0);
    const int groups = (rows_[ladder]->channels() + kGroup - 1) / kGroup;
    auto turns = std::make_shared<std::vector<double>>(count * static_cast<std::size_t>(groups) *
                                                       kTurnGroup);
    rows_[ladder]->turns(known, static_cast<int>(count), turns->data());
    out[a] = std::move(turns);
  }
  return out;
}

MapTurns::Block MapTurns::block(std::size_t first, std::size_t count, Angles& angles) const {
  const auto maps = static_cast<std::size_t>(map_.maps), groups = static_cast<std::size_t>(groups_);
  const std::vector<RungTurns> rungs = rung_turns(first, count);
  Block out;
  out.all_ = this;
  out.first_ = first;
  out.turns_.resize(count * maps * groups * kTurnGroup);
  out.open_.resize(count * maps);
  for (std::size_t entry = 0; entry < count * maps; ++entry) {
    const std::size_t row = entry / maps;
    const auto map = static_cast<int>(entry % maps);
    for (int pair = 0; pair < map_.pairs; ++pair) {
      const auto group = static_cast<std::size_t>(pair / kGroup),
                 lane = static_cast<std::size_t>(pair % kGroup);
      double* to = out.turns_.data() + (entry * groups + group) * kTurnGroup;
      const Assignment& assigned = map_.at(map, pair);
      if (assigned.axis == Axis::none) {
        put(to, lane, still_);
        continue;
      }
      const std::size_t axis = index(assigned.axis);
      if (numerators_[axis * ids_.rows() + first + row] == kNone) {
        if (!enclosed(angles, first + row, map, pair, to)) out.open_[entry] = true;
        continue;
      }
      const auto rung = static_cast<std::size_t>(assigned.rung);
      const double* from = rungs[axis]->data() + row * (rungs[axis]->size() / count) +
                           rung / kGroup * kTurnGroup + rung % kGroup;
      for (std::size_t i = 0; i < 4; ++i) to[i * kGroup + lane] = from[i * kGroup];
    }
  }
  return out;
}

}  // namespace plumbline::quick
