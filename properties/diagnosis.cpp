// SPDX-License-Identifier: Apache-2.0
// The diagnosis on kernels that it was not made for: faultless ones of every recipe, scheme and
// preset, which must stay clean, and bugs that are in no list, which must be seen and not named.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "properties/diagnosis/diagnose.h"
#include "properties/mutants/mutant.h"
#include "reference/model.h"

namespace plumbline::test {
namespace {

using diagnosis::Diagnosis;
using diagnosis::Verdict;
using mutants::State;
using mutants::Work;

std::string explained(const Diagnosis& d) {
  std::string out = d.line();
  for (const auto& r : d.contracts) {
    for (const auto& f : r.findings) {
      out += "\n  " + r.contract + ", " + f.probe + ": " + f.what;
      for (const std::string& n : f.names) out += " " + n;
    }
  }
  return out;
}

void expect_right(const diagnosis::Maker& make, std::span<const Case> among, const Format& format,
                  const std::string& who) {
  const Diagnosis d = diagnosis::diagnose(make, among, format);
  EXPECT_TRUE(d.verdict == Verdict::right || d.verdict == Verdict::legal)
      << who << ": " << explained(d);
}

// Each is a change of a faultless kernel that fits no class of the list.
struct Unlisted {
  const char* name;
  void (*edit)(Work&, State&);
};

double per_pair(Work& w, int pair, double factor) {
  for (int map = 0; map < w.maps; ++map) w.inv_freq[w.slot(map, pair)] *= factor;
  return factor;
}

constexpr Unlisted kUnlisted[] = {
    {"one frequency a hundredth too large", [](Work& w, State&) { per_pair(w, 1, 1.01); }},
    {"the last pair never turns", [](Work& w, State&) { per_pair(w, w.pairs - 1, 0); }},
    {"the first pair never turns", [](Work& w, State&) { per_pair(w, 0, 0); }},
    {"frequencies in reverse",
     [](Work& w, State&) { std::reverse(w.inv_freq.begin(), w.inv_freq.end()); }},
    {"every frequency a thousandth too small",
     [](Work& w, State&) {
       for (double& f : w.inv_freq) f *= 0.999;
     }},
    {"ladder one rung late",
     [](Work& w, State&) {
       for (int map = 0; map < w.maps; ++map) {
         for (int i = w.pairs - 1; i > 0; --i)
           w.inv_freq[w.slot(map, i)] = w.inv_freq[w.slot(map, i - 1)];
       }
     }},
    {"position squared", [](Work& w, State&) { w.each_position([](double p) { return p * p; }); }},
    {"position halved", [](Work& w, State&) { w.each_position([](double p) { return p / 2; }); }},
    {"odd positions taken as the even one below",
     [](Work& w, State&) { w.each_position([](double p) { return 2 * std::floor(p / 2); }); }},
    {"second axis one too large",
     [](Work& w, State&) {
       for (std::size_t n = 0; n < w.table_rows && w.axes > 1; ++n) w.at(1, n) += 1;
       for (std::size_t n = 0; n < w.table_rows && w.axes == 1; ++n) w.at(0, n) += w.at(0, n) > 2;
     }},
    {"first axis takes the largest coordinate",
     [](Work& w, State&) {
       for (std::size_t n = 0; n < w.table_rows; ++n) {
         for (int a = 1; a < w.axes; ++a) w.at(0, n) = std::max(w.at(0, n), w.at(a, n));
         if (w.axes == 1) w.at(0, n) = std::max(w.at(0, n), 3.0);
       }
     }},
    {"sine halved", [](Work& w, State&) { w.sine = [](double x) { return std::sin(x) / 2; }; }},
    {"sine and cosine exchanged", [](Work& w, State&) { std::swap(w.sine, w.cosine); }},
    {"a tenth of a radian more",
     [](Work& w, State&) {
       w.sine = [](double x) { return std::sin(x + 0.1); };
       w.cosine = [](double x) { return std::cos(x + 0.1); };
     }},
    {"cosine to two digits",
     [](Work& w, State&) {
       w.cosine = [](double x) { return std::nearbyint(100 * std::cos(x)) / 100; };
     }},
    {"angles end at a hundred",
     [](Work& w, State&) {
       w.sine = [](double x) { return std::sin(std::clamp(x, -100.0, 100.0)); };
       w.cosine = [](double x) { return std::cos(std::clamp(x, -100.0, 100.0)); };
     }},
    {"a table of 4096 angles",
     [](Work& w, State&) {
       const auto near = [](double x) { return std::nearbyint(x * 651.8986469) / 651.8986469; };
       w.sine = [near](double x) { return std::sin(near(x)); };
       w.cosine = [near](double x) { return std::cos(near(x)); };
     }},
    {"every third row unturned",
     [](Work& w, State&) {
       for (int a = 0; a < w.axes; ++a) {
         for (std::size_t n = 0; n < w.table_rows; n += 3) w.at(a, n) = 0;
       }
     }},
    {"the row before",
     [](Work& w, State&) {
       w.row_of = [](std::size_t row, int, bool) { return row == 0 ? 0 : row - 1; };
     }},
    {"keys one position later",
     [](Work& w, State&) {
       const std::size_t rows = w.rows;
       std::vector<double> longer;
       for (int a = 0; a < w.axes; ++a) {
         for (std::size_t n = 0; n < 2 * rows; ++n)
           longer.push_back(w.at(a, n % rows) + (n < rows ? 0 : 1));
       }
       w.position = longer;
       w.table_rows = 2 * rows;
       w.row_of = [rows](std::size_t row, int, bool key) { return row + (key ? rows : 0); };
     }},
    {"the last query head copied",
     [](Work& w, State&) {
       const int last = w.shape.num_heads - 1;
       w.turns_of = [last](int head, bool key) { return !key && head == last ? 0 : 1; };
     }},
    {"every other call one position later",
     [](Work& w, State& s) {
       if (s.calls % 2 == 1) w.each_position([](double p) { return p + 1; });
     }},
    {"after ten calls backwards",
     [](Work& w, State& s) {
       if (s.calls > 10) w.sign = -1;
     }},
    {"one row alone at position zero",
     [](Work& w, State&) {
       if (w.rows == 1) w.each_position([](double) { return 0.0; });
     }},
    {"adjoint at twice the angle",
     [](Work& w, State&) {
       if (w.adjoint) w.each_position([](double p) { return 2 * p; });
     }},
    {"adjoint doubled",
     [](Work& w, State&) {
       if (w.adjoint) w.factor *= 2;
     }},
    {"table in six bits",
     [](Work& w, State&) {
       w.recipe.table = Format{"six bits", 6, -125, 128, 2};
     }},
    {"inv_freq in ten bits",
     [](Work& w, State&) {
       w.recipe.inv_freq = Format{"ten bits", 10, -125, 128, 2};
     }},
    {"angle in sixteen bits",
     [](Work& w, State&) {
       w.phase = Format{"sixteen bits", 16, -125, 128, 4};
     }},
    {"positions from 1000 on a thousand lower",
     [](Work& w, State&) { w.each_position([](double p) { return p >= 1000 ? p - 1000 : p; }); }},
    {"large calls backwards",
     [](Work& w, State&) {
       if (w.rows > 17) w.sign = -1;
     }},
    {"partner one lane further",
     [](Work& w, State&) {
       if (w.neox && w.shape.head_dim > w.rotary_dim) w.partner += 1;
       if (w.shape.head_dim == w.rotary_dim) per_pair(w, 0, 1.5);
     }},
    {"gain of a fifth more", [](Work& w, State&) { w.factor *= 1.2; }},
    {"pass-through of the keys lost",
     [](Work& w, State&) {
       w.copies_pass_through = false;
       if (w.shape.head_dim == w.rotary_dim) w.each_position([](double p) { return p * 1.5; });
     }},
};

TEST(Diagnosis, ABugThatIsInNoListIsSeenAndNotNamed) {
  const auto among = diagnosis::contracts();
  int seen = 0, named = 0;
  for (const Unlisted& bug : kUnlisted) {
    const Diagnosis d =
        diagnosis::diagnose([&] { return mutants::subject_with(bug.edit); }, among, binary32);
    seen += d.verdict == Verdict::unnamed || d.verdict == Verdict::named ? 1 : 0;
    named += d.verdict == Verdict::named ? 1 : 0;
    EXPECT_EQ(d.verdict, Verdict::unnamed) << bug.name << ": " << explained(d);
  }
  std::cout << std::size(kUnlisted) << " unlisted bugs: " << seen << " seen, " << named
            << " named\n";
}

// Rows of the table behind those of the call: zeros, and everything one further.
void with_more_rows(Work& w) {
  std::vector<double> longer;
  for (int a = 0; a < w.axes; ++a) {
    for (std::size_t n = 0; n < 3 * w.rows; ++n)
      longer.push_back(n < w.rows ? w.at(a, n) : n < 2 * w.rows ? 0 : w.at(a, n - 2 * w.rows) + 1);
  }
  w.position = longer;
  w.table_rows = 3 * w.rows;
}

// What is wrong is said as narrowly as it is seen, whether it has a name or not.
TEST(Diagnosis, TheWrongTensorHeadsOrRowAreSaid) {
  struct Row {
    void (*edit)(Work&, State&);
    const char* where;
  };
  const Row kRows[] = {
      {[](Work& w, State&) { w.sign = -1; }, ""},
      {[](Work& w, State&) {
         const int last = w.shape.num_heads - 1;
         w.turns_of = [last](int head, bool key) { return !key && head == last ? 0 : 1; };
       },
       ": head 3 of q, and k is right"},
      {[](Work& w, State&) { w.turns_of = [](int head, bool) { return 1 - head % 2; }; },
       ": heads 1, 3 of q, head 1 of k"},
      {[](Work& w, State&) {
         with_more_rows(w);
         w.row_of = [rows = w.rows](std::size_t row, int, bool) {
           return row + 1 == rows ? rows : row;
         };
       },
       ": the last row of each call only"},
      // The last row of one call alone, by its position.
      {[](Work& w, State&) {
         for (std::size_t n = 0; n < w.rows; ++n) w.position[n] += w.at(0, n) == 131071 ? 1 : 0;
       },
       ""},
      {[](Work& w, State&) { w.sign = w.rows > 1 ? 1 : -1; },
       ": calls of 1 row only; in longer ones the same rows are right"},
      {[](Work& w, State&) { w.sign = w.rows > 5 ? 1 : -1; },
       ": calls of 1 or 5 rows only; in longer ones the same rows are right"},
      {[](Work& w, State&) {
         with_more_rows(w);
         w.row_of = [rows = w.rows](std::size_t row, int, bool key) {
           return row + (key ? 2 * rows : 0);
         };
       },
       ": all of k, and q is right; k alone is as offset, every position is off by a constant"},
      {[](Work& w, State&) {
         w.row_of = [](std::size_t row, int, bool key) { return row - (key && row > 0 ? 1 : 0); };
       },
       ": all of k, and q is right"},
  };
  const Case c = diagnosis::contracts().front();
  ASSERT_EQ(c.shape.num_heads, 4);
  for (const Row& row : kRows) {
    const Diagnosis d = diagnosis::diagnose([&] { return mutants::subject_with(row.edit); },
                                            std::span(&c, 1), binary32);
    const auto& findings = d.contracts.front().findings;
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [](const auto& f) { return f.probe == "operator"; });
    ASSERT_NE(found, findings.end()) << row.where << explained(d);
    EXPECT_EQ(found->what,
              std::string("basis vectors are not turned as the contract says") + row.where);
  }
}

TEST(Diagnosis, NamesOfSeveralClassesAreWhatItCouldBe) {
  Diagnosis d;
  d.verdict = Verdict::unnamed;
  EXPECT_EQ(d.line(), "wrong, unnamed");
  d.names = {"sign", "twice"};
  EXPECT_EQ(d.line(),
            "wrong; could be sign, the sine has the wrong sign; or twice, the rotation is applied "
            "twice");
}

TEST(Diagnosis, FaultlessKernelsOfEveryRecipeAreRight) {
  const auto all = diagnosis::contracts();
  int kernels = 0;
  for (const Format& format : kFormats) {
    // Storage is the least of what differs: binary32 meets every contract, the others half of them.
    const std::span<const Case> among(all.data(), format == binary32 ? all.size() : all.size() / 2);
    expect_right([] { return mutants::faultless(); }, among, format,
                 "default recipe, " + std::string(format.name));
    ++kernels;
    for (const RecipeRow& row : recipes()) {
      // A store wider than its products is no recipe for that store.
      if (format == binary64 && !(row.recipe.product == binary64)) continue;
      expect_right([&] { return mutants::faultless(row.recipe); }, among, format,
                   std::string(row.name) + ", " + std::string(format.name));
      ++kernels;
    }
  }
  for (const laws::Subject& s : laws::subjects()) {
    if (s.name == "reference") continue;
    for (const Format& format : kFormats) {
      const std::span<const Case> among(all.data(),
                                        format == binary32 ? all.size() : all.size() / 2);
      expect_right([&] { return s; }, among, format, s.name + ", " + std::string(format.name));
      ++kernels;
    }
  }
  std::cout << kernels << " faultless kernels, " << all.size()
            << " contracts each in binary32, half of them in other storage\n";
}

TEST(Diagnosis, FaultlessKernelsAreRightUnderEverySchemeAndPreset) {
  std::vector<Case> among;
  for (const Scheme& s : schemes()) {
    Case c = case_from_json([&] {
      Json object = fitted_case(s, {16, 12, 2, 1});
      object["sequence"] = Json::array();
      return object;
    }());
    if (!laws::not_by_pairs(c)) among.push_back(c);
  }
  for (const Model& m : models()) {
    Json shape = m.shape;
    shape["num_heads"] = 2;
    shape["num_key_value_heads"] = 1;
    among.push_back(case_from_json(Json{{"id", m.name}, {"model", m.name}, {"shape", shape}}));
  }
  const Diagnosis d = diagnosis::diagnose([] { return mutants::faultless(); }, among, binary32);
  EXPECT_TRUE(d.verdict == Verdict::right || d.verdict == Verdict::legal) << explained(d);
  int skipped = 0;
  for (const auto& r : d.contracts) skipped += r.skipped.empty() ? 0 : 1;
  EXPECT_EQ(skipped, 0);
  std::cout << among.size() << " schemes and presets, " << skipped << " skipped\n";
}

// Whatever lies in an output before the call, some right answer of two bytes is the same.
TEST(Diagnosis, AnAnswerThatEqualsThePoisonWasWritten) {
  const Json cases[] = {{{"model", "llama-2-7b"}},
                        {{"model", "gpt-j-6b"}},
                        {{"model", "glm-4.5v"}},
                        {{"scheme", "vanilla"}, {"shape", {{"head_dim", 192}}}}};
  int probed = 0;
  for (const Json& object : cases) {
    const Case c = case_from_json(object);
    for (const Format& format : {binary16, bfloat16}) {
      for (const laws::Subject& s : laws::subjects()) {
        if (s.name == "reference") continue;
        const auto findings =
            diagnosis::probe_memory([&] { return s; }, {c, format, s.recipe(format)});
        EXPECT_TRUE(findings.empty()) << object << ", " << s.name << ", " << format.name << ": "
                                      << findings.front().probe << ": " << findings.front().what;
        ++probed;
      }
    }
  }
  std::cout << probed << " kernels, cases and formats probed\n";
}

TEST(Diagnosis, AKernelThatRunsNothingIsRefused) {
  laws::Subject subject = mutants::faultless();
  subject.skips = [](const Case&) { return std::optional<std::string>("never"); };
  EXPECT_EQ(diagnosis::diagnose([&] { return subject; }, diagnosis::contracts(), binary32).verdict,
            Verdict::refused);
}

}  // namespace
}  // namespace plumbline::test
