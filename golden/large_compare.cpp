// SPDX-License-Identifier: Apache-2.0
#include "golden/large_compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numbers>

#include "golden/case_rows.h"
#include "golden/golden.h"
#include "golden/near.h"
#include "golden/parallel.h"
#include "reference/evaluate.h"

namespace plumbline {
namespace {

constexpr std::uint64_t kRunRows = 256;
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

// What a later part adds to an earlier one; of equal records the earlier one stays.
void merge(ClassResult& all, ClassResult part) {
  if (part.worst_ratio > all.worst_ratio) {
    all.worst_ratio = part.worst_ratio;
    all.worst = part.worst;
  }
  if (part.worst_ulp.ulp > all.worst_ulp.ulp) all.worst_ulp = part.worst_ulp;
  all.worst_norm_ulp = std::max(all.worst_norm_ulp, part.worst_norm_ulp);
  if (!all.first_failure) all.first_failure = part.first_failure;
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
  Runs(const CaseView& golden, const CaseView& candidate, const RecipeFor& recipe_for)
      : golden_(golden),
        candidate_(candidate),
        recipe_for_(recipe_for),
        rows_(row_count(golden)),
        head_(rows_of(golden, 0, 1, rows_)),
        positions_(golden.datasets.at("position_ids").bytes.data()) {
    for (std::uint64_t axis = 0; axis < golden.datasets.at("position_ids").shape[0]; ++axis)
      if (std::find(head_.axis_map.begin(), head_.axis_map.end(), axis) != head_.axis_map.end())
        axes_.push_back(static_cast<std::uint8_t>(axis));
    for (const std::string folder : {"f64/", "f32/", "f16/", "bf16/"})
      for (const std::string name : {"cos", "sin"}) {
        const auto given = candidate.datasets.find(folder + name);
        if (!golden.datasets.contains(folder + name) || given == candidate.datasets.end()) continue;
        tables_.push_back(table(given->second, golden.datasets.at("f64/" + name)));
      }
    // The phase is that of the first format whose cosines and sines are both there.
    for (std::size_t i = 1; i < tables_.size() && !phase_; ++i)
      if (tables_[i].dtype == tables_[i - 1].dtype) phase_ = i;
  }
  std::uint64_t rows() const { return rows_; }

  // Rows [first, end), of which the first run is judged in any case.
  CaseResult judge(std::uint64_t first, std::uint64_t end) const {
    std::optional<CaseResult> all;
    for (std::uint64_t at = first; at < end; at += kRunRows) {
      const std::uint64_t count = std::min(kRunRows, end - at);
      if (all && near(*all, at, count)) {
        for (ClassResult& c : all->classes) c.values += count * head_.inv_freq.size();
        quiet(*all, at, count);
        continue;
      }
      CaseResult one = compare(rows_of(golden_, at, count, rows_),
                               rows_of(candidate_, at, count, rows_), recipe_for_);
      for (ClassResult& c : one.classes) {
        for (Place* place : {&c.worst, &c.worst_ulp}) place->row += static_cast<std::int64_t>(at);
        if (c.first_failure) c.first_failure->row += static_cast<std::int64_t>(at);
      }
      one.phases = by_row(one.phases, count);
      if (all) {
        merge(*all, std::move(one));
        continue;
      }
      all = std::move(one);
      all->phases.reserve((end - first) * axes_.size());
    }
    return *all;
  }

 private:
  struct Table {
    Dtype dtype;
    const std::byte *given, *exact;  // [rows][maps][pairs]; exact in binary64
    double entry;                    // A times what the recipe allows an entry besides its phase
    std::shared_ptr<const Recipe> recipe;
    std::vector<PhaseBudget> phases;  // [maps][pairs]
  };

  Table table(const DatasetView& given, const DatasetView& exact) const {
    const Format& format = format_of(given.dtype);
    const auto recipe = std::make_shared<const Recipe>(recipe_for_(format));
    // As compare() counts them: an entry's own error, and its rounding into the dataset.
    const double own = arithmetic_budget(*recipe, head_.attention_factor, format).table,
                 stored = format == recipe->table ? 0 : unit(format);
    Table out{given.dtype,
              given.bytes.data(),
              exact.bytes.data(),
              head_.attention_factor * (own + stored),
              recipe,
              {}};
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
      double least = std::numeric_limits<double>::infinity();
      for (std::uint64_t row = first; row < first + count; ++row)
        least = std::min(least, position(axis, row));
      int exponent = 0;
      const double fraction = std::frexp(least, &exponent);
      out[axis] = std::ldexp(std::floor(fraction * 256), exponent - 8);
    }
    return out;
  }

  bool near(const CaseResult& so_far, std::uint64_t first, std::uint64_t count) const {
    const std::array<double, 256> position = nearest(first, count);
    const double a = head_.attention_factor;
    const std::size_t columns = head_.inv_freq.size(), at = first * columns;
    std::vector<double> budget(columns);
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      const Table& t = tables_[i];
      const ClassResult& record = so_far.classes[i];
      const Format& format = format_of(t.dtype);
      for (std::size_t slot = 0; slot < columns; ++slot) {
        const std::uint8_t axis = head_.axis_map[slot];
        const double phase =
            axis == index(Axis::none) ? 0 : t.phases[slot].at(position[axis], true);
        budget[slot] = (a * phase + t.entry) * kBelow;
      }
      // A failure has a ratio above 1, whatever the record. Where both entries of a pair keep to
      // their own error, the phase seen is below the noise.
      const NearRule rule{budget.data(), std::min(record.worst_ratio, 1.0) * (1 - 0x1p-50),
                          std::ldexp(record.worst_ulp.ulp, 1 - format.precision),
                          std::min(record.worst_norm_ulp * ulp_at(a, format), t.entry * kBelow)};
      if (!all_near(t.exact + at * 8, t.dtype, t.given + at * info(t.dtype).bytes, count, columns,
                    rule))
        return false;
    }
    return true;
  }

  // Phase samples of rows in which rounding explains everything.
  void quiet(CaseResult& all, std::uint64_t first, std::uint64_t count) const {
    if (!phase_) return;
    const double spread =
        std::numbers::sqrt2 * tables_[*phase_].entry / (head_.attention_factor * (1 - 0x1p-50));
    const double noise = spread < 1 ? std::asin(spread) : std::numbers::pi;
    for (std::uint64_t row = first; row < first + count; ++row)
      for (const std::uint8_t axis : axes_)
        all.phases.push_back({position(axis, row), 0, noise, axis});
  }

  const CaseView &golden_, &candidate_;
  const RecipeFor& recipe_for_;
  std::uint64_t rows_;
  Truth head_;                        // of the first row
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
  const std::uint64_t parts =
      std::clamp<std::uint64_t>(runs.rows() / kRunRows, 1, std::max(threads, 1U));
  std::vector<CaseResult> results(parts);
  const auto edge = [&](std::uint64_t part) {
    return part == parts ? runs.rows() : runs.rows() / parts * part;
  };
  each_on_all_cores(
      parts, [&](std::size_t part) { results[part] = runs.judge(edge(part), edge(part + 1)); },
      threads);
  for (std::size_t part = 1; part < parts; ++part) merge(results[0], std::move(results[part]));
  return std::move(results[0]);
}

}  // namespace plumbline
