// SPDX-License-Identifier: Apache-2.0
// The suite's own strength: every wrong kernel of the table is killed, and called by its name.
#include <gtest/gtest.h>

#include <iostream>
#include <set>

#include "properties/matrix/matrix.h"

namespace plumbline::test {
namespace {

TEST(Mutants, TheTableIsInOrder) {
  std::set<std::string_view> ids, classes;
  for (const mutants::Mutant& m : mutants::mutants()) {
    EXPECT_TRUE(ids.insert(m.id).second) << m.id;
    classes.insert(m.bug_class());
    EXPECT_FALSE(m.name.empty() || m.sentence.empty() || m.source.empty()) << m.id;
    EXPECT_NE(m.edit == nullptr, m.place == nullptr) << m.id;
    EXPECT_EQ(m.kind == mutants::Kind::wrong, m.reason.empty()) << m.id;
  }
  // Every class of the project's list.
  for (int i = 1; i <= 28; ++i) {
    const std::string name = (i < 10 ? "M0" : "M") + std::to_string(i);
    EXPECT_TRUE(classes.contains(name)) << name;
  }
  EXPECT_THROW(mutants::find_mutant("M99"), std::invalid_argument);
}

TEST(Mutants, AllAreKilledAndNamed) {
  const matrix::Suite suite;
  std::vector<matrix::Score> scores;
  for (const mutants::Mutant& m : mutants::mutants()) {
    scores.push_back(matrix::score(m, suite, {.laws = false}));
    const matrix::Score& s = scores.back();
    EXPECT_EQ(s.mutant->kind == mutants::Kind::wrong, s.any())
        << m.id << ": " << s.diagnosis.line();
    EXPECT_FALSE(s.misnamed()) << m.id << ": " << s.diagnosis.line();
    // An equivalent row must be so to the last bit, and any other must not.
    if (m.kind != mutants::Kind::legal) {
      EXPECT_EQ(m.kind == mutants::Kind::equivalent, !s.differs && !s.any()) << m.id;
    }
  }
  const matrix::Totals t = matrix::totals(scores);
  EXPECT_EQ(t.killed, t.wrong);
  EXPECT_GE(10 * t.named, 9 * t.wrong);
  EXPECT_EQ(t.misnamed, 0);
  // Text alone is blind to what the project exists for.
  const auto& [forward, golden, text, images, laws, probes] = t.by_check;
  EXPECT_LT(text, images);
  EXPECT_LE(forward, golden);
  EXPECT_EQ(laws, 0);
  std::cout << t.mutants << " mutants: " << t.wrong << " wrong, " << t.legal << " legal, "
            << t.equivalent << " equivalent; killed " << t.killed << ", named right " << t.named
            << ", misnamed " << t.misnamed << "\nforward " << forward << ", golden " << golden
            << ", text " << text << ", images " << images << ", probes " << probes << "\n";
}

}  // namespace
}  // namespace plumbline::test
