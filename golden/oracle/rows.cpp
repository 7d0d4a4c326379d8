// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "golden/oracle/rotated_tensors.h"

namespace plumbline::oracle {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

struct Table {
  Comparison cos, sin;
};

std::vector<Table> tables(const Evaluation& e, Report& report) {
  const bool optional = !lists(e.given.tensors, "tables");
  const std::vector<std::uint64_t> shape = {e.rows, e.allocated.maps, e.pairs()};
  std::vector<Table> all;
  for (const Format& f : kFormats) {
    all.push_back({Comparison(e.stored, below(f.dtype, "cos"), f.dtype, shape, report, optional),
                   Comparison(e.stored, below(f.dtype, "sin"), f.dtype, shape, report, optional)});
  }
  return all;
}

void compare_head(const Evaluation& e, RotatedTensors& t, std::size_t first, const Place* places) {
  const std::size_t n = e.pairs();
  for (Comparison* out : {&t.out, &t.adjoint}) {
    if (!out->usable()) continue;
    const PairRotation rotation{t.format, out == &t.adjoint, e.turns};
    for (std::size_t i = 0; i < n; ++i) {
      const auto [x, y] = lanes_of(i, n, e.given.gptj);
      rotation.compare(*out, {first + x, first + y}, t.in.stored(first + x), t.in.stored(first + y),
                       places[i]);
    }
    for (std::size_t lane = 2 * n; lane < size(e.given.head_dim); ++lane) {
      out->expect(first + lane, t.in.stored(first + lane));
    }
  }
}

}  // namespace

void compare_rows(const Evaluation& e, Report& report) {
  const std::size_t n = e.pairs();
  std::vector<Table> table = tables(e, report);
  std::vector<RotatedTensors> tensors = rotated_tensors(e, report);
  std::vector<Place> places(e.allocated.maps * n);
  for (std::size_t row = 0; row < e.rows; ++row) {
    e.turns.forget_if_many();
    for (std::size_t map = 0; map < e.allocated.maps; ++map) {
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t entry = map * n + i;
        places[entry] = e.place(row, map, i);
        for (Table& t : table) {
          compare_table(t.cos, t.sin, row * places.size() + entry, places[entry], e.turns);
        }
      }
    }
    for (RotatedTensors& t : tensors) {
      for (std::size_t head = 0; head < t.heads; ++head) {
        const std::size_t map =
            t.query ? e.map_of_query_head(head) : std::min(head, e.allocated.maps - 1);
        const std::size_t first = (row * t.heads + head) * size(e.given.head_dim);
        compare_head(e, t, first, &places[map * n]);
      }
    }
  }
}

}  // namespace plumbline::oracle
