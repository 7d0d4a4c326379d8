// SPDX-License-Identifier: Apache-2.0
#include "tools/spectrum/ladders.h"

#include <fmt/format.h>

namespace plumbline::spectrum {

const Ladders::Made& Ladders::of(const Case& c, const Ladder& ladder) const {
  const std::string key = fmt::format("{} {} {} {} {}", c.spectrum_json.dump(),
                                      ladder.rope_theta ? to_text(*ladder.rope_theta) : "",
                                      ladder.dim, to_text(ladder.exponent), ladder.turns);
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& place = slots_[key];
    if (!place) place = std::make_unique<Slot>();
    slot = place.get();
  }
  std::call_once(slot->once, [&] {
    slot->made = std::make_unique<Made>(Made{ResolvedSpectrum(c.spectrum, ladder), {}, {}, {}});
    slot->made->phasors = std::make_shared<const Phasors>(slot->made->spectrum, offsets_);
    slot->made->seeds = std::make_unique<SeedTables>(slot->made->spectrum, last_);
    // A ladder of one rung has nothing that a method could stretch.
    if (slot->made->spectrum.rungs() > 1)
      for (const ExtensionMethod& method : methods_)
        slot->made->stretched.push_back(stretched(c.spectrum, ladder, method.scaling));
  });
  return *slot->made;
}

}  // namespace plumbline::spectrum
