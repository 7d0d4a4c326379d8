// SPDX-License-Identifier: Apache-2.0
// The criteria on every row and profile: declared verdicts are attacked or refuted.
#include <map>
#include <set>

#include "properties/process.h"
#include "properties/properties.h"
#include "properties/specified_verdicts.h"
#include "reference/criteria.h"
#include "reference/parallel.h"

namespace plumbline::test {
namespace {

struct Row {
  Subject subject;
  std::vector<Finding> findings;
  std::string title() const { return subject.scheme + " / " + subject.profile; }
  const Finding& on(std::string_view criterion) const {
    for (const Finding& f : findings) {
      if (f.criterion == criterion) return f;
    }
    throw std::logic_error("no criterion " + std::string(criterion));
  }
};

const std::vector<Row>& matrix() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> out;
    for (const Scheme& scheme : schemes()) {
      for (Subject& subject : subjects_of(scheme)) out.push_back({std::move(subject), {}});
    }
    each_on_all_cores(
        out.size(), [&](std::size_t i) { out[i].findings = judge(out[i].subject); }, 2);
    return out;
  }();
  return rows;
}

TEST(Conformance, EveryVerdictIsAsDeclared) {
  std::int64_t cases = 0;
  for (const Row& row : matrix()) {
    for (const Finding& f : row.findings) {
      EXPECT_EQ(name(f.verdict), name(f.declared.verdict))
          << row.title() << " " << f.criterion << ": " << (f.refuted ? f.refuted->text : "");
      cases += f.cases;
    }
  }
  RecordProperty("cases", std::to_string(cases));
  std::cout << matrix().size() << " rows and profiles, " << cases << " cases\n";
}

// "holds" is worth what was tried: a domain, and cases of it.
TEST(Conformance, EveryHoldsWasAttackedAndEveryViolationIsShown) {
  for (const Row& row : matrix()) {
    for (const Finding& f : row.findings) {
      SCOPED_TRACE(row.title() + " " + std::string(f.criterion));
      EXPECT_FALSE(f.domain.empty());
      EXPECT_EQ(f.cases == 0, f.verdict == Verdict::not_applicable);
      const bool broken = f.verdict == Verdict::violated || f.verdict == Verdict::conditional;
      EXPECT_EQ(f.refuted.has_value(), broken);
      EXPECT_EQ(f.verdict == Verdict::conditional, !f.condition.empty());
      if (f.refuted && !f.refuted->sequence.empty()) {
        EXPECT_EQ(tokens(parse_notation(f.refuted->sequence)), f.refuted->tokens);
      }
    }
  }
}

const Row* row_of(const Specified& want) {
  for (const Row& row : matrix()) {
    if (row.subject.scheme == want.scheme && row.subject.profile == want.profile) return &row;
  }
  return nullptr;
}

TEST(Conformance, EqualsTheSpecification) {
  std::set<const Correction*> used;
  std::size_t compared = 0;
  for (const Specified& want : kSpecified) {
    const Row* row = row_of(want);
    if (row == nullptr) {
      std::cout << "no row for " << want.scheme << " / " << want.profile << "\n";
      continue;
    }
    ++compared;
    SCOPED_TRACE(row->title());
    for (std::size_t i = 0; i < want.verdicts.size(); ++i) {
      const Finding& f = row->findings[i];
      const std::string got(1, "HVC.~"[static_cast<std::size_t>(f.verdict)]),
          wanted(1, want.verdicts[i]);
      const auto corrected =
          std::find_if(std::begin(kCorrections), std::end(kCorrections), [&](const Correction& c) {
            return (c.scheme.empty() || c.scheme == want.scheme) && c.criterion == f.criterion &&
                   c.specified == wanted && c.computed == got;
          });
      if (corrected != std::end(kCorrections)) used.insert(corrected);
      EXPECT_TRUE(got == wanted || corrected != std::end(kCorrections))
          << f.criterion << ": " << got << ", specified " << wanted << " "
          << (f.refuted ? f.refuted->text : "");
    }
    std::istringstream sizes{std::string(want.tokens)};
    std::string criterion;
    for (std::int64_t tokens = 0; sizes >> criterion >> tokens;) {
      const Finding& f = row->on(criterion);
      ASSERT_TRUE(f.refuted) << criterion;
      EXPECT_LE(f.refuted->tokens, tokens) << f.refuted->text;
    }
  }
  EXPECT_GT(compared, 0U);
  EXPECT_EQ(used.size(), std::size(kCorrections)) << "a correction that corrects nothing";
}

