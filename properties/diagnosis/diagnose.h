// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <stdexcept>

#include "properties/diagnosis/hypotheses.h"

// Which operator a kernel applies, and what to call it where it is not the contract's.
namespace plumbline::diagnosis {

// right; legal: right, and a variant of the roundings was recognised; named: wrong, and one class
// of bugs explains everything seen; unnamed: wrong, and none does, or several do; refused: it ran
// no contract; failed: a call did not come back with an answer.
enum class Verdict : std::uint8_t { right, legal, named, unnamed, refused, failed };
std::string_view name(Verdict v);

// What a subject throws where a call ended without an answer: it crashed, hung, or left its memory.
// The contract is given up, the others are still tried.
struct NoAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One probe that did not go as the contract says; `names` is empty where nothing explains it.
struct Finding {
  std::string probe, what;
  std::vector<std::string> names;
};
struct ContractReport {
  std::string contract;
  std::string skipped;  // why it was not probed
  Reading reading;
  std::string axis_map, axis_map_wanted, pairing_wanted;
  std::vector<Finding> findings;
  std::vector<std::string> legal;  // variants recognised
  // Probes that the kernel refused, or that this machine had no room for: "adjoint: not offered".
  std::vector<std::string> left_out;
};
struct Diagnosis {
  Verdict verdict = Verdict::right;
  std::vector<std::string> names;  // ids of Name; more than one: of one class
  std::string trouble;             // of a verdict `failed`
  std::vector<ContractReport> contracts;
  std::string line() const;  // one line for people
};

// A fresh kernel object each time it is called, so that what one probe leaves behind does not
// reach the next.
using Maker = std::function<laws::Subject()>;
// Cases small enough to be probed in full, which between them show every class: chunked, dealt and
// per-head maps, both pairings, partial widths, scalings, ladders that restart, fractions.
std::vector<Case> contracts();
// Probes with tensors of `format`. A contract's sequence plays no part but for position ids.
Diagnosis diagnose(const Maker& make, std::span<const Case> among, const Format& format);

// The probes behind it. Each returns what it saw under one contract; nothing: as the contract says.
struct Probed {
  std::vector<Finding> findings;
  std::set<std::string_view> possible;  // of the operator: what explains it, or leaves it right
  bool right = true;
  Reading reading;
  std::string where;  // which tensor, heads or rows are wrong, where others are right
};
// Whether one call of this kind is refused.
bool refuses(const laws::Subject& subject, const Contract& contract, bool adjoint, bool in_place);
// The same kernels; where they turn in place only, as ones that copy the input and turn the copy.
Maker with_separate_output(const Maker& make, const Contract& contract);
Probed probe_operator(const Maker& make, const Contract& contract);
std::vector<Finding> probe_finite(const Maker& make, const Contract& contract);
std::vector<Finding> probe_again(const Maker& make, const Contract& contract);
std::vector<Finding> probe_more_rows(const Maker& make, const Contract& contract);
std::vector<Finding> probe_state(const Maker& make, const Contract& contract);
std::vector<Finding> probe_memory(const Maker& make, const Contract& contract);
std::vector<Finding> probe_in_place(const Maker& make, const Contract& contract);
std::vector<Finding> probe_strides(const Maker& make, const Contract& contract);
// `left_out` receives a line where there is no address space for it.
std::vector<Finding> probe_long_strides(const Maker& make, const Contract& contract,
                                        std::vector<std::string>& left_out);
std::vector<Finding> probe_values(const Maker& make, const Contract& contract,
                                  std::vector<std::string>& legal);
// The first element from lane `from` on that the measured operator does not account for: another
// head, another row or the values themselves play a part.
struct Departure {
  std::size_t row;
  int head, lane;
  bool key;
  std::string place() const;  // "in lane 9 of head 1 of q, row 3"
};
std::optional<Departure> departure(const Contract& contract, const Operator& measured,
                                   const Values& in, const Values& out, int from = 0);
std::vector<Finding> probe_adjoint(const Maker& make, const Contract& contract);
std::vector<Finding> probe_positions(const Maker& make, const Contract& contract);

// Rows whose coordinates differ, and rows of text: small and large, many significant bits.
std::vector<std::vector<double>> mixed_rows(const Contract& contract);
std::vector<std::vector<double>> few_rows(const Contract& contract, std::size_t count);  // of these
std::vector<std::vector<double>> text_rows(const Contract& contract);

}  // namespace plumbline::diagnosis
