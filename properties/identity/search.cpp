// SPDX-License-Identifier: Apache-2.0
#include "properties/identity/search.h"

#include <algorithm>

#include "reference/model.h"

namespace plumbline::identity {
namespace {

using diagnosis::Contract;

// To the last bit of every correctly rounded frequency.
bool same(const Contract& a, const Contract& b) {
  if (a.pairs != b.pairs || a.neox != b.neox || a.factor != b.factor) return false;
  for (int head = 0; head < a.shape.num_key_value_heads; ++head) {
    for (int pair = 0; pair < a.pairs; ++pair) {
      const std::size_t i = a.slot(a.maps == 1 ? 0 : head, pair),
                        j = b.slot(b.maps == 1 ? 0 : head, pair);
      const double f = a.axis[i] < 0 ? 0 : a.inv_freq[i], g = b.axis[j] < 0 ? 0 : b.inv_freq[j];
      if (f != g || (f != 0 && a.axis[i] != b.axis[j])) return false;
    }
  }
  return true;
}

}  // namespace

const Search::Operation& Search::of(const Case& c) {
  const auto [at, is_new] = known_.try_emplace(key_of(c));
  Operation& out = at->second;
  if (!is_new) return out;
  out.contract = std::make_unique<Contract>(c, format_, recipe_);
  out.differences = test_(*out.contract);
  if (out.fits()) out.number = number_of(*out.contract);
  return out;
}

std::string Search::key_of(const Case& c) {
  return c.spectrum_json.dump() + std::string(name(c.pairing)) + " " + to_text(allocation(c));
}

int Search::number_of(const Contract& c) {
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    if (same(*operators_[i], c)) return static_cast<int>(i);
  }
  operators_.push_back(&c);
  return static_cast<int>(operators_.size()) - 1;
}

std::vector<std::string> Search::presets_of(const Case& c) {
  std::vector<std::string> out;
  for (const Model& m : models()) {
    if (&find_scheme(m.scheme) != c.scheme || m.pairing != c.pairing) continue;
    const HeadShape own = case_from_json(Json{{"model", m.name}}).shape;
    if (own.head_dim != c.shape.head_dim || own.rotary_dim != c.shape.rotary_dim) continue;
    try {
      const Case preset =
          case_from_json(Json{{"model", m.name},
                              {"shape",
                               {{"num_heads", c.shape.num_heads},
                                {"num_key_value_heads", c.shape.num_key_value_heads}}}});
      if (key_of(preset) == key_of(c)) out.push_back(m.name);
    } catch (const std::invalid_argument&) {
      // The preset's map does not fit these heads.
    }
  }
  return out;
}

}  // namespace plumbline::identity
