// SPDX-License-Identifier: Apache-2.0
#include "golden/large_positions.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "golden/hdf5/file_names.h"
#include "reference/parallel.h"

namespace plumbline {
namespace {

// Runs of consecutive rows from this length on are worth seeds of their own.
constexpr std::int64_t kWorthSeeds = 4096;
// Rows that are walked together. The first stretches stay, 2^20 rows and more; of the others, which
// every pass over all rows makes again, those that threads are at.
constexpr std::uint64_t kStretch = 4096, kStaying = 288;
constexpr std::size_t kPassing = 64;

struct Terms {
  std::int64_t numerator, denominator;
};

std::optional<Terms> terms_of(const Rational& x) {
  const Integer most = std::numeric_limits<std::int64_t>::max();
  if (abs(numerator(x)) > most || denominator(x) > most) return std::nullopt;
  return Terms{numerator(x).convert_to<std::int64_t>(), denominator(x).convert_to<std::int64_t>()};
}

}  // namespace

Rational LargePositions::Coordinates::at(std::size_t k) const {
  return denominators[k] == 0 ? far[static_cast<std::size_t>(numerators[k])]
                              : Rational(numerators[k], denominators[k]);
}

void LargePositions::Coordinates::add(const Rational& x) {
  if (const auto terms = terms_of(x)) {
    numerators.push_back(terms->numerator);
    denominators.push_back(terms->denominator);
  } else {
    numerators.push_back(static_cast<std::int64_t>(far.size()));
    denominators.push_back(0);
    far.push_back(x);
  }
}

void LargePositions::Coordinates::add(const Coordinates& other, std::size_t from,
                                      std::size_t count) {
  if (!other.far.empty()) {
    for (std::size_t k = from; k < from + count; ++k) add(other.at(k));
    return;
  }
  const auto part = [&](const std::vector<std::int64_t>& all, std::vector<std::int64_t>& to) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  part(other.numerators, numerators);
  part(other.denominators, denominators);
}

LargePositions::LargePositions(const Case& c, unsigned threads)
    : case_(c),
      walk_(case_),
      windows_(c.rows()),
      starts_{0},
      axes_(static_cast<std::size_t>(walk_.design().axes)) {
  for (const Window& w : windows_)
    starts_.push_back(starts_.back() + static_cast<std::uint64_t>(w.count));
  find_runs();
  const std::vector<std::uint64_t> shape{axes_, rows()};
  datasets_ = {{"token_index", Dtype::i64, {rows()}}, {"position_ids", Dtype::f64, shape}};
  if (all_fit(threads))
    for (const std::string_view name : kExactPositions)
      datasets_.push_back({std::string(name), Dtype::i64, shape});
}

// TextRule makes every coordinate of a text segment a straight line; the last row is compared with
// it all the same.
void LargePositions::find_runs() {
  if (!case_.attention_mask.empty()) return;
  std::vector<std::int64_t> segments{case_.pad_left};  // first row of each, then the end
  for (const Segment& segment : case_.sequence)
    segments.push_back(segments.back() + tokens(segment));
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const Window& w = windows_[i];
    const std::int64_t end = w.first + w.count;
    auto s = static_cast<std::size_t>(std::upper_bound(segments.begin(), segments.end(), w.first) -
                                      segments.begin());
    for (s = std::max<std::size_t>(s, 1); s < segments.size() && segments[s - 1] < end; ++s) {
      const std::int64_t from = std::max(segments[s - 1], w.first), to = std::min(segments[s], end);
      if (!std::holds_alternative<Text>(case_.sequence[s - 1]) || to - from < kWorthSeeds) continue;
      const Point<Rational> ends[] = {walk_.at(from), walk_.at(from + 1), walk_.at(to - 1)};
      Run run{starts_[i] + static_cast<std::uint64_t>(from - w.first),
              static_cast<std::uint64_t>(to - from),
              {}};
      for (std::size_t a = 0; a < axes_; ++a) {
        const auto first = terms_of(ends[0][a]), second = terms_of(ends[1][a]),
                   last = terms_of(ends[2][a]);
        if (!first || !second || !last || first->numerator < 0) break;
        const std::int64_t step = second->numerator - first->numerator;
        if (step < 0 || second->denominator != first->denominator ||
            last->denominator != first->denominator ||
            Integer(last->numerator) != first->numerator + Integer(step) * (to - 1 - from))
          break;
        run.axes.push_back({first->numerator, first->denominator, step});
      }
      if (run.axes.size() == axes_) runs_.push_back(std::move(run));
    }
  }
}

// A run's do: its ends are its extremes.
bool LargePositions::all_fit(unsigned threads) const {
  std::atomic<bool> fit = true;
  each_on_all_cores((rows() + kStretch - 1) / kStretch,
                    [&](std::size_t i) {
                      const std::uint64_t begin = i * kStretch,
                                          end = std::min(begin + kStretch, rows());
                      const auto [run, left] = run_at(begin);
                      if (!fit || (run != nullptr && left >= end - begin)) return;
                      for (const Coordinates& axis : *stretch(i))
                        if (!axis.far.empty()) fit = false;
                    },
                    threads);
  return fit;
}

