// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "properties/laws/subject.h"

// A rotary kernel laid open: one call's shape, map, frequencies, positions, roundings and memory.
// Faultless as made; a mutant changes an entry before the loops run. Scalar, and shares no
// arithmetic with fast/ or with the reference's rotation; the exact inv_freq are the reference's.
namespace plumbline::mutants {

// What a kernel object keeps between calls.
struct State {
  std::uint64_t calls = 0;
  double longest = 0;                               // position
  std::map<std::size_t, std::vector<double>> kept;  // by any key
};

struct Work {
  Work(const laws::Call& call, const Recipe& recipe);
  // y = A R(position x inv_freq) x, every operation rounded as `recipe` says.
  void run();

  std::size_t slot(int map, int pair) const { return static_cast<std::size_t>(map * pairs + pair); }
  double& at(int axis_index, std::size_t row) {
    return position[static_cast<std::size_t>(axis_index) * table_rows + row];
  }
  int count(int axis_index) const;  // pairs of the first map that read an axis
  void each_position(const std::function<double(double)>& change);
  // Rotates that many lanes on a ladder of that many; new pairs read the last one's axis.
  void set_width(int lanes);

  const laws::Call& call;
  HeadShape shape;
  int rotary_dim, pairs, maps, axes;
  std::size_t rows, table_rows;
  bool neox, adjoint;
  std::vector<int> axis;         // [maps][pairs]; -1: does not turn
  std::vector<double> inv_freq;  // [maps][pairs]
  std::vector<double> position;  // [axes][table_rows]
  double factor;
  Recipe recipe;
  Format phase;              // in which position x inv_freq is formed
  int partner;               // lanes between the members of a neox pair
  double sign = 1;           // of the sine
  int turns = 1;             // times the rotation is applied
  bool crossed = false;      // each member of a pair reads the table by the other pairing
  bool fused = false;        // one product and the sum in one rounding
  bool write_first = false;  // the first member is stored before the second is computed
  bool copies_pass_through = true;
  double pass_through = 1;           // factor on lanes that do not turn
  bool packed_pass_through = false;  // they are read as if the input were packed
  bool zero = false;                 // nothing reaches the output
  bool narrow_offsets = false;       // offsets of elements in 32 bits
  std::size_t extra_rows = 0;
  int extra_heads = 0;
  laws::HeadView q, k;
  std::function<std::size_t(std::size_t row, int head, bool key)> row_of;  // of the table
  std::function<std::size_t(std::size_t row, int pair)> entry_of;  // flat entry; one map only
  std::function<int(int head, bool key)> map_of;
  std::function<int(int head, bool key)> turns_of;  // times a head is rotated; 0: copied
  std::function<double(double)> cosine, sine;

 private:
  void fill_table();
  void rotate(const laws::HeadView& view, int heads, bool key);
  void turn_head(const laws::HeadView& view, std::size_t row, int head, bool key, bool again);
  std::vector<double> cos_, sin_;  // [table_rows][maps][pairs]
};

// x rounded to a format, ties to even; subnormals kept, overflow to infinity.
double narrow(double x, const Format& format);
// Frequencies of a case with another spectrum, [maps][pairs], each correctly rounded.
std::vector<double> frequencies(const Case& c);

}  // namespace plumbline::mutants
