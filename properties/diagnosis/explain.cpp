// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <stdexcept>

#include "properties/diagnosis/hypothesis.h"

namespace plumbline::diagnosis {
namespace {

// Named by a signature or by other stages than the operator's.
constexpr Name kSignatures[] = {
    {"M06c", "rows after the last token are stored"},
    {"M09e", "partner at head_dim / 2 on the way back"},
    {"M11a", "lanes up to the next power of two are rotated"},
    {"M11b", "pass-through lanes are not copied to a separate output"},
    {"M11d", "pass-through lanes are read as if the input were packed"},
    {"M15a", "the token stride is ignored"},
    {"M15b", "the head stride is ignored"},
    {"M15c", "the token stride of k is ignored"},
    {"M15d", "the head stride of the output is ignored"},
    {"M15e", "the token stride of the output is ignored"},
    {"M16a", "element offsets in 32 bits"},
    {"M16b", "a head past the last one is stored"},
    {"M17a", "in place, the second member is computed from the new first"},
    {"M17b", "in place, the same on some runs only"},
    {"M21b", "sin and cos are good near zero only"},
    {"M22a", "legal: products rounded to the storage type"},
    {"M22b", "legal: a fused multiply-add"},
    {"M25a", "frequencies of a long call are kept for short ones"},
    {"M25d", "the table of an earlier call is used again"},
    {"M26a", "the adjoint is the forward rotation"},
    {"M26b", "the adjoint has the other pairing"},
    {"M26c", "the adjoint gives zeros"},
    {"M27a", "text behind media stands at its plain index"},
    {"M27b", "a later chunk starts at zero"},
    {"M27c", "a chunk's offset is counted twice"},
    {"M27d", "text between media stands as if behind all of them"},
    {"M27e", "a later chunk reads the prompt's first ids"},
    {"M28a", "an image advances the cursor by its token count"},
    {"M28c", "seconds between frames lose their fraction"},
    {"M28d", "rows and columns count patches before merging"},
    {"M28e", "cells of a block in another order"},
};

// Right below rotary_dim, moved up to the next power of two, untouched beyond.
bool unmasked(const Contract& c, const Operator& m) {
  const int from = c.shape.rotary_dim,
            to = static_cast<int>(std::bit_ceil(static_cast<unsigned>(from)));
  if (to == from || to > c.shape.head_dim) return false;
  bool moved = false;
  for (std::size_t row = 0; row < m.rows(); ++row) {
    for (const bool key : {false, true}) {
      for (int head = 0; head < c.heads(key); ++head) {
        for (int out = 0; out < c.shape.head_dim; ++out) {
          for (int in = 0; in < c.shape.head_dim; ++in) {
            const double x = m.at(row, head, key, out, in), same = out == in ? 1 : 0;
            const bool edge = out >= from && out < to && in < to;
            if (out >= from && !edge && x != same) return false;
            if (edge) moved = moved || x != same;
            if (out < from && in >= from && x != 0) return false;
          }
        }
      }
    }
  }
  if (!moved) return false;
  // The rest as the contract has it: the edge is laid over the measured operator.
  Model right(c, m.tuples);
  return right.fits_below(m, from);
}

}  // namespace

const Name& name_of(std::string_view id) {
  for (const Hypothesis& h : hypotheses()) {
    if (h.name.id == id) return h.name;
  }
  for (const Name& n : kSignatures) {
    if (n.id == id) return n;
  }
  throw std::logic_error("no name " + std::string(id));
}

std::set<std::string_view> explain(const Contract& contract, std::span<const Operator> calls,
                                   const Reading& reading, std::optional<bool> only) {
  std::set<std::string_view> out;
  const auto all = [&](const auto& holds) {
    return std::all_of(calls.begin(), calls.end(), holds);
  };
  const auto model_of = [&](const Operator& m) {
    Model model(contract, m.tuples);
    model.only = only;
    return model;
  };
  const bool right = all([&](const Operator& m) { return model_of(m).fits(m); });
  if (right) out.insert({"right", "M11a", "M21b"});
  for (const Hypothesis& h : hypotheses()) {
    const bool fits = (right && h.from_reading) || all([&](const Operator& m) {
                        Model model = model_of(m);
                        const bool differs = std::any_of(
                            m.tuples.begin(), m.tuples.end(), [](const std::vector<double>& tuple) {
                              return std::adjacent_find(tuple.begin(), tuple.end(),
                                                        std::not_equal_to<>()) != tuple.end();
                            });
                        return h.change(model, {contract, m, reading, differs}) && model.fits(m);
                      });
    if (fits) out.insert(h.name.id);
  }
  if (!right && !only && all([&](const Operator& m) { return unmasked(contract, m); }))
    out.insert("M11a");
  if (!right && reading.good_near_zero) out.insert("M21b");
  return out;
}

std::set<std::string_view> plainest(std::set<std::string_view> names) {
  constexpr std::pair<std::string_view, std::string_view> kPlainer[] = {
      {"M01a", "M04a"}, {"M04z", "M04a"}, {"M07a", "M07c"}, {"M07a", "M07d"},
      {"M23a", "M23d"}, {"M24a", "M24c"}, {"M24b", "M24c"}};
  for (const auto& [plain, read_off] : kPlainer) {
    if (names.contains(plain)) names.erase(read_off);
  }
  return names;
}

}  // namespace plumbline::diagnosis
