// SPDX-License-Identifier: Apache-2.0
#include "fast/embedding_state.h"

#include <algorithm>

#include "fast/refuse.h"
#include "fast/row_maker.h"

namespace plumbline::fast {
namespace {

constexpr std::int64_t kMostReady = std::int64_t{1} << 24;

const Kernel* choose(const Kernel* wanted) {
  if (wanted != nullptr) {
    require(wanted->supported(), "kernel", wanted->name, "is not supported on this machine");
    require(wanted->phase == Phase::exact, "kernel", wanted->name, "must be of phase exact");
    return wanted;
  }
  for (const Kernel& kernel : kernels())
    if (kernel.supported() && kernel.phase == Phase::exact) return &kernel;
  refuse("kernel", "none", "is supported on this machine");
}

}  // namespace

EmbeddingState::EmbeddingState(const RotaryCase& rotary_case,
                               const RotaryEmbedding::Options& options)
    : c(rotary_case), kernel(choose(options.kernel)) {
  check(c);
  require(options.ready_positions >= 0 && options.ready_positions <= kMostReady, "ready_positions",
          options.ready_positions, "must lie in [0, 2^24]");
  require(options.thread_bytes >= 1, "thread_bytes", options.thread_bytes, "must be at least 1");
  thread_bytes = options.thread_bytes;
  for (const Spectrum& spectrum : c.spectra) phases.emplace_back(spectrum);
  for (const ExactPhase& phase : phases)
    require(phase.attention_factor() == phases.front().attention_factor(), "attention_factor",
            phase.attention_factor(), "must be the same on all axes");
  ready = (options.ready_positions + kFineRows - 1) / kFineRows * kFineRows;
  query_heads = c.num_heads / c.num_key_value_heads;
  find_rows();
  fill_seeds();
  if (options.table) fill_table();
  merges = kernel->merges && !table.empty() && c.rotary_dim % 64 == 0 &&
           std::any_of(axis_of_row.begin(), axis_of_row.end(), [](int a) { return a < 0; });
  if (kernel->token == nullptr || table.empty() || rows > 1 || padded != c.rotary_dim / 2) return;
  for (const Storage storage : {Storage::f32, Storage::bf16, Storage::f16})
    token[static_cast<std::size_t>(storage)] = kernel->token(storage, c.neox, c.rotary_dim);
}

void EmbeddingState::find_rows() {
  const int pairs = c.rotary_dim / 2;
  padded = (pairs + kColumnGroup - 1) / kColumnGroup * kColumnGroup;
  const auto width = static_cast<std::size_t>(pairs);
  const std::vector<Driver> drive = drivers(
      c, [&](std::size_t spectrum, std::size_t rung) { return phases[spectrum].inv_freq(rung); });
  const auto same = [&](std::size_t a, std::size_t b) {
    return std::equal(drive.begin() + static_cast<std::ptrdiff_t>(a * width),
                      drive.begin() + static_cast<std::ptrdiff_t>((a + 1) * width),
                      drive.begin() + static_cast<std::ptrdiff_t>(b * width),
                      [](const Driver& x, const Driver& y) {
                        return x.turns == y.turns &&
                               (!x.turns || (x.axis == y.axis && x.rung == y.rung));
                      });
  };
  std::vector<std::size_t> first;  // the map that a row was made for
  for (std::size_t map = 0; map < static_cast<std::size_t>(c.maps); ++map) {
    const auto known =
        std::find_if(first.begin(), first.end(), [&](std::size_t m) { return same(m, map); });
    row_of_map.push_back(static_cast<int>(known - first.begin()));
    if (known == first.end()) first.push_back(map);
  }
  rows = static_cast<int>(first.size());
  for (const std::size_t map : first) {
    of.insert(of.end(), drive.begin() + static_cast<std::ptrdiff_t>(map * width),
              drive.begin() + static_cast<std::ptrdiff_t>((map + 1) * width));
    of.resize(of.size() + static_cast<std::size_t>(padded - pairs));
  }
  for (int head = 0; head < c.num_key_value_heads; ++head) {
    const int row = row_of_map[c.maps == 1 ? 0 : static_cast<std::size_t>(head)];
    if (!runs.empty() && runs.back().row == row) {
      ++runs.back().count;
    } else {
      runs.push_back({row, head, 1});
    }
  }
}

void EmbeddingState::fill_seeds() {
  const std::size_t columns = of.size();
  // A column that does not turn joins the axis of its neighbour: any row of it is (1, 0).
  std::size_t before = 0;
  for (const Driver& d : of) {
    if (d.turns) before = d.axis;
    axis.push_back(static_cast<std::uint8_t>(before));
    guard.push_back(d.turns ? 6 * 0x1p-53 * phases[d.spectrum].attention_factor() : 0.0);
  }
  for (std::size_t group = 0; group < columns; group += kColumnGroup) {
    part_begin.push_back(static_cast<int>(parts.size()));
    const std::size_t begin = parts.size();
    for (std::size_t i = 0; i < kColumnGroup; ++i) {
      const auto known =
          std::find_if(parts.begin() + static_cast<std::ptrdiff_t>(begin), parts.end(),
                       [&](const GroupPart& part) { return part.axis == axis[group + i]; });
      const auto bit = static_cast<std::uint16_t>(1U << i);
      if (known == parts.end()) {
        parts.push_back({bit, axis[group + i]});
      } else {
        known->columns = static_cast<std::uint16_t>(known->columns | bit);
      }
    }
  }
  part_begin.push_back(static_cast<int>(parts.size()));
  for (int row = 0; row < rows; ++row) {
    const auto begin = axis.begin() + std::ptrdiff_t{row} * padded, end = begin + padded;
    axis_of_row.push_back(
        std::all_of(begin, end, [&](std::uint8_t a) { return a == *begin; }) ? *begin : -1);
  }
  seeds = {static_cast<int>(columns), c.axes, guard.data(), axis.data(), parts.data(),
           part_begin.data()};

  fine.resize(kFineRows * 2 * columns);
  coarse.resize(static_cast<std::size_t>(ready / kFineRows) * 2 * columns);
  for (std::size_t i = 0; i < columns; ++i) {
    const Driver& d = of[i];
    for (std::size_t b = 0; b < kFineRows; ++b) {
      const CosSin value =
          d.turns ? phases[d.spectrum].unscaled(static_cast<double>(b), d.rung) : CosSin{1, 0};
      fine[2 * b * columns + i] = value.cos;
      fine[(2 * b + 1) * columns + i] = value.sin;
    }
    for (std::size_t a = 0; a < static_cast<std::size_t>(ready / kFineRows); ++a) {
      const CosSin value = in_f64(static_cast<int>(i), static_cast<double>(a * kFineRows));
      coarse[2 * a * columns + i] = value.cos;
      coarse[(2 * a + 1) * columns + i] = value.sin;
    }
  }
}

void EmbeddingState::fill_table() {
  const std::size_t row = 2 * of.size();
  Lines<float> result(static_cast<std::size_t>(ready) * row);
  RowScratch scratch;
  RowMaker maker(*this, scratch);
  std::vector<std::int64_t> at(static_cast<std::size_t>(c.axes));
  for (std::int64_t p = 0; p < ready; ++p) {
    std::fill(at.begin(), at.end(), p);
    maker.make(at.data(), 1, result.data() + static_cast<std::size_t>(p) * row);
  }
  table = std::move(result);
}

CosSinF32 EmbeddingState::in_f32(int column, double position) const {
  const Driver& d = of[static_cast<std::size_t>(column)];
  return d.turns ? phases[d.spectrum].in_f32(position, d.rung) : phases.front().still_f32();
}

CosSin EmbeddingState::in_f64(int column, double position) const {
  const Driver& d = of[static_cast<std::size_t>(column)];
  // A column that does not turn is exact in binary32 too: its guard is 0.
  return d.turns ? phases[d.spectrum].in_f64(position, d.rung)
                 : CosSin{phases.front().still_f32().cos, 0};
}

}  // namespace plumbline::fast
