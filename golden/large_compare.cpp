// SPDX-License-Identifier: Apache-2.0
#include "golden/large_compare.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numbers>
#include <ranges>
#include <utility>

#include "golden/case_rows.h"
#include "golden/golden.h"
#include "golden/near.h"
#include "reference/evaluate.h"
#include "reference/parallel.h"

namespace plumbline {
namespace {

// What is looked at together: read in large pieces, judged in small ones.
constexpr std::uint64_t kRunRows = 512, kFewRows = 16;
// Of one exact table, so that wide ones stay in cache too.
constexpr std::uint64_t kRunBytes = std::uint64_t{256} << 10;
// What a thread takes at once.
constexpr std::uint64_t kPartRows = std::uint64_t{1} << 12;
// Room for the roundings of a bound that stands for another one.
constexpr double kBelow = 1 - 0x1p-40;

// The largest of each row and axis, of samples in the order of their rows.
std::vector<PhaseSample> by_row(const std::vector<PhaseSample>& all, std::size_t rows) {
  std::vector<PhaseSample> out;
  if (all.size() % rows != 0) return all;
  const std::size_t width = all.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t first = out.size();
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      const auto same = std::find_if(
          out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), [&](const PhaseSample& s) {
            return s.axis == all[i].axis && s.position == all[i].position;
          });
      if (same == out.end()) {
        out.push_back(all[i]);
      } else {
        same->excess = std::max(same->excess, all[i].excess);
        same->noise = std::max(same->noise, all[i].noise);
      }
    }
  }
  return out;
}

// What one part adds to another; of equal records the one of the first row stays.
bool replaces(const Place& part, double value, const Place& all, double record) {
  return value > record || (value == record && part.row < all.row);
}
void merge(ClassResult& all, ClassResult part) {
  if (replaces(part.worst, part.worst_ratio, all.worst, all.worst_ratio)) {
    all.worst_ratio = part.worst_ratio;
    all.worst = part.worst;
  }
  if (replaces(part.worst_ulp, part.worst_ulp.ulp, all.worst_ulp, all.worst_ulp.ulp))
    all.worst_ulp = part.worst_ulp;
  all.worst_norm_ulp = std::max(all.worst_norm_ulp, part.worst_norm_ulp);
  if (part.first_failure &&
      (!all.first_failure || part.first_failure->row < all.first_failure->row))
    all.first_failure = part.first_failure;
  all.values += part.values;
  all.failures += part.failures;
  for (std::size_t i = 0; i < all.failures_by_axis.size(); ++i)
    all.failures_by_axis[i] += part.failures_by_axis[i];
}
void merge(CaseResult& all, CaseResult part) {
  for (std::size_t i = 0; i < all.classes.size(); ++i)
    merge(all.classes[i], std::move(part.classes[i]));
  all.phases.insert(all.phases.end(), part.phases.begin(), part.phases.end());
}

bool is_table(const std::string& path) { return path.ends_with("/cos") || path.ends_with("/sin"); }

class Runs {
 public:
  // What entries of one table may differ by on account of their phases and of `ratio`.
  struct Budgets {
    double ratio = -1;
    std::vector<double> each;  // [maps][pairs]
  };

  // Where a run's values are, while they are looked at, and the budgets of the run before: far out
  // many runs begin at what nearest() takes for the same position.
  struct Rooms {
    std::vector<std::byte> exact, given;
    std::array<double, 256> position{};
    std::vector<Budgets> budgets;  // of tables_
  };

