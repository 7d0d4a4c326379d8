// SPDX-License-Identifier: Apache-2.0
#include "properties/diagnosis/diagnose.h"

#include <algorithm>
#include <map>

namespace plumbline::diagnosis {
namespace {

// Small enough for every lane to be probed; no two sizes alike.
constexpr const char* kContracts[] = {
    R"({"id": "chunked", "scheme": "mrope", "pairing": "neox",
        "shape": {"head_dim": 24, "rotary_dim": 24, "num_heads": 4, "num_key_value_heads": 2},
        "params": {"mrope_section": [5, 4, 3]}, "spectrum": {"base": 500000}})",
    R"({"id": "in turn, neighbours", "scheme": "mrope-qwen3vl", "pairing": "gptj",
        "shape": {"head_dim": 34, "rotary_dim": 20, "num_heads": 3, "num_key_value_heads": 3},
        "params": {"mrope_section": [4, 3, 3]}, "spectrum": {"base": 1000000}})",
    R"({"id": "partial", "scheme": "mrope", "pairing": "neox",
        "shape": {"head_dim": 32, "rotary_dim": 12, "num_heads": 6, "num_key_value_heads": 3},
        "params": {"mrope_section": [3, 2, 1]}, "spectrum": {"base": 10000}})",
    R"({"id": "in turn", "scheme": "mrope-qwen3vl", "pairing": "neox",
        "shape": {"head_dim": 18, "rotary_dim": 18, "num_heads": 2, "num_key_value_heads": 1},
        "params": {"mrope_section": [4, 3, 2]}, "spectrum": {"base": 5000000}})",
    R"({"id": "yarn", "scheme": "vanilla", "pairing": "neox",
        "shape": {"head_dim": 16, "rotary_dim": 16, "num_heads": 2, "num_key_value_heads": 1},
        "spectrum": {"scaling": "yarn", "params": {"base": 150000, "rotary_dim": 16, "factor": 32,
        "original_max_position_embeddings": 4096, "beta_fast": 32, "beta_slow": 1}}})",
    R"({"id": "linear, neighbours", "scheme": "vanilla", "pairing": "gptj",
        "shape": {"head_dim": 15, "rotary_dim": 10, "num_heads": 3, "num_key_value_heads": 1},
        "spectrum": {"scaling": "linear", "params": {"base": 20000, "rotary_dim": 10,
        "factor": 4}}})",
    R"({"id": "per head", "scheme": "mhrope", "pairing": "neox",
        "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 12, "num_key_value_heads": 6},
        "params": {"mrope_section": [2, 2, 2]}, "spectrum": {"base": 500}})",
    R"({"id": "restarting ladder", "scheme": "vision-qwen2vl", "pairing": "neox",
        "shape": {"head_dim": 16, "rotary_dim": 16, "num_heads": 2, "num_key_value_heads": 2},
        "spectrum": {"base": 3000}})",
    R"({"id": "fractions", "scheme": "v2pe", "pairing": "neox",
        "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 2, "num_key_value_heads": 1},
        "params": {"visual_stride": 16}, "spectrum": {"base": 700}})",
    R"({"id": "seconds", "scheme": "mrope-abs-time", "pairing": "neox",
        "shape": {"head_dim": 12, "rotary_dim": 12, "num_heads": 2, "num_key_value_heads": 1},
        "params": {"mrope_section": [1, 2, 3]}, "spectrum": {"base": 80000}})",
};

using Names = std::set<std::string_view>;

