// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/scattered.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace plumbline::quick {
namespace {

constexpr int kTileRows = 64;
// The chunks leave out less than 2^-160 of a turn: times 2 pi, below 2^-157 a position.
constexpr double kPhaseBoundPerPosition = 0x1p-157;

}  // namespace

ScatteredRows::ScatteredRows(const ResolvedSpectrum& spectrum, std::int64_t denominator)
    : spectrum_(&spectrum),
      denominator_(denominator),
      groups_((spectrum.rungs() + kGroup - 1) / kGroup) {
  if (denominator < 1 || denominator > kFarthest)
    throw std::invalid_argument(
        fmt::format("denominator = {}: must lie in [1, {}]", denominator, kFarthest));
  require_nearest();
  const double scale = scale_of(spectrum);
  bound_ = kBound * scale;
  bound_per_position_ = kPhaseBoundPerPosition * scale;
  chunks_.resize(static_cast<std::size_t>(groups_) * kChunkGroup);
  for (int channel = 0; channel < channels(); ++channel) {
    const std::vector<std::uint64_t> chunks = phase_chunks(spectrum, channel, denominator);
    for (int i = 0; i < kChunks; ++i)
      chunks_[static_cast<std::size_t>(channel / kGroup * kChunkGroup + i * kGroup +
                                       channel % kGroup)] = chunks[static_cast<std::size_t>(i)];
  }
  const WorkingPrecision precision(kSeedBits);
  const Interval step = 2 * pi() / kTable;
  table_.reserve(4 * kTable);
  for (const SeedTurn& t : seeds(Interval(0), step, kTable, spectrum.attention_factor(), scale))
    table_.insert(table_.end(), {t.cos.high, t.cos.low, t.sin.high, t.sin.low});
}

double ScatteredRows::bound(std::int64_t numerator) const {
  return bound_ + std::abs(static_cast<double>(numerator)) * bound_per_position_;
}

template <class Use>
void ScatteredRows::jobs(std::span<const std::int64_t> numerators, int rows, const Use& use) const {
  const auto n = static_cast<std::size_t>(channels()),
             padded = static_cast<std::size_t>(groups_) * kGroup;
  const bool one = numerators.size() == static_cast<std::size_t>(rows);
  if (rows < 0 || (!one && numerators.size() != static_cast<std::size_t>(rows) * n))
    throw std::invalid_argument(
        fmt::format("{} numerators for {} rows of {} channels: must be one a row or one a value",
                    numerators.size(), rows, n));
  for (const std::int64_t p : numerators)
    if (p < -kFarthest || p > kFarthest)
      throw std::invalid_argument(
          fmt::format("numerator = {}: must lie in [-{}, {}]", p, kFarthest, kFarthest));
  require_nearest();
  std::vector<std::int64_t> positions(kTileRows * padded);
  for (int first = 0; first < rows; first += kTileRows) {
    const int tile = std::min(kTileRows, rows - first);
    for (int row = 0; row < tile; ++row) {
      std::int64_t* to = positions.data() + static_cast<std::size_t>(row) * padded;
      const auto from = static_cast<std::size_t>(first + row);
      if (one) {
        std::fill(to, to + padded, numerators[from]);
      } else {
        std::copy_n(numerators.data() + from * n, n, to);
      }
    }
    use(PhaseJob{positions.data(), chunks_.data(), table_.data(), tile, channels(), bound_,
                 bound_per_position_},
        first);
  }
}

Count ScatteredRows::rows(std::span<const std::int64_t> numerators, int rows, const RowsOut& out,
                          const Kernels& kernels) const {
  if (out.stride < channels())
    throw std::invalid_argument(
        fmt::format("stride = {}: must be at least {}", out.stride, channels()));
  const PhaseRows kernel = kernels.phase[static_cast<std::size_t>(out.dtype)];
  std::vector<std::uint16_t> doubtful(static_cast<std::size_t>(kTileRows * groups_));
  Count count;
  jobs(numerators, rows, [&](const PhaseJob& job, int first) {
    const RowsOut here = from_row(out, first);
    if (kernel(job, output_of(here, doubtful.data())))
      count += settle(*spectrum_, doubtful.data(), job.rows, here, [&](int row, int channel) {
        return Rational(job.positions[row * groups_ * kGroup + channel], denominator_);
      });
  });
  count.values = 2 * static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(channels());
  return count;
}

void ScatteredRows::turns(std::span<const std::int64_t> numerators, int rows, double* out,
                          const Kernels& kernels) const {
  jobs(numerators, rows, [&](const PhaseJob& job, int first) {
    kernels.phase_turns(job, out + static_cast<std::ptrdiff_t>(first) * groups_ * kTurnGroup);
  });
}

}  // namespace plumbline::quick
