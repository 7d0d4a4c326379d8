// SPDX-License-Identifier: Apache-2.0
#include "golden/large_tables.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "golden/golden.h"
#include "reference/planes.h"

namespace plumbline {
namespace {

// Positions that one set of seeds covers, so that seeds take bounded memory.
constexpr std::int64_t kSeedRange = std::int64_t{1} << 20;
// What is kept at most of seeds, and of tables by denominator.
constexpr std::size_t kMostSeedSets = 4, kMostDenominators = 32;

// Windows that are rows [first, first + count) of these.
std::vector<Window> part_of(const std::vector<Window>& all, std::uint64_t first,
                            std::uint64_t count) {
  std::vector<Window> out;
  auto skip = static_cast<std::int64_t>(first), left = static_cast<std::int64_t>(count);
  for (const Window& w : all) {
    const std::int64_t from = std::min(skip, w.count), take = std::min(w.count - from, left);
    if (take > 0) out.push_back({w.first + from, take});
    skip -= from;
    left -= take;
  }
  return out;
}

}  // namespace

std::uint64_t rows_in(const Case& c) {
  std::uint64_t rows = 0;
  for (const Window& w : c.rows()) rows += static_cast<std::uint64_t>(w.count);
  return rows;
}

Case rows_of(const Case& c, std::uint64_t first, std::uint64_t count) {
  Case part = c;
  part.windows = part_of(c.rows(), first, count);
  return part;
}

bool LargeTables::fits(const Case& c) {
  if (!c.contents.tables || c.contents.rotated || c.contents.adjoint || c.contents.logits)
    return false;
  return !has_planes(c) && !design_of(*c.scheme, c.parameters).transcendental() &&
         allocation(c).partner.empty();
}

namespace {

FrequencyAllocation checked_map(const Case& c) {
  if (!LargeTables::fits(c))
    throw std::invalid_argument("case " + c.id + ": holds more than exact tables");
  return allocation(c);
}

}  // namespace

LargeTables::LargeTables(const Case& c, unsigned threads)
    : threads_(threads), map_(checked_map(c)), positions_(c, threads) {
  for (const Ladder& ladder : map_.ladders) spectra_.emplace_back(c.spectrum, ladder);
  datasets_ = positions_.datasets();
  const std::vector<std::uint64_t> shape{rows(), static_cast<std::uint64_t>(map_.maps),
                                         static_cast<std::uint64_t>(map_.pairs)};
  for (const Format& f : table_formats(c)) {
    const std::string folder = std::string(info(dtype_of(f)).name) + "/";
    datasets_.push_back({folder + "cos", dtype_of(f), shape});
    datasets_.push_back({folder + "sin", dtype_of(f), shape});
  }
  plain_ = map_.maps == 1 && spectra_.size() == 1 && spectra_.front().rungs() == map_.pairs;
  for (std::size_t e = 0; e < map_.of.size(); ++e)
    plain_ = plain_ && map_.of[e].axis != Axis::none && map_.of[e].rung == static_cast<int>(e);
}

LargeTables::~LargeTables() = default;

namespace {

// What `kept` holds under the key, made by `make` if it does not; the lowest other key goes first.
template <class Map, class Make>
auto keep(std::mutex& mutex, Map& kept, const typename Map::key_type& key, std::size_t most,
          const Make& make) {
  const std::lock_guard lock(mutex);
  auto found = kept.find(key);
  if (found == kept.end()) {
    if (kept.size() >= most) kept.erase(kept.begin());
    found = kept.emplace(key, make()).first;
  }
  return found->second;
}

}  // namespace

quick::Count LargeTables::run_rungs(std::size_t spectrum, const Run& run, const Line& line,
                                    std::uint64_t offset, std::uint64_t count,
                                    const quick::RowsOut& out) const {
  const auto from = line.numerator + static_cast<std::int64_t>(offset) * line.step;
  const std::int64_t last = from + static_cast<std::int64_t>(count - 1) * line.step;
  if (line.step == 1 && line.denominator == 1 && last <= quick::kFarthest) {
    const std::int64_t begin =
        line.numerator + static_cast<std::int64_t>(offset) / kSeedRange * kSeedRange;
    const std::int64_t end = std::min({begin + kSeedRange, quick::kFarthest + 1,
                                       line.numerator + static_cast<std::int64_t>(run.count)});
    const auto rows = keep(mutex_, consecutive_, {spectrum, begin, end}, kMostSeedSets, [&] {
      return std::make_shared<const quick::ConsecutiveRows>(spectra_[spectrum], begin, end,
                                                            threads_);
    });
    return rows->rows(from, last + 1, out);
  }
  Coordinates at{{}, std::vector<std::int64_t>(count, line.denominator), {}};
  for (std::uint64_t k = 0; k < count; ++k)
    at.numerators.push_back(from + static_cast<std::int64_t>(k) * line.step);
  return rungs(spectrum, at, out);
}

quick::Count LargeTables::rungs(std::size_t spectrum, const Coordinates& at,
                                const quick::RowsOut& out) const {
  if (at.far.empty()) return near_rungs(spectrum, at, out);
  // Runs of rows that are all far, or all not.
  quick::Count total;
  for (std::size_t from = 0, to = 0; from < at.denominators.size(); from = to) {
    const bool far = at.denominators[from] == 0;
    Coordinates some;
    while (to < at.denominators.size() && (at.denominators[to] == 0) == far) ++to;
    some.add(at, from, to - from);
    const quick::RowsOut here = quick::from_row(out, static_cast<std::ptrdiff_t>(from));
    total += far ? decided_rungs(spectrum, some, here) : near_rungs(spectrum, some, here);
  }
  return total;
}

quick::Count LargeTables::near_rungs(std::size_t spectrum, const Coordinates& at,
                                     const quick::RowsOut& out) const {
  // Over their common denominator, where the quick rows reach that far.
  std::int64_t common = 1;
  bool near = true;
  for (const std::int64_t d : at.denominators) {
    const std::int64_t factor = d / std::gcd(common, d);
    near = near && factor <= quick::kFarthest / common;
    if (!near) break;
    common *= factor;
  }
  std::vector<std::int64_t> numerators(at.numerators.size());
  for (std::size_t k = 0; near && k < numerators.size(); ++k) {
    const std::int64_t factor = common / at.denominators[k], most = quick::kFarthest / factor;
    near = at.numerators[k] >= -most && at.numerators[k] <= most;
    numerators[k] = near ? at.numerators[k] * factor : 0;
  }
  const auto rows = static_cast<int>(numerators.size());
  if (near) {
    const auto made = keep(mutex_, scattered_, {spectrum, common}, kMostDenominators, [&] {
      return std::make_shared<const quick::ScatteredRows>(spectra_[spectrum], common);
    });
    return made->rows(numerators, rows, out);
  }
  return decided_rungs(spectrum, at, out);
}

quick::Count LargeTables::decided_rungs(std::size_t spectrum, const Coordinates& at,
                                        const quick::RowsOut& out) const {
  const auto rows = static_cast<int>(at.numerators.size());
  const ResolvedSpectrum& resolved = spectra_[spectrum];
  const std::size_t bytes = info(out.dtype).bytes;
  for (int row = 0; row < rows; ++row) {
    const Rational position = at.at(static_cast<std::size_t>(row));
    const quick::RowsOut here = quick::from_row(out, row);
    for (int rung = 0; rung < resolved.rungs(); ++rung)
      for (const bool sine : {false, true}) {
        const std::uint64_t value = quick::decide(resolved, rung, position, sine, out.dtype);
        std::memcpy(static_cast<std::byte*>(sine ? here.sin : here.cos) +
                        static_cast<std::size_t>(rung) * bytes,
                    &value, bytes);
      }
  }
  const auto values = 2 * static_cast<std::uint64_t>(rows * resolved.rungs());
  return {values, values};
}

quick::Count LargeTables::part(const Run* run, std::uint64_t first, std::uint64_t count,
                               const quick::RowsOut& out) const {
  std::vector<Coordinates> at;
  if (run == nullptr) at = positions_.coordinates(first, count);
  const auto rows = [&](std::size_t axis, const quick::RowsOut& to) {
    const std::size_t spectrum = spectra_.size() == 1 ? 0 : axis;
    return run != nullptr
               ? run_rungs(spectrum, *run, run->axes[axis], first - run->first, count, to)
               : rungs(spectrum, at[axis], to);
  };
  const auto same = [&](std::size_t a, std::size_t b) {
    if (a == b) return true;
    return spectra_.size() == 1 && (run != nullptr ? run->axes[a] == run->axes[b] : at[a] == at[b]);
  };
  // One pass serves all axes whose rows are the same.
  std::vector<std::size_t> passes;
  const auto pass_of = [&](std::size_t axis) {
    return std::find_if(passes.begin(), passes.end(), [&](std::size_t p) { return same(p, axis); });
  };
  for (const Assignment& a : map_.of)
    if (a.axis != Axis::none && pass_of(index(a.axis)) == passes.end())
      passes.push_back(index(a.axis));
  if (plain_ && passes.size() == 1) return rows(passes.front(), out);

  const std::size_t bytes = info(out.dtype).bytes;
  const auto copy = [&](std::byte* to, const std::byte* from) { std::memcpy(to, from, bytes); };
  auto *cos = static_cast<std::byte*>(out.cos), *sin = static_cast<std::byte*>(out.sin);
  quick::Count total;
  for (const std::size_t axis : passes) {
    const auto width = static_cast<std::size_t>(spectra_[spectra_.size() == 1 ? 0 : axis].rungs());
    std::vector<std::byte> c(count * width * bytes), s(c.size());
    total.decided +=
        rows(axis, {out.dtype, c.data(), s.data(), static_cast<std::ptrdiff_t>(width)}).decided;
    for (std::size_t e = 0; e < map_.of.size(); ++e) {
      const Assignment& a = map_.of[e];
      if (a.axis == Axis::none || !same(axis, index(a.axis))) continue;
      for (std::size_t row = 0; row < count; ++row) {
        const std::size_t from = (row * width + static_cast<std::size_t>(a.rung)) * bytes,
                          to = (row * map_.of.size() + e) * bytes;
        copy(cos + to, c.data() + from);
        copy(sin + to, s.data() + from);
      }
    }
  }
  const std::uint64_t still = quick::decide(spectra_.front(), 0, Rational(0), false, out.dtype);
  for (std::size_t e = 0; e < map_.of.size(); ++e) {
    if (map_.of[e].axis != Axis::none) continue;
    for (std::size_t row = 0; row < count; ++row) {
      const std::size_t to = (row * map_.of.size() + e) * bytes;
      std::memcpy(cos + to, &still, bytes);
      std::memset(sin + to, 0, bytes);
    }
  }
  return total;
}

quick::Count LargeTables::tables(Dtype dtype, std::uint64_t first, std::uint64_t count,
                                 std::byte* cos, std::byte* sin) const {
  const quick::RowsOut out{dtype, cos, sin, static_cast<std::ptrdiff_t>(entries())};
  quick::Count total{2 * count * entries(), 0};
  for (std::uint64_t done = 0; done < count;) {
    const auto [run, rows] = positions_.run_at(first + done);
    std::uint64_t some = std::min(count - done, rows);
    if (run != nullptr) {
      constexpr auto kRange = static_cast<std::uint64_t>(kSeedRange);
      some = std::min(some, kRange - (first + done - run->first) % kRange);
    }
    total.decided +=
        part(run, first + done, some, quick::from_row(out, static_cast<std::ptrdiff_t>(done)))
            .decided;
    done += some;
  }
  return total;
}

}  // namespace plumbline
