// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/consecutive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "reference/parallel.h"

namespace plumbline::quick {
namespace {

// As many as stay in a processor's second cache beside the rows that are made of them.
constexpr int kMostFineRows = 128;
// Rows of one call of a kernel, so that its doubts stay in cache.
constexpr int kTileRows = 64;

// Stores the rows of one group's channels; the last of them also fills the lanes past the end.
void put(boost::container::vector<double>& rows, const std::vector<Seeds>& channels, int count,
         int group, int groups) {
  std::array<std::array<SeedTurn, Seeds::kTile>, kGroup> turns;
  for (int first = 0; first < count; first += Seeds::kTile) {
    const auto tile = static_cast<std::size_t>(std::min(Seeds::kTile, count - first));
    for (std::size_t lane = 0; lane < channels.size(); ++lane)
      channels[lane].tile(first / Seeds::kTile, std::span(turns[lane]).first(tile));
    for (std::size_t row = 0; row < tile; ++row) {
      double* to = rows.data() +
                   ((static_cast<std::size_t>(first) + row) * static_cast<std::size_t>(groups) +
                    static_cast<std::size_t>(group)) *
                       kTurnGroup;
      for (std::size_t lane = 0; lane < kGroup; ++lane) {
        const SeedTurn& t = turns[std::min(lane, channels.size() - 1)][row];
        const double parts[] = {t.cos.high, t.cos.low, t.sin.high, t.sin.low};
        for (std::size_t i = 0; i < 4; ++i) to[i * kGroup + lane] = parts[i];
      }
    }
  }
}

}  // namespace

ConsecutiveRows::ConsecutiveRows(const ResolvedSpectrum& spectrum, std::int64_t begin,
                                 std::int64_t end, unsigned threads)
    : spectrum_(&spectrum),
      begin_(begin),
      end_(end),
      half_(1),
      groups_((spectrum.rungs() + kGroup - 1) / kGroup) {
  if (begin >= end || begin < -kFarthest || end - 1 > kFarthest)
    throw std::invalid_argument(
        fmt::format("positions = [{}, {}): must hold a position and lie in [-{}, {}]", begin, end,
                    kFarthest, kFarthest));
  require_nearest();
  const std::int64_t count = end - begin;
  while (half_ < kMostFineRows && 4 * std::int64_t{half_} * half_ < count) half_ *= 2;
  const int block = 2 * half_;
  const auto coarse_rows = static_cast<int>((count + block - 1) / block);
  const auto room = [&](int rows) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(groups_) * kTurnGroup;
  };
  coarse_.resize(room(coarse_rows), boost::container::default_init);
  fine_.resize(room(half_), boost::container::default_init);
  const double scale = scale_of(spectrum);
  bound_ = kBound * scale;
  // A group at a time, so that no two threads write into one line.
  const auto group_seeds = [&](int group) {
    const WorkingPrecision precision(kSeedBits);
    std::vector<Seeds> fine, coarse;
    for (int i = group * kGroup; i < std::min((group + 1) * kGroup, channels()); ++i) {
      const Interval angle = spectrum.inv_freq(i);
      const auto at = [&](std::int64_t halves) { return angle * Interval(Rational(halves, 2)); };
      fine.emplace_back(at(1), angle, half_, Interval(1), 1);
      coarse.emplace_back(at(2 * begin + block - 1), angle * Interval(block), coarse_rows,
                          spectrum.attention_factor(), scale);
    }
    put(fine_, fine, half_, group, groups_);
    put(coarse_, coarse, coarse_rows, group, groups_);
  };
  each_on_all_cores(
      static_cast<std::size_t>(groups_),
      [&](std::size_t group) { group_seeds(static_cast<int>(group)); }, threads);
}

