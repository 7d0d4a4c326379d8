// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "golden/truth.h"
#include "properties/matrix/matrix.h"

namespace plumbline::matrix {
namespace {

// A case of a scheme as a kernel of another scheme would take it; nothing: it cannot.
std::optional<Case> as_scheme(const Case& c, const Scheme& other) {
  const Json given = case_to_json(c);
  Json object = fitted_case(other, c.shape);
  const Json fitted = object.value("params", Json::object()),
             knobs = given.value("params", Json::object());
  for (const char* key : {"sequence", "spectrum", "pairing", "attention_mask", "padding", "window"})
    if (given.contains(key)) object[key] = given[key];
  object["shape"] = given["shape"];
  const auto made = [&]() -> std::optional<Case> {
    try {
      const Case out = case_from_json(object);
      if (laws::not_by_pairs(out) || positions(out).rows() != positions(c).rows())
        return std::nullopt;
      return out;
    } catch (const std::invalid_argument&) {
      return std::nullopt;
    }
  };
  for (const auto& [knob, value] : knobs.items()) {
    const std::string_view name = knob;
    const bool shared = std::any_of(other.parameters.begin(), other.parameters.end(),
                                    [&](const ParameterSpec& p) { return p.name == name; });
    if (shared) object["params"][knob] = value;
  }
  if (const auto closest = made()) return closest;
  object["params"] = fitted;
  return made();
}

laws::Subject kernel_of(const Case& b) {
  laws::Subject out = mutants::faultless();
  out.positions = [b](const Case&) { return positions(b); };
  out.rotate = [b, rotate = out.rotate](const laws::Call& call) {
    rotate({b, call.ids, call.format, call.adjoint, call.q, call.k});
  };
  out.own_positions = true;
  return out;
}

// What the cases of a suite are for, by index.
class Uses {
 public:
  explicit Uses(const Suite& suite) : suite_(suite), of_(suite.cases().size()) {
    add_mutants();
    add_pairs();
  }
  Cover smallest() const;

 private:
  using Pair = std::pair<std::string_view, std::string_view>;
  static Pair pair(std::string_view a, std::string_view b) {
    return a < b ? Pair(a, b) : Pair(b, a);
  }
  void add_mutants() {
    for (const mutants::Mutant& m : mutants::mutants()) {
      if (m.kind != mutants::Kind::wrong) continue;
      for (std::size_t i = 0; i < of_.size(); ++i) {
        const laws::Subject subject = mutants::subject_of(m);
        const StoredCase& golden = suite_.cases()[i];
        if (fails(golden, candidate_of(subject, golden), subject)) of_[i].insert(mutants_);
      }
      ++mutants_;
    }
  }
  void add_pairs() {
    for (std::size_t i = 0; i < of_.size(); ++i) {
      const StoredCase& golden = suite_.cases()[i];
      const Case c = Truth(golden).c;
      std::vector<std::string_view> pass{c.scheme->name}, fail;
      for (const Scheme& other : schemes()) {
        const auto b = &other == c.scheme ? std::nullopt : as_scheme(c, other);
        if (!b) continue;
        const laws::Subject subject = kernel_of(*b);
        (fails(golden, candidate_of(subject, golden), subject) ? fail : pass).push_back(other.name);
      }
      const auto number = [&](std::string_view x, std::string_view y) {
        return pairs_.emplace(pair(x, y), pairs_.size()).first->second;
      };
      for (const std::string_view x : pass) {
        for (const std::string_view y : pass) {
          if (x < y) number(x, y);
        }
        for (const std::string_view y : fail) of_[i].insert(mutants_ + number(x, y));
      }
    }
  }
  std::size_t bytes(std::size_t i) const {
    std::size_t out = 0;
    for (const auto& [name, tensor] : suite_.cases()[i].tensors) out += tensor.bytes.size();
    return out;
  }
  std::set<std::size_t> united(const std::set<std::size_t>& cases) const {
    std::set<std::size_t> out;
    for (const std::size_t i : cases) out.insert(of_[i].begin(), of_[i].end());
    return out;
  }
  int count(const std::set<std::size_t>& uses, bool of_mutants) const {
    return static_cast<int>(std::count_if(
        uses.begin(), uses.end(), [&](std::size_t use) { return (use < mutants_) == of_mutants; }));
  }

  const Suite& suite_;
  std::vector<std::set<std::size_t>> of_;  // mutants first, then pairs
  std::size_t mutants_ = 0;
  std::map<Pair, std::size_t> pairs_;
};

Cover Uses::smallest() const {
  std::set<std::size_t> every;
  for (std::size_t i = 0; i < of_.size(); ++i) every.insert(i);
  const std::set<std::size_t> wanted = united(every);
  std::set<std::size_t> open = wanted, chosen;
  std::vector<std::size_t> order;
  while (!open.empty()) {
    std::size_t best = 0;
    std::ptrdiff_t most = 0;
    for (std::size_t i = 0; i < of_.size(); ++i) {
      const auto fresh = std::count_if(of_[i].begin(), of_[i].end(),
                                       [&](std::size_t use) { return open.contains(use); });
      if (fresh > most || (fresh == most && fresh > 0 && bytes(i) < bytes(best)))
        most = fresh, best = i;
    }
    chosen.insert(best);
    order.push_back(best);
    for (const std::size_t use : of_[best]) open.erase(use);
  }
  // The largest first.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return bytes(a) != bytes(b) ? bytes(a) > bytes(b) : a < b;
  });
  for (const std::size_t i : order) {
    std::set<std::size_t> rest = chosen;
    rest.erase(i);
    if (united(rest) == wanted) chosen = rest;
  }
  Cover out;
  for (const std::size_t i : chosen) out.cases.push_back(suite_.cases()[i].id);
  out.possible = count(wanted, true);
  out.apart_possible = count(wanted, false);
  const std::set<std::size_t> reached = united(chosen);
  out.killed = count(reached, true);
  out.apart = count(reached, false);
  for (const auto& [names, index] : pairs_) {
    if (!wanted.contains(mutants_ + index))
      out.alike.push_back(std::string(names.first) + " = " + std::string(names.second));
  }
  for (const Scheme& a : schemes()) {
    for (const Scheme& b : schemes())
      out.unfit += a.name < b.name && !pairs_.contains(pair(a.name, b.name)) ? 1 : 0;
  }
  return out;
}

}  // namespace

Cover smallest_cover(const Suite& suite) { return Uses(suite).smallest(); }

}  // namespace plumbline::matrix
