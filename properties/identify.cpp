// SPDX-License-Identifier: Apache-2.0
// `identify`: a kernel that does what it is asked is found under every scheme and preset, one that
// does another scheme whatever it is asked is found as that one, and what is listed is the same
// operator.
#include <gtest/gtest.h>

#include <iostream>

#include "properties/identity/identity.h"
#include "properties/identity_support.h"
#include "properties/mutants/mutant.h"
#include "reference/model.h"

namespace plumbline::test {
namespace {

using identity::Identified;
using mutants::State;
using mutants::Work;

const HeadShape kShape{16, 12, 4, 2};

std::optional<Case> fitted(const Scheme& s, Json params = Json::object()) {
  Json object = fitted_case(s, kShape);
  object["sequence"] = Json::array();
  for (const auto& [key, value] : params.items()) object["params"][key] = value;
  const Case c = case_from_json(object);
  if (laws::not_by_pairs(c)) return std::nullopt;
  return c;
}

std::vector<Case> every_scheme() {
  std::vector<Case> out;
  for (const Scheme& s : schemes()) {
    if (const auto c = fitted(s)) out.push_back(*c);
  }
  return out;
}
std::vector<Case> every_preset() {
  std::vector<Case> out;
  for (const Model& m : models())
    out.push_back(case_from_json(Json{{"id", m.name},
                                      {"model", m.name},
                                      {"shape", {{"num_heads", 2}, {"num_key_value_heads", 1}}}}));
  return out;
}

void expect_only_equals(const Identified& i, const Case& truth) {
  for (const identity::Match& m : i.matches)
    EXPECT_TRUE(one_operator(m.candidate.c, truth))
        << truth.scheme->name << " is listed as " << case_to_json(m.candidate.c).dump();
}
bool lists(const Identified& i, const Scheme* s) {
  return std::any_of(i.matches.begin(), i.matches.end(),
                     [&](const auto& m) { return m.candidate.c.scheme == s; });
}
std::string explained(const Identified& i) {
  std::string out = i.id + " " + i.skipped + " pairing " + i.seen.pairing + " axes " + i.axis_map;
  for (const std::string& d : i.differences) out += "\n  " + d;
  return out;
}

const Recipe kDouble = parse_recipe("f64_table");

TEST(Identify, AFaultlessKernelIsWhatItIsAskedToBe) {
  std::vector<Case> all = every_scheme();
  for (const Case& c : every_preset()) all.push_back(c);
  std::size_t listed = 0;
  for (const Case& c : all) {
    const Identified i =
        identity::identify([] { return mutants::faultless(kDouble); }, c, binary64);
    EXPECT_TRUE(i.as_asked) << c.scheme->name << ": " << explained(i);
    EXPECT_TRUE(lists(i, c.scheme)) << c.scheme->name;
    expect_only_equals(i, c);
    if (!c.model.empty()) {
      EXPECT_EQ(i.matches.at(0).presets.at(0), c.model);
    }
    listed += i.matches.size();
  }
  std::cout << all.size() << " schemes and presets, " << listed << " listed\n";
}

// A coarser recipe may leave more than one operator possible, and never loses the right one.
TEST(Identify, InEveryStorageThePresetIsAmongThem) {
  const auto presets = every_preset();
  for (std::size_t f = 0; f < std::size(kFormats); ++f) {
    const Format& format = kFormats[f];
    // Each preset in one format.
    for (std::size_t p = f; p < presets.size(); p += std::size(kFormats)) {
      const Case& c = presets[p];
      const Identified i = identity::identify([] { return mutants::faultless(); }, c, format);
      EXPECT_TRUE(i.as_asked) << format.name << ", " << explained(i);
    }
  }
}

// A kernel that does one case whatever it is asked.
laws::Subject fixed(const Case& does) {
  laws::Subject out = mutants::faultless(kDouble);
  out.rotate = [inner = out.rotate, does](const laws::Call& call) {
    Case c = does;
    c.shape.num_heads = call.c.shape.num_heads;
    c.shape.num_key_value_heads = call.c.shape.num_key_value_heads;
    inner({c, call.ids, call.format, call.adjoint, call.q, call.k});
  };
  return out;
}

int axes_of(const Case& c) { return design_of(*c.scheme, c.parameters).axes; }

TEST(Identify, AKernelOfAnotherSchemeIsFoundAsThatOne) {
  const std::vector<Case> all = every_scheme();
  int tried = 0;
  for (const Case& does : all) {
    for (const Case& asked : all) {
      if (axes_of(asked) != axes_of(does) || asked.shape.num_heads != does.shape.num_heads ||
          asked.shape.rotary_dim != does.shape.rotary_dim || one_operator(asked, does))
        continue;
      const Identified i = identity::identify([&] { return fixed(does); }, asked, binary64);
      EXPECT_FALSE(i.as_asked) << does.scheme->name << " asked as " << asked.scheme->name;
      EXPECT_TRUE(lists(i, does.scheme))
          << does.scheme->name << " asked as " << asked.scheme->name << ": " << explained(i);
      expect_only_equals(i, does);
      ++tried;
      break;
    }
  }
  std::cout << tried << " of " << all.size() << " schemes asked as another\n";
  EXPECT_GT(2 * tried, static_cast<int>(all.size()));
}

// Sections that are no preset's and nobody's default.
TEST(Identify, SectionsAreReadOff) {
  int tried = 0;
  for (const Scheme& s : schemes()) {
    const bool sectioned = std::any_of(s.parameters.begin(), s.parameters.end(), [](const auto& p) {
      return p.name == "mrope_section" && p.kind == Kind::section;
    });
    if (!sectioned) continue;
    std::optional<Case> does;
    try {
      does = fitted(s, Json{{"mrope_section", {"1", "1", "4"}}});
    } catch (const std::invalid_argument&) {
    }
    const auto asked = fitted(s);
    if (!does || !asked || one_operator(*does, *asked)) continue;
    const Identified i = identity::identify([&] { return fixed(*does); }, *asked, binary64);
    EXPECT_TRUE(lists(i, &s)) << s.name << ": " << explained(i);
    expect_only_equals(i, *does);
    ++tried;
  }
  std::cout << tried << " sectioned schemes\n";
  EXPECT_GT(tried, 0);
}

TEST(Identify, BaseAndFactorAreReadOff) {
  // The preset of the narrowest head.
  const auto presets = every_preset();
  const Case asked = *std::min_element(
      presets.begin(), presets.end(),
      [](const auto& a, const auto& b) { return a.shape.head_dim < b.shape.head_dim; });
  for (const char* spectrum :
       {R"({"base": 123400})", R"({"scaling": "linear", "params": {"base": 77000, "factor": 6}})",
        R"({"scaling": "yarn", "params": {"base": 250000, "factor": 12,
            "original_max_position_embeddings": 4096, "beta_fast": 32, "beta_slow": 1,
            "truncate": false}})",
        R"({"scaling": "llama3", "params": {"base": 640000, "factor": 5, "low_freq_factor": 1,
            "high_freq_factor": 4, "original_max_position_embeddings": 8192}})"}) {
    Json object = case_to_json(asked);
    for (const char* field : {"composition", "model", "id"}) object.erase(field);
    object["spectrum"] = parse_json(spectrum);
    const Case does = case_from_json(object);
    const Identified i = identity::identify([&] { return fixed(does); }, asked, binary64);
    EXPECT_FALSE(i.matches.empty()) << spectrum << ": " << explained(i);
    expect_only_equals(i, does);
  }
}

