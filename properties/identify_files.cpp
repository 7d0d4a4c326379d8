// SPDX-License-Identifier: Apache-2.0
// `identify` on files: a golden case shows its scheme, map and position design alike, outputs alone
// show the turning, and numbers that no scheme makes are not identified.
#include <algorithm>
#include <iostream>

#include "golden/golden.h"
#include "properties/identity/file.h"
#include "properties/identity_support.h"

namespace plumbline::test {
namespace {

using identity::FileIdentified;

std::optional<Recipe> rounded_once(const Format&) { return std::nullopt; }
std::optional<Recipe> usual(const Format& f) { return default_recipe(f); }

bool lists(const FileIdentified& i, const Scheme* s) {
  return std::any_of(i.matches.begin(), i.matches.end(),
                     [&](const auto& m) { return m.candidate.c.scheme == s; });
}

// Token by token, whatever the scheme; a scheme of one axis stands alike on all.
bool placed_alike(const Case& match, const Case& truth) {
  Case c = truth;
  c.scheme = match.scheme;
  c.parameters = match.parameters;
  const PositionTable a = positions(c), b = positions(truth);
  if (a.rows() != b.rows() || (a.axes != b.axes && a.axes != 1)) return false;
  for (int axis = 0; axis < b.axes; ++axis) {
    for (std::size_t row = 0; row < b.rows(); ++row) {
      const auto own = static_cast<std::size_t>(a.axes == 1 ? 0 : axis);
      if (to_decimal(a.at(own, row)) != to_decimal(b.at(static_cast<std::size_t>(axis), row)))
        return false;
    }
  }
  return true;
}

// Every pair of every token turned alike: the coordinate that it reads, and its frequency at 400
// bits where that coordinate is ever anything but zero.
::testing::AssertionResult turned_alike(const Case& match, const Case& truth) {
  const WorkingPrecision bits(400);
  const PositionTable ids = positions(truth);
  const FrequencyAllocation x = allocation(match), y = allocation(truth);
  const Spectra f(match.spectrum, x), g(truth.spectrum, y);
  if (match.pairing != truth.pairing || x.pairs != y.pairs)
    return ::testing::AssertionFailure() << "pairing";
  for (int head = 0; head < truth.shape.num_key_value_heads; ++head) {
    for (int pair = 0; pair < x.pairs; ++pair) {
      const Assignment &p = x.at(x.map_of(head), pair), &q = y.at(y.map_of(head), pair);
      bool ever = false;
      for (std::size_t row = 0; row < ids.rows(); ++row) {
        const auto at = [&](const Assignment& a) {
          return a.axis == Axis::none ? std::string("0") : to_decimal(ids.at(index(a.axis), row));
        };
        const bool moves = at(p) != "0" || at(q) != "0";
        if (!moves) continue;
        ever = true;
        const bool still = p.axis == Axis::none || f.of(p.axis).never_turns(p.rung);
        if (!still && at(p) != at(q))
          return ::testing::AssertionFailure() << "pair " << pair << ", row " << row;
      }
      if (!ever) continue;
      const bool still = p.axis == Axis::none || f.of(p.axis).never_turns(p.rung),
                 also = q.axis == Axis::none || g.of(q.axis).never_turns(q.rung);
      if (still != also ||
          (!still && !overlap(f.of(p.axis).inv_freq(p.rung), g.of(q.axis).inv_freq(q.rung))))
        return ::testing::AssertionFailure() << "pair " << pair << ", frequency";
    }
  }
  return ::testing::AssertionSuccess();
}

const std::vector<std::pair<Case, StoredCase>>& files() {
  static const auto kAll = [] {
    std::vector<std::pair<Case, StoredCase>> out;
    for (const GoldenCase& g : suite("smoke")) {
      if (!laws::not_by_pairs(g.c)) out.emplace_back(g.c, generate(g, 2).stored);
    }
    return out;
  }();
  return kAll;
}

TEST(IdentifyFiles, EveryGoldenCaseShowsItsScheme) {
  std::size_t listed = 0, n = 0;
  for (const auto& [c, stored] : files()) {
    const FileIdentified i = identity::identify_file(stored, nullptr, rounded_once);
    EXPECT_TRUE(i.placed);
    EXPECT_TRUE(lists(i, c.scheme)) << c.id << ": " << i.skipped;
    listed += i.matches.size();
    if (n++ % 6 != 0) continue;
    for (const identity::Match& m : i.matches) {
      EXPECT_TRUE(placed_alike(m.candidate.c, c)) << c.id << ": " << m.candidate.c.scheme->name;
      if (i.pairing_seen) {
        EXPECT_TRUE(turned_alike(m.candidate.c, c)) << c.id << ": " << m.candidate.c.scheme->name;
      }
    }
  }
  std::cout << files().size() << " cases, " << listed << " listed\n";
}

// Outputs of a kernel, with inputs and ids from the golden file: the position design is not seen.
TEST(IdentifyFiles, OutputsAloneShowTheTurning) {
  int tried = 0;
  for (std::size_t n = 0; n < files().size(); n += 5) {
    const auto& [c, golden] = files()[n];
    StoredCase candidate;
    candidate.id = golden.id;
    for (const char* path : {"f32/q_out", "f32/k_out"}) {
      if (golden.tensors.contains(path)) candidate.tensors[path] = golden.tensors.at(path);
    }
    if (candidate.tensors.empty()) continue;
    const FileIdentified i = identity::identify_file(candidate, &golden, usual);
    EXPECT_FALSE(i.placed);
    EXPECT_TRUE(i.pairing_seen);
    EXPECT_TRUE(lists(i, c.scheme)) << c.id << ": " << i.skipped;
    EXPECT_THROW(identity::identify_file(candidate, nullptr, usual), Refused) << c.id;
    ++tried;
  }
  EXPECT_GT(tried, 5);
}

// Tables of one scheme with another one's ids; and one number that nobody makes.
TEST(IdentifyFiles, WhatDoesNotFitTogetherIsNotIdentified) {
  int tried = 0, without = 0;
  for (std::size_t n = 0; n < files().size(); n += 7) {
    const auto& [c, golden] = files()[n];
    StoredCase wrong = golden;
    Tensor& table = wrong.tensors.at("f64/cos");
    ASSERT_GE(table.bytes.size(), 8U);
    // Finite inputs, and outputs that are none.
    for (const char* path : {"f64/q_out", "f32/q_out"}) {
      if (!golden.tensors.contains(path)) continue;
      StoredCase none = golden;
      std::fill(none.tensors.at(path).bytes.begin(), none.tensors.at(path).bytes.end(),
                std::byte{0xff});
      const auto only = [&](const auto& entry) {
        return entry.first.ends_with("_out") && entry.first != path;
      };
      std::erase_if(none.tensors, only);
      std::erase_if(none.tensors, [](const auto& entry) {
        return entry.first.ends_with("/cos") || entry.first.ends_with("/sin");
      });
      EXPECT_TRUE(identity::identify_file(none, nullptr, usual).matches.empty()) << c.id << path;
      ++without;
    }
    table.bytes[6] ^= std::byte{0x08};
    EXPECT_TRUE(identity::identify_file(wrong, nullptr, rounded_once).matches.empty()) << c.id;
    wrong = golden;
    Tensor& ids = wrong.tensors.at("position_ids");
    ids.bytes[ids.bytes.size() - 1] ^= std::byte{0x40};
    const FileIdentified i = identity::identify_file(wrong, nullptr, rounded_once);
    EXPECT_TRUE(i.matches.empty()) << c.id;
    EXPECT_TRUE(i.place_only.empty()) << c.id;
    ++tried;
  }
  EXPECT_GT(tried, 5);
  EXPECT_GT(without, 3);
}

}  // namespace
}  // namespace plumbline::test