  Runs(const CaseView& golden, const CaseView& candidate, const RecipeFor& recipe_for)
      : golden_(golden),
        candidate_(candidate),
        recipe_for_(recipe_for),
        rows_(row_count(golden)),
        head_(rows_of(golden, 0, 1, rows_)),
        exact_{&golden.datasets.at("f64/cos"), &golden.datasets.at("f64/sin")},
        positions_(golden.datasets.at("position_ids").bytes.data()) {
    for (std::uint64_t axis = 0; axis < golden.datasets.at("position_ids").shape[0]; ++axis)
      if (std::find(head_.axis_map.begin(), head_.axis_map.end(), axis) != head_.axis_map.end())
        axes_.push_back(static_cast<std::uint8_t>(axis));
    for (const std::string folder : {"f64/", "f32/", "f16/", "bf16/"})
      for (const std::string name : {"cos", "sin"}) {
        const auto given = candidate.datasets.find(folder + name);
        if (!golden.datasets.contains(folder + name) || given == candidate.datasets.end()) continue;
        tables_.push_back(table(given->second, name == "sin"));
      }
    // The phase is that of the first format whose cosines and sines are both there.
    for (std::size_t i = 1; i < tables_.size() && !phase_; ++i)
      if (tables_[i].dtype == tables_[i - 1].dtype) phase_ = i;
  }
  std::uint64_t rows() const { return rows_; }

  // Adds what is found in rows [first, end); the first rows of all are judged in any case.
  void judge(std::uint64_t first, std::uint64_t end, std::optional<CaseResult>& all,
             Rooms& rooms) const {
    const std::uint64_t run =
        std::clamp(kRunBytes / (sizeof(double) * head_.inv_freq.size()), kFewRows, kRunRows);
    for (std::uint64_t at = first; at < end; at += run) {
      const std::uint64_t run_end = std::min(at + run, end);
      if (pass(all, at, run_end, rooms)) continue;
      for (std::uint64_t few = at; few < run_end; few += kFewRows) {
        const std::uint64_t few_end = std::min(few + kFewRows, run_end);
        if (!pass(all, few, few_end, rooms)) add(all, few, few_end);
      }
    }
  }

 private:
  struct Table {
    Dtype dtype;
    bool sine;
    const DatasetView* given;  // [rows][maps][pairs]
    double entry;              // A times what the recipe allows an entry besides its phase
    std::shared_ptr<const Recipe> recipe;
    std::vector<PhaseBudget> phases;  // [maps][pairs]
  };

  // Whether rows [first, end) add nothing but their count, and are counted.
  bool pass(std::optional<CaseResult>& all, std::uint64_t first, std::uint64_t end,
            Rooms& rooms) const {
    if (!all || !near(*all, first, end - first, rooms)) return false;
    for (ClassResult& c : all->classes) c.values += (end - first) * head_.inv_freq.size();
    quiet(*all, first, end - first);
    return true;
  }

  // What compare() says of rows [first, end).
  void add(std::optional<CaseResult>& all, std::uint64_t first, std::uint64_t end) const {
    const std::uint64_t count = end - first;
    CaseResult one = compare(rows_of(golden_, first, count, rows_),
                             rows_of(candidate_, first, count, rows_), recipe_for_);
    for (ClassResult& c : one.classes) {
      for (Place* place : {&c.worst, &c.worst_ulp})
        if (place->row >= 0) place->row += static_cast<std::int64_t>(first);
      if (c.first_failure) c.first_failure->row += static_cast<std::int64_t>(first);
    }
    one.phases = by_row(one.phases, count);
    if (all)
      merge(*all, std::move(one));
    else
      all = std::move(one);
  }

  Table table(const DatasetView& given, bool sine) const {
    const Format& format = format_of(given.dtype);
    const auto recipe = std::make_shared<const Recipe>(recipe_for_(format));
    // As compare() counts them: an entry's own error, and its rounding into the dataset.
    const double own = arithmetic_budget(*recipe, head_.attention_factor, format).table,
                 stored = format == recipe->table ? 0 : unit(format);
    Table out{given.dtype, sine, &given, head_.attention_factor * (own + stored), recipe, {}};
    const FrequencyAllocation map = allocation(head_.c);
    for (std::size_t slot = 0; slot < head_.inv_freq.size(); ++slot) {
      const std::size_t axis = head_.axis_map[slot];
      const bool own_ladder = map.ladders.size() > 1 && axis < map.ladders.size();
      out.phases.emplace_back(*recipe, head_.c.spectrum, head_.rung[slot], head_.inv_freq[slot],
                              map.ladders[own_ladder ? axis : 0]);
    }
    return out;
  }

