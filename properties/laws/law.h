// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "properties/laws/random.h"
#include "properties/laws/subject.h"

// A law is a sentence that holds for every case: a row of a table, one table per family.
namespace plumbline::laws {

// near: sequences small enough to look at every token. far: huge positions too, looked at through
// windows.
enum class Reach : std::uint8_t { near, far };

struct Trial {
  const Subject& subject;
  const Case& c;
  const Json& aux;  // what the law drew besides the case
};

// Thrown by a check: the law does not hold here; the law says nothing here.
struct Broken {
  std::string why;
};
struct Silent {
  std::string why;
};
// aux is not what the law draws: a fault of the replay line, and no word of the subject.
struct FaultyAux : std::invalid_argument {
  explicit FaultyAux(const std::string& why) : std::invalid_argument("aux: " + why) {}
};

struct Law {
  std::string_view name, statement;
  std::string_view draws;  // in words, for people
  Reach reach;
  bool rotates;  // speaks of rotated data, so every kernel is a subject; false: of positions alone
  Json (*draw)(Random&, const Case&);
  void (*check)(const Trial&);             // returns where the law holds
  bool (*about)(const Scheme&) = nullptr;  // null: about every scheme
  int weight = 1;  // cases of it for each case of another law: where much is drawn
};

struct Family {
  std::string_view name;
  std::span<const Law> laws;
};
std::span<const Family> families();
// Throws std::invalid_argument naming the laws there are.
const Law& find_law(std::string_view name);

std::span<const Law> walk_laws();      // where tokens stand
std::span<const Law> block_laws();     // inside one visual block
std::span<const Law> split_laws();     // prompts cut, padded and packed
std::span<const Law> group_laws();     // what a rotation is
std::span<const Law> relative_laws();  // which pair turns how fast, and by what
std::span<const Law> lane_laws();      // memory and lanes
std::span<const Law> text_laws();      // text and media apart
std::span<const Law> oracle_laws();    // the reference against the second oracle
std::span<const Law> identity_laws();  // one scheme against another

}  // namespace plumbline::laws