TEST(Conformance, DeclaredVerdictsAreReadStrictly) {
  const auto declared = parse_verdicts("FUT! SYM?equal_extents DECF. INJ~");
  ASSERT_EQ(declared.size(), criteria().size());
  std::map<std::string_view, Verdict> by;
  for (std::size_t i = 0; i < declared.size(); ++i) by[criteria()[i].name] = declared[i].verdict;
  EXPECT_EQ(by["FUT"], Verdict::violated);
  EXPECT_EQ(by["SYM"], Verdict::conditional);
  EXPECT_EQ(by["DECF"], Verdict::not_applicable);
  EXPECT_EQ(by["INJ"], Verdict::undecided);
  EXPECT_EQ(by["REL"], Verdict::holds);
  for (const char* wrong : {"FUT", "NOPE!", "FUT!!", "SYM?nonsense", "SYM?", "!"})
    EXPECT_THROW(parse_verdicts(wrong), std::invalid_argument) << wrong;
}

TEST(Conformance, TheCommandPrintsVersionedJsonAndOnePage) {
  const std::string page = ::testing::TempDir() + "conformance.html";
  const std::string scheme(schemes().front().name);
  const Ended ended = run({"conformance", "--scheme", scheme, "--html", page, "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json document = parse_json(ended.out);
  EXPECT_EQ(exact_number(document["plumbline_conformance"], "version"), 1);
  ASSERT_FALSE(document["schemes"].empty());
  for (const Json& row : document["schemes"]) {
    EXPECT_EQ(row["scheme"], scheme);
    EXPECT_TRUE(row["profile"].is_string() && row["params"].is_object());
    ASSERT_EQ(row["criteria"].size(), criteria().size());
    for (const auto& [key, finding] : row["criteria"].items()) {
      for (const char* field : {"verdict", "declared", "domain"})
        EXPECT_TRUE(finding[field].is_string()) << key << " " << field;
      EXPECT_GE(exact_number(finding["cases"], "cases"), 0);
      if (finding["verdict"] == "violated" || finding["verdict"] == "conditional") {
        for (const char* field : {"sequence", "params", "text"})
          EXPECT_TRUE(finding["counterexample"][field].is_string()) << key;
      }
    }
  }
  std::ifstream in(page);
  const std::string html{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  for (const CriterionInfo& c : criteria())
    EXPECT_NE(html.find(">" + std::string(c.name) + "<"), std::string::npos) << c.name;
  for (const char* outside : {"http:", "https:", "<script", "src="})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
}

TEST(Conformance, TheCommandJudgesGivenParametersOnlyAndRefusesBadOnes) {
  const Ended one = run({"conformance", "--scheme", "mrope", "--set", "temporal_stride=1/2"});
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_NE(one.out.find("INJ    violated: [0; 2x1x1]"), std::string::npos) << one.out;
  const Ended other = run({"conformance", "--scheme", "mrope", "--set", "temporal_stride=3"});
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_EQ(other.out.find("INJ    "), std::string::npos) << other.out;
  for (const Arguments& wrong : {Arguments{"conformance", "--scheme", "nonsense"},
                                 Arguments{"conformance", "--set", "temporal_stride=1"},
                                 Arguments{"conformance", "--scheme", "mrope", "--set", "x=1"}}) {
    const Ended ended = run(wrong);
    EXPECT_EQ(ended.code, 2) << shown(wrong);
    EXPECT_TRUE(one_line(ended.err)) << ended.err;
  }
}

}  // namespace
}  // namespace plumbline::test
