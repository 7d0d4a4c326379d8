// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/consecutive.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "reference/parallel.h"

namespace plumbline::quick {
namespace {

constexpr int kMostFineRows = 256;
// Rows of one call of a kernel, so that its doubts stay in cache.
constexpr int kTileRows = 64;

// Stores turns of one channel; the group's last channel also fills the lanes past the end.
void put(std::vector<double>& rows, const std::vector<SeedTurn>& turns, int channel, int channels,
         int groups) {
  const int last = channel + 1 == channels ? groups * kGroup : channel + 1;
  for (std::size_t row = 0; row < turns.size(); ++row)
    for (int lane = channel; lane < last; ++lane) {
      double* group = rows.data() + (row * static_cast<std::size_t>(groups) +
                                     static_cast<std::size_t>(lane / kGroup)) *
                                        kTurnGroup;
      const SeedTurn& t = turns[row];
      const double parts[] = {t.cos.high, t.cos.low, t.sin.high, t.sin.low};
      for (int i = 0; i < 4; ++i) group[i * kGroup + lane % kGroup] = parts[i];
    }
}

}  // namespace

ConsecutiveRows::ConsecutiveRows(const ResolvedSpectrum& spectrum, std::int64_t begin,
                                 std::int64_t end, unsigned threads)
    : spectrum_(&spectrum),
      begin_(begin),
      end_(end),
      block_(1),
      groups_((spectrum.rungs() + kGroup - 1) / kGroup) {
  if (begin >= end || begin < -kFarthest || end - 1 > kFarthest)
    throw std::invalid_argument(
        fmt::format("positions = [{}, {}): must hold a position and lie in [-{}, {}]", begin, end,
                    kFarthest, kFarthest));
  require_nearest();
  const std::int64_t count = end - begin;
  while (block_ < kMostFineRows && std::int64_t{block_} * block_ < count) block_ *= 2;
  const auto coarse_rows = static_cast<int>((count + block_ - 1) / block_);
  const auto room = [&](int rows) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(groups_) * kTurnGroup;
  };
  coarse_.resize(room(coarse_rows));
  fine_.resize(room(block_));
  const double scale = scale_of(spectrum);
  bound_ = kBound * scale;
  const auto channel_seeds = [&](int channel) {
    const WorkingPrecision precision(kSeedBits);
    const Interval angle = spectrum.inv_freq(channel);
    put(fine_, seeds(Interval(0), angle, block_, Interval(1), 1), channel, channels(), groups_);
    put(coarse_,
        seeds(angle * Interval(begin), angle * Interval(block_), coarse_rows,
              spectrum.attention_factor(), scale),
        channel, channels(), groups_);
  };
  each_on_all_cores(
      static_cast<std::size_t>(channels()),
      [&](std::size_t channel) { channel_seeds(static_cast<int>(channel)); }, threads);
}

template <class Use>
void ConsecutiveRows::jobs(std::int64_t from, std::int64_t to, const Use& use) const {
  require_nearest();
  const std::size_t row_size = static_cast<std::size_t>(groups_) * kTurnGroup;
  for (std::int64_t position = from; position < to;) {
    const auto a = static_cast<std::size_t>((position - begin_) / block_);
    const auto b = static_cast<int>((position - begin_) % block_);
    const auto rows = static_cast<int>(
        std::min<std::int64_t>({kTileRows, std::int64_t{block_} - b, to - position}));
    use(ProductJob{coarse_.data() + a * row_size,
                   fine_.data() + static_cast<std::size_t>(b) * row_size, rows, channels(), bound_},
        position);
    position += rows;
  }
}

Count ConsecutiveRows::rows(std::int64_t from, std::int64_t to, const RowsOut& out,
                            const Kernels& kernels) const {
  if (from < begin_ || to > end_ || from > to || out.stride < channels())
    throw std::invalid_argument(
        fmt::format("rows [{}, {}) with stride {}: must lie in [{}, {}), stride at least {}", from,
                    to, out.stride, begin_, end_, channels()));
  const ProductRows kernel = kernels.product[static_cast<std::size_t>(out.dtype)];
  std::vector<std::uint16_t> doubtful(static_cast<std::size_t>(kTileRows * groups_));
  Count count;
  jobs(from, to, [&](const ProductJob& job, std::int64_t first) {
    const RowsOut here = from_row(out, first - from);
    if (kernel(job, output_of(here, doubtful.data())))
      count += settle(*spectrum_, doubtful.data(), job.rows, here,
                      [&](int row, int) { return Rational(first + row); });
  });
  count.values = 2 * static_cast<std::uint64_t>(to - from) * static_cast<std::uint64_t>(channels());
  return count;
}

void ConsecutiveRows::turns(std::int64_t from, std::int64_t to, double* out,
                            const Kernels& kernels) const {
  if (from < begin_ || to > end_ || from > to)
    throw std::invalid_argument(
        fmt::format("rows [{}, {}): must lie in [{}, {})", from, to, begin_, end_));
  jobs(from, to, [&](const ProductJob& job, std::int64_t first) {
    kernels.product_turns(job, out + (first - from) * groups_ * kTurnGroup);
  });
}

}  // namespace plumbline::quick
