// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>

#include "reference/criteria.h"
#include "reference/criteria/prompt.h"
#include "reference/criteria/reading.h"
#include "reference/criteria/value.h"

namespace plumbline {

// skip: the sequence does not have what the criterion speaks of.
enum class Answer : std::uint8_t { skip, pass, fail, unknown };
struct Outcome {
  Answer answer = Answer::skip;
  std::string why;  // of a fail, without the sequence
  std::int64_t cases = 1;
};
inline Outcome pass() { return {Answer::pass, {}}; }
inline Outcome fail(std::string why) { return {Answer::fail, std::move(why)}; }
inline Outcome unknown() { return {Answer::unknown, {}}; }

// Where a sequence ends: the official rope delta plus the length (nothing where the source has no
// delta), and the cursor.
struct Ends {
  std::optional<Value> official;
  Value cursor;
};
// The tuples of a sequence, [token][axis]; may go on past the sequence that was asked for, whose
// end is then another.
struct Placement {
  int axes = 0;
  std::vector<Value> values;
  Ends ends;
  const Value& at(std::int64_t token, std::size_t axis) const {
    return values[static_cast<std::size_t>(token) * static_cast<std::size_t>(axes) + axis];
  }
};

// One scheme at one setting of its knobs, and what was computed of it so far.
class Lab {
 public:
  Lab(const Subject& subject, Case point);
  const Case& point() const { return case_; }
  const Reading& reading() const { return reading_; }
  std::vector<PlaneReading>& planes() { return reading_.planes; }  // they keep what they judged
  std::string axis(std::size_t a) const;                           // "h"

  // Which token of a block is cell (t H + h) W + w: itself, unless the layout has an order of its
  // own.
  std::vector<std::int64_t> tokens_of_cells(const Grid& grid) const;

  // Nothing where the scheme refuses the sequence.
  const Placement* at(const Prompt& prompt);
  // The same before the final cut to integers, which deltas are made from as well.
  const Placement* uncut(const Prompt& prompt);
  const Ends* ends(const Prompt& prompt);
  // The same computed anew, nothing shared; with padding around, and an inner hole after token
  // `hole` (-1: none).
  std::optional<Placement> fresh(const Prompt& prompt, std::int64_t left = 0,
                                 std::int64_t right = 0, std::int64_t hole = -1);
  // Until a criterion finds that later segments move earlier tokens, the tuples before a last text
  // are taken from the sequence with that text.
  void share_prefixes(bool on) { share_ = on; }

  // The scheme's temporal stride; 1 where it has none.
  Value stride() const;
  bool accepts(const Prompt& prompt) { return at(prompt) != nullptr; }

  // Sequences of up to so many tokens are judged for CAUSAL, of half as many for PAD.
  std::int64_t most_fresh = 10;

  // What LIN has seen: how one step along t, h, w moves a tuple, and in which sequence.
  struct Column {
    std::vector<Value> step;
    std::string label;
  };
  std::array<std::optional<Column>, 3> columns;

 private:
  struct Before {  // any order, quickly
    bool operator()(const Prompt& a, const Prompt& b) const;
  };
  using Placements = std::map<Prompt, std::unique_ptr<Placement>, Before>;
  // Of the case's sequence.
  std::optional<Placement> place(const Case& c) const;
  const Placement* at(Placements& placements, Case& c, const Prompt& prompt);
  Case case_;                  // its sequence is the last that was placed
  std::optional<Case> uncut_;  // where the case cuts
  const std::function<PositionTable(const Case&)>* positions_;
  Reading reading_;
  bool share_ = false;
  Placements placements_, uncut_placements_;
  std::map<Prompt, std::unique_ptr<Ends>, Before> ends_;
};

// A decision procedure: does the statement hold on this sequence (or, without one, of the map)?
using Judge = Outcome (*)(Lab&, const Prompt&);
Outcome judge_fut(Lab&, const Prompt&), judge_past(Lab&, const Prompt&),
    judge_tup(Lab&, const Prompt&), judge_inj(Lab&, const Prompt&), judge_rinj(Lab&, const Prompt&),
    judge_pos(Lab&, const Prompt&), judge_sym(Lab&, const Prompt&), judge_lin(Lab&, const Prompt&),
    judge_decn(Lab&, const Prompt&), judge_decf(Lab&, const Prompt&),
    judge_shift(Lab&, const Prompt&), judge_grow(Lab&, const Prompt&),
    judge_delta(Lab&, const Prompt&), judge_pad(Lab&, const Prompt&),
    judge_causal(Lab&, const Prompt&), judge_text0(Lab&, const Prompt&),
    judge_text1(Lab&, const Prompt&), judge_full(Lab&, const Prompt&),
    judge_gran(Lab&, const Prompt&), judge_rel(Lab&, const Prompt&), judge_iso(Lab&, const Prompt&);

// A named condition on a setting and a sequence.
struct Condition {
  std::string_view name, text;
  bool (*holds)(Lab&, const Prompt&);
};
// Every one of "steps_at_least_one&initial_planes". Throws std::invalid_argument naming the
// vocabulary.
std::vector<const Condition*> find_conditions(std::string_view names);

}  // namespace plumbline
