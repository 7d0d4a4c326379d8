// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>

#include "properties/diagnosis/contract.h"

// The linear map that a kernel applies to each head of each row, measured with basis vectors, and
// models of it to compare with.
namespace plumbline::diagnosis {

// What the kernel did at rows of coordinates: entry(row, head, key, j, i) is output lane j for a
// one in lane i.
class Operator {
 public:
  Operator(const laws::Subject& subject, const Contract& contract,
           std::vector<std::vector<double>> tuples, bool adjoint, bool in_place = false);
  double at(std::size_t row, int head, bool key, int out, int in) const {
    return entries_[base(row, head, key) + static_cast<std::size_t>(out * width_ + in)];
  }
  std::size_t rows() const { return tuples.size(); }
  const std::vector<double>& entries() const { return entries_; }
  std::vector<std::vector<double>> tuples;  // [rows][axes]

 private:
  std::size_t base(std::size_t row, int head, bool key) const;
  int width_, heads_, kv_heads_;
  std::vector<double> entries_;
};

// A kernel that differs from the contract in chosen ways; as made, the contract itself.
struct Model {
  Model(const Contract& contract, const std::vector<std::vector<double>>& tuples);
  std::size_t slot(int map, int pair) const { return static_cast<std::size_t>(map * pairs + pair); }
  void each_position(const std::function<double(double)>& change);
  // Rotates `lanes` lanes; new pairs go on with the last pair's axis and the given frequencies.
  void widen(int lanes, const std::function<double(int pair)>& inv_freq_of);

  const Contract& contract;
  bool neox;
  int pairs, partner;
  std::vector<int> axis;                      // [maps][pairs]
  std::vector<double> inv_freq;               // [maps][pairs]
  std::vector<std::vector<double>> position;  // [rows][axes]
  double factor;
  double sign = 1;
  double pass_through = 1;
  bool crossed = false;  // each member of a pair reads the table by the other pairing
  std::optional<Format> inv_freq_grid, position_grid, angle_grid, table_grid;
  std::function<std::size_t(std::size_t row, int head, bool key)> row_of;
  std::function<std::size_t(std::size_t row, int pair)> entry_of;  // row * pairs + pair
  std::function<double(int head, bool key)> position_of_head;
  std::function<int(int head, bool key)> map_of, turns_of;
  std::function<double(double)> reduce;  // of the angle, before cos and sin
  std::optional<bool> only;              // k, or q, and never mind the other

  // Whether every measured entry is within the recipe's bounds of this model's.
  bool fits(const Operator& measured) const {
    return fits_below(measured, contract.shape.head_dim);
  }
  // The same for output lanes below `width` only.
  bool fits_below(const Operator& measured, int width) const;
  // The same for one row of one head.
  bool fits_at(const Operator& measured, std::size_t row, int head, bool key) const {
    return head_fits(measured, row, head, key, contract.shape.head_dim);
  }

 private:
  struct Entry {
    std::array<double, 3> cos{}, sin{};
    double tolerance = 0;
  };
  Entry entry(std::size_t row, int map, int pair, int times, int head, bool key) const;
  bool head_fits(const Operator& measured, std::size_t row, int head, bool key, int below) const;
};

}  // namespace plumbline::diagnosis
