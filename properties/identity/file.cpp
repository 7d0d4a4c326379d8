// SPDX-License-Identifier: Apache-2.0
#include "properties/identity/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "golden/file.h"
#include "golden/golden.h"
#include "golden/truth.h"
#include "properties/identity/search.h"
#include "properties/laws/tuple.h"

namespace plumbline::identity {
namespace {

using diagnosis::Contract;

// Rows that are compared with every candidate, spread over the whole case.
constexpr std::size_t kRows = 128;

const Tensor* find(const StoredCase& in, const StoredCase* other, const std::string& path) {
  for (const StoredCase* from : {&in, other}) {
    if (from == nullptr) continue;
    const auto found = from->tensors.find(path);
    if (found != from->tensors.end()) return &found->second;
  }
  return nullptr;
}

// Numbers of one format, decoded once.
class Sample {
 public:
  Sample(const StoredCase& candidate, const StoredCase* golden, const DtypeInfo& d) {
    const auto text = candidate.text.find("case");
    const StoredCase* from = text != candidate.text.end() ? &candidate : golden;
    if (from == nullptr || !from->text.contains("case"))
      throw Refused("/cases/" + candidate.id +
                    " has no attribute 'case': its golden file says shape and sequence (--golden)");
    try {
      stated = case_from_json(parse_json(from->text.at("case")));
    } catch (const std::invalid_argument& e) {
      throw Refused("attribute 'case' of /cases/" + candidate.id + ": " + e.what());
    }
    const Tensor* ids = find(candidate, golden, "position_ids");
    if (ids == nullptr || ids->dtype != Dtype::f64 || ids->shape.size() != 2)
      throw Refused("dataset /cases/" + candidate.id + "/position_ids is missing");
    axes = static_cast<int>(ids->shape[0]);
    rows = ids->shape[1];
    position_ids = values_of(*ids);
    own_positions = candidate.tensors.contains("position_ids");
    read(candidate, golden, d);
    format = format_of(d.dtype);
    const std::size_t step = std::max<std::size_t>(1, rows / kRows);
    for (std::size_t row = 0; row < rows; row += step) compared.push_back(row);
    if (rows > 0 && compared.back() != rows - 1) compared.push_back(rows - 1);
  }
  bool has_tables() const { return !cos.empty(); }
  bool has_outputs() const { return !in.q.empty() || !in.k.empty(); }
  double position(const Contract& c, std::size_t slot, std::size_t row) const {
    const int a = c.axis[slot];
    return a < 0 ? 0 : position_ids[static_cast<std::size_t>(a) * rows + row];
  }

  Case stated;
  int axes = 0;
  std::size_t rows = 0;
  std::vector<double> position_ids;
  std::vector<std::size_t> compared;
  std::vector<std::string> evidence;
  Format format = binary32;
  bool own_positions = false;
  std::vector<double> cos, sin;  // [rows][table_maps][pairs]
  std::size_t table_maps = 1;
  diagnosis::Values in, out;  // [rows][heads][head_dim]; empty where there is none