  double position(std::size_t axis, std::uint64_t row) const {
    double x = 0;
    std::memcpy(&x, positions_ + (axis * rows_ + row) * sizeof x, sizeof x);
    return std::abs(x);
  }

  // No larger than any of the rows' positions, by less than a part in 128, and with no more than
  // eight bits, which every type of position holds: a budget falls where a position is held.
  std::array<double, 256> nearest(std::uint64_t first, std::uint64_t count) const {
    std::array<double, 256> out{};
    for (const std::uint8_t axis : axes_) {
      // Eight at once, because one after the other each waits for the one before.
      std::array<double, 8> least;
      least.fill(std::numeric_limits<double>::infinity());
      std::uint64_t row = first;
      for (; row + least.size() <= first + count; row += least.size())
        for (std::size_t i = 0; i < least.size(); ++i)
          least[i] = std::min(least[i], position(axis, row + i));
      for (; row < first + count; ++row) least[0] = std::min(least[0], position(axis, row));
      int exponent = 0;
      const double fraction = std::frexp(*std::ranges::min_element(least), &exponent);
      out[axis] = std::ldexp(std::floor(fraction * 256), exponent - 8);
    }
    return out;
  }

  std::vector<double> budget(const Table& t, const std::array<double, 256>& position,
                             double ratio) const {
    std::vector<double> out;
    for (std::size_t slot = 0; slot < head_.inv_freq.size(); ++slot) {
      const std::uint8_t axis = head_.axis_map[slot];
      const double phase = axis == index(Axis::none) ? 0 : t.phases[slot].at(position[axis], true);
      out.push_back(ratio * (head_.attention_factor * phase + t.entry) * kBelow);
    }
    return out;
  }

  bool near(const CaseResult& so_far, std::uint64_t first, std::uint64_t count,
            Rooms& rooms) const {
    const auto position = nearest(first, count);
    if (rooms.budgets.empty() || position != rooms.position) {
      rooms.position = position;
      rooms.budgets.assign(tables_.size(), {});
    }
    const double a = head_.attention_factor;
    const std::size_t columns = head_.inv_freq.size(), at = first * columns;
    const auto values = [&](const DatasetView& view, std::vector<std::byte>& room) {
      const std::size_t bytes = info(view.dtype).bytes;
      return view.piece(at * bytes, count * columns * bytes, room).data();
    };
    // One function after the other, so that less has to stay in cache.
    for (const bool sine : {false, true}) {
      const std::byte* const exact = values(*exact_[sine ? 1 : 0], rooms.exact);
      for (std::size_t i = 0; i < tables_.size(); ++i) {
        const Table& t = tables_[i];
        if (t.sine != sine) continue;
        const ClassResult& record = so_far.classes[i];
        const Format& format = format_of(t.dtype);
        // A failure has a ratio above 1, whatever the record.
        const double ratio = std::min(record.worst_ratio, 1.0) * (1 - 0x1p-50);
        Budgets& budgets = rooms.budgets[i];
        if (budgets.ratio != ratio) budgets = {ratio, budget(t, position, ratio)};
        // Where both entries of a pair keep to their own error, the phase seen is below the noise.
        const NearRule rule{budgets.each.data(), ratio * 0x1p-53,
                            std::ldexp(record.worst_ulp.ulp, 1 - format.precision),
                            std::min(record.worst_norm_ulp * ulp_at(a, format), t.entry * kBelow)};
        if (!all_near(exact, t.dtype, values(*t.given, rooms.given), count, columns, rule))
          return false;
      }
    }
    return true;
  }

  // Phase samples of rows in which rounding explains everything.
  void quiet(CaseResult& all, std::uint64_t first, std::uint64_t count) const {
    if (!phase_) return;
    const double spread =
        std::numbers::sqrt2 * tables_[*phase_].entry / (head_.attention_factor * (1 - 0x1p-50));
    const double noise = spread < 1 ? std::asin(spread) : std::numbers::pi;
    for (const std::uint8_t axis : axes_)
      for (std::uint64_t row = first, next; row < first + count; row = next) {
        const double from = position(axis, row);
        for (next = row + 1; next < first + count; ++next)
          if (position(axis, next) != from + static_cast<double>(next - row)) break;
        all.phases.push_back({from, 0, noise, axis, static_cast<std::uint32_t>(next - row - 1)});
      }
  }