template <class Use>
void ConsecutiveRows::jobs(std::int64_t from, std::int64_t to, const Use& use) const {
  require_nearest();
  const std::size_t row_size = static_cast<std::size_t>(groups_) * kTurnGroup;
  const std::int64_t block = 2 * std::int64_t{half_};
  for (std::int64_t position = from; position < to;) {
    const std::int64_t a = (position - begin_) / block, middle = begin_ + a * block + half_;
    const std::int64_t last = std::min(to, middle + half_);
    // Fine rows of the positions asked for: above the middle, and below it.
    const std::int64_t up[] = {std::max<std::int64_t>(position - middle, 0), last - middle};
    const std::int64_t down[] = {std::max<std::int64_t>(middle - last, 0), middle - position};
    for (std::int64_t b = 0, end = 0; b < half_; b = end) {
      end = std::min<std::int64_t>(half_, b + kTileRows);
      for (const std::int64_t cut : {up[0], up[1], down[0], down[1]})
        if (cut > b) end = std::min(end, cut);
      const bool above = up[0] <= b && b < up[1], below = down[0] <= b && b < down[1];
      if (above || below)
        use(ProductJob{coarse_.data() + static_cast<std::size_t>(a) * row_size,
                       fine_.data() + static_cast<std::size_t>(b) * row_size,
                       static_cast<int>(end - b), channels(), bound_},
            above ? Side(middle + b) : std::nullopt, below ? Side(middle - 1 - b) : std::nullopt);
    }
    position = last;
  }
}

Count ConsecutiveRows::rows(std::int64_t from, std::int64_t to, const RowsOut& out,
                            const Kernels& kernels) const {
  if (from < begin_ || to > end_ || from > to || out.stride < channels())
    throw std::invalid_argument(
        fmt::format("rows [{}, {}) with stride {}: must lie in [{}, {}), stride at least {}", from,
                    to, out.stride, begin_, end_, channels()));
  const ProductRows kernel = kernels.product[static_cast<std::size_t>(out.dtype)];
  const auto tile = static_cast<std::size_t>(kTileRows * groups_);
  std::vector<std::uint16_t> doubts(2 * tile);
  // A side that was not asked for goes nowhere, row over row.
  std::vector<std::byte> nowhere(2 * static_cast<std::size_t>(channels()) * sizeof(double));
  Count count;
  jobs(from, to, [&](const ProductJob& job, const Side& up, const Side& down) {
    const auto side = [&](const Side& first, std::ptrdiff_t direction) {
      if (!first) return RowsOut{out.dtype, nowhere.data(), nowhere.data() + nowhere.size() / 2, 0};
      RowsOut here = from_row(out, *first - from);
      here.stride *= direction;
      return here;
    };
    const RowsOut above = side(up, 1), below = side(down, -1);
    std::uint16_t *above_doubts = doubts.data(), *below_doubts = above_doubts + tile;
    if (!kernel(job, output_of(above, above_doubts), output_of(below, below_doubts))) return;
    if (up)
      count += settle(*spectrum_, above_doubts, job.rows, above,
                      [&](int row, int) { return Rational(*up + row); });
    if (down)
      count += settle(*spectrum_, below_doubts, job.rows, below,
                      [&](int row, int) { return Rational(*down - row); });
  });
  count.values = 2 * static_cast<std::uint64_t>(to - from) * static_cast<std::uint64_t>(channels());
  return count;
}

void ConsecutiveRows::turns(std::int64_t from, std::int64_t to, double* out,
                            const Kernels& kernels) const {
  if (from < begin_ || to > end_ || from > to)
    throw std::invalid_argument(
        fmt::format("rows [{}, {}): must lie in [{}, {})", from, to, begin_, end_));
  const std::ptrdiff_t size = std::ptrdiff_t{groups_} * kTurnGroup;
  std::vector<double> nowhere(static_cast<std::size_t>(size));
  jobs(from, to, [&](const ProductJob& job, const Side& up, const Side& down) {
    kernels.product_turns(
        job, up ? TurnsOut{out + (*up - from) * size, size} : TurnsOut{nowhere.data(), 0},
        down ? TurnsOut{out + (*down - from) * size, -size} : TurnsOut{nowhere.data(), 0});
  });
}

}  // namespace plumbline::quick
