// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "properties/laws/law.h"

// Cases, drawn as the JSON that replays them. Everything is a function of the random stream alone.
namespace plumbline::laws {

// A case of `scheme` that case_from_json accepts, as an object whose "sequence" is a list of
// segments. Where the scheme refuses what is drawn, plainer cases are tried, last its own defaults;
// nothing where it refuses those too, and `refusal` says why.
std::optional<Json> draw_case(Random& random, const Scheme& scheme, Reach reach,
                              std::string& refusal);

// {"dtype", "data"}, and "special": the inputs of a law that rotates.
Json draw_data(Random& random);
// Tuples [count][axes]: small and huge, negative, dyadic and not.
Json draw_tuples(Random& random, const Case& c, int count);
// What lies under a key of aux; `fallback` where there is none. Each throws FaultyAux for anything
// else: tuples, one or more, of exact numbers; an integer from 0 to `high`; a number; a word.
std::vector<std::vector<Rational>> tuples(const Json& aux, const std::string& key);
std::int64_t integer(const Json& aux, const std::string& key, std::int64_t fallback = 0,
                     std::int64_t high = std::int64_t{1} << 62);
Rational number(const Json& aux, const std::string& key, const Rational& fallback);
std::string word(const Json& aux, const std::string& key, const std::string& fallback);

// Row of the padded sequence that holds a token.
std::int64_t row_of_token(const Case& c, std::int64_t token);
// At most `most` rows, ascending: ends of the padded row and of its segments, rows and frames
// inside blocks; which of them depends on `pick`.
std::vector<std::int64_t> telling_rows(const Case& c, std::uint64_t pick, std::size_t most);
// First token of segment i, and the one past its last.
std::pair<std::size_t, std::size_t> span_of(const Sequence& sequence, std::size_t i);
// The case without padding and windows.
Case bare(const Case& c);
// The case with exactly these rows as its windows.
Case with_rows(const Case& c, const std::vector<std::int64_t>& rows);

// Smaller cases to try in place of a failing one, plainest first; all of them may be refused.
std::vector<Json> simpler_cases(const Json& object);
std::vector<Json> simpler_aux(const Json& aux);

}  // namespace plumbline::laws
