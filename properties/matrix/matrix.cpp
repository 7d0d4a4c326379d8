// SPDX-License-Identifier: Apache-2.0
#include "properties/matrix/matrix.h"

#include <algorithm>

#include "golden/compare.h"
#include "golden/golden.h"
#include "golden/truth.h"
#include "properties/laws/draw.h"
#include "properties/laws/run.h"
#include "properties/laws/tuple.h"

namespace plumbline::matrix {
namespace {

enum Column : std::size_t { kForward, kGolden, kText, kImages, kLaws, kProbes };

RecipeFor recipe_of(const laws::Subject& subject) {
  return [&subject](const Format& f) { return subject.recipe(f).value_or(default_recipe(f)); };
}

// The coordinates of a case as the file holds them, and as the kernel's own design places them.
PositionTable ids_of(const laws::Subject& subject, const Case& c, const StoredCase& golden) {
  if (subject.own_positions) return subject.positions(c);
  PositionTable out = laws::table_of(c, {});
  const Tensor& ids = golden.tensors.at("position_ids");
  const std::vector<double> values = values_of(ids);
  out.axes = static_cast<int>(ids.shape[0]);
  for (std::uint64_t row = 0; row < ids.shape[1]; ++row)
    out.token_index.push_back(static_cast<std::int64_t>(row));
  for (const double p : values) out.position_ids.emplace_back(from_double(p));
  return out;
}

bool equal_on_row(const StoredCase& golden, std::size_t row) {
  const Tensor& ids = golden.tensors.at("position_ids");
  const std::vector<double> p = values_of(ids);
  for (std::size_t a = 1; a < ids.shape[0]; ++a) {
    if (p[a * ids.shape[1] + row] != p[row]) return false;
  }
  return true;
}

bool is_output(std::string_view dataset, bool with_adjoint) {
  return dataset.ends_with("_out") || (with_adjoint && dataset.ends_with("_adj"));
}

// The golden with some rows of its outputs in the candidate's place, so that only the others are
// judged.
StoredCase only_rows(const StoredCase& golden, StoredCase candidate, bool equal) {
  for (auto& [name, tensor] : candidate.tensors) {
    if (tensor.shape.empty() || tensor.shape[0] == 0) continue;
    const std::size_t row_bytes = tensor.bytes.size() / tensor.shape[0];
    const Tensor& truth = golden.tensors.at(name);
    for (std::size_t row = 0; row < tensor.shape[0]; ++row) {
      if (equal_on_row(golden, row) == equal) continue;
      std::copy_n(truth.bytes.begin() + static_cast<std::ptrdiff_t>(row * row_bytes), row_bytes,
                  tensor.bytes.begin() + static_cast<std::ptrdiff_t>(row * row_bytes));
    }
  }
  return candidate;
}

StoredCase without_adjoint(StoredCase candidate) {
  std::erase_if(candidate.tensors,
                [](const auto& entry) { return !is_output(entry.first, false); });
  return candidate;
}

// The first law that a case breaks; nothing: all hold.
std::string broken_law(const laws::Subject& subject, int cases, std::uint64_t seed) {
  const ThreadCaches caches;
  for (const laws::Family& family : laws::families()) {
    for (const laws::Law& law : family.laws) {
      if (!law.rotates && !subject.own_positions) continue;
      const laws::Random root = laws::Random(seed).stream(law.name);
      for (const Scheme& scheme : schemes()) {
        if (law.about != nullptr && !law.about(scheme)) continue;
        for (int i = 0; i < cases; ++i) {
          laws::Random random = root.stream(scheme.name).stream(std::to_string(i));
          std::string refusal;
          const auto object = laws::draw_case(random, scheme, law.reach, refusal);
          if (!object) continue;
          const Case c = case_from_json(*object);
          const Json aux = law.draw == nullptr ? Json::object() : law.draw(random, c);
          if (laws::judge(law, subject, c, aux).verdict == laws::Verdict::broken)
            return std::string(law.name);
        }
      }
    }
  }
  return {};
}

bool basis_differs(const mutants::Mutant& m) {
  for (const Case& c : diagnosis::contracts()) {
    const diagnosis::Contract contract(c, binary32, default_recipe(binary32));
    const auto rows = diagnosis::mixed_rows(contract);
    for (const bool adjoint : {false, true}) {
      const diagnosis::Operator a(mutants::subject_of(m), contract, rows, adjoint),
          b(mutants::faultless(), contract, rows, adjoint);
      if (a.entries() != b.entries()) return true;
    }
  }
  return false;
}

}  // namespace

bool fails(const StoredCase& golden, const StoredCase& candidate, const laws::Subject& subject) {
  const CaseResult r = compare(golden, candidate, recipe_of(subject));
  return std::any_of(r.classes.begin(), r.classes.end(),
                     [](const ClassResult& d) { return d.failures > 0; });
}

StoredCase candidate_of(const laws::Subject& subject, const StoredCase& golden) {
  const Truth truth(golden);
  const HeadShape& s = truth.c.shape;
  const PositionTable ids = ids_of(subject, truth.c, golden);
  StoredCase out;
  out.id = golden.id;
  for (const DtypeInfo& d : kDtypes) {
    const std::string folder = std::string(d.name) + "/";
    if (!golden.tensors.contains(folder + "q_in")) continue;
    const Tensor &q = golden.tensors.at(folder + "q_in"), &k = golden.tensors.at(folder + "k_in");
    for (const auto& [suffix, adjoint] : {std::pair("_out", false), std::pair("_adj", true)}) {
      if (!golden.tensors.contains(folder + "q" + suffix)) continue;
      // A spare row for kernels that write past the end.
      const auto room = [&](const Tensor& t) {
        return std::vector<std::byte>(t.bytes.size() +
                                      (t.shape[1] + 1) * t.shape[2] * info(t.dtype).bytes);
      };
      std::vector<std::byte> q_in = room(q), k_in = room(k), q_out = room(q), k_out = room(k);
      std::copy(q.bytes.begin(), q.bytes.end(), q_in.begin());
      std::copy(k.bytes.begin(), k.bytes.end(), k_in.begin());
      const laws::Strides of_q{s.num_heads * s.head_dim, s.head_dim},
          of_k{s.num_key_value_heads * s.head_dim, s.head_dim};
      subject.rotate({truth.c,
                      ids,
                      format_of(d.dtype),
                      adjoint,
                      {q_in.data(), q_out.data(), of_q, of_q},
                      {k_in.data(), k_out.data(), of_k, of_k}});
      q_out.resize(q.bytes.size());
      k_out.resize(k.bytes.size());
      out.tensors[folder + "q" + suffix] = {q.dtype, q.shape, std::move(q_out)};
      out.tensors[folder + "k" + suffix] = {k.dtype, k.shape, std::move(k_out)};
    }
  }
  return out;
}

bool Score::any() const { return std::any_of(killed.begin(), killed.end(), std::identity()); }

bool Score::named_right() const {
  using diagnosis::Verdict;
  if (mutant->kind != mutants::Kind::wrong)
    return diagnosis.verdict == Verdict::right || diagnosis.verdict == Verdict::legal;
  return diagnosis.verdict == Verdict::named &&
         std::all_of(diagnosis.names.begin(), diagnosis.names.end(), [&](const std::string& id) {
           return diagnosis::name_of(id).bug_class() == mutant->bug_class();
         });
}

bool Score::misnamed() const {
  return diagnosis.verdict == diagnosis::Verdict::named && !named_right();
}

Suite::Suite() {
  for (const GoldenCase& g : suite("smoke")) {
    if (laws::not_by_pairs(g.c)) continue;
    cases_.push_back(generate(g, 1).stored);
  }
}

Score score(const mutants::Mutant& m, const Suite& suite, const Options& options) {
  Score out;
  out.mutant = &m;
  for (const StoredCase& golden : suite.cases()) {
    const laws::Subject subject = mutants::subject_of(m);
    const StoredCase all = candidate_of(subject, golden),
                     right = candidate_of(mutants::faultless(), golden);
    for (const auto& [name, tensor] : right.tensors)
      out.differs = out.differs || tensor.bytes != all.tensors.at(name).bytes;
    const StoredCase forward = without_adjoint(all);
    out.killed[kForward] = out.killed[kForward] || fails(golden, forward, subject);
    out.killed[kGolden] = out.killed[kGolden] || fails(golden, all, subject);
    if (!out.killed[kText])
      out.killed[kText] = fails(golden, only_rows(golden, forward, true), subject);
    if (!out.killed[kImages])
      out.killed[kImages] = fails(golden, only_rows(golden, forward, false), subject);
  }
  if (options.laws) {
    out.law = broken_law(mutants::subject_of(m), options.law_cases, options.seed);
    out.killed[kLaws] = !out.law.empty();
  }
  out.diagnosis = diagnosis::diagnose([&m] { return mutants::subject_of(m); },
                                      diagnosis::contracts(), binary32);
  out.killed[kProbes] = out.diagnosis.verdict == diagnosis::Verdict::named ||
                        out.diagnosis.verdict == diagnosis::Verdict::unnamed;
  if (!out.differs) out.differs = basis_differs(m);
  return out;
}

Totals totals(const std::vector<Score>& scores) {
  Totals out;
  for (const Score& s : scores) {
    ++out.mutants;
    if (s.misnamed()) ++out.misnamed;
    if (s.mutant->kind == mutants::Kind::legal) ++out.legal;
    // No bit anywhere: said by the measurement, not by the row.
    if (!s.differs && !s.any() && s.mutant->kind != mutants::Kind::legal) ++out.equivalent;
    if (s.mutant->kind == mutants::Kind::legal || (!s.differs && !s.any())) continue;
    ++out.wrong;
    if (s.any()) ++out.killed;
    if (s.named_right()) ++out.named;
    for (std::size_t i = 0; i < kCheckCount; ++i) out.by_check[i] += s.killed[i] ? 1 : 0;
  }
  return out;
}

}  // namespace plumbline::matrix
