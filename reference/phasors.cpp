// SPDX-License-Identifier: Apache-2.0
#include "reference/phasors.h"

namespace plumbline {

CosSin phasor(const ResolvedSpectrum& spectrum, int rung, const Interval& inv_freq,
              std::int64_t offset) {
  const Interval zero = enclose(Rational(0)), one = enclose(Rational(1));
  if (offset == 0 || spectrum.never_turns(rung)) return {one, zero};
  if (const auto turns = spectrum.exact_turns(rung)) {
    const Rational quarters = *turns * offset * 4;
    if (denominator(quarters) == 1) {
      const Integer rest = ((numerator(quarters) % 4) + 4) % 4;
      switch (rest.convert_to<int>()) {
        case 0:
          return {one, zero};
        case 1:
          return {zero, one};
        case 2:
          return {Interval(-one), zero};
        default:
          return {zero, Interval(-one)};
      }
    }
  }
  return cos_sin(enclose(Rational(offset)), inv_freq, one);
}

Phasors::Phasors(const ResolvedSpectrum& spectrum, std::vector<std::int64_t> offsets)
    : spectrum_(&spectrum), offsets_(std::move(offsets)) {
  const WorkingPrecision scope(kFirstPrecision);
  std::vector<Interval> ladder;
  for (int rung = 0; rung < spectrum.rungs(); ++rung) ladder.push_back(spectrum.inv_freq(rung));
  for (const std::int64_t offset : offsets_) {
    for (int rung = 0; rung < spectrum.rungs(); ++rung)
      kept_.push_back(phasor(spectrum, rung, ladder[static_cast<std::size_t>(rung)], offset));
  }
}

CosSin Phasors::at(std::size_t which, int rung) const {
  if (WorkingPrecision::bits() != kFirstPrecision)
    return phasor(*spectrum_, rung, spectrum_->inv_freq(rung), offsets_[which]);
  return kept_[which * static_cast<std::size_t>(spectrum_->rungs()) +
               static_cast<std::size_t>(rung)];
}

}  // namespace plumbline
