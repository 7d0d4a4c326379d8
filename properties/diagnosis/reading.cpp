// SPDX-License-Identifier: Apache-2.0
// What can be read off a measured operator: pairing, axes, gain, offset, the end of a table, the
// period behind a range reduction, the base of a ladder.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "properties/diagnosis/hypotheses.h"

namespace plumbline::diagnosis {
namespace {

// One pair of one row as the kernel turned it, under the contract's own pairing.
struct Turn {
  std::size_t row;
  int map, pair;
  double c, s;  // cos and sin with the gain
  double gain() const { return std::hypot(c, s); }
  double phase() const { return std::atan2(s, c); }
};

std::vector<Turn> turns_of(const Contract& contract, const Operator& m, bool key) {
  std::vector<Turn> out;
  for (std::size_t row = 0; row < m.rows(); ++row) {
    for (int head = 0; head < contract.heads(key); ++head) {
      if (contract.maps == 1 && head > 0) break;
      for (int pair = 0; pair < contract.pairs; ++pair) {
        const int a = contract.neox ? pair : 2 * pair;
        const int b = contract.neox ? pair + contract.pairs : 2 * pair + 1;
        out.push_back({row, contract.map_of(head, key), pair, m.at(row, head, key, a, a),
                       m.at(row, head, key, b, a)});
      }
    }
  }
  return out;
}

double angle_of(const Contract& c, const Operator& m, const Turn& t) {
  const int a = c.axis[c.slot(t.map, t.pair)];
  return a < 0 ? 0
               : m.tuples[t.row][static_cast<std::size_t>(a)] * c.inv_freq[c.slot(t.map, t.pair)];
}

// Whether a turn is what position p on the contract's frequency asks for.
bool matches(const Contract& c, const Turn& t, double p) {
  const std::size_t slot = c.slot(t.map, t.pair);
  const double angle = p * c.inv_freq[slot];
  double relative = std::max(c.relative[slot], c.largest_relative);
  if (c.recipe && rounded(p, c.recipe->position) != p) relative += unit(c.recipe->position);
  const double tolerance = c.factor * (c.arithmetic + std::abs(angle) * relative) + c.absolute;
  return std::abs(t.c - c.factor * std::cos(angle)) <= tolerance &&
         std::abs(t.s - c.factor * std::sin(angle)) <= tolerance;
}

std::string pairing_of(const Contract& c, const Operator& m, bool key) {
  const int width = c.shape.head_dim;
  std::vector<int> partner(static_cast<std::size_t>(width), -1);
  for (std::size_t row = 0; row < m.rows(); ++row) {
    for (int head = 0; head < c.heads(key); ++head) {
      for (int out = 0; out < width; ++out) {
        for (int in = 0; in < width; ++in) {
          if (in == out || m.at(row, head, key, out, in) == 0) continue;
          int& with = partner[static_cast<std::size_t>(out)];
          if (with != -1 && with != in) return "lanes mixed by more than pairs";
          with = in;
        }
      }
    }
  }
  const auto turned = width - std::count(partner.begin(), partner.end(), -1);
  if (turned == 0) return "no lane coupled";
  const auto all = [&](const auto& partner_of) {
    for (int lane = 0; lane < width; ++lane) {
      const int with = partner[static_cast<std::size_t>(lane)];
      if (with != -1 && with != partner_of(lane)) return false;
    }
    return true;
  };
  if (all([](int lane) { return lane % 2 == 0 ? lane + 1 : lane - 1; })) return "gptj";
  const int first = partner.front();
  if (first > 0 && all([&](int lane) { return lane < first ? lane + first : lane - first; })) {
    return 2 * first == c.shape.rotary_dim ? "neox"
           : 2 * first == width            ? "neox over head_dim"
                                           : "neox, " + std::to_string(first) + " lanes apart";
  }
  return "neither neox nor gptj";
}

std::vector<int> axes_of(const Contract& c, const Operator& m, const std::vector<Turn>& turns) {
  std::vector<int> out(c.axis.size(), -2);
  for (std::size_t slot = 0; slot < out.size(); ++slot) {
    std::vector<int> candidates{c.axis[slot], -1};
    for (int a = 0; a < c.axes; ++a) candidates.push_back(a);
    for (const int a : candidates) {
      bool fits = true;
      for (const Turn& t : turns) {
        if (c.slot(t.map, t.pair) != slot) continue;
        fits = fits && matches(c, t, a < 0 ? 0 : m.tuples[t.row][static_cast<std::size_t>(a)]);
      }
      if (!fits) continue;
      out[slot] = a;
      break;
    }
  }
  return out;
}

std::optional<double> gain_of(const Contract& c, const std::vector<Turn>& turns) {
  double sum = 0;
  for (const Turn& t : turns) sum += t.gain();
  const double mean = sum / static_cast<double>(turns.size());
  for (const Turn& t : turns) {
    if (!(std::abs(t.gain() - mean) <= 2 * mean * c.arithmetic + c.absolute)) return std::nullopt;
  }
  return mean;
}

// From a row of zeros: what the fastest pair turned by, in positions, to the nearest quarter.
double offset_of(const Contract& c, const Operator& m, const std::vector<Turn>& turns) {
  double fastest = 0, offset = 0;
  for (const Turn& t : turns) {
    const std::size_t slot = c.slot(t.map, t.pair);
    const auto& tuple = m.tuples[t.row];
    const bool zero = std::all_of(tuple.begin(), tuple.end(), [](double p) { return p == 0; });
    if (!zero || c.axis[slot] < 0 || c.inv_freq[slot] <= fastest) continue;
    fastest = c.inv_freq[slot];
    offset = std::nearbyint(4 * t.phase() / fastest) / 4;
  }
  return offset;
}

std::optional<double> end_of(const Contract& c, const Operator& m, const std::vector<Turn>& turns,
                             const std::function<bool(double)>& right_at) {
  // Rows of equal coordinates only: what is wrong there is wrong with the position.
  double right = -1, wrong = std::numeric_limits<double>::infinity();
  for (const Turn& t : turns) {
    const auto& tuple = m.tuples[t.row];
    if (std::adjacent_find(tuple.begin(), tuple.end(), std::not_equal_to<>()) != tuple.end())
      continue;
    if (!matches(c, t, tuple.front())) wrong = std::min(wrong, tuple.front());
  }
  for (const auto& tuple : m.tuples) {
    const double p = tuple.front();
    if (std::adjacent_find(tuple.begin(), tuple.end(), std::not_equal_to<>()) == tuple.end() &&
        p < wrong)
      right = std::max(right, p);
  }
  if (right < 1 || !std::isfinite(wrong) || !right_at(right) || right_at(wrong))
    return std::nullopt;
  right = std::floor(right);
  wrong = std::ceil(wrong);
  while (wrong - right > 1) {
    const double middle = std::floor((right + wrong) / 2);
    (right_at(middle) ? right : wrong) = middle;
  }
  return wrong;
}

std::optional<double> period_error_of(const Contract& c, const Operator& m,
                                      const std::vector<Turn>& turns) {
  struct Sample {
    double turns, error;
  };
  std::vector<Sample> samples;
  for (const Turn& t : turns) {
    const double angle = angle_of(c, m, t), k = std::nearbyint(angle / (2 * std::numbers::pi));
    if (k != 0) samples.push_back({k, std::remainder(t.phase() - angle, 2 * std::numbers::pi)});
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return std::abs(a.turns) < std::abs(b.turns); });
  double top = 0, bottom = 0;
  for (const Sample& s : samples) {
    const double now = bottom == 0 ? 0 : top / bottom;
    // Beyond half a radian an error could have wrapped.
    if (std::abs(now * s.turns) > 0.5 || std::abs(s.error) > 1) break;
    top += s.turns * s.error;
    bottom += s.turns * s.turns;
  }
  if (bottom == 0 || top == 0) return std::nullopt;
  return top / bottom;
}

bool good_near_zero(const Contract& c, const Operator& m, const std::vector<Turn>& turns) {
  double right = 0, wrong = std::numeric_limits<double>::infinity(), wrong_place = wrong,
         right_place = 0;
  int bad = 0, off_length = 0;
  for (const Turn& t : turns) {
    const std::size_t slot = c.slot(t.map, t.pair);
    if (c.axis[slot] < 0) continue;
    const double p = std::abs(m.tuples[t.row][static_cast<std::size_t>(c.axis[slot])]),
                 angle = std::abs(angle_of(c, m, t));
    if (matches(c, t, m.tuples[t.row][static_cast<std::size_t>(c.axis[slot])])) {
      right = std::max(right, angle);
      right_place = std::max(right_place, p);
    } else {
      wrong = std::min(wrong, angle);
      wrong_place = std::min(wrong_place, p);
      ++bad;
      if (!(std::abs(t.gain() - c.factor) <= 4 * c.factor * c.arithmetic)) ++off_length;
    }
  }
  // An angle parts right from wrong, and a position does not.
  return bad > 2 && wrong > std::numbers::pi && right < 1.5 * wrong && right > 1 &&
         right_place > 4 * wrong_place && 2 * off_length > bad;
}

// A plain ladder b^(-2i / rotary_dim): b from the second pair at the smallest position of its own.
std::optional<double> base_of(const Contract& c, const Operator& m,
                              const std::vector<Turn>& turns) {
  if (!std::holds_alternative<Unscaled>(c.c.spectrum.scaling) || c.pairs < 3) return std::nullopt;
  const int pair = c.pairs / 2;
  const int a = c.axis[c.slot(0, pair)];
  if (a < 0) return std::nullopt;
  std::vector<const Turn*> own;
  for (const Turn& t : turns) {
    if (t.map == 0 && t.pair == pair && m.tuples[t.row][static_cast<std::size_t>(a)] > 0)
      own.push_back(&t);
  }
  const auto place = [&](const Turn* t) { return m.tuples[t->row][static_cast<std::size_t>(a)]; };
  std::sort(own.begin(), own.end(),
            [&](const Turn* x, const Turn* y) { return place(x) < place(y); });
  double f = 0;
  for (const Turn* t : own) {
    const double p = place(t);
    if (f == 0) {
      f = t->phase() / p;
      if (f <= 0) return std::nullopt;
      continue;
    }
    const double off = std::remainder(t->phase() - p * f, 2 * std::numbers::pi);
    if (std::abs(off) > 0.5) break;
    f += off / p;
    if (p > 5000) break;
  }
  const double base = std::pow(f, -static_cast<double>(c.pairs) / pair);
  // Bases are written with few digits.
  const double digit = std::pow(10, std::floor(std::log10(base)) - 1);
  const double plain = std::nearbyint(base / digit) * digit;
  if (!(std::abs(base - plain) <= 1e-4 * plain) || plain <= 1) return std::nullopt;
  return plain;
}

}  // namespace

Reading read(const Contract& c, const Operator& m, const std::function<bool(double)>& right_at,
             bool key) {
  const std::vector<Turn> turns = turns_of(c, m, key);
  const std::string of_q = pairing_of(c, m, false), of_k = pairing_of(c, m, true);
  Reading out;
  out.pairing = of_q == of_k ? of_q : of_q + " in q, " + of_k + " in k";
  out.axis = axes_of(c, m, turns);
  if (turns.empty()) return out;
  out.gain = gain_of(c, turns);
  out.offset = offset_of(c, m, turns);
  out.end = end_of(c, m, turns, right_at);
  out.period_error = period_error_of(c, m, turns);
  out.good_near_zero = good_near_zero(c, m, turns);
  out.base = base_of(c, m, turns);
  return out;
}

}  // namespace plumbline::diagnosis
