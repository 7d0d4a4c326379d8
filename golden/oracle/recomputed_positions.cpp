// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "golden/oracle/recomputation.h"

namespace plumbline::oracle {

void Recomputation::compute_positions() {
  const Positions positions(given_, *scheme_.design);
  e_.axes = scheme_.design->axes;
  e_.coordinates.reserve(e_.rows * e_.axes);
  for (const std::int64_t padded_index : token_index_) {
    const Tuple at = positions.at(rows_->real_token(padded_index));
    e_.coordinates.insert(e_.coordinates.end(), at.begin(), at.end());
  }
  const Rational length = rows_->padded_length();
  compare_delta(stored_, "rope_delta_cursor", positions.cursor() - length, report_);
  if (const std::optional<Coordinate> end = positions.end()) {
    const Rational counted = scheme_.design->delta_of_real_tokens ? rows_->tokens() : length;
    compare_delta(stored_, "rope_delta", *end - counted, report_);
  } else {
    compare_delta(stored_, "rope_delta", std::nullopt, report_);
  }
}

bool Recomputation::take_positions() {
  e_.axes = extent("position_ids", 0);
  for (const char* name : {"rope_delta", "rope_delta_cursor"}) take(name, scheme_.why_no_design);
  Comparison numerator = open("position_numerator", Dtype::i64, {e_.axes, e_.rows}, true);
  Comparison denominator = open("position_denominator", Dtype::i64, {e_.axes, e_.rows}, true);
  if (!numerator.usable() || !denominator.usable()) {
    take("position_ids", scheme_.why_no_design + ", and the exact coordinates are not stored");
    return false;
  }
  take("position_numerator", scheme_.why_no_design);
  take("position_denominator", scheme_.why_no_design);
  for (std::size_t row = 0; row < e_.rows; ++row) {
    for (std::size_t axis = 0; axis < e_.axes; ++axis) {
      const std::size_t index = axis * e_.rows + row;
      const Rational below = static_cast<std::int64_t>(denominator.stored(index));
      const Rational above = static_cast<std::int64_t>(numerator.stored(index));
      e_.coordinates.push_back(above / below);
    }
  }
  return true;
}

void Recomputation::compare_positions() {
  const std::vector<std::uint64_t> shape = {e_.axes, e_.rows};
  const bool fits = std::all_of(e_.coordinates.begin(), e_.coordinates.end(), [](const auto& x) {
    return x.is_rational() && fmpz_fits_si(fmpq_numref(x.rational().get())) &&
           fmpz_fits_si(fmpq_denref(x.rational().get()));
  });
  // A scheme with irrational coordinates need not find out which of them happen to be rational.
  const bool optional = !fits || scheme_.irrational;
  Comparison rounded = open("position_ids", Dtype::f64, shape);
  Comparison numerator = open("position_numerator", Dtype::i64, shape, optional);
  Comparison denominator = open("position_denominator", Dtype::i64, shape, optional);
  const bool exact = scheme_.design && fits && numerator.usable() && denominator.usable();
  if (numerator.usable() != denominator.usable()) {
    report_.differs.push_back("position_numerator: is stored without position_denominator");
  }
  if (!fits && (numerator.usable() || denominator.usable())) {
    report_.differs.push_back(
        "position_numerator: is stored though a coordinate is irrational or does not fit");
  }
  for (std::size_t row = 0; row < e_.rows; ++row) {
    for (std::size_t axis = 0; axis < e_.axes; ++axis) {
      const std::size_t index = axis * e_.rows + row;
      const Coordinate& x = e_.coordinates[row * e_.axes + axis];
      if (rounded.usable()) {
        rounded.expect_real(index, [&](Ball& out, slong bits) { x.enclose(out, bits); });
      }
      if (!exact) continue;
      const auto signed_bits = [](const fmpz* z) {
        return static_cast<std::uint64_t>(fmpz_get_si(z));
      };
      numerator.expect(index, signed_bits(fmpq_numref(x.rational().get())));
      denominator.expect(index, signed_bits(fmpq_denref(x.rational().get())));
    }
  }
}

}  // namespace plumbline::oracle
