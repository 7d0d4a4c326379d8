// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/recomputation.h"

#include <fmt/format.h>

#include <algorithm>

#include "golden/oracle/rotated_tensors.h"

namespace plumbline::oracle {

Recomputation::Recomputation(const StoredCase& stored, const Case& given)
    : stored_(stored),
      given_(given),
      scheme_(find_scheme(given)),
      pairs_(static_cast<std::size_t>(given.pairs())),
      allocation_(find_allocation()),
      spectrum_(given.spectrum, given.pairs(), allocation_.ladders),
      turns_(spectrum_),
      e_{stored, given, 0, 0, {}, allocation_, turns_} {}

Report Recomputation::run() {
  if (!token_index()) {
    name_the_rest(false);
    return report_;
  }
  bool positions = true;
  if (scheme_.design) {
    compute_positions();
  } else {
    positions = take_positions();
  }
  if (positions) compare_positions();
  compare_digits(
      stored_, "attention_factor", [&](slong bits) { return spectrum_.at(bits).attention.value; },
      report_);
  if (scheme_.planes) {
    if (positions) compare_planes(e_, spectrum_, scheme_.planes(given_), report_);
    name_the_rest(positions);
    return report_;
  }
  const bool ladder = compare_allocation();
  if (ladder) compare_inv_freq();
  if (positions && ladder) {
    compare_rows(e_, report_);
    compare_logits(e_, report_);
  }
  name_the_rest(positions && ladder);
  return report_;
}

void Recomputation::take(const std::string& path, const std::string& why) {
  seen_.insert(path);
  report_.taken.push_back(fmt::format("{}: {}", path, why));
}

Comparison Recomputation::open(const std::string& path, Dtype dtype,
                               const std::vector<std::uint64_t>& shape, bool optional) {
  seen_.insert(path);
  return Comparison(stored_, path, dtype, shape, report_, optional);
}

std::uint64_t Recomputation::extent(const std::string& path, std::size_t axis) const {
  const auto found = stored_.tensors.find(path);
  const bool there = found != stored_.tensors.end() && axis < found->second.shape.size();
  return there ? found->second.shape[axis] : 0;
}

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

// A map that is not known here is read from the file, on one ladder that all axes share.
Allocation Recomputation::find_allocation() {
  if (scheme_.planes) return {.ladders = {grape_ladder(given_)}};
  if (scheme_.allocate) return scheme_.allocate(given_);
  Allocation stored;
  stored.maps = static_cast<std::size_t>(extent("axis_map", 0));
  stored.ladders = {{.rungs = given_.pairs()}};
  const std::vector<std::uint64_t> shape = {stored.maps, pairs_};
  Comparison axis = open("axis_map", Dtype::u8, shape);
  Comparison rung = open("rung", Dtype::i32, shape);
  take("axis_map", scheme_.why_no_allocation);
  take("rung", scheme_.why_no_allocation);
  if (!axis.usable() || !rung.usable()) return stored;
  for (std::size_t i = 0; i < stored.maps * pairs_; ++i) {
    if (rung.stored(i) != i % pairs_) break;
    stored.axis.push_back(static_cast<std::uint8_t>(axis.stored(i)));
    stored.rung.push_back(static_cast<std::int32_t>(i % pairs_));
  }
  return stored;
}

// Whether the map is whole and points to axes that the positions have.
bool Recomputation::compare_allocation() {
  if (scheme_.allocate) {
    const std::vector<std::uint64_t> shape = {allocation_.maps, pairs_};
    Comparison axis = open("axis_map", Dtype::u8, shape);
    Comparison rung = open("rung", Dtype::i32, shape);
    for (std::size_t i = 0; i < allocation_.axis.size(); ++i) {
      if (axis.usable()) axis.expect(i, allocation_.axis[i]);
      if (rung.usable()) rung.expect(i, static_cast<std::uint32_t>(allocation_.rung[i]));
    }
  }
  const auto& axis = allocation_.axis;
  return axis.size() == allocation_.maps * pairs_ &&
         std::all_of(axis.begin(), axis.end(),
                     [&](std::uint8_t a) { return a == kStill || a < e_.axes; });
}

void Recomputation::compare_inv_freq() {
  Comparison inv_freq = open("inv_freq", Dtype::f64, {allocation_.maps, pairs_});
  for (std::size_t i = 0; inv_freq.usable() && i < allocation_.axis.size(); ++i) {
    const bool still = allocation_.axis[i] == kStill;
    inv_freq.expect_real(i, [&](Ball& out, slong bits) {
      if (!still) spectrum_.at(bits).inv_freq[allocation_.frequency(i)].enclose(out, bits);
    });
  }
}

void Recomputation::name_the_rest(bool recomputed) {
  seen_.insert("logits_index");
  for (const auto& [path, tensor] : stored_.tensors) {
    if (seen_.contains(path) || path.ends_with("/q_in") || path.ends_with("/k_in")) continue;
    if (!is_known_dataset(path)) {
      take(path, "no dataset of this name is known here");
    } else if (!recomputed) {
      take(path, "follows from datasets that could not be recomputed");
    } else if (scheme_.planes && !path.ends_with("_out") && !path.ends_with("_adj")) {
      take(path, "learned planes have no dataset of this name");
    }
  }
}

}  // namespace plumbline::oracle
