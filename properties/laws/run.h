// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>

#include "properties/laws/law.h"

// Laws tried on subjects: drawn cases, a shrunk counterexample, one line that replays it.
namespace plumbline::laws {

enum class Verdict : std::uint8_t { holds, broken, silent };
struct Outcome {
  Verdict verdict = Verdict::holds;
  std::string why;
};

// One case. A refusal of the case by the subject or the reference (std::invalid_argument) is
// silence. Throws FaultyAux where the law cannot read `aux`.
Outcome judge(const Law& law, const Subject& subject, const Case& c, const Json& aux);

struct Failure {
  std::string scheme, why;
  std::string line;  // the replay line of the smallest case found
  std::uint64_t smaller = 0;
};

// What one law did on one subject.
struct Tally {
  const Law* law = nullptr;
  std::string subject;
  std::uint64_t cases = 0, skipped = 0;
  std::map<std::string, std::uint64_t> reasons;  // of the skipped ones
  double seconds = 0;
  std::optional<Failure> failure;  // the first one; the law is not tried further
};

// `cases` times the law's weight of each scheme that the law is about. Case i of a scheme is a
// function of seed, law and scheme, so that it does not depend on what else runs.
Tally run(const Law& law, const Subject& subject, int cases, std::uint64_t seed);

// "plumbline-replay 1 law=NAME subject=NAME case=JSON aux=JSON", one line. The case is written with
// every parameter and its spectrum, so that later defaults do not change it.
std::string replay_line(const Law& law, const Subject& subject, const Json& object,
                        const Json& aux);
struct Replay {
  const Law* law = nullptr;
  const Subject* subject = nullptr;
  Case c;
  Json aux;
};
// Throws std::invalid_argument with one line for anything malformed, of another version, or naming
// what does not exist.
Replay parse_replay(std::string_view line, std::span<const Subject> among);
inline Outcome judge(const Replay& r) { return judge(*r.law, *r.subject, r.c, r.aux); }
// The same for the subjects of this build; what an emitted C++ test calls.
Outcome replay(std::string_view line);

// A test that replays a line, ready to be pasted: a GoogleTest body, or a pytest function.
std::string emit_cpp(std::string_view line);
std::string emit_pytest(std::string_view line);

}  // namespace plumbline::laws