  const CaseView &golden_, &candidate_;
  const RecipeFor& recipe_for_;
  std::uint64_t rows_;
  Truth head_;                        // of the first row
  const DatasetView* exact_[2];       // cos and sin
  const std::byte* positions_;        // position_ids
  std::vector<std::uint8_t> axes_;    // that drive a pair
  std::vector<Table> tables_;         // in the order of compare()'s classes
  std::optional<std::size_t> phase_;  // of tables_
};

bool by_runs(const CaseView& golden, const CaseView& candidate, const RecipeFor& recipe_for) {
  const auto cos = golden.datasets.find("f64/cos"), sin = golden.datasets.find("f64/sin");
  if (cos == golden.datasets.end() || sin == golden.datasets.end()) return false;
  if (cos->second.bytes.size() / 8 < kJudgedByRuns || sin->second.shape != cos->second.shape)
    return false;
  const std::vector<std::uint64_t>& shape = cos->second.shape;
  if (shape.size() != 3) return false;
  for (const char* needed : {"token_index", "position_ids", "axis_map", "rung", "inv_freq"})
    if (!golden.datasets.contains(needed)) return false;
  if (golden.datasets.at("token_index").shape != std::vector{shape[0]} ||
      golden.datasets.at("position_ids").shape.size() != 2 ||
      golden.datasets.at("position_ids").shape[1] != shape[0])
    return false;
  bool any = false;
  for (const auto& [path, view] : golden.datasets) {
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos) continue;
    if (!is_table(path) || view.shape != shape || info(view.dtype).name != path.substr(0, slash))
      return false;
    const auto given = candidate.datasets.find(path);
    if (given == candidate.datasets.end()) continue;
    std::vector<std::uint64_t> squeezed = shape;
    if (squeezed[1] == 1) squeezed.erase(squeezed.begin() + 1);
    if (given->second.dtype != view.dtype ||
        (given->second.shape != shape && given->second.shape != squeezed))
      return false;
    any = true;
    if (recipe_for(format_of(view.dtype)).store != nullptr) return false;
  }
  return any;
}

}  // namespace

std::optional<CaseResult> compare_large(const CaseView& golden, const CaseView& candidate,
                                        const RecipeFor& recipe_for, unsigned threads) {
  if (!by_runs(golden, candidate, recipe_for)) return std::nullopt;
  // Whatever of the candidate is not judged is not carried along either.
  CaseView judged{candidate.id, {}, {}, {}};
  for (const auto& [path, view] : candidate.datasets)
    if (golden.datasets.contains(path) && is_table(path)) judged.datasets[path] = view;
  const Runs runs(golden, judged, recipe_for);
  // Each thread takes the next rows and keeps its own records.
  const std::uint64_t parts = (runs.rows() + kPartRows - 1) / kPartRows;
  std::vector<std::vector<PhaseSample>> phases(parts);
  std::vector<std::optional<CaseResult>> results(
      std::clamp<std::uint64_t>(parts, 1, std::max(threads, 1U)));
  std::atomic<std::uint64_t> next = 0;
  each_on_all_cores(
      results.size(),
      [&](std::size_t thread) {
        std::optional<CaseResult>& own = results[thread];
        Runs::Rooms rooms;
        for (std::uint64_t part = next++; part < parts; part = next++) {
          runs.judge(part * kPartRows, std::min((part + 1) * kPartRows, runs.rows()), own, rooms);
          phases[part] = std::exchange(own->phases, {});
        }
      },
      threads);
  std::optional<CaseResult> all;
  // From the last one, so that an order on which the result depended would be noticed.
  for (std::optional<CaseResult>& own : results | std::views::reverse) {
    if (!own) continue;
    if (all)
      merge(*all, std::move(*own));
    else
      all = std::move(own);
  }
  for (const std::vector<PhaseSample>& some : phases)
    all->phases.insert(all->phases.end(), some.begin(), some.end());
  return all;
}

}  // namespace plumbline
