// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/oracle.h"

#include <arb.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>

#include "golden/oracle/evaluation.h"

namespace plumbline::oracle {
namespace {

// Walks one case from its JSON to its datasets, in the order in which each step needs the one
// before.
class Recomputation {
 public:
  Recomputation(const StoredCase& stored, const Case& given)
      : stored_(stored),
        given_(given),
        scheme_(find_scheme(given)),
        pairs_(static_cast<std::size_t>(given.pairs())),
        spectrum_(given.spectrum, given.pairs()),
        turns_(spectrum_, given.pairs()),
        e_{stored, given, 0, 0, {}, {}, turns_} {}

  Report run() {
    if (!token_index()) {
      name_the_rest(false);
      return report_;
    }
    const bool positions = scheme_.design ? compute_positions() : take_positions();
    if (positions) compare_positions();
    compare_digits(
        stored_, "attention_factor", [&](slong bits) { return spectrum_.at(bits).attention.value; },
        report_);
    const bool ladder = allocate();
    if (ladder) compare_inv_freq();
    if (positions && ladder) {
      compare_rows(e_, report_);
      compare_logits(e_, report_);
    }
    name_the_rest(positions && ladder);
    return report_;
  }

 private:
  void take(const std::string& path, const std::string& why) {
    seen_.insert(path);
    report_.taken.push_back(fmt::format("{}: {}", path, why));
  }
  Comparison open(const std::string& path, Dtype dtype, const std::vector<std::uint64_t>& shape,
                  bool optional = false) {
    seen_.insert(path);
    return Comparison(stored_, path, dtype, shape, report_, optional);
  }
  std::uint64_t extent(const std::string& path, std::size_t axis) const {
    const auto found = stored_.tensors.find(path);
    const bool there = found != stored_.tensors.end() && axis < found->second.shape.size();
    return there ? found->second.shape[axis] : 0;
  }

  bool token_index();
  bool compute_positions();
  bool take_positions();
  void compare_positions();
  bool allocate();
  bool driven_by_known_axes() const;
  void compare_inv_freq();
  void name_the_rest(bool recomputed);

  const StoredCase& stored_;
  const Case& given_;
  Scheme scheme_;
  std::size_t pairs_;
  Spectrum spectrum_;
  Turns turns_;
  Evaluation e_;
  std::optional<Rows> rows_;
  std::vector<std::int64_t> token_index_;
  std::set<std::string> seen_;
  Report report_;
};

bool Recomputation::token_index() {
  e_.rows = extent("token_index", 0);
  if (!given_.countable) {
    take("token_index", "a segment has no token count that is known here");
    return true;
  }
  rows_.emplace(given_);
  // Nothing below is laid out, or bounded in size, unless the file and the JSON agree on this.
  if (static_cast<std::int64_t>(e_.rows) != rows_->count()) {
    report_.differs.push_back(fmt::format("token_index: stored {} rows, the case JSON gives {}",
                                          e_.rows, rows_->count()));
    return false;
  }
  token_index_ = rows_->token_index();
  Comparison index = open("token_index", Dtype::i64, {e_.rows});
  for (std::size_t row = 0; index.usable() && row < e_.rows; ++row) {
    index.expect(row, static_cast<std::uint64_t>(token_index_[row]));
  }
  return true;
}

bool Recomputation::compute_positions() {
  const Positions positions(given_, *scheme_.design);
  e_.axes = scheme_.design->axes;
  const std::vector<Rational> padding(e_.axes, Rational(1));
  e_.coordinates.reserve(e_.rows * e_.axes);
  for (const std::int64_t padded_index : token_index_) {
    const std::int64_t token = rows_->real_token(padded_index);
    const std::vector<Rational> at = token < 0 ? padding : positions.at(token);
    e_.coordinates.insert(e_.coordinates.end(), at.begin(), at.end());
  }
  const Rational length = rows_->padded_length();
  compare_attribute(stored_, "rope_delta", positions.end() - length, report_);
  compare_attribute(stored_, "rope_delta_cursor", positions.cursor() - length, report_);
  return true;
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
    return fmpz_fits_si(fmpq_numref(x.get())) && fmpz_fits_si(fmpq_denref(x.get()));
  });
  Comparison rounded = open("position_ids", Dtype::f64, shape);
  Comparison numerator = open("position_numerator", Dtype::i64, shape, !fits);
  Comparison denominator = open("position_denominator", Dtype::i64, shape, !fits);
  const bool exact = scheme_.design && fits && numerator.usable() && denominator.usable();
  if (!fits && (numerator.usable() || denominator.usable())) {
    report_.differs.push_back("position_numerator: is stored though a coordinate does not fit");
  }
  for (std::size_t row = 0; row < e_.rows; ++row) {
    for (std::size_t axis = 0; axis < e_.axes; ++axis) {
      const std::size_t index = axis * e_.rows + row;
      const Rational& x = e_.coordinates[row * e_.axes + axis];
      if (rounded.usable()) {
        rounded.expect_real(index, [&](Ball& out, slong bits) { Real(x).enclose(out, bits); });
      }
      if (!exact) continue;
      const auto signed_bits = [](const fmpz* z) {
        return static_cast<std::uint64_t>(fmpz_get_si(z));
      };
      numerator.expect(index, signed_bits(fmpq_numref(x.get())));
      denominator.expect(index, signed_bits(fmpq_denref(x.get())));
    }
  }
}

