// SPDX-License-Identifier: Apache-2.0
// The laws are worth what they catch: every law meets a subject that breaks it, and the line that
// the failure prints breaks it again.
#include <gtest/gtest.h>

#include <set>

#include "properties/broken_subjects.h"
#include "properties/laws/run.h"

namespace plumbline::test {
namespace {

using laws::Verdict;

constexpr std::uint64_t kSeed = 20261122;

struct Bite {
  const char* name;
  Bug bug;
  const char* law;  // catches it
  int cases = 25;   // of each scheme
};

constexpr Bite kBites[] = {
    {"wrong sign", Bug::wrong_sign, "full_spectrum"},
    {"h and w rows dropped", Bug::drops_spatial_rows, "axis_locality"},
    {"h and w rows dropped", Bug::drops_spatial_rows, "full_spectrum"},
    {"h and w swapped", Bug::swaps_h_and_w, "axis_locality"},
    {"axes mixed", Bug::mixes_axes, "axis_locality"},
    {"spatial rows off by one", Bug::spatial_off_by_one, "text_base"},
    {"spatial rows off by one", Bug::spatial_off_by_one, "identity"},
    {"position in bf16", Bug::position_in_bf16, "equivariance"},
    {"position in bf16", Bug::position_in_bf16, "full_spectrum"},
    {"position squared", Bug::position_squared, "composition"},
    {"phase in f32", Bug::phase_in_f32, "equivariance"},
    {"phase in f32", Bug::phase_in_f32, "composition"},
    {"phase offset", Bug::phase_offset, "identity"},
    {"phase offset", Bug::phase_offset, "composition"},
    {"table in bf16", Bug::table_in_bf16, "norm"},
    {"another base", Bug::other_base, "full_spectrum"},
    {"exponent over head_dim", Bug::exponent_over_head_dim, "full_spectrum"},
    {"attention factor dropped", Bug::factor_dropped, "norm"},
    {"attention factor squared", Bug::factor_squared, "adjoint"},
    {"pairing flag dropped", Bug::pairing_flag_dropped, "pairing"},
    {"partner off by one", Bug::partner_off_by_one, "full_spectrum"},
    {"partner off by one", Bug::partner_off_by_one, "special_values"},
    {"pass-through scaled", Bug::pass_through_scaled, "pass_through"},
    {"KV head by remainder", Bug::kv_head_by_remainder, "gqa"},
    {"adjoint is forward", Bug::adjoint_is_forward, "adjoint"},
    {"reads after writing", Bug::reads_after_write, "in_place"},
    {"head stride ignored", Bug::head_stride_ignored, "strides"},
    {"gap written", Bug::gap_written, "strides"},
    {"NaN leaks", Bug::nan_leaks, "special_values"},
    {"saturates", Bug::saturates, "linear"},
    {"row table wraps", Bug::row_table_wraps, "context_parallel"},
    {"row table wraps", Bug::row_table_wraps, "packed_rows"},
    {"chunk offset lost", Bug::chunk_offset_lost, "chunked_prefill"},
    {"chunk offset lost", Bug::chunk_offset_lost, "context_parallel"},
    {"chunk offset lost", Bug::chunk_offset_lost, "two_oracles"},
    {"decode off by one", Bug::decode_off_by_one, "decode"},
    {"padding shifts", Bug::padding_shifts, "padding"},
    {"mask ignored", Bug::mask_ignored, "padding"},
    {"looks ahead", Bug::looks_ahead, "causal"},
    {"advance too short", Bug::advance_too_short, "no_overlap"},
    {"text repeats", Bug::text_repeats, "growth"},
    {"rows collapse", Bug::rows_collapse, "injective"},
    {"rows collapse", Bug::rows_collapse, "raster"},
    {"columns first", Bug::columns_first, "raster"},
    {"frames shear", Bug::frames_shear, "frames"},
    {"position in f32", Bug::position_in_f32, "far_text"},
    {"counts calls", Bug::counts_calls, "repeatable"},
    {"every segment costs one", Bug::segment_costs_one, "cut_text"},
    {"reset forgotten", Bug::reset_forgotten, "identities"},
};

TEST(LawsBite, AFaultlessKernelKeepsEveryLaw) {
  const laws::Subject good = toy(Bug::none);
  for (const laws::Family& family : laws::families()) {
    for (const laws::Law& law : family.laws) {
      const laws::Tally tally = laws::run(law, good, 5, kSeed);
      EXPECT_GT(tally.cases, 0U) << law.name;
      EXPECT_FALSE(tally.failure.has_value()) << law.name << ": " << tally.failure->why << "\n"
                                              << tally.failure->line;
    }
  }
}

TEST(LawsBite, EveryLawIsBrokenBySomething) {
  // No subject makes its own map: this law is broken by hand, in the reference.
  std::set<std::string_view> bitten{"sections"};
  for (const Bite& bite : kBites) bitten.insert(bite.law);
  for (const laws::Family& family : laws::families()) {
    for (const laws::Law& law : family.laws) EXPECT_TRUE(bitten.contains(law.name)) << law.name;
  }
}

// Caught, shrunk, and caught again from the line alone; without the bug the same line holds.
TEST(LawsBite, EveryBugIsCaughtAndItsLineReplays) {
  for (const Bite& bite : kBites) {
    SCOPED_TRACE(std::string(bite.name) + " under " + bite.law);
    const std::vector<laws::Subject> subjects{toy(bite.bug)};
    std::vector<laws::Subject> good{toy(Bug::none)};
    good.front().name = subjects.front().name;
    const laws::Tally tally =
        laws::run(laws::find_law(bite.law), subjects.front(), bite.cases, kSeed);
    ASSERT_TRUE(tally.failure.has_value());
    const std::string& line = tally.failure->line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const laws::Outcome again = laws::judge(laws::parse_replay(line, subjects));
    EXPECT_EQ(again.verdict, Verdict::broken) << line;
    EXPECT_EQ(again.why, tally.failure->why);
    EXPECT_EQ(laws::judge(laws::parse_replay(line, good)).verdict, Verdict::holds) << line;
    std::cout << bite.name << ": " << bite.law << " after " << tally.cases << " cases, "
              << tally.failure->smaller << " shrinks: " << tally.failure->why << "\n";
  }
}

// The same seed gives the same line; another seed other cases.
TEST(LawsBite, SeedsDecide) {
  const laws::Subject bad = toy(Bug::wrong_sign);
  const laws::Law& law = laws::find_law("full_spectrum");
  const auto line = [&](std::uint64_t seed) { return laws::run(law, bad, 2, seed).failure->line; };
  EXPECT_EQ(line(1), line(1));
}

// A shrunk case is small: a bug that every pair shows ends at one head and the fewest pairs that
// the scheme takes, three where it has three sections.
TEST(LawsBite, CounterexamplesAreSmall) {
  const std::vector<laws::Subject> bad{toy(Bug::wrong_sign)};
  const auto tally = laws::run(laws::find_law("full_spectrum"), bad.front(), 1, kSeed);
  const laws::Replay r = laws::parse_replay(tally.failure->line, bad);
  EXPECT_LE(r.c.shape.rotary_dim, 6);
  EXPECT_EQ(r.c.shape.head_dim, r.c.shape.rotary_dim);
  EXPECT_EQ(r.c.shape.num_heads, 1);
  EXPECT_TRUE(r.c.sequence.empty());
  EXPECT_EQ(r.aux.dump().find("1000"), std::string::npos);
}

TEST(Replay, MalformedLinesAreRefusedByName) {
  const std::vector<laws::Subject> subjects{toy(Bug::none)};
  const std::string subject = subjects.front().name, object = R"({"scheme":"vanilla"})";
  const auto line = [&](const std::string& law, const std::string& who, const std::string& c,
                        const std::string& aux) {
    return "plumbline-replay 1 law=" + law + " subject=" + who + " case=" + c + " aux=" + aux;
  };
  EXPECT_EQ(
      laws::judge(laws::parse_replay(line("norm", subject, object, R"({"x":[[1]]})"), subjects))
          .verdict,
      Verdict::holds);
  const std::pair<std::string, const char*> bad[] = {
      {"", "plumbline-replay 1"},
      {"replay", "plumbline-replay 1"},
      {"plumbline-replay 2 law=norm", "version"},
      {"plumbline-replay 1 subject=x", "law="},
      {line("nonsense", subject, object, "{}"), "nonsense"},
      {line("norm", "nobody", object, "{}"), "nobody"},
      {line("norm", subject, "{", "{}"), "does not end"},
      {line("norm", subject, R"({"scheme":"nothing"})", "{}"), "nothing"},
      {line("norm", subject, R"({"scheme":"vanilla","x":1})", "{}"), "x"},
      {line("norm", subject, object, "{"), "does not end"},
      {line("norm", subject, object, "[]"), "aux"},
      {line("norm", subject, object, "{}") + " more", "unexpected"},
      {line("norm", subject, object, "{}") + "\nmore", "one line"},
      {"plumbline-replay 1 law=norm subject=" + subject + " case=" + object, "aux="},
  };
  for (const auto& [text, word] : bad) {
    try {
      laws::parse_replay(text, subjects);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const std::invalid_argument& e) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what() << " of " << text;
    }
  }
}

}  // namespace
}  // namespace plumbline::test
