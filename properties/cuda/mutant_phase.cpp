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
    const Units phase = draw_phase(draw);
    const cuda::Turn turn = draw_turn(draw);
    const std::int64_t position = draw_position(draw);
    for (const double factor : {1.0, 1.1386294361119891}) {
      compare_cos_sin<cuda::Machine>(phase, factor, worst);
      compare_turned<cuda::Machine>(position, turn, factor, worst);
    }
    for (const std::uint64_t distance :
         {static_cast<std::uint64_t>(std::abs(position)), draw.bits()}) {
      const std::string fault = reduction_fault(distance, turn);
      if (!fault.empty()) return fault + " of distance " + std::to_string(distance);
    }
  }
  if (worst.ulp > cuda::kPositionsRecipe.trig_ulp) return "cos_sin: " + worst.text();
  return {};
}

}  // namespace

int main() {
  const std::string fault = phases();
  std::puts(fault.empty() ? "nothing noticed" : fault.c_str());
  return fault.empty() ? 0 : 1;
}