// The axis map and the rungs; whether the ladder of the spectrum is the one that they point into.
bool Recomputation::allocate() {
  const std::string unknown = scheme_.why_no_allocation;
  const bool known = scheme_.allocate.has_value();
  if (known) {
    e_.allocated = allocation(*scheme_.allocate, given_);
  } else {
    e_.allocated.maps = static_cast<std::size_t>(extent("axis_map", 0));
  }
  const std::vector<std::uint64_t> shape = {e_.allocated.maps, pairs_};
  Comparison axis = open("axis_map", Dtype::u8, shape);
  Comparison rung = open("rung", Dtype::i32, shape);
  if (!known) {
    take("axis_map", unknown);
    take("rung", unknown);
    if (!axis.usable() || !rung.usable()) return false;
    for (std::size_t i = 0; i < e_.allocated.maps * pairs_; ++i) {
      e_.allocated.axis.push_back(static_cast<std::uint8_t>(axis.stored(i)));
      if (rung.stored(i) != i % pairs_) return false;
    }
    return driven_by_known_axes();
  }
  for (std::size_t i = 0; i < e_.allocated.axis.size(); ++i) {
    if (axis.usable()) axis.expect(i, e_.allocated.axis[i]);
    if (rung.usable()) rung.expect(i, i % pairs_);
  }
  return driven_by_known_axes();
}

bool Recomputation::driven_by_known_axes() const {
  const auto& axis = e_.allocated.axis;
  return std::all_of(axis.begin(), axis.end(),
                     [&](std::uint8_t a) { return a == kStill || a < e_.axes; });
}

void Recomputation::compare_inv_freq() {
  Comparison inv_freq = open("inv_freq", Dtype::f64, {e_.allocated.maps, pairs_});
  for (std::size_t i = 0; inv_freq.usable() && i < e_.allocated.axis.size(); ++i) {
    const bool still = e_.allocated.axis[i] == kStill;
    inv_freq.expect_real(i, [&](Ball& out, slong bits) {
      if (!still) spectrum_.at(bits).inv_freq[i % pairs_].enclose(out, bits);
    });
  }
}

// Whatever was stored and not recomputed, inputs apart.
void Recomputation::name_the_rest(bool recomputed) {
  seen_.insert("logits_index");
  for (const auto& [path, tensor] : stored_.tensors) {
    if (seen_.contains(path) || path.ends_with("/q_in") || path.ends_with("/k_in")) continue;
    if (!is_known_dataset(path)) {
      take(path, "no dataset of this name is known here");
    } else if (!recomputed) {
      take(path, "follows from datasets that could not be recomputed");
    }
  }
}

}  // namespace

Report recompute(const StoredCase& stored) {
  try {
    const auto text = stored.text.find("case");
    if (text == stored.text.end()) throw std::invalid_argument("the attribute `case` is absent");
    const Case given = parse_case(text->second);
    return Recomputation(stored, given).run();
  } catch (const Json::exception& error) {
    throw std::invalid_argument(fmt::format("case {}: {}", stored.id, error.what()));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("case {}: {}", stored.id, error.what()));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("case {}: {}", stored.id, error.what()));
  }
}

std::string version() { return fmt::format("arb {}", arb_version); }

}  // namespace plumbline::oracle
