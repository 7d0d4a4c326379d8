// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <optional>
#include <string_view>
#include <vector>

#include "golden/truth.h"

// How far out a candidate's phase stays good.
namespace plumbline {

// The phase that the candidate really applied to one pair at one position: |recovered - exact| in
// radians beyond `noise`, the part that the recipe's arithmetic alone can fake.
struct PhaseSample {
  double position = 0;
  double excess = 0;
  double noise = 0;
  std::uint8_t axis = 0;
  // The same holds at position + 1, ..., position + further, all of them tested.
  std::uint32_t further = 0;
  double last() const { return position + further; }
};

// Sums conj(exact) * candidate / |exact|^2 over heads: its argument is the phase error that the
// kernel applied.
class PhaseRecovery {
 public:
  explicit PhaseRecovery(const Truth& truth) : truth_(truth), sums_(truth.cos.size()) {}
  // exact and candidate: the pair as x + i y; `noise` bounds |candidate - exact| where the phase is
  // right. For an adjoint pass the conjugates, since it turns back.
  void add(std::size_t row, int map, int pair, std::complex<double> exact,
           std::complex<double> candidate, double noise);
  void finish(std::vector<PhaseSample>& out) const;

 private:
  struct Sum {
    std::complex<double> product;
    double weight = 0, doubt = 0;
    bool broken = false;  // a finite pair came out as NaN or infinity
  };
  const Truth& truth_;
  std::vector<Sum> sums_;
};

// The grades of a phase: absolute limits in radians.
struct Grade {
  std::string_view name;
  double limit;
};
inline constexpr Grade kGrades[] = {{"f32", 0x1p-24}, {"f16", 0x1p-12}, {"bf16", 0x1p-9}};

// The longest tested position P such that no position tested up to P exceeds a grade's limit;
// nothing if the smallest tested one does. It is certified only where rounding could not have
// hidden an excess: `measurable`, there are samples and every one's noise is at most the limit.
// Otherwise only `exceeded_at` is known, and without samples (not `tested`) not even that. `all`:
// every integer from 0 to P was tested on every axis that was tested at all.
struct ContextLength {
  Grade grade;
  bool measurable = false;
  std::optional<double> length;  // only where measurable
  std::optional<double>
      exceeded_at;  // smallest tested position whose phase error is above limit and noise
  bool all = false;
  double resolution = 0;  // largest noise among the samples
  bool tested = false;    // at any position at all
};
std::vector<ContextLength> context_lengths(const std::vector<PhaseSample>& samples);

}  // namespace plumbline
