// SPDX-License-Identifier: Apache-2.0
// The search: which compositions of the registry are the operator that was measured.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "properties/identity/search.h"

namespace plumbline::identity {
namespace {

using diagnosis::Contract;
using diagnosis::Operator;

void find_nearest(Search& search, std::vector<Candidate> all, const Case& asked, Identified& out) {
  std::stable_sort(all.begin(), all.end(), [&](const Candidate& a, const Candidate& b) {
    const auto rank = [&](const Candidate& c) {
      return std::pair(against(allocation(c.c), out.seen), c.origin != "asked");
    };
    return rank(a) < rank(b);
  });
  std::vector<std::string> tried;
  std::size_t fewest = SIZE_MAX;
  for (const Candidate& map : all) {
    const std::string key = Search::key_of(map.c);
    if (std::find(tried.begin(), tried.end(), key) != tried.end()) continue;
    if (tried.size() == 4) break;
    tried.push_back(key);
    for (const Candidate& c : with_spectra(map, asked, out.seen)) {
      const auto& found = search.of(c.c).differences;
      if (found.size() >= fewest) continue;
      fewest = found.size();
      out.nearest = c;
      out.differences = found;
    }
  }
}

void search_registry(const Operator& measured, const Contract& contract, const Case& asked,
                     const Format& format, Identified& out) {
  Search search(format, contract.recipe, [&](const Contract& c) {
    std::vector<std::string> found = differences(c, out.seen);
    if (found.empty() && !diagnosis::Model(c, measured.tuples).fits(measured))
      found.emplace_back("steps along one axis agree, and rows that differ on every axis do not");
    return found;
  });
  const std::vector<Candidate> all = maps(asked, out.seen);
  std::set<std::pair<const Scheme*, std::string>> tried;
  for (const Candidate& map : all) {
    if (against(allocation(map.c), out.seen) > 0) continue;
    // Knobs that only place tokens make no other operator.
    if (!tried.emplace(map.c.scheme, Search::key_of(map.c)).second) continue;
    for (const Candidate& c : with_spectra(map, asked, out.seen)) {
      // Numbers read off are for what no given spectrum explains.
      if (c.spectrum_origin == "recovered" &&
          std::any_of(out.matches.begin(), out.matches.end(),
                      [&](const Match& m) { return m.candidate.c.scheme == c.c.scheme; }))
        continue;
      const Search::Operation& o = search.of(c.c);
      if (!o.fits()) continue;
      const bool listed = std::any_of(out.matches.begin(), out.matches.end(), [&](const Match& m) {
        return m.candidate.c.scheme == c.c.scheme && m.operation == o.number;
      });
      if (c.origin == "asked" && c.spectrum_origin == "asked" && c.c.pairing == asked.pairing &&
          c.c.shape.rotary_dim == asked.shape.rotary_dim)
        out.as_asked = true;
      if (!listed) out.matches.push_back({c, search.presets_of(c.c), o.number});
    }
  }
  std::stable_partition(out.matches.begin(), out.matches.end(),
                        [](const Match& m) { return m.candidate.origin == "asked"; });
  if (out.matches.empty()) find_nearest(search, all, asked, out);
}

// "pairs 3 to 7", or one of them; `map` where KV heads differ.
std::string place(int first, int last, int map, int maps) {
  std::string out =
      first == last ? fmt::format("pair {}", first) : fmt::format("pairs {} to {}", first, last);
  return maps == 1 ? out : out + fmt::format(" of KV head {}", map);
}

}  // namespace

std::vector<std::string> differences(const Contract& c, const Recovered& seen) {
  std::vector<std::string> out;
  if (!seen.by_pairs()) return {"pairing: " + seen.pairing};
  if (c.pairs != seen.pairs)
    return {fmt::format("rotary_dim {} in place of {}", seen.rotary_dim, 2 * c.pairs)};
  if (!seen.pairing.empty() && (seen.pairing == "neox") != c.neox)
    out.push_back("pairing " + seen.pairing);
  if (seen.gain && std::abs(*seen.gain - c.factor) > 4 * c.factor * c.arithmetic + c.absolute)
    out.push_back(fmt::format("gain {:.6g} in place of {:.6g}", *seen.gain, c.factor));
  const int maps = std::max(c.maps, seen.maps);
  for (int map = 0; map < maps; ++map) {
    std::string last;
    int first = 0;
    const auto close = [&](int end) {
      if (!last.empty()) out.push_back(place(first, end - 1, map, maps) + ": " + last);
    };
    for (int pair = 0; pair < seen.pairs; ++pair) {
      const std::size_t i = c.slot(c.maps == 1 ? 0 : map, pair),
                        j = seen.slot(seen.maps == 1 ? 0 : map, pair);
      const bool still = c.axis[i] < 0 || c.inv_freq[i] == 0;
      std::string now;
      if (seen.axis[j] == -2) {
        now = "no turn of one axis";
      } else if (still != (seen.axis[j] == -1)) {
        now = still ? "turns" : "does not turn";
      } else if (!still && seen.axis[j] != c.axis[i]) {
        now = fmt::format("axis {} in place of {}", c.axis_letters({seen.axis[j]}),
                          c.axis_letters({c.axis[i]}));
      } else if (!still) {
        const double turn = 2 * std::numbers::pi, f = c.inv_freq[i], g = seen.inv_freq[j];
        const double allowed = seen.error[j] + std::abs(f) * c.relative[i];
        if (std::abs(std::remainder(g - f, turn)) > allowed) {
          now = std::abs(std::remainder(g + f, turn)) <= allowed
                    ? "turns the other way"
                    : fmt::format("inv_freq {:.6g} in place of {:.6g}", g, f);
        }
      }
      if (now == last) continue;
      close(pair);
      first = pair;
      last = now;
    }
    close(seen.pairs);
  }
  return out;
}

namespace {

// What basis vectors, the same in every head, cannot show: that lanes come from their own head.
std::string unexplained(const laws::Subject& subject, const Contract& c, const Operator& m,
                        int rotary_dim) {
  const diagnosis::Values in = diagnosis::draw(c, m.rows(), 10);
  const diagnosis::Values out =
      diagnosis::ask(subject, c, diagnosis::table_of(c, m.tuples), in, false).out;
  const auto beyond = diagnosis::departure(c, m, in, out, rotary_dim);
  if (beyond) return "pass-through lanes: drawn numbers are not copied, first " + beyond->place();
  const auto turned = diagnosis::departure(c, m, in, out);
  return turned ? "drawn numbers are not turned as basis vectors are, first " + turned->place()
                : "";
}

}  // namespace

Identified identify(const diagnosis::Maker& make, const Case& asked, const Format& format) {
  Identified out;
  out.id = !asked.id.empty()      ? asked.id
           : !asked.model.empty() ? asked.model
                                  : std::string(asked.scheme->name);
  try {
    laws::Subject subject = make();
    if (const auto reason = subject.skips(asked)) throw std::invalid_argument(*reason);
    const Contract contract(asked, format, subject.recipe(format));
    subject = diagnosis::with_separate_output(make, contract)();
    const Operator measured(subject, contract, rows(contract.axes), false);
    out.seen = recover(contract, measured);
    out.axis_map = contract.axis_letters(out.seen.axis);
    if (out.seen.by_pairs()) {
      search_registry(measured, contract, asked, format, out);
      const std::string why = unexplained(subject, contract, measured, out.seen.rotary_dim);
      if (!why.empty()) {
        // The scheme, but not the kernel of it.
        if (!out.matches.empty()) out.nearest = out.matches.front().candidate;
        out.matches.clear();
        out.as_asked = false;
        out.differences.push_back(why);
      }
    } else {
      out.differences = {"pairing: " + out.seen.pairing};
    }
  } catch (const diagnosis::NoAnswer& trouble) {
    out.skipped = trouble.what();
    out.failed = true;
  } catch (const std::invalid_argument& refused) {
    out.skipped = refused.what();
  }
  return out;
}

}  // namespace plumbline::identity
