// SPDX-License-Identifier: Apache-2.0
#include "reference/kernel_scan.h"

#include <algorithm>
#include <cmath>

#include "reference/phasors.h"

namespace plumbline {
namespace {

std::array<double, 2> turned(const ResolvedSpectrum& spectrum, int rung, const Interval& inv_freq,
                             std::int64_t offset) {
  const CosSin at = phasor(spectrum, rung, inv_freq, offset);
  const auto nearest = [&](Interval CosSin::*part) {
    if (const auto bits = round_to(at.*part, binary64)) return decode_double(*bits, binary64);
    const auto again = [&] {
      return phasor(spectrum, rung, spectrum.inv_freq(rung), offset).*part;
    };
    return decode_double(certify(again, binary64, "a seed").bits, binary64);
  };
  return {nearest(&CosSin::cos), nearest(&CosSin::sin)};
}

// The pairs of one axis in the first map that it drives.
struct Channels {
  Axis axis;
  std::vector<int> rungs;
};

std::vector<Channels> channels(const FrequencyAllocation& map) {
  std::vector<Channels> out;
  for (std::size_t a = 0; a < kMostAxes; ++a) {
    const auto axis = static_cast<Axis>(a);
    for (int m = 0; m < map.maps; ++m) {
      if (map.count(m, axis) == 0) continue;
      Channels one{axis, {}};
      for (int k = 0; k < map.pairs; ++k) {
        if (map.at(m, k).axis == axis) one.rungs.push_back(map.at(m, k).rung);
      }
      out.push_back(std::move(one));
      break;
    }
  }
  return out;
}

Interval kernel(const Channels& c, const ResolvedSpectrum& spectrum, std::int64_t offset) {
  Interval sum = enclose(Rational(0));
  for (const int rung : c.rungs) sum += phasor(spectrum, rung, spectrum.inv_freq(rung), offset).cos;
  return sum / enclose(Rational(static_cast<std::int64_t>(c.rungs.size())));
}

bool negative(const Channels& c, const ResolvedSpectrum& spectrum, std::int64_t offset) {
  return at_rising_precision([&] { return std::optional(sign(kernel(c, spectrum, offset))); },
                             "the sign of a mean kernel at offset " + std::to_string(offset)) < 0;
}

}  // namespace

SeedTables::SeedTables(const ResolvedSpectrum& spectrum, std::int64_t last)
    : spectrum_(&spectrum), last_(last), near_(1) {
  while (near_ * near_ <= last) near_ *= 2;
  const WorkingPrecision scope(kFirstPrecision);
  for (int rung = 0; rung < spectrum.rungs(); ++rung) {
    auto& small = small_.emplace_back();
    auto& large = large_.emplace_back();
    const Interval inv_freq = spectrum.inv_freq(rung);
    for (std::int64_t b = 0; b < near_; ++b) small.push_back(turned(spectrum, rung, inv_freq, b));
    for (std::int64_t a = 0; a * near_ <= last; ++a)
      large.push_back(turned(spectrum, rung, inv_freq, a * near_));
  }
}

// cos(A + b) = cos A cos b - sin A sin b. Each factor is off by at most 2^-54 (half an ulp below
// 1), so each product by 2^-53 and its own rounding 2^-54, the difference by 2^-52 + 2^-53 + 2^-53:
// below 2^-50.
void SeedTables::add_cosines(int rung, std::vector<double>& out) const {
  const auto& small = small_[static_cast<std::size_t>(rung)];
  const auto& large = large_[static_cast<std::size_t>(rung)];
  std::vector<double> cosines, sines;
  for (const auto& [c, s] : small) {
    cosines.push_back(c);
    sines.push_back(s);
  }
  const auto near = static_cast<std::size_t>(near_), count = static_cast<std::size_t>(last_) + 1;
  for (std::size_t a = 0; a * near < count; ++a) {
    const auto [c, s] = large[a];
    const std::size_t first = a * near, end = std::min(near, count - first);
    for (std::size_t b = 0; b < end; ++b) out[first + b] += c * cosines[b] - s * sines[b];
  }
}

KernelScan scan_kernel(const FrequencyAllocation& map,
                       const std::vector<const SeedTables*>& tables) {
  const auto table = [&](Axis axis) -> const SeedTables& {
    return tables.size() == 1 ? *tables.front() : *tables[index(axis)];
  };
  KernelScan out;
  const auto list = channels(map);
  std::array<std::vector<double>, kMostAxes> sums;
  for (const Channels& c : list) {
    const SeedTables& t = table(c.axis);
    auto& sum = sums[index(c.axis)];
    sum.assign(static_cast<std::size_t>(t.last()) + 1, 0);
    for (const int rung : c.rungs) t.add_cosines(rung, sum);
    // m terms, each off by 2^-50; m sums of at most m, each off by m 2^-53.
    const auto m = static_cast<double>(c.rungs.size());
    const double doubt = m * 0x1p-50 + m * m * 0x1p-53;
    KernelScan::OfAxis one{c.axis, {}};
    for (std::size_t i = 1; i < sum.size() && !one.first_negative; ++i) {
      const auto offset = static_cast<std::int64_t>(i);
      if (sum[i] < doubt && (sum[i] < -doubt || negative(c, t.spectrum(), offset)))
        one.first_negative = offset;
    }
    for (double& value : sum) value /= m;
    out.axes.push_back(one);
  }
  const auto find = [&](Axis axis) {
    return std::find_if(list.begin(), list.end(),
                        [&](const Channels& c) { return c.axis == axis; });
  };
  const auto h = find(Axis::h), w = find(Axis::w);
  if (map.letters.substr(0, 3) != "THW" || h == list.end() || w == list.end()) return out;
  const auto &one = sums[index(Axis::h)], &two = sums[index(Axis::w)];
  std::size_t best = std::min<std::size_t>(1, one.size() - 1);
  for (std::size_t i = 1; i < one.size(); ++i) {
    if (std::abs(one[i] - two[i]) > std::abs(one[best] - two[best])) best = i;
  }
  out.widest_at = static_cast<std::int64_t>(best);
  if (h->rungs == w->rungs && map.ladder(Axis::h) == map.ladder(Axis::w)) return out;
  const Certified value = certify(
      [&] {
        return abs(Interval(kernel(*h, table(Axis::h).spectrum(), *out.widest_at) -
                            kernel(*w, table(Axis::w).spectrum(), *out.widest_at)));
      },
      binary64, "a difference of two mean kernels");
  out.widest = decode_double(value.bits, binary64);
  return out;
}

}  // namespace plumbline
