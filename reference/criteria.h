// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/evaluate.h"

// What a scheme keeps and what it breaks: statements about its positions and its map, decided on
// one sequence at a time and searched over a finite domain for the smallest that refutes them.
// Nothing is looked up: any scheme, any parameters.
namespace plumbline {

struct CriterionInfo {
  std::string_view name, statement;
};
// In the order of the matrix.
std::span<const CriterionInfo> criteria();

// not_applicable: no sequence of the domain has what the statement speaks of. undecided: no
// counterexample, but some equality of irrational coordinates was not separated.
enum class Verdict : std::uint8_t { holds, violated, conditional, not_applicable, undecided };
std::string_view name(Verdict verdict);

struct Counterexample {
  std::string sequence;  // notation, as `plumbline positions --sequence` reads it; or empty
  std::string params;    // "temporal_stride=1/2": what differs from the row's own
  std::string text;      // "[1; 1x1x1]: visual h = 0, earlier text h = 0"
  std::int64_t tokens = 0;
};

// Bits at which enclosures of irrational coordinates are last compared.
inline constexpr unsigned kSeparationBits = 512;

// A verdict that a row declares; `condition` names an entry of conditions() where it is
// conditional.
struct Declared {
  Verdict verdict = Verdict::holds;
  std::string condition;
};
// Reads "FUT! SYM?equal_extents DELTA. INJ~" into one entry per criterion: ! violated, ?
// conditional, . not applicable, ~ undecided, unlisted holds. Throws std::invalid_argument naming
// the word.
std::vector<Declared> parse_verdicts(std::string_view text);

struct Finding {
  std::string_view criterion;
  Verdict verdict = Verdict::not_applicable;
  Declared declared;
  std::string condition;  // the condition's text, where the verdict is conditional
  std::optional<Counterexample> refuted;
  std::string domain;
  std::int64_t cases = 0;
  bool pinned = false;  // judged at one setting, of which a row's declaration speaks only if it is
                        // "holds"
  bool as_declared() const {
    if (!pinned) return verdict == declared.verdict;
    return declared.verdict != Verdict::holds || verdict == Verdict::holds ||
           verdict == Verdict::not_applicable;
  }
};

// What is judged: a scheme with parameters, and which of its knobs the search may turn.
struct Subject {
  std::string scheme, profile;
  Case base;                        // parameters, shape and spectrum; its sequence is not read
  std::vector<std::string> pinned;  // knobs that stay as they are; "*" pins all
  std::string verdicts;             // declared
  bool video_only = false;          // only native blocks of T > 1
  std::string also;                 // settings of several knobs at once, as Profile::also
  // The positions that are judged; another function judges another implementation.
  std::function<PositionTable(const Case&)> positions = plumbline::positions;
};

// A case of a scheme at its own defaults, its examples where a knob has none, without a sequence.
Case default_case(const Scheme& scheme);

// The row itself, then each of its profiles.
std::vector<Subject> subjects_of(const Scheme& scheme);
// A case as it stands, every knob pinned.
Subject pinned_subject(const Case& c);

// One finding per criterion, in order. Deterministic. Throws std::invalid_argument for declared
// verdicts that cannot be read and where the scheme places no sequence at all.
std::vector<Finding> judge(const Subject& subject);
// The one criterion of that name at the subject's own setting; it must speak of the map alone.
Finding judge_map(const Subject& subject, std::string_view criterion);

// The vocabulary of conditional verdicts.
struct ConditionInfo {
  std::string_view name, text;
};
std::vector<ConditionInfo> conditions();

}  // namespace plumbline
