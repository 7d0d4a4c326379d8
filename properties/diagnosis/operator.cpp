// SPDX-License-Identifier: Apache-2.0
#include "properties/diagnosis/operator.h"

#include <algorithm>
#include <cmath>

namespace plumbline::diagnosis {

Operator::Operator(const laws::Subject& subject, const Contract& contract,
                   std::vector<std::vector<double>> made, bool adjoint, bool in_place)
    : tuples(std::move(made)),
      width_(contract.shape.head_dim),
      heads_(contract.shape.num_heads),
      kv_heads_(contract.shape.num_key_value_heads) {
  const PositionTable ids = table_of(contract, tuples);
  const auto width = static_cast<std::size_t>(width_);
  entries_.resize(tuples.size() * static_cast<std::size_t>(heads_ + kv_heads_) * width * width);
  for (std::size_t lane = 0; lane < width; ++lane) {
    Values in;
    for (const bool key : {false, true}) {
      std::vector<double>& x = in.of(key);
      x.assign(tuples.size() * static_cast<std::size_t>(contract.heads(key)) * width, 0);
      for (std::size_t i = lane; i < x.size(); i += width) x[i] = 1;
    }
    const Answer answer = ask(subject, contract, ids, in, adjoint, {.in_place = in_place});
    for (const bool key : {false, true}) {
      const std::vector<double>& y = answer.out.of(key);
      const int heads = contract.heads(key);
      for (std::size_t row = 0; row < tuples.size(); ++row) {
        for (int head = 0; head < heads; ++head) {
          const std::size_t from =
              (row * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) * width;
          for (std::size_t out = 0; out < width; ++out)
            entries_[base(row, head, key) + out * width + lane] = y[from + out];
        }
      }
    }
  }
}

std::size_t Operator::base(std::size_t row, int head, bool key) const {
  const auto width = static_cast<std::size_t>(width_);
  return (row * static_cast<std::size_t>(heads_ + kv_heads_) +
          static_cast<std::size_t>(key ? heads_ + head : head)) *
         width * width;
}

Model::Model(const Contract& made, const std::vector<std::vector<double>>& tuples)
    : contract(made),
      neox(made.neox),
      pairs(made.pairs),
      partner(made.pairs),
      axis(made.axis),
      inv_freq(made.inv_freq),
      position(tuples),
      factor(made.factor),
      row_of([](std::size_t row, int, bool) { return row; }),
      map_of([&made](int head, bool key) { return made.map_of(head, key); }),
      turns_of([](int, bool) { return 1; }) {}

void Model::each_position(const std::function<double(double)>& change) {
  for (auto& tuple : position) {
    for (double& p : tuple) p = change(p);
  }
}

void Model::widen(int lanes, const std::function<double(int)>& inv_freq_of) {
  std::vector<int> other_axis;
  std::vector<double> other;
  for (int map = 0; map < contract.maps; ++map) {
    for (int pair = 0; pair < lanes / 2; ++pair) {
      other_axis.push_back(axis[slot(map, std::min(pair, pairs - 1))]);
      other.push_back(inv_freq_of(pair));
    }
  }
  axis = std::move(other_axis);
  inv_freq = std::move(other);
  pairs = partner = lanes / 2;
}

// Three candidates: a grid may have rounded to either side of a tie that the recipe's own error
// decides.
Model::Entry Model::entry(std::size_t row, int map, int pair, int times, int head, bool key) const {
  if (entry_of) {
    const std::size_t flat = entry_of(row, pair);
    row = flat / static_cast<std::size_t>(pairs);
    pair = static_cast<int>(flat % static_cast<std::size_t>(pairs));
  }
  const int a = axis[slot(map, pair)];
  Entry out;
  const double gain = std::pow(factor, times);
  out.tolerance = times * gain * contract.arithmetic + contract.absolute;
  if (table_grid) out.tolerance += times * gain * std::sqrt(2.0) * unit(*table_grid);
  const double f = inv_freq[slot(map, pair)];
  const double p = a < 0 || f == 0    ? 0
                   : position_of_head ? position_of_head(head, key)
                                      : position[row][static_cast<std::size_t>(a)];
  const bool own = pairs == contract.pairs && f == contract.inv_freq[slot(map, pair)] &&
                   contract.axis[slot(map, pair)] >= 0;
  double relative = own ? contract.relative[slot(map, pair)] : contract.largest_relative;
  double held = p;
  if (position_grid) {
    held = rounded(p, *position_grid);
  } else if (contract.recipe && rounded(p, contract.recipe->position) != p) {
    relative += unit(contract.recipe->position);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const double nudge = 1 + (static_cast<double>(i) - 1) * relative;
    double angle = held * (inv_freq_grid ? rounded(f * nudge, *inv_freq_grid) : f);
    double doubt = std::abs(angle) * relative;
    if (angle_grid) {
      angle = rounded(angle * nudge, *angle_grid);
      doubt = std::abs(angle) * 0x1p-50;
    }
    if (i == 1) out.tolerance += times * gain * doubt;
    if (reduce) angle = reduce(angle);
    out.cos[i] = gain * std::cos(times * angle);
    out.sin[i] = gain * sign * std::sin(times * angle);
  }
  return out;
}

namespace {

bool near_any(double measured, const std::array<double, 3>& candidates, double scale,
              double tolerance) {
  for (const double c : candidates) {
    if (std::abs(measured - scale * c) <= tolerance) return true;
  }
  return false;
}

}  // namespace

bool Model::head_fits(const Operator& m, std::size_t row, int head, bool key, int below) const {
  const int width = contract.shape.head_dim, map = map_of(head, key), times = turns_of(head, key);
  const std::size_t at = row_of(row, head, key);
  // Per output lane: the lanes it reads, itself and its partner.
  std::vector<int> partner_of(static_cast<std::size_t>(width), -1);
  std::vector<bool> lost(static_cast<std::size_t>(width));
  for (int pair = 0; pair < pairs && times > 0; ++pair) {
    const int a = neox ? pair : 2 * pair, b = neox ? pair + partner : 2 * pair + 1;
    if (a >= width || b >= width) return false;
    partner_of[static_cast<std::size_t>(a)] = b;
    partner_of[static_cast<std::size_t>(b)] = a;
    const auto of_lane = [&](int lane, bool first) {
      if (!crossed) return pair;
      return neox ? lane / 2 % pairs : (first ? 2 * pair : 2 * pair + 1) % pairs;
    };
    for (const bool first : {true, false}) {
      const int out = first ? a : b, in = first ? b : a;
      const Entry e = entry(at, map, of_lane(out, first), times, head, key);
      if (std::isnan(e.cos[1])) {
        // An angle that overflowed: NaN times zero is NaN, in every column.
        for (int lane = 0; lane < width; ++lane) {
          if (!std::isnan(m.at(row, head, key, out, lane))) return false;
        }
        lost[static_cast<std::size_t>(out)] = true;
        continue;
      }
      const double own = m.at(row, head, key, out, out), other = m.at(row, head, key, out, in);
      if (!near_any(own, e.cos, 1, e.tolerance)) return false;
      if (!near_any(other, e.sin, first ? -1 : 1, e.tolerance)) return false;
      if (table_grid && (rounded(own, *table_grid) != own || rounded(other, *table_grid) != other))
        return false;
    }
  }
  for (int out = 0; out < below; ++out) {
    if (lost[static_cast<std::size_t>(out)]) continue;
    const int with = partner_of[static_cast<std::size_t>(out)];
    for (int in = 0; in < width; ++in) {
      const double x = m.at(row, head, key, out, in);
      if (with < 0 && in == out) {
        const double wanted = times > 0 ? pass_through : 1;
        if (std::abs(x - wanted) > (wanted == 1 ? 0 : contract.arithmetic)) return false;
        if (std::isnan(x)) return false;
      } else if ((with < 0 || (in != out && in != with)) && !(x == 0)) {
        return false;
      }
    }
  }
  return true;
}

bool Model::fits_below(const Operator& measured, int below) const {
  for (std::size_t row = 0; row < measured.rows(); ++row) {
    for (const bool key : {false, true}) {
      if (only && *only != key) continue;
      for (int head = 0; head < contract.heads(key); ++head) {
        if (!head_fits(measured, row, head, key, below)) return false;
      }
    }
  }
  return true;
}

}  // namespace plumbline::diagnosis
