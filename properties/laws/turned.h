// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "properties/laws/law.h"
#include "reference/rotation.h"

// A subject's outputs, and how far each may be from the exact rotation of the very inputs it got.
namespace plumbline::laws {

// How a call lays out its tensors: unused elements after each head and each token, and whether the
// output replaces the input.
struct Placement {
  int head_gap = 0, token_gap = 0;
  bool in_place = false;
};

// One call. Encodings in and out are dense [row][head][head_dim]. Throws Broken where an element
// outside the tensor, or of an input that is not in place, is written.
Heads turned(const Subject& subject, const Case& c, const PositionTable& ids, const Heads& in,
             bool adjoint = false, const Placement& placement = {});

// What a law that rotates starts from.
struct Setup {
  const Subject& subject;
  const Case& c;
  FrequencyAllocation map;
  Format format;
  std::uint64_t seed;
  bool special;

  // Reads "dtype", "data" and "special" of aux. Throws Silent for a scheme that does not turn lanes
  // by pairs, unless the law does not look at pairs.
  explicit Setup(const Trial& t, bool by_pairs = true);
  // Inputs for `rows` rows; another `salt` gives other numbers.
  Heads inputs(std::size_t rows, std::uint64_t salt = 0) const;
  Heads turn(const PositionTable& ids, const Heads& in, bool adjoint = false,
             const Placement& placement = {}) const {
    return turned(subject, c, ids, in, adjoint, placement);
  }
  double value(std::uint64_t bits) const { return decode_double(bits, format); }
};

// Where one pair of lanes lies in q or k.
struct PairPlace {
  std::size_t row;
  int head, map, pair;
  std::size_t x, y;  // elements of the dense tensor
};
// Every pair of a tensor of `heads` heads (num_heads or num_key_value_heads).
template <class Body>
void for_each_pair(const Setup& s, std::size_t rows, int heads, const Body& body) {
  const int group = heads / s.c.shape.num_key_value_heads;
  const auto width = static_cast<std::size_t>(s.c.shape.head_dim);
  for (std::size_t row = 0; row < rows; ++row) {
    for (int head = 0; head < heads; ++head) {
      const std::size_t base =
          (row * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) * width;
      for (int pair = 0; pair < s.map.pairs; ++pair) {
        const Lanes lane = lanes(s.c.pairing, pair, s.map.pairs);
        body(PairPlace{row, head, s.map.map_of(head / group), pair,
                       base + static_cast<std::size_t>(lane.x),
                       base + static_cast<std::size_t>(lane.y)});
      }
    }
  }
}

// Bound on the distance, in the plane of a pair, between an output of the subject and A R(phi) of
// its inputs of length r:
//   sqrt(2) (A r (phase + relative) + absolute),
// the budgets of golden/recipe.h for a declared recipe; for outputs that are the truth rounded once
// phase = 0, relative = u, absolute half a quantum. The root turns a bound of each component into
// one of the pair.
class Allowance {
 public:
  Allowance(const Setup& s, const PositionTable& ids);
  double pair(std::size_t row, int map, int pair, double r) const;
  double pair(const PairPlace& p, double r) const { return pair(p.row, p.map, p.pair, r); }
  // The same without the phase: what may change the length of a pair.
  double arithmetic(double r) const;
  double factor() const { return factor_; }  // A, rounded to binary64
  double inv_freq(int map, int pair) const { return inv_freq_[slot(map, pair)]; }

 private:
  std::size_t slot(int map, int pair) const {
    return static_cast<std::size_t>(map * pairs_ + pair);
  }
  double phase(std::size_t row, int map, int pair) const { return phases_[row][slot(map, pair)]; }
  int pairs_;
  double factor_, relative_, absolute_;
  std::vector<double> inv_freq_;             // [map][pair]
  std::vector<std::vector<double>> phases_;  // [row][map * pairs + pair]
};

// Roundings of the law's own binary64 arithmetic: n operations on magnitudes up to `size`.
inline double slack(int n, double size) { return n * unit(binary64) * size; }

// Names a place and two pairs of numbers, and throws Broken unless |a - b| <= allowed.
void expect_near(const Setup& s, const PairPlace& p, double ax, double ay, double bx, double by,
                 double allowed, std::string_view what);
// Throws Broken naming the first element at which two tensors differ; NaNs are one class.
void expect_same_bits(const Setup& s, const Heads& a, const Heads& b, std::string_view what);
bool same_bits(std::uint64_t a, std::uint64_t b, const Format& f);

// Rows of a tensor, in the order asked for.
Heads rows_of(const Case& c, const Heads& from, const std::vector<std::size_t>& rows);

}  // namespace plumbline::laws
