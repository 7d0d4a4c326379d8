// SPDX-License-Identifier: Apache-2.0
// What a kernel's operator shows of itself: lanes that are coupled, the axis that turns a pair, and
// its frequency, doubled up from one step.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "properties/identity/identity.h"

namespace plumbline::identity {
namespace {

using diagnosis::Contract;
using diagnosis::Operator;

constexpr int kDoublings = 17;
// Unrelated numbers of several sizes, one for each axis.
constexpr double kMixed[][kMostAxes] = {
    {5, 11, 2, 7},         {3, 7, 13, 29},         {37, 101, 67, 23},           {257, 513, 1025, 9},
    {4097, 911, 6007, 31}, {70001, 4001, 9991, 8}, {1021, 131071, 5, 3},        {0, 0, 0, 0},
    {17, 17, 17, 17},      {40009, 331, 99991, 4}, {32771, 32771, 32771, 32771}};

std::vector<int> partners(const Contract& c, const Operator& m) {
  std::vector<int> out(static_cast<std::size_t>(c.shape.head_dim), -1);
  for (std::size_t row = 0; row < m.rows(); ++row) {
    for (const bool key : {false, true}) {
      for (int head = 0; head < c.heads(key); ++head) {
        for (int to = 0; to < c.shape.head_dim; ++to) {
          for (int from = 0; from < c.shape.head_dim; ++from) {
            if (from == to || m.at(row, head, key, to, from) == 0) continue;
            int& with = out[static_cast<std::size_t>(to)];
            with = with == -1 || with == from ? from : -2;
          }
        }
      }
    }
  }
  return out;
}

void read_pairing(const Contract& c, const std::vector<int>& partner, Recovered& out) {
  const auto width = static_cast<int>(partner.size());
  const auto all = [&](const auto& with) {
    for (int lane = 0; lane < width; ++lane) {
      const int p = partner[static_cast<std::size_t>(lane)];
      if (p != -1 && p != with(lane)) return false;
    }
    return true;
  };
  int first = -1, last = -1;
  for (int lane = 0; lane < width; ++lane) {
    if (partner[static_cast<std::size_t>(lane)] == -1) continue;
    if (first < 0) first = lane;
    last = lane;
  }
  if (first < 0) {
    out.rotary_dim = c.shape.rotary_dim;
    return;
  }
  const int apart = partner[static_cast<std::size_t>(first)] - first;
  const bool neighbours = all([](int lane) { return lane % 2 == 0 ? lane + 1 : lane - 1; });
  const bool halves = apart > 0 && 2 * apart <= width &&
                      all([&](int lane) { return lane < apart ? lane + apart : lane - apart; });
  if (halves && (!neighbours || c.neox)) {
    out.pairing = "neox";
    out.rotary_dim = 2 * apart;
  } else if (neighbours) {
    out.pairing = "gptj";
    // The last pairs may never turn: as wide as was asked, unless more turns.
    out.rotary_dim = std::max(last + 1, c.shape.rotary_dim);
  } else {
    out.pairing = std::any_of(partner.begin(), partner.end(), [](int p) { return p == -2; })
                      ? "lanes mixed by more than pairs"
                      : "neither neox nor gptj";
  }
}

struct Turn {
  double cosine, sine;
  bool turned() const { return sine != 0; }
};

// Pairs of one head and row; `flaw` where the two lanes disagree.
std::optional<Turn> turn_of(const Contract& c, const Operator& m, const Recovered& r,
                            std::size_t row, int head, int pair) {
  const bool neox = r.pairing != "gptj";
  const int a = neox ? pair : 2 * pair, b = neox ? pair + r.pairs : 2 * pair + 1;
  const double aa = m.at(row, head, true, a, a), bb = m.at(row, head, true, b, b),
               ba = m.at(row, head, true, b, a), ab = m.at(row, head, true, a, b);
  const double tolerance = 2 * std::hypot(aa, ba) * c.arithmetic + 2 * c.absolute;
  if (!(std::abs(aa - bb) <= tolerance && std::abs(ab + ba) <= tolerance)) return std::nullopt;
  return Turn{aa, ba};
}

// Row of 2^k on one axis.
std::size_t row_of(int axis, int k) { return static_cast<std::size_t>(axis * kDoublings + k); }

struct Step {
  int axis = -1;
  double inv_freq = 0, error = 0;
};

Step step_of(const Contract& c, const Operator& m, const Recovered& r, int head, int pair) {
  Step out;
  for (int axis = 0; axis < r.axes; ++axis) {
    bool turns = false;
    for (int k = 0; k < kDoublings; ++k) {
      const auto t = turn_of(c, m, r, row_of(axis, k), head, pair);
      if (!t) return {-2, 0, 0};
      turns = turns || t->turned();
    }
    if (turns) out.axis = out.axis == -1 ? axis : -2;
  }
  if (out.axis < 0) return out;
  double p = 1;
  for (int k = 0; k < kDoublings; ++k, p *= 2) {
    const Turn t = *turn_of(c, m, r, row_of(out.axis, k), head, pair);
    const double off =
        std::remainder(std::atan2(t.sine, t.cosine) - p * out.inv_freq, 2 * std::numbers::pi);
    const double doubt =
        2 * c.arithmetic + c.absolute + p * std::abs(out.inv_freq) * c.largest_relative;
    // Once an error could have wrapped, more steps say nothing.
    if (k > 0 && (std::abs(off) > 1 || doubt > 0.5)) break;
    out.inv_freq += off / p;
    out.error = doubt / p;
  }
  return out;
}

}  // namespace

std::vector<std::vector<double>> rows(int axes) {
  std::vector<std::vector<double>> out;
  for (int axis = 0; axis < axes; ++axis) {
    for (int k = 0; k < kDoublings; ++k) {
      out.emplace_back(static_cast<std::size_t>(axes), 0.0);
      out.back()[static_cast<std::size_t>(axis)] = std::ldexp(1.0, k);
    }
  }
  for (const auto& row : kMixed) out.emplace_back(row, row + axes);
  return out;
}

Recovered recover(const Contract& c, const Operator& m) {
  Recovered out;
  out.axes = c.axes;
  read_pairing(c, partners(c, m), out);
  if (!out.pairing.empty() && out.rotary_dim == 0) return out;
  out.pairs = out.rotary_dim / 2;
  std::vector<std::vector<Step>> heads;
  for (int head = 0; head < c.heads(true); ++head) {
    heads.emplace_back();
    for (int pair = 0; pair < out.pairs; ++pair)
      heads.back().push_back(step_of(c, m, out, head, pair));
  }
  const auto same = [](const Step& a, const Step& b) {
    return a.axis == b.axis && std::abs(a.inv_freq - b.inv_freq) <= a.error + b.error;
  };
  const bool alike = std::all_of(heads.begin(), heads.end(), [&](const auto& head) {
    return std::equal(head.begin(), head.end(), heads.front().begin(), same);
  });
  if (alike) heads.resize(1);
  out.maps = static_cast<int>(heads.size());
  for (const auto& head : heads) {
    for (const Step& s : head) {
      out.axis.push_back(s.axis);
      out.inv_freq.push_back(s.inv_freq);
      out.error.push_back(s.error);
    }
  }
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (int head = 0; head < c.heads(true); ++head) {
    for (int pair = 0; pair < out.pairs; ++pair) {
      for (std::size_t row = 0; row < m.rows(); ++row) {
        const auto t = turn_of(c, m, out, row, head, pair);
        if (!t) return out;
        if (out.axis[out.slot(alike ? 0 : head, pair)] < 0) continue;
        const double gain = std::hypot(t->cosine, t->sine);
        least = std::min(least, gain);
        most = std::max(most, gain);
      }
    }
  }
  if (most > 0 && most - least <= 4 * most * c.arithmetic + 2 * c.absolute)
    out.gain = least + (most - least) / 2;
  return out;
}

}  // namespace plumbline::identity
