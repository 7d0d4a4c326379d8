// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "properties/laws/subject.h"

// What a case asks of a kernel, in numbers, and a way to ask a kernel for one answer.
namespace plumbline::diagnosis {

struct Contract {
  // Throws std::invalid_argument where the case is no rotation by pairs.
  Contract(const Case& c, const Format& format, const std::optional<Recipe>& recipe);
  std::size_t slot(int map, int pair) const { return static_cast<std::size_t>(map * pairs + pair); }
  int map_of(int head, bool key) const;
  int heads(bool key) const { return key ? shape.num_key_value_heads : shape.num_heads; }
  std::string axis_letters(const std::vector<int>& of) const;

  Case c;
  Format format;
  std::optional<Recipe> recipe;  // nothing: every output is the truth, rounded once
  HeadShape shape;
  bool neox;
  int pairs, maps, axes;
  std::vector<int> axis;         // [maps][pairs]; -1: does not turn
  std::vector<double> inv_freq;  // [maps][pairs]
  double factor;
  // |phi^ - phi| <= |phi| relative[slot] + |position| underflow for a coordinate that the recipe's
  // position type holds; position_unit more, relative, for another.
  std::vector<double> relative;
  double largest_relative = 0;
  double arithmetic = 0;  // of one entry of the rotation, relative to the factor
  double absolute = 0;
  bool fractions = false;        // the scheme places tokens between integers
  std::vector<bool> below_zero;  // [axes]: it places tokens there
};

// The frequencies of a case, [maps][pairs], each the binary64 nearest to the exact one.
std::vector<double> frequencies(const Case& c);
// x rounded to a format, to nearest.
double rounded(double x, const Format& format);

// Dense values [rows][heads][head_dim] of both tensors.
struct Values {
  std::vector<double> q, k;
  std::vector<double>& of(bool key) { return key ? k : q; }
  const std::vector<double>& of(bool key) const { return key ? k : q; }
};

// How the tensors of one call lie in memory, in elements.
struct Layout {
  int head_gap = 0, token_gap = 0, out_head_gap = 0, out_token_gap = 0;
  bool in_place = false;
  bool watch = false;  // report what was and was not written
  int sequences = 1;   // of a packed batch, all of one length
};

// Every pattern is an ordinary number of some format, so that one alone says nothing.
inline constexpr std::byte kPoison{0xa5}, kOtherPoison{0x5a};

// Equal, NaN alike, or within `tolerance` of each other.
bool alike(double x, double y, double tolerance = 0);
bool alike(const std::vector<double>& a, const std::vector<double>& b);

// One tensor with its gaps, a spare row behind it, and bytes of poison in every element that was
// not given a value.
class Sheet {
 public:
  Sheet(const Contract& contract, std::size_t rows, int heads, int head_gap, int token_gap,
        std::byte poison = kPoison);
  void put(const std::vector<double>& dense);
  std::vector<double> get(const laws::Strides& strides) const;
  std::vector<double> get() const { return get(strides); }
  // Elements of the tensor that hold the poison, [rows][heads][head_dim], written or not; elements
  // outside it that do not, as flat offsets.
  std::vector<bool> untouched() const;
  std::vector<std::size_t> written_outside() const;
  // Elements of the tensor with the same bits in both, which have one shape.
  std::vector<bool> equal_elements(const Sheet& other) const;
  std::byte* data() { return bytes_.data() + before_; }
  laws::Strides strides;

 private:
  std::size_t at(std::size_t row, std::size_t head, std::size_t lane, const laws::Strides& s) const;
  Format format_;
  std::byte poison_;
  std::size_t rows_, heads_, width_, size_, before_;
  std::vector<std::byte> bytes_;
};

struct Answer {
  Values out;
  // Elements of the output that no call wrote: where any holds the poison, the same object is
  // called once more over another one, and what comes out the same was written.
  std::vector<bool> untouched_q, untouched_k;
  std::vector<std::size_t> outside_q, outside_k;
  bool input_written = false;
};
Answer ask(const laws::Subject& subject, const Contract& contract, const PositionTable& ids,
           const Values& in, bool adjoint, const Layout& layout = {});

PositionTable table_of(const Contract& contract, const std::vector<std::vector<double>>& tuples);
// Reproducible numbers of both signs and many sizes, all of them exact in the contract's format.
Values draw(const Contract& contract, std::size_t rows, std::uint64_t seed);

}  // namespace plumbline::diagnosis