TEST(Identify, WhatIsInNoRegistryIsNotFound) {
  struct Row {
    const char* name;
    void (*edit)(Work&, State&);
  };
  const Row rows[] = {
      {"ladder in reverse",
       [](Work& w, State&) { std::reverse(w.inv_freq.begin(), w.inv_freq.end()); }},
      {"one frequency a thousandth larger", [](Work& w, State&) { w.inv_freq[1] *= 1.001; }},
      {"backwards", [](Work& w, State&) { w.sign = -1; }},
      {"every position one later",
       [](Work& w, State&) { w.each_position([](double p) { return p + 1; }); }},
      {"gain", [](Work& w, State&) { w.factor *= 1.25; }},
      {"clamped",
       [](Work& w, State&) { w.each_position([](double p) { return std::min(p, 9e3); }); }},
  };
  const auto small = every_scheme(), presets = every_preset();
  int tried = 0;
  for (std::size_t r = 0; r < std::size(rows); ++r) {
    const Row& row = rows[r];
    // Other schemes for each row, and one preset.
    std::vector<Case> among{presets[r % presets.size()]};
    for (std::size_t i = r; i < small.size(); i += std::size(rows)) among.push_back(small[i]);
    for (const Case& asked : among) {
      ++tried;
      const Identified i =
          identity::identify([&] { return mutants::subject_with(row.edit); }, asked, binary32);
      // A spectrum that has an attention factor of its own may have this one.
      const bool may_have = std::all_of(i.matches.begin(), i.matches.end(), [](const auto& m) {
        return m.candidate.c.spectrum_json["params"].contains("attention_factor");
      });
      if (may_have && !i.matches.empty()) {
        EXPECT_TRUE(row.name == std::string("gain")) << row.name << ": " << i.id;
        continue;
      }
      EXPECT_TRUE(i.matches.empty()) << row.name << ": " << i.id;
      EXPECT_FALSE(i.differences.empty()) << row.name << ": " << i.id;
    }
  }
  std::cout << tried << " kernels of no scheme\n";
}

// Lanes of one head in all heads of q: a one in the same lane of every head does not show it.
TEST(Identify, LanesOfAnotherHeadAreSeen) {
  const struct {
    int first, end;  // lanes, of 12 that turn and 4 that pass through
    const char* why;
  } kRows[] = {
      {12, 16, "pass-through lanes: drawn numbers are not copied, first in lane 12 of head 1 of q"},
      {15, 16, "pass-through lanes: drawn numbers are not copied, first in lane 15 of head 1 of q"},
      {2, 9, "drawn numbers are not turned as basis vectors are, first in lane 2 of head 1 of q"},
  };
  const Case asked = *fitted(find_scheme("vanilla"));
  for (const auto& row : kRows) {
    for (const Format& format : kFormats) {
      laws::Subject subject = mutants::faultless();
      subject.rotate = [&row, rotate = subject.rotate](const laws::Call& call) {
        rotate(call);
        const auto size = static_cast<std::ptrdiff_t>(call.format.bytes);
        for (std::size_t token = 0; token < call.ids.rows(); ++token) {
          std::byte* head =
              call.q.out + static_cast<std::ptrdiff_t>(token) * call.q.out_strides.token * size;
          for (int h = 1; h < call.c.shape.num_heads; ++h)
            std::copy(head + row.first * size, head + row.end * size,
                      head + (h * call.q.out_strides.head + row.first) * size);
        }
      };
      const Identified i = identity::identify([&] { return subject; }, asked, format);
      EXPECT_TRUE(i.matches.empty() && !i.as_asked) << row.why;
      ASSERT_FALSE(i.differences.empty()) << row.why;
      EXPECT_TRUE(i.differences.back().starts_with(row.why)) << explained(i);
      EXPECT_TRUE(i.nearest && i.nearest->c.scheme == asked.scheme) << explained(i);
    }
  }
}

}  // namespace
}  // namespace plumbline::test
