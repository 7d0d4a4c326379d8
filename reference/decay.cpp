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
    const WorkingPrecision scope(kFirstPrecision);
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
      out.preference.push_back(rounded(everywhere(i), [&] { return everywhere(i); }));
    out.precision = precision_;
    return out;
  }

 private:
  std::size_t offsets() const { return phasors_.front()->offsets().size(); }
  const Phasors& phasors(Axis axis) const {
    return phasors_.size() == 1 ? *phasors_.front() : *phasors_[index(axis)];
  }
  // At kFirstPrecision as made; again under rising precision only where that does not decide.
  double rounded(const Interval& made, const std::function<Interval()>& again) {
    if (const auto bits = round_to(made, binary64)) {
      precision_ = std::max(precision_, kFirstPrecision);
      return decode_double(*bits, binary64);
    }
    const Certified value = certify(again, binary64, "a decay curve");
    precision_ = std::max(precision_, value.precision);
    return decode_double(value.bits, binary64);
  }

  AxisDecay curves(Axis axis, int map) {
    AxisDecay out{.axis = axis, .letter = map_.letter(axis), .map = map};
    out.channels = map_.count(map, axis);
    for (std::size_t i = 0; i < offsets(); ++i) {
      const Values made = values(axis, map, i);
      out.embedded.push_back(rounded(made.embedded, [&] { return values(axis, map, i).embedded; }));
      out.restricted.push_back(
          rounded(made.restricted, [&] { return values(axis, map, i).restricted; }));
      out.kernel.push_back(rounded(made.kernel, [&] { return values(axis, map, i).kernel; }));
      out.preference.push_back(
          rounded(made.preference, [&] { return values(axis, map, i).preference; }));
    }
    return out;
  }

  struct Values {
    Interval embedded, restricted, kernel, preference;
  };
  // Enclosures at the working precision.
  Values values(Axis axis, int map, std::size_t i) const {
    const CosSin still{enclose(Rational(1)), enclose(Rational(0))};
    Sum all, own;
    Interval embedded = enclose(Rational(0)), restricted = embedded;
    std::int64_t m = 0;
    for (int k = 0; k < map_.pairs; ++k) {
      const Assignment& pair = map_.at(map, k);
      if (pair.axis == axis) {
        const CosSin term = phasors(axis).at(i, pair.rung);
        all.add(term);
        own.add(term);
        restricted += own.size();
        ++m;
      } else {
        all.add(still);
      }
      embedded += all.size();
    }
    const Rational n(map_.pairs), rest(map_.pairs - m);
    return {embedded / enclose(n), restricted / enclose(Rational(m * (m + 1) / 2)),
            own.re / enclose(Rational(m)), (own.re + enclose(rest)) / enclose(n)};
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
