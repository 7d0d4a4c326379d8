// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/run.h"

#include <chrono>
#include <new>
#include <stdexcept>

#include "properties/laws/draw.h"

namespace plumbline::laws {
namespace {

// Enough for a few segments, numbers of 31 bits and a handful of parameters.
constexpr std::uint64_t kMostShrinks = 600;

struct Found {
  Json object, aux;
  std::string why;
};

// Whether a smaller case is accepted and still breaks the law.
bool still_breaks(const Law& law, const Subject& subject, Found& found, const Json& object,
                  const Json& aux) {
  try {
    const Outcome outcome = judge(law, subject, case_from_json(object), aux);
    if (outcome.verdict != Verdict::broken) return false;
    found = {object, aux, outcome.why};
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::uint64_t shrink(const Law& law, const Subject& subject, Found& found) {
  std::uint64_t tried = 0, kept = 0;
  const auto pass = [&] {
    for (const Json& object : simpler_cases(found.object)) {
      if (++tried > kMostShrinks) return false;
      if (still_breaks(law, subject, found, object, found.aux)) return true;
    }
    for (const Json& aux : simpler_aux(found.aux)) {
      if (++tried > kMostShrinks) return false;
      if (still_breaks(law, subject, found, found.object, aux)) return true;
    }
    return false;
  };
  while (pass()) ++kept;
  return kept;
}

// A reason without the numbers of one case, so that skips can be counted.
std::string reason_of(const std::string& why) {
  const auto end = why.find_first_of("=:");
  return why.substr(0, std::min<std::size_t>(end, 80));
}

}  // namespace

Outcome judge(const Law& law, const Subject& subject, const Case& c, const Json& aux) {
  try {
    if (law.rotates) {
      if (const auto reason = subject.skips(c)) return {Verdict::silent, *reason};
    }
    law.check({subject, c, aux});
    return {};
  } catch (const Broken& broken) {
    return {Verdict::broken, broken.why};
  } catch (const Silent& silent) {
    return {Verdict::silent, silent.why};
  } catch (const FaultyAux&) {
    throw;
  } catch (const std::invalid_argument& refused) {
    return {Verdict::silent, "refused: " + std::string(refused.what())};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    // Neither an answer nor a refusal of the request.
    return {Verdict::broken, "threw: " + std::string(thrown.what())};
  }
}

Tally run(const Law& law, const Subject& subject, int cases, std::uint64_t seed) {
  const ThreadCaches caches;
  const auto start = std::chrono::steady_clock::now();
  Tally out;
  out.law = &law;
  out.subject = subject.name;
  const auto skip = [&](const std::string& why) {
    ++out.skipped;
    ++out.reasons[reason_of(why)];
  };
  const Random root = Random(seed).stream(law.name);
  for (const Scheme& scheme : schemes()) {
    if (law.about != nullptr && !law.about(scheme)) continue;
    for (int i = 0; i < cases * law.weight && !out.failure; ++i) {
      Random random = root.stream(scheme.name).stream(std::to_string(i));
      std::string refusal;
      const auto object = draw_case(random, scheme, law.reach, refusal);
      if (!object) {
        skip("no case of " + std::string(scheme.name) + " was accepted");
        continue;
      }
      const Case c = case_from_json(*object);
      const Json aux = law.draw == nullptr ? Json::object() : law.draw(random, c);
      const Outcome outcome = judge(law, subject, c, aux);
      if (outcome.verdict == Verdict::silent) {
        skip(outcome.why);
        continue;
      }
      ++out.cases;
      if (outcome.verdict == Verdict::holds) continue;
      Found found{*object, aux, outcome.why};
      const std::uint64_t kept = shrink(law, subject, found);
      out.failure = Failure{std::string(scheme.name), found.why,
                            replay_line(law, subject, found.object, found.aux), kept};
    }
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace plumbline::laws
