// SPDX-License-Identifier: Apache-2.0
#include "reference/decay.h"

#include <algorithm>
#include <functional>

namespace plumbline {
namespace {

struct Sum {
  Interval re = enclose(Rational(0)), im = enclose(Rational(0));
  void add(const CosSin& term) {
    re += term.cos;
    im += term.sin;
  }
  Interval size() const { return sqrt(re * re + im * im); }
};

class Curves {
 public:
  Curves(const FrequencyAllocation& map, const LadderPhasors& phasors)
      : map_(map), phasors_(phasors) {}

  Decay run() {
    Decay out;
    for (std::size_t a = 0; a < kMostAxes; ++a) {
      const auto axis = static_cast<Axis>(a);
      for (int map = 0; map < map_.maps; ++map) {
        if (map_.count(map, axis) == 0) continue;
        out.axes.push_back(curves(axis, map));
        break;
      }
    }
    for (std::size_t i = 0; i < offsets(); ++i)
      out.preference.push_back(rounded([&] { return everywhere(i); }));
    out.precision = precision_;
    return out;
  }

 private:
  std::size_t offsets() const { return phasors_.front()->offsets().size(); }
  const Phasors& phasors(Axis axis) const {
    return phasors_.size() == 1 ? *phasors_.front() : *phasors_[index(axis)];
  }
  double rounded(const std::function<Interval()>& enclosure) {
    const Certified value = certify(enclosure, binary64, "a decay curve");
    precision_ = std::max(precision_, value.precision);
    return decode_double(value.bits, binary64);
  }

  AxisDecay curves(Axis axis, int map) {
    AxisDecay out{.axis = axis, .letter = map_.letter(axis), .map = map};
    out.channels = map_.count(map, axis);
    for (std::size_t i = 0; i < offsets(); ++i) {
      out.embedded.push_back(rounded([&] { return embedded(axis, map, i); }));
      out.restricted.push_back(rounded([&] { return restricted(axis, map, i); }));
      out.kernel.push_back(
          rounded([&] { return Interval(sum(axis, map, i) / enclose(Rational(out.channels))); }));
      out.preference.push_back(rounded([&] {
        const Rational rest(map_.pairs - out.channels);
        return Interval((sum(axis, map, i) + enclose(rest)) / enclose(Rational(map_.pairs)));
      }));
    }
    return out;
  }

  Interval embedded(Axis axis, int map, std::size_t i) const {
    const CosSin still{enclose(Rational(1)), enclose(Rational(0))};
    Sum partial;
    Interval total = enclose(Rational(0));
    for (int k = 0; k < map_.pairs; ++k) {
      const Assignment& pair = map_.at(map, k);
      partial.add(pair.axis == axis ? phasors(axis).at(i, pair.rung) : still);
      total += partial.size();
    }
    return total / enclose(Rational(map_.pairs));
  }
  Interval restricted(Axis axis, int map, std::size_t i) const {
    Sum partial;
    Interval total = enclose(Rational(0));
    std::int64_t m = 0;
    for (int k = 0; k < map_.pairs; ++k) {
      const Assignment& pair = map_.at(map, k);
      if (pair.axis != axis) continue;
      partial.add(phasors(axis).at(i, pair.rung));
      total += partial.size();
      ++m;
    }
    return total / enclose(Rational(m * (m + 1) / 2));
  }
  Interval sum(Axis axis, int map, std::size_t i) const {
    Interval total = enclose(Rational(0));
    for (int k = 0; k < map_.pairs; ++k) {
      const Assignment& pair = map_.at(map, k);
      if (pair.axis == axis) total += phasors(axis).at(i, pair.rung).cos;
    }
    return total;
  }
  Interval everywhere(std::size_t i) const {
    Interval total = enclose(Rational(0));
    for (const Assignment& pair : map_.of)
      total +=
          pair.axis == Axis::none ? enclose(Rational(1)) : phasors(pair.axis).at(i, pair.rung).cos;
    return total / enclose(Rational(static_cast<std::int64_t>(map_.of.size())));
  }

  const FrequencyAllocation& map_;
  const LadderPhasors& phasors_;
  unsigned precision_ = 0;
};

}  // namespace

Decay decay(const FrequencyAllocation& map, const LadderPhasors& phasors) {
  return Curves(map, phasors).run();
}

}  // namespace plumbline
