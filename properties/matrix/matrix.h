// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/tensor.h"
#include "properties/diagnosis/diagnose.h"
#include "properties/mutants/mutant.h"

// Which check kills which mutant, and what the probes call it: the suite's own strength.
namespace plumbline::matrix {

// A subject's outputs on the inputs of a golden case, as a candidate file would hold them.
StoredCase candidate_of(const laws::Subject& subject, const StoredCase& golden);

// Some element is beyond the budget of the recipe that the subject declares.
bool fails(const StoredCase& golden, const StoredCase& candidate, const laws::Subject& subject);

struct Check {
  std::string_view name, what;
};
// forward: outputs of the smoke suite; golden: outputs and gradients of it, what a golden file
// alone can see; text_only, multimodal: its rows whose coordinates are equal, or not; laws: every
// law that rotates or places; probes: the diagnosis.
inline constexpr Check kChecks[] = {
    {"forward", "rotated outputs of the smoke suite"},
    {"golden", "outputs and gradients of the smoke suite: all that a golden file sees"},
    {"text", "forward on rows whose coordinates are equal"},
    {"images", "forward on rows whose coordinates differ"},
    {"laws", "the laws, each on a drawn case of every scheme"},
    {"probes", "basis vectors, memory, calls one after the other, position ids"},
};
inline constexpr std::size_t kCheckCount = std::size(kChecks);

struct Score {
  const mutants::Mutant* mutant = nullptr;
  std::array<bool, kCheckCount> killed{};
  std::string law;  // that broke first
  diagnosis::Diagnosis diagnosis;
  bool differs = false;  // some bit of some output, on any golden case or basis vector, is another
  bool any() const;
  // wrong and named, with names of the mutant's own class alone; right or a legal variant where the
  // mutant is legal or equivalent.
  bool named_right() const;
  bool misnamed() const;
};

// The golden cases of the smoke suite, made once.
class Suite {
 public:
  Suite();
  const std::vector<StoredCase>& cases() const { return cases_; }

 private:
  std::vector<StoredCase> cases_;
};

struct Options {
  bool laws = true;
  int law_cases = 1;  // of each scheme
  std::uint64_t seed = 1;
};
Score score(const mutants::Mutant& mutant, const Suite& suite, const Options& options);

struct Totals {
  int mutants = 0, legal = 0, equivalent = 0;          // all; of kind legal; bit for bit the same
  int wrong = 0, killed = 0, named = 0, misnamed = 0;  // of those that are wrong
  std::array<int, kCheckCount> by_check{};
};
Totals totals(const std::vector<Score>& scores);

// The cases that a golden suite needs. What a case is for: the mutants that it kills, and the pairs
// of schemes that it tells apart: a faultless kernel of one passes it and of the other fails, with
// the case's shape, spectrum, sequence and those of its knobs that the scheme has.
struct Cover {
  std::vector<std::string> cases;     // in the suite's order; each is needed for something
  int killed = 0, possible = 0;       // mutants: by these cases, by the whole suite
  int apart = 0, apart_possible = 0;  // pairs of schemes, likewise
  std::vector<std::string> alike;     // pairs "a = b" that pass some case together, and none alone
  int unfit = 0;                      // pairs of which no case is for either and fits both
};
// Greedy by what a case adds, then by its size; then without whatever the others made superfluous.
Cover smallest_cover(const Suite& suite);

}  // namespace plumbline::matrix