std::size_t LargePositions::window_at(std::uint64_t row) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), row);
  return static_cast<std::size_t>(next - starts_.begin() - 1);
}

std::int64_t LargePositions::token_index(std::size_t window, std::uint64_t row) const {
  return windows_[window].first + static_cast<std::int64_t>(row - starts_[window]);
}

std::pair<const LargePositions::Run*, std::uint64_t> LargePositions::run_at(
    std::uint64_t row) const {
  const auto next = std::upper_bound(runs_.begin(), runs_.end(), row,
                                     [](std::uint64_t r, const Run& run) { return r < run.first; });
  if (next != runs_.begin()) {
    const Run& run = *std::prev(next);
    if (row - run.first < run.count) return {&run, run.first + run.count - row};
  }
  return {nullptr, (next == runs_.end() ? rows() : next->first) - row};
}

// A stretch with far coordinates may take any memory, and is made again.
std::shared_ptr<const LargePositions::Stretch> LargePositions::stretch(std::uint64_t number) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(number); found != kept_.end()) {
      found->second.used = ++used_;
      return found->second.stretch;
    }
  }
  const auto made = std::make_shared<Stretch>(axes_);
  const std::uint64_t begin = number * kStretch, end = std::min(begin + kStretch, rows());
  for (Coordinates& axis : *made) {
    axis.numerators.reserve(end - begin);
    axis.denominators.reserve(end - begin);
  }
  for (std::uint64_t row = begin; row < end; ++row) {
    const Point<Rational> point = walk_.at(token_index(window_at(row), row));
    for (std::size_t a = 0; a < axes_; ++a) (*made)[a].add(point[a]);
  }
  for (const Coordinates& axis : *made)
    if (!axis.far.empty()) return made;
  const std::lock_guard lock(mutex_);
  const auto passing = kept_.lower_bound(kStaying);
  if (std::distance(passing, kept_.end()) >= static_cast<std::ptrdiff_t>(kPassing)) {
    kept_.erase(std::min_element(passing, kept_.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    }));
  }
  kept_[number] = {made, ++used_};
  return made;
}

std::vector<LargePositions::Coordinates> LargePositions::coordinates(std::uint64_t first,
                                                                     std::uint64_t count) const {
  std::vector<Coordinates> out(axes_);
  for (std::uint64_t row = first, end = first + count; row < end;) {
    const std::uint64_t within = row % kStretch, some = std::min(end - row, kStretch - within);
    const auto all = stretch(row / kStretch);
    for (std::size_t a = 0; a < axes_; ++a) out[a].add((*all)[a], within, some);
    row += some;
  }
  return out;
}

void LargePositions::bytes(std::size_t dataset, std::uint64_t begin,
                           std::span<std::byte> to) const {
  std::byte* at = to.data();
  const auto put = [&](auto value) {
    static_assert(sizeof value == 8);
    std::memcpy(at, &value, sizeof value);
    at += sizeof value;
  };
  const auto quotient = [](std::int64_t n, std::int64_t d) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (n > -kExact && n < kExact && d < kExact)  // one rounding
      return std::bit_cast<std::uint64_t>(static_cast<double>(n) / static_cast<double>(d));
    return round_to(Rational(n, d), binary64);
  };
  // What the dataset is, is asked once for many coordinates.
  const auto put_all = [&](std::uint64_t count, const auto& numerator, const auto& denominator,
                           const std::vector<Rational>& far) {
    if (dataset == 1)
      for (std::uint64_t k = 0; k < count; ++k)
        put(denominator(k) == 0 ? round_to(far[static_cast<std::size_t>(numerator(k))], binary64)
                                : quotient(numerator(k), denominator(k)));
    if (dataset == 2)
      for (std::uint64_t k = 0; k < count; ++k) put(numerator(k));
    if (dataset == 3)
      for (std::uint64_t k = 0; k < count; ++k) put(denominator(k));
  };
  std::uint64_t element = begin / 8;
  for (std::uint64_t left = to.size() / 8, count = 0; left > 0; left -= count, element += count) {
    const auto axis = static_cast<std::size_t>(element / rows());
    const std::uint64_t row = element % rows(), within = row % kStretch;
    count = std::min(left, rows() - row);
    if (dataset == 0) {
      const std::size_t window = window_at(row);
      count = std::min(count, starts_[window + 1] - row);
      const std::int64_t first = token_index(window, row);
      for (std::uint64_t k = 0; k < count; ++k) put(first + static_cast<std::int64_t>(k));
      continue;
    }
    const auto [run, ahead] = run_at(row);
    count = std::min(count, ahead);
    if (run == nullptr) {
      count = std::min(count, kStretch - within);
      const auto all = stretch(row / kStretch);
      const Coordinates& some = (*all)[axis];
      put_all(
          count, [&](std::uint64_t k) { return some.numerators[within + k]; },
          [&](std::uint64_t k) { return some.denominators[within + k]; }, some.far);
      continue;
    }
    const Line line = run->axes[axis];
    const std::int64_t first =
        line.numerator + static_cast<std::int64_t>(row - run->first) * line.step;
    put_all(
        count, [&](std::uint64_t k) { return first + static_cast<std::int64_t>(k) * line.step; },
        [&](std::uint64_t) { return line.denominator; }, {});
  }
}

}  // namespace plumbline
