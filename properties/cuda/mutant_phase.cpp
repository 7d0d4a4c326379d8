// SPDX-License-Identifier: Apache-2.0
// Runs the checks of the phase; built against copies of it that are broken on purpose. Exit code 1
// and one line where a check notices.
#include <cstdio>

#include "fast/cuda/launch.h"
#include "properties/cuda/draw.h"
#include "properties/cuda/phase_check.h"

namespace {

using namespace plumbline::test;
namespace cuda = plumbline::fast::cuda;

std::string phases() {
  Draw draw(20261122);
  Worst worst;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t phase = draw.bits() >> draw.number(0, 40);
    for (const double factor : {1.0, 1.1386294361119891})
      compare_cos_sin<cuda::Machine>(i % 2 == 0 ? phase : 0 - phase, factor, worst);
    const std::uint64_t a = draw.bits(), b = draw.bits();
    const cuda::Turn turn{static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32),
                          static_cast<std::uint32_t>(b), 0};
    const auto position = static_cast<std::int64_t>(draw.bits()) >> draw.number(0, 62);
    if (phase_off(position, turn) > 1) return "phase of position " + std::to_string(position);
  }
  if (worst.ulp > cuda::kPositionsRecipe.trig_ulp)
    return "cos_sin: " + std::to_string(worst.ulp) + " ulp at " + std::to_string(worst.phase);
  return {};
}

}  // namespace

int main() {
  const std::string fault = phases();
  std::puts(fault.empty() ? "nothing noticed" : fault.c_str());
  return fault.empty() ? 0 : 1;
}