 private:
  void read(const StoredCase& candidate, const StoredCase* golden, const DtypeInfo& d) {
    const std::string folder = std::string(d.name) + "/";
    const auto own = [&](const std::string& name) -> const Tensor* {
      const Tensor* t = find(candidate, nullptr, folder + name);
      return t != nullptr && t->dtype == d.dtype ? t : nullptr;
    };
    const auto size = [](const Tensor& t) {
      std::uint64_t n = 1;
      for (const std::uint64_t s : t.shape) n *= s;
      return n;
    };
    const auto pairs = static_cast<std::size_t>(stated.shape.pairs());
    const Tensor *c = own("cos"), *s = own("sin");
    if (c != nullptr && s != nullptr && c->shape == s->shape && rows * pairs > 0 &&
        size(*c) % (rows * pairs) == 0) {
      table_maps = size(*c) / (rows * pairs);
      if (table_maps == 1 ||
          table_maps == static_cast<std::size_t>(stated.shape.num_key_value_heads)) {
        cos = values_of(*c);
        sin = values_of(*s);
        evidence.push_back(folder + "cos");
        evidence.push_back(folder + "sin");
      }
    }
    for (const bool key : {false, true}) {
      const std::string which = key ? "k" : "q";
      const Tensor *to = own(which + "_out"),
                   *from = find(candidate, golden, folder + which + "_in");
      const auto heads =
          static_cast<std::size_t>(key ? stated.shape.num_key_value_heads : stated.shape.num_heads);
      if (to != nullptr && from != nullptr && to->shape != from->shape)
        throw Refused(fmt::format("/cases/{}/{}{}_out: its shape is [{}]: must be [{}]",
                                  candidate.id, folder, which, fmt::join(to->shape, ", "),
                                  fmt::join(from->shape, ", ")));
      if (to == nullptr || from == nullptr || from->dtype != d.dtype ||
          size(*to) != rows * heads * static_cast<std::size_t>(stated.shape.head_dim))
        continue;
      in.of(key) = values_of(*from);
      out.of(key) = values_of(*to);
      evidence.push_back(folder + which + "_out");
    }
  }
};

bool table_fits(const Sample& s, const Contract& c) {
  const auto pairs = static_cast<std::size_t>(c.pairs);
  for (const std::size_t row : s.compared) {
    for (std::size_t map = 0; map < std::max<std::size_t>(s.table_maps, c.maps); ++map) {
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        const std::size_t slot =
            c.slot(c.maps == 1 ? 0 : static_cast<int>(map), static_cast<int>(pair));
        const double angle = s.position(c, slot, row) * c.inv_freq[slot];
        const double tolerance =
            c.factor * (c.arithmetic + std::abs(angle) * c.relative[slot]) + c.absolute;
        const std::size_t at = (row * s.table_maps + (s.table_maps == 1 ? 0 : map)) * pairs + pair;
        if (!(std::abs(s.cos[at] - c.factor * std::cos(angle)) <= tolerance &&
              std::abs(s.sin[at] - c.factor * std::sin(angle)) <= tolerance))
          return false;
      }
    }
  }
  return true;
}

bool rotation_fits(const Sample& s, const Contract& c, bool key) {
  const std::vector<double>&x = s.in.of(key), &y = s.out.of(key);
  // A quarter of what the format ends at.
  const double large = std::ldexp(1.0, -s.format.emin);
  const auto width = static_cast<std::size_t>(c.shape.head_dim);
  for (const std::size_t row : s.compared) {
    for (int head = 0; head < c.heads(key); ++head) {
      const std::size_t base =
          (row * static_cast<std::size_t>(c.heads(key)) + static_cast<std::size_t>(head)) * width;
      for (int pair = 0; pair < c.pairs; ++pair) {
        const std::size_t slot = c.slot(c.map_of(head, key), pair);
        const std::size_t a = base + static_cast<std::size_t>(c.neox ? pair : 2 * pair),
                          b = base +
                              static_cast<std::size_t>(c.neox ? pair + c.pairs : 2 * pair + 1);
        const double angle = s.position(c, slot, row) * c.inv_freq[slot],
                     cosine = c.factor * std::cos(angle), sine = c.factor * std::sin(angle);
        const double size = std::hypot(x[a], x[b]) * c.factor;
        const double tolerance =
            size * (c.arithmetic + std::abs(angle) * c.relative[slot]) + c.absolute;
        // What overflows says nothing of the angle, and what is not finite should have been.
        if (!std::isfinite(tolerance)) continue;
        if (!std::isfinite(y[a]) || !std::isfinite(y[b])) {
          if (size < large) return false;
          continue;
        }
        if (std::abs(y[a] - (x[a] * cosine - x[b] * sine)) > tolerance ||
            std::abs(y[b] - (x[b] * cosine + x[a] * sine)) > tolerance)
          return false;
      }
      for (std::size_t lane = static_cast<std::size_t>(c.shape.rotary_dim); lane < width; ++lane) {
        if (std::isfinite(x[base + lane]) && x[base + lane] != y[base + lane]) return false;
      }
    }
  }
  return true;
}

// Whether the scheme places the tokens of the stated sequence where the file has them.
class Placing {
 public:
  explicit Placing(const Sample& sample) : sample_(sample) {}
  bool fits(const Case& c) {
    const std::string key = std::string(c.scheme->name) + case_to_json(c)["params"].dump();
    const auto [at, is_new] = known_.try_emplace(key, false);
    if (is_new) at->second = compare(c);
    return at->second;
  }

