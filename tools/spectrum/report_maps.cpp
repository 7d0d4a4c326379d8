// SPDX-License-Identifier: Apache-2.0
// What follows from a map and a spectrum: coverage, horizons, decay, kernel, stretching.
#include <algorithm>
#include <cmath>
#include <limits>

#include "golden/context_length.h"
#include "golden/recipe.h"
#include "reference/planes.h"
#include "tools/spectrum/ladders.h"
#include "tools/spectrum/report.h"

namespace plumbline::spectrum {
namespace {

double limit_of(std::string_view grade) {
  for (const Grade& one : kGrades) {
    if (one.name == grade) return one.limit;
  }
  throw std::logic_error("no grade " + std::string(grade));
}

// The largest p of [0, 2^31] such that the bound stays below `limit` up to p, taking every position
// beyond the type's integers for one that it cannot hold.
std::int64_t horizon(const PhaseBudget& budget, double limit) {
  const auto above = [&](std::int64_t p) {
    return !(budget.at(static_cast<double>(p | 1), true) <= limit);
  };
  std::int64_t low = 0, high = std::int64_t{1} << 31;
  if (!above(high)) return high;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (above(middle) ? high : low) = middle;
  }
  return low;
}

std::vector<double> spread(const std::vector<AxisReport>& axes,
                           std::vector<double> AxisDecay::*curve, std::size_t offsets) {
  std::vector<double> out;
  for (std::size_t i = 0; i < offsets && !axes.empty(); ++i) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const AxisReport& a : axes) {
      least = std::min(least, (a.decay.*curve)[i]);
      most = std::max(most, (a.decay.*curve)[i]);
    }
    out.push_back(most - least);
  }
  return out;
}

// By the method of that index.
Stretch stretch(std::size_t method, const Case& c, const FrequencyAllocation& map,
                const std::vector<AxisReport>& axes, const Ladders& ladders,
                const Rational& factor) {
  Stretch out{ladders.methods()[method].name,
              std::vector<double>(static_cast<std::size_t>(map.pairs), 1),
              {}};
  const double full = to_double(Rational(1 / factor));
  for (const AxisReport& a : axes) {
    const auto& ratio = ladders.of(c, map.ladder(a.decay.axis)).stretched[method];
    StretchCount count;
    for (int k = 0; k < map.pairs; ++k) {
      const Assignment& pair = map.at(a.decay.map, k);
      if (pair.axis != a.decay.axis) continue;
      const double r = ratio[static_cast<std::size_t>(pair.rung)];
      (r == 1 ? count.untouched : r == full ? count.interpolated : count.mixed) += 1;
      if (a.decay.map == 0) out.ratio[static_cast<std::size_t>(k)] = r;
    }
    out.counts.push_back(count);
  }
  return out;
}

}  // namespace

const std::vector<HorizonKind>& horizon_kinds() {
  static const std::vector<HorizonKind> kKinds = [] {
    std::vector<HorizonKind> out{{"float32 phase, f32 class", "hf_f32", "f32", 0},
                                 {"float32 phase, bf16 class", "hf_f32", "bf16", 0},
                                 {"bfloat16 phase, bf16 class",
                                  "hf_bf16,inv_freq=bf16,position=bf16,angle=bf16", "bf16", 0}};
    for (HorizonKind& kind : out) kind.radians = limit_of(kind.limit);
    return out;
  }();
  return kKinds;
}

MapClass make_map(const Case& c, const Ladders& ladders, const Report& report,
                  unsigned& precision) {
  MapClass out;
  out.allocation = c.scheme->allocation.name;
  out.spectrum = c.spectrum_json;
  if (has_planes(c)) {
    out.missing = "turns vectors in dense planes, which have no map";
    return out;
  }
  const FrequencyAllocation map = allocation(c);
  out.letters = map.letters;
  out.pairs = map.pairs;
  for (int m = 0; m < map.maps; ++m) out.axis_maps.push_back(map.axis_map(m));
  for (int k = 0; k < map.pairs; ++k) out.unrotated += map.at(0, k).axis == Axis::none ? 1 : 0;
  if (!map.partner.empty()) {
    out.missing = "the two lanes of a pair read different axes, which is no rotation";
    return out;
  }
  LadderPhasors phasors;
  std::vector<const SeedTables*> seeds;
  for (const Ladder& ladder : map.ladders) {
    const Ladders::Made& made = ladders.of(c, ladder);
    phasors.push_back(made.phasors);
    seeds.push_back(made.seeds.get());
  }
  Decay curves = decay(map, phasors);
  precision = std::max(precision, curves.precision);
  out.preference = std::move(curves.preference);
  const KernelScan scan = scan_kernel(map, seeds);
  out.scanned = ladders.last();
  out.widest_at = scan.widest_at;
  out.widest = scan.widest;

  std::vector<Recipe> recipes;
  for (const HorizonKind& kind : horizon_kinds()) recipes.push_back(parse_recipe(kind.recipe));
  const auto covered = coverage(c);
  for (std::size_t i = 0; i < covered.size(); ++i) {
    AxisReport axis{covered[i], std::move(curves.axes[i]), {}, 0, scan.axes[i].first_negative};
    axis.longer_than_context = covered[i].longer_than(report.context);
    const Ladder& ladder = map.ladder(axis.decay.axis);
    for (std::size_t k = 0; k < covered[i].channels.size(); ++k) {
      Channel one{covered[i].channels[k], covered[i].wavelengths[k], {}};
      int in = 0;
      while (map.at(in, one.pair).axis != axis.decay.axis) ++in;
      const int rung = map.at(in, one.pair).rung;
      for (std::size_t r = 0; r < recipes.size(); ++r) {
        if (std::isinf(one.wavelength)) {
          one.horizons.push_back(std::int64_t{1} << 31);
          continue;
        }
        const double inv_freq = 2 * M_PI / one.wavelength;
        one.horizons.push_back(horizon(PhaseBudget(recipes[r], c.spectrum, rung, inv_freq, ladder),
                                       horizon_kinds()[r].radians));
      }
      axis.channels.push_back(std::move(one));
    }
    out.axes.push_back(std::move(axis));
  }
  const auto mean_of = [&](char letter) -> std::optional<double> {
    for (const AxisReport& a : out.axes) {
      if (a.coverage.letter == letter) return a.coverage.mean_channel;
    }
    return std::nullopt;
  };
  if (const auto h = mean_of('H'), w = mean_of('W'); h && w)
    out.mean_channel_difference = std::abs(*h - *w) / out.pairs;
  const bool stretches = std::all_of(out.axes.begin(), out.axes.end(), [&](const AxisReport& a) {
    return !ladders.of(c, map.ladder(a.decay.axis)).stretched.empty();
  });
  for (std::size_t method = 0; stretches && method < ladders.methods().size(); ++method)
    out.stretches.push_back(stretch(method, c, map, out.axes, ladders, report.factor));
  out.spread_embedded = spread(out.axes, &AxisDecay::embedded, report.offsets.size());
  out.spread_restricted = spread(out.axes, &AxisDecay::restricted, report.offsets.size());
  return out;
}

}  // namespace plumbline::spectrum
