// SPDX-License-Identifier: Apache-2.0
// Probes of calls as such: which there are, what comes back from them, again and with more rows.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "properties/diagnosis/diagnose.h"

namespace plumbline::diagnosis {
namespace {

using Tuples = std::vector<std::vector<double>>;

void copy(const laws::HeadView& view, std::size_t rows, int heads, std::size_t width,
          std::size_t size) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (int head = 0; head < heads; ++head) {
      const auto at = [&](const laws::Strides& s) {
        return (static_cast<std::ptrdiff_t>(row) * s.token + head * s.head) *
               static_cast<std::ptrdiff_t>(size);
      };
      std::memcpy(view.out + at(view.out_strides), view.in + at(view.in_strides), width * size);
    }
  }
}

}  // namespace

bool refuses(const laws::Subject& subject, const Contract& c, bool adjoint, bool in_place) {
  try {
    ask(subject, c, table_of(c, few_rows(c, 1)), draw(c, 1, 6), adjoint, {.in_place = in_place});
    return false;
  } catch (const std::invalid_argument&) {
    return true;
  }
}

Maker with_separate_output(const Maker& make, const Contract& c) {
  if (!refuses(make(), c, false, false) || refuses(make(), c, false, true)) return make;
  return [make] {
    laws::Subject out = make();
    out.rotate = [rotate = out.rotate](const laws::Call& call) {
      const auto place = [&](const laws::HeadView& view, int heads) {
        if (view.in == view.out) return view;
        copy(view, call.ids.rows(), heads, static_cast<std::size_t>(call.c.shape.head_dim),
             static_cast<std::size_t>(call.format.bytes));
        return laws::HeadView{view.out, view.out, view.out_strides, view.out_strides};
      };
      laws::Call placed = call;
      placed.q = place(call.q, call.c.shape.num_heads);
      placed.k = place(call.k, call.c.shape.num_key_value_heads);
      rotate(placed);
    };
    return out;
  };
}

std::vector<Finding> probe_finite(const Maker& make, const Contract& c) {
  Tuples rows = mixed_rows(c);
  const Tuples text = text_rows(c);
  rows.insert(rows.end(), text.begin(), text.end());
  const Values out =
      ask(make(), c, table_of(c, rows), draw(c, rows.size(), 8), false, {.watch = true}).out;
  const auto lost = [](const std::vector<double>& of) {
    return std::count_if(of.begin(), of.end(), [](double x) { return !std::isfinite(x); });
  };
  const auto count = lost(out.q) + lost(out.k);
  if (count == 0) return {};
  return {{"outputs",
           std::to_string(count) + " of " + std::to_string(out.q.size() + out.k.size()) +
               " are no numbers, NaN or infinite, where every input is one",
           {}}};
}

std::vector<Finding> probe_again(const Maker& make, const Contract& c) {
  constexpr std::size_t kRows = 6;
  const Values in = draw(c, kRows, 2);
  const PositionTable ids = table_of(c, few_rows(c, kRows));
  const laws::Subject one = make();
  const Answer first = ask(one, c, ids, in, false);
  for (int run = 0; run < 4; ++run) {
    const Answer again = ask(one, c, ids, in, false);
    if (!alike(again.out.q, first.out.q) || !alike(again.out.k, first.out.k))
      return {{"the same call again", "its bits differ", {}}};
  }
  return {};
}

std::vector<Finding> probe_more_rows(const Maker& make, const Contract& c) {
  constexpr std::size_t kRows = 9;
  const Tuples few = few_rows(c, kRows);
  const Values in = draw(c, kRows, 9);
  const Answer alone = ask(make(), c, table_of(c, few), in, false);
  struct Batch {
    std::size_t times;
    bool packed;
  };
  for (const auto& [times, packed] : {Batch{4, false}, {40, false}, {4, true}}) {
    Tuples many;
    Values more;
    for (std::size_t time = 0; time < times; ++time) {
      many.insert(many.end(), few.begin(), few.end());
      for (const bool key : {false, true})
        more.of(key).insert(more.of(key).end(), in.of(key).begin(), in.of(key).end());
    }
    const int sequences = packed ? static_cast<int>(times) : 1;
    const Answer among = ask(make(), c, table_of(c, many), more, false, {.sequences = sequences});
    for (const bool key : {false, true}) {
      const std::vector<double>&one = alone.out.of(key), &all = among.out.of(key);
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (alike(all[i], one[i % one.size()])) continue;
        const std::size_t row = i / (one.size() / kRows);
        const std::string which =
            std::to_string(row) + " of " + std::to_string(many.size()) + " of " + (key ? "k" : "q");
        if (packed)
          return {{"packed sequences",
                   "row " + which + ", in sequence " + std::to_string(row / kRows) + " of " +
                       std::to_string(times) + ", differs from the same row of a sequence alone",
                   {}}};
        return {{"more rows",
                 "row " + which + " differs from the same row among " + std::to_string(kRows),
                 {}}};
      }
    }
  }
  return {};
}

}  // namespace plumbline::diagnosis