Names intersection(const Names& a, const Names& b) {
  Names out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

// What remains possible over all contracts: of the operator, which speaks for right contracts too,
// and of each other probe, which speaks where it found something.
class Summary {
 public:
  void add_operator(const Probed& p) {
    wrong_ = wrong_ || !p.right;
    operator_names_ = first_ ? p.possible : intersection(operator_names_, p.possible);
    first_ = false;
  }
  void add(const Finding& f) {
    const Names names = [&] {
      Names out;
      for (const std::string& id : f.names) out.insert(name_of(id).id);
      return out;
    }();
    const auto found = others_.find(f.probe);
    if (found == others_.end())
      others_.emplace(f.probe, names);
    else
      found->second = intersection(found->second, names);
  }
  // Names of what was found; nothing: something stayed unexplained.
  std::optional<std::vector<std::string>> names() const {
    Names all;
    if (wrong_) {
      if (operator_names_.empty()) return std::nullopt;
      all = plainest(operator_names_);
    }
    for (const auto& [probe, names] : others_) {
      if (names.empty()) return std::nullopt;
      all.insert(names.begin(), names.end());
    }
    return std::vector<std::string>(all.begin(), all.end());
  }
  bool wrong() const { return wrong_ || !others_.empty(); }

 private:
  bool first_ = true, wrong_ = false;
  Names operator_names_;
  std::map<std::string, Names> others_;
};

// A refusal takes the probe with it, not the contract.
template <class Probe>
std::vector<Finding> attempt(const char* what, ContractReport& out, const Probe& probe) {
  try {
    return probe();
  } catch (const std::invalid_argument& refused) {
    out.left_out.push_back(std::string(what) + ": " + refused.what());
    return {};
  }
}

void probe(const Maker& given, const Contract& c, Summary& summary, ContractReport& out) {
  const Maker make = with_separate_output(given, c);
  const auto take = [&](const std::vector<Finding>& found) {
    for (const Finding& f : found) {
      summary.add(f);
      out.findings.push_back(f);
    }
  };
  out.axis_map_wanted = c.axis_letters(c.axis);
  out.pairing_wanted = c.neox ? "neox" : "gptj";
  // Of what is no number nothing can be read.
  take(probe_finite(make, c));
  if (!out.findings.empty()) return;
  take(attempt("positions", out, [&] { return probe_positions(make, c); }));
  take(probe_state(make, c));
  // What one call leaves for the next spoils every other reading.
  if (!out.findings.empty() && out.findings.back().probe == "calls one after the other") return;
  const Probed operation = probe_operator(make, c);
  summary.add_operator(operation);
  out.reading = operation.reading;
  out.axis_map = c.axis_letters(operation.reading.axis);
  if (!operation.right) {
    Finding f{"operator", "basis vectors are not turned as the contract says", {}};
    if (!operation.where.empty()) f.what += ": " + operation.where;
    for (const std::string_view id : operation.possible) f.names.emplace_back(id);
    out.findings.push_back(f);
  }
  // A stride that is known to be ignored accounts for what it leaves and writes in the gaps.
  const std::vector<Finding> strides =
      attempt("strided views", out, [&] { return probe_strides(make, c); });
  take(strides);
  if (strides.empty() || strides.front().names.empty())
    take(attempt("gaps", out, [&] { return probe_memory(make, c); }));
  std::vector<Finding> in_place = attempt("in place", out, [&] { return probe_in_place(make, c); });
  if (in_place.empty()) in_place = probe_again(make, c);
  take(in_place);
  take(attempt("adjoint", out, [&] { return probe_adjoint(make, c); }));
  if (operation.right && in_place.empty()) {
    take(probe_more_rows(make, c));
    take(attempt("values", out, [&] { return probe_values(make, c, out.legal); }));
    // Far apart there is no spare room around the rows for a kernel that is wrong already.
    if (out.findings.empty())
      take(attempt("strides above 2^32", out,
                   [&] { return probe_long_strides(make, c, out.left_out); }));
  }
}

}  // namespace

std::string_view name(Verdict v) {
  constexpr std::string_view kNames[] = {
      "right", "right, a legal variant", "wrong, named", "wrong, unnamed", "refused", "failed"};
  return kNames[static_cast<std::size_t>(v)];
}

std::vector<Case> contracts() {
  std::vector<Case> out;
  for (const char* text : kContracts) out.push_back(case_from_json(parse_json(text)));
  return out;
}

Diagnosis diagnose(const Maker& make, std::span<const Case> among, const Format& format) {
  Diagnosis out;
  Summary summary;
  std::set<std::string> legal;
  bool probed = false;
  for (const Case& c : among) {
    ContractReport report;
    const std::string id = c.id.empty() ? std::string(c.scheme->name) : c.id;
    const Summary before = summary;
    try {
      const laws::Subject subject = make();
      if (const auto reason = subject.skips(c)) throw std::invalid_argument(*reason);
      probe(make, Contract(c, format, subject.recipe(format)), summary, report);
      probed = true;
      legal.insert(report.legal.begin(), report.legal.end());
    } catch (const NoAnswer& trouble) {
      report.findings.push_back({"a call", trouble.what(), {}});
      if (out.trouble.empty()) out.trouble = trouble.what();
    } catch (const std::invalid_argument& refused) {
      report = {};
      report.skipped = refused.what();
      summary = before;
    }
    report.contract = id;
    out.contracts.push_back(std::move(report));
  }
  if (!out.trouble.empty()) {
    out.verdict = Verdict::failed;
    return out;
  }
  if (!probed) {
    out.verdict = Verdict::refused;
    return out;
  }
  if (!summary.wrong()) {
    out.verdict = legal.empty() ? Verdict::right : Verdict::legal;
    out.names.assign(legal.begin(), legal.end());
    return out;
  }
  const auto names = summary.names();
  out.verdict = Verdict::unnamed;
  if (!names) return out;
  const std::string_view first = name_of(names->front()).bug_class();
  const bool one_class = std::all_of(names->begin(), names->end(), [&](const std::string& id) {
    return name_of(id).bug_class() == first;
  });
  out.names = *names;
  if (one_class) out.verdict = Verdict::named;
  return out;
}

std::string Diagnosis::line() const {
  std::string out(diagnosis::name(verdict));
  if (verdict == Verdict::failed) return out + ": " + trouble;
  // Names of several classes are no name, but what is left to choose from.
  if (verdict == Verdict::unnamed && !names.empty()) out = "wrong; could be ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Name& n = name_of(names[i]);
    out += (i > 0                         ? "; or "
            : verdict == Verdict::unnamed ? ""
                                          : ": ") +
           std::string(n.id) + ", " + std::string(n.text);
  }
  return out;
}

}  // namespace plumbline::diagnosis
