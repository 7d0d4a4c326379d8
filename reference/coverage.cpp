// SPDX-License-Identifier: Apache-2.0
#include "reference/coverage.h"

#include <algorithm>
#include <limits>
#include <set>

namespace plumbline {
namespace {

// 2 pi / inv_freq, rounded once.
double wavelength(const ResolvedSpectrum& spectrum, int rung) {
  const auto bits = certify([&] { return pi() * enclose(Rational(2)) / spectrum.inv_freq(rung); },
                            binary64, "a wavelength");
  return decode_double(bits.bits, binary64);
}

}  // namespace

// Rounding keeps the order, so that only a wavelength within half an ulp of the integer could count
// as equal to it.
int AxisCoverage::longer_than(std::int64_t positions) const {
  return static_cast<int>(std::count_if(wavelengths.begin(), wavelengths.end(), [&](double w) {
    return w > static_cast<double>(positions);
  }));
}

std::vector<AxisCoverage> coverage(const Case& c) {
  const FrequencyAllocation map = allocation(c);
  const Spectra spectra(c.spectrum, map);
  std::vector<AxisCoverage> out;
  for (std::size_t axis = 0; axis < kMostAxes; ++axis) {
    const auto name = static_cast<Axis>(axis);
    std::set<int> channels, rungs;
    for (std::size_t i = 0; i < map.of.size(); ++i) {
      if (map.of[i].axis != name) continue;
      channels.insert(static_cast<int>(i) % map.pairs);
      if (!spectra.of(name).never_turns(map.of[i].rung)) rungs.insert(map.of[i].rung);
    }
    if (channels.empty()) continue;
    AxisCoverage one{.letter = map.letter(name), .channels = {channels.begin(), channels.end()}};
    for (const int channel : one.channels) {
      int of_map = 0;
      while (map.at(of_map, channel).axis != name) ++of_map;
      const int rung = map.at(of_map, channel).rung;
      one.wavelengths.push_back(spectra.of(name).never_turns(rung)
                                    ? std::numeric_limits<double>::infinity()
                                    : wavelength(spectra.of(name), rung));
    }
    for (std::size_t i = 1; i < one.channels.size(); ++i)
      one.hole = std::max(one.hole, one.channels[i] - one.channels[i - 1] - 1);
    double sum = 0;
    for (const int channel : one.channels) sum += channel;
    one.mean_channel = sum / static_cast<double>(one.channels.size());
    if (!rungs.empty()) {
      const ResolvedSpectrum& spectrum = spectra.of(name);
      one.shortest = wavelength(spectrum, *rungs.begin());
      one.longest = wavelength(spectrum, *rungs.rbegin());
      one.monotone_range = one.longest / 2;
      const int n = spectrum.rungs();
      if (n > 1) {
        one.exponent_coverage =
            static_cast<double>(*rungs.rbegin() - *rungs.begin()) / static_cast<double>(n - 1);
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace plumbline
