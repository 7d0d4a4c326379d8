// SPDX-License-Identifier: Apache-2.0
#include "reference/phasors.h"

namespace plumbline {

Phasors::Phasors(const ResolvedSpectrum& spectrum, std::vector<std::int64_t> offsets)
    : spectrum_(&spectrum), offsets_(std::move(offsets)) {
  const WorkingPrecision scope(kFirstPrecision);
  const Interval one = enclose(Rational(1)), zero = enclose(Rational(0));
  const auto rungs = static_cast<std::size_t>(spectrum.rungs());
  kept_.assign(offsets_.size() * rungs, CosSin{one, zero});
  for (std::size_t rung = 0; rung < rungs; ++rung) {
    if (spectrum.never_turns(static_cast<int>(rung))) continue;
    const Interval inv_freq = spectrum.inv_freq(static_cast<int>(rung));
    for (std::size_t i = 0; i < offsets_.size(); ++i) {
      if (offsets_[i] != 0)
        kept_[i * rungs + rung] = cos_sin(enclose(Rational(offsets_[i])), inv_freq, one);
    }
  }
}

CosSin Phasors::made(std::size_t which, int rung) const {
  const Interval one = enclose(Rational(1));
  if (offsets_[which] == 0 || spectrum_->never_turns(rung)) return {one, enclose(Rational(0))};
  return cos_sin(enclose(Rational(offsets_[which])), spectrum_->inv_freq(rung), one);
}

CosSin Phasors::at(std::size_t which, int rung) const {
  if (WorkingPrecision::bits() != kFirstPrecision) return made(which, rung);
  return kept_[which * static_cast<std::size_t>(spectrum_->rungs()) +
               static_cast<std::size_t>(rung)];
}

}  // namespace plumbline