 private:
  bool compare(Case c) const {
    const Case& stated = sample_.stated;
    c.sequence = stated.sequence;
    c.attention_mask = stated.attention_mask;
    c.pad_left = stated.pad_left;
    c.pad_right = stated.pad_right;
    c.windows = stated.windows;
    c.float32 = stated.float32;
    try {
      const PositionTable ids = positions(c);
      if (ids.rows() != sample_.rows || (ids.axes != sample_.axes && ids.axes != 1)) return false;
      for (int axis = 0; axis < sample_.axes; ++axis) {
        for (std::size_t row = 0; row < sample_.rows; ++row) {
          const auto own = static_cast<std::size_t>(ids.axes == 1 ? 0 : axis);
          if (laws::nearest_double(ids.at(own, row)) !=
              sample_.position_ids[static_cast<std::size_t>(axis) * sample_.rows + row])
            return false;
        }
      }
      return true;
    } catch (const std::invalid_argument&) {
      return false;  // no such segment in that scheme
    }
  }
  const Sample& sample_;
  std::map<std::string, bool> known_;
};

// The most exact tables and the most exact outputs that there are.
std::vector<Sample> samples_of(const StoredCase& candidate, const StoredCase* golden) {
  std::vector<Sample> out;
  bool tables = false, outputs = false;
  for (const DtypeInfo& d : {kDtypes[0], kDtypes[1], kDtypes[3], kDtypes[2]}) {
    Sample s(candidate, golden, d);
    if (s.rows == 0 || !((s.has_tables() && !tables) || (s.has_outputs() && !outputs))) continue;
    tables = tables || s.has_tables();
    outputs = outputs || s.has_outputs();
    out.push_back(std::move(s));
  }
  return out;
}

void note(std::vector<std::string>& names, const Case& c) {
  const std::string name(c.scheme->name);
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

FileIdentified identify_file(const StoredCase& candidate, const StoredCase* golden,
                             const std::function<std::optional<Recipe>(const Format&)>& recipe) {
  FileIdentified out;
  out.id = candidate.id;
  const std::vector<Sample> samples = samples_of(candidate, golden);
  if (samples.empty()) {
    out.skipped = "no tables and no rotated outputs";
    return out;
  }
  const Sample& sample = samples.front();
  if (const auto reason = laws::not_by_pairs(sample.stated)) {
    out.skipped = "its case says that " + *reason + ", and only turns of pairs are searched";
    return out;
  }
  out.placed = sample.own_positions;
  if (out.placed) out.evidence.emplace_back("position_ids");
  for (std::size_t i = sample.rows; i < sample.position_ids.size(); ++i)
    out.axes_differ =
        out.axes_differ || sample.position_ids[i] != sample.position_ids[i % sample.rows];
  std::vector<Search> searches;
  for (const Sample& one : samples) {
    out.evidence.insert(out.evidence.end(), one.evidence.begin(), one.evidence.end());
    out.pairing_seen = out.pairing_seen || one.has_outputs();
    searches.emplace_back(one.format, recipe(one.format), [&one](const Contract& c) {
      const bool fits = (!one.has_tables() || table_fits(one, c)) &&
                        (one.in.q.empty() || rotation_fits(one, c, false)) &&
                        (one.in.k.empty() || rotation_fits(one, c, true));
      return fits ? std::vector<std::string>{} : std::vector<std::string>{"other numbers"};
    });
  }
  Placing placing(sample);
  std::vector<std::string> turning, placed;
  for (const Pairing pairing : {Pairing::neox, Pairing::gptj}) {
    if (!out.pairing_seen && pairing != sample.stated.pairing) continue;
    Recovered seen;
    seen.pairing = name(pairing);
    seen.rotary_dim = sample.stated.shape.rotary_dim;
    seen.pairs = seen.rotary_dim / 2;
    seen.axes = sample.axes;
    seen.axis.assign(static_cast<std::size_t>(seen.pairs), -1);
    seen.inv_freq.assign(seen.axis.size(), 0);
    seen.error = seen.inv_freq;
    for (const Candidate& map : maps(sample.stated, seen)) {
      const bool places = out.placed && placing.fits(map.c);
      if (places) note(placed, map.c);
      if (against(allocation(map.c), seen) > 0) continue;
      for (const Candidate& c : with_spectra(map, sample.stated, seen)) {
        if (!std::all_of(searches.begin(), searches.end(),
                         [&](Search& search) { return search.of(c.c).fits(); }))
          continue;
        const Search::Operation& o = searches.front().of(c.c);
        note(turning, c.c);
        const bool listed =
            std::any_of(out.matches.begin(), out.matches.end(), [&](const Match& m) {
              return m.candidate.c.scheme == c.c.scheme && m.operation == o.number;
            });
        if (!listed && (places || !out.placed))
          out.matches.push_back({c, Search::presets_of(c.c), o.number});
      }
    }
  }
  const auto is_match = [&](const std::string& name) {
    return std::any_of(out.matches.begin(), out.matches.end(),
                       [&](const Match& m) { return m.candidate.c.scheme->name == name; });
  };
  for (const std::string& name : turning) {
    if (!is_match(name)) out.turn_only.push_back(name);
  }
  for (const std::string& name : placed) {
    if (!is_match(name)) out.place_only.push_back(name);
  }
  return out;
}

}  // namespace plumbline::identity
