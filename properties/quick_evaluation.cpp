// SPDX-License-Identifier: Apache-2.0
// Tables, rotated heads, gradients and logits of whole cases, made quickly, against reference/ and
// against Arb: every scheme, every preset, four formats, both pairings, rare encodings, coordinates
// that no fixed-point phase reaches.
#include <algorithm>
#include <iostream>
#include <random>

#include "golden/golden.h"
#include "golden/quick/evaluate.h"
#include "properties/properties.h"
#include "reference/planes.h"

namespace plumbline::test {
namespace {

using quick::Count;
using quick::Evaluation;
using quick::Means;

constexpr std::uint64_t kSeed = 20261122;

std::vector<Heads> inputs_of(const Case& c, std::size_t rows, const std::vector<Format>& formats,
                             bool special) {
  const auto size = [&](int heads) {
    return rows * static_cast<std::size_t>(heads) * static_cast<std::size_t>(c.shape.head_dim);
  };
  std::vector<Heads> out;
  for (const Format& f : formats)
    out.push_back({f, draw_inputs(c.seed, "q", f, size(c.shape.num_heads), special),
                   draw_inputs(c.seed, "k", f, size(c.shape.num_key_value_heads), special)});
  return out;
}

// The first entry that differs, as text; empty where none does.
std::string difference(const std::vector<std::uint64_t>& got,
                       const std::vector<std::uint64_t>& want) {
  if (got.size() != want.size()) return "sizes";
  for (std::size_t i = 0; i < got.size(); ++i)
    if (got[i] != want[i])
      return "entry " + std::to_string(i) + ": " + std::to_string(got[i]) + " for " +
             std::to_string(want[i]);
  return "";
}

void expect_equal(const Tensors& got, const Tensors& want) {
  EXPECT_EQ(difference(got.inv_freq, want.inv_freq), "");
  ASSERT_EQ(got.tables.size(), want.tables.size());
  for (std::size_t i = 0; i < want.tables.size(); ++i) {
    EXPECT_EQ(difference(got.tables[i].cos, want.tables[i].cos), "") << want.tables[i].format.name;
    EXPECT_EQ(difference(got.tables[i].sin, want.tables[i].sin), "") << want.tables[i].format.name;
  }
  ASSERT_EQ(got.rotated.size(), want.rotated.size());
  for (std::size_t i = 0; i < want.rotated.size(); ++i) {
    const Rotated &a = got.rotated[i], &b = want.rotated[i];
    const std::string_view name = b.out.format.name;
    EXPECT_EQ(difference(a.out.q, b.out.q), "") << "q_out " << name;
    EXPECT_EQ(difference(a.out.k, b.out.k), "") << "k_out " << name;
    EXPECT_EQ(difference(a.adjoint.q, b.adjoint.q), "") << "q_adj " << name;
    EXPECT_EQ(difference(a.adjoint.k, b.adjoint.k), "") << "k_adj " << name;
  }
}

std::vector<std::uint64_t> bits_of(const std::vector<Certified>& values) {
  std::vector<std::uint64_t> out;
  for (const Certified& v : values) out.push_back(v.bits);
  return out;
}

// Each row with itself, with the one before and with the first, heads in turn.
std::vector<LogitIndex> index_of(std::size_t rows, int heads) {
  std::vector<LogitIndex> out;
  for (std::int32_t row = 0; row < static_cast<std::int32_t>(rows); ++row)
    for (const std::int32_t key : {row, std::max(row - 1, 0), 0})
      out.push_back({row, key, static_cast<std::int32_t>(out.size()) % heads});
  return out;
}

// Both ways, everything compared; by all kernels of this machine.
Count check(const Case& c, const PositionTable& ids, bool special, double widened = 1) {
  const std::vector<Format> formats(std::begin(kFormats), std::end(kFormats));
  const std::vector<Heads> inputs = inputs_of(c, ids.rows(), formats, special);
  const Tensors want = evaluate(c, ids, formats, inputs, true, 1);
  const auto index = index_of(ids.rows(), c.shape.num_heads);
  const bool logits_too = !special && !has_planes(c);
  Count last;
  for (const quick::Kernels* kernels : quick::kernels()) {
    if (!kernels->supported()) continue;
    SCOPED_TRACE(c.id + ", " + std::string(kernels->name));
    Evaluation quickly(c, ids, Means{kernels, widened});
    expect_equal(quickly.tensors(formats, inputs, true, 2), want);
    for (const Heads& in : logits_too ? inputs : std::vector<Heads>{})
      EXPECT_EQ(difference(bits_of(quickly.logits(in, index)), bits_of(logits(c, ids, in, index))),
                "")
          << "logits " << in.format.name;
    last = quickly.count();
  }
  return last;
}

// A scheme at an odd shape with several heads a map, somewhere in a sequence with far text.
Case drawn_case(const Scheme& scheme, std::mt19937_64& random) {
  const int pairs = std::vector{3, 8, 9, 12}[random() % 4];
  Json object = fitted_case(scheme, {2 * pairs + static_cast<int>(random() % 2) * 3, 2 * pairs,
                                     random() % 2 == 0 ? 4 : 2, 2});
  object["id"] = std::string(scheme.name);
  object["pairing"] = random() % 2 == 0 ? "neox" : "gptj";
  Case c = case_from_json(object);
  const bool stills = (design_of(scheme, c.parameters).media & kVideo) == 0;
  const auto far = static_cast<std::int64_t>(random() % (std::uint64_t{1} << 20));
  c.sequence = parse_notation("t" + std::to_string(far) + (stills ? " v1x4x3 t9" : " v3x4x3 t9"));
  const std::int64_t visual = stills ? 12 : 36;
  const auto in = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(visual - 2));
  c.windows = {{0, 1}, {far + in, 2}, {far + visual + 3, 1}};
  c.seed = random();
  return c;
}

TEST(QuickEvaluation, EqualsTheReferenceOnEveryScheme) {
  std::mt19937_64 random(kSeed);
  Count ordinary;
  for_each_scheme([&](const Scheme& scheme) {
    for (const bool special : {false, true}) {
      const Case c = drawn_case(scheme, random);
      // Dense planes take finite numbers alone.
      const Count count = check(c, positions(c), special && !has_planes(c));
      if (!special) ordinary += count;
    }
  });
  std::cout << "seed " << kSeed << ": " << ordinary.values << " ordinary values, "
            << ordinary.decided << " decided by the reference\n";
  // Rows at the origin have sines that are exactly zero; hardly anything else is open.
  EXPECT_LT(ordinary.decided, ordinary.values / 20);
}

TEST(QuickEvaluation, EqualsTheReferenceOnEveryPreset) {
  std::mt19937_64 random(kSeed);
  Count total;
  for (const Model& m : models()) {
    Case c = case_from_json(Json{{"id", m.name}, {"model", m.name}, {"sequence", "t2147483648"}});
    c.shape.num_heads = 2;
    if (allocation(c).maps == 1) c.shape.num_key_value_heads = 1;
    c.windows = {{1 + static_cast<std::int64_t>(random() % 131072), 1},
                 {static_cast<std::int64_t>(random() % (std::uint64_t{1} << 31)), 1}};
    c.seed = random();
    total += check(c, positions(c), false);
  }
  std::cout << "seed " << kSeed << ": " << total.values << " values, " << total.decided
            << " decided by the reference\n";
  EXPECT_LT(total.decided, total.values / 1000);
}

TEST(QuickEvaluation, ArbAgreesOnEveryScheme) {
  std::mt19937_64 random(kSeed + 1);
  std::uint64_t agreed = 0;
  for_each_scheme([&](const Scheme& scheme) {
    Case c = drawn_case(scheme, random);
    std::replace(c.id.begin(), c.id.end(), '/', '.');
    c.dtypes.assign(std::begin(kFormats), std::end(kFormats));
    agreed += generate({c, ""}, 1).agreed;
  });
  std::cout << "seed " << kSeed + 1 << ": " << agreed << " values recomputed by Arb\n";
  EXPECT_GT(agreed, 20'000U);
}

// Two rows that a test places itself.
PositionTable placed(int axes, const std::vector<Coordinate>& coordinates) {
  PositionTable ids;
  ids.axes = axes;
  for (std::size_t row = 0; row < coordinates.size(); ++row)
    ids.token_index.push_back(static_cast<std::int64_t>(row));
  for (int axis = 0; axis < axes; ++axis)
    for (const Coordinate& x : coordinates)
      ids.position_ids.push_back(axis == 0 ? x : Coordinate(Rational(7 * axis)));
  return ids;
}

Case plain_case(int head_dim, int rotary_dim, const Json& spectrum) {
  Case c = case_from_json(Json{{"id", "plain"},
                               {"scheme", "mrope"},
                               {"params", {{"mrope_section", {rotary_dim / 2 - 2, 1, 1}}}},
                               {"shape",
                                {{"head_dim", head_dim},
                                 {"rotary_dim", rotary_dim},
                                 {"num_heads", 2},
                                 {"num_key_value_heads", 1}}},
                               {"spectrum", spectrum},
                               {"sequence", "t1"}});
  c.seed = 5;
  return c;
}

TEST(QuickEvaluation, EveryCoordinateHasAWay) {
  const Case c = plain_case(21, 18, Json{{"rope_theta", "10000"}});
  const Integer far = Integer(1) << 31;
  const auto root =
      std::make_shared<const Atom>(Atom{"root of 2", [] { return sqrt(enclose(Rational(2))); }});
  const auto late = std::make_shared<const Atom>(Atom{"late", [] {
                                                        if (WorkingPrecision::bits() < 512)
                                                          throw Undecided{};
                                                        return sqrt(enclose(Rational(3)));
                                                      }});
  const std::vector<Coordinate> every{
      Rational(0),
      Rational(-5),
      Rational(far),
      Rational(-far),
      Rational(Integer(far + 1)),
      Rational(Integer(1), far - 1),
      Rational(Integer(1), far - 3),
      Rational(1, 3),
      Rational(Integer(1) << 80),
      Rational(Integer(1), Integer(1) << 80),
      coordinate(Irrational(root, Rational(3, 2))),
      coordinate(Irrational(root, Rational(Integer(1) << 60))),
      coordinate(Irrational(late, Rational(1))),
  };
  for (std::size_t first = 0; first < every.size(); ++first)
    for (const bool special : {false, true})
      check(c, placed(3, {every[first], every[(first + 1) % every.size()]}), special);
  check(c, placed(3, every), false);
}

TEST(QuickEvaluation, OneTokenOneHeadOnePair) {
  const Case c = case_from_json(Json{
      {"id", "least"},
      {"scheme", "vanilla"},
      {"shape", {{"head_dim", 2}, {"rotary_dim", 2}, {"num_heads", 1}, {"num_key_value_heads", 1}}},
      {"sequence", "t1"}});
  // In each format cos and sin, q and k of two lanes both ways, and three logits.
  EXPECT_EQ(check(c, positions(c), false).values, 4U * (2 + 2 * 4 + 3));
  EXPECT_EQ(check(c, placed(1, {}), false).values, 0U);
}

// Equal lanes turned by an odd number of eighths meet exactly: what no enclosure can tell, and no
// bound.
TEST(QuickEvaluation, EqualLanesAtAnEighthOfATurnCancel) {
  const Scheme& scheme = *std::find_if(schemes().begin(), schemes().end(),
                                       [](const Scheme& s) { return s.name == "vision-dinov3"; });
  const Case c = small_case(scheme, 4, parse_notation("v1x1x1"));
  ASSERT_TRUE(allocation(c).ladders.front().turns);
  for (int eighths = -9; eighths <= 9; eighths += 2) {
    PositionTable ids;
    ids.axes = 2;
    ids.token_index = {0};
    ids.position_ids = {Rational(eighths, 8), Rational(eighths, 8)};
    const auto size = static_cast<std::size_t>(c.shape.head_dim);
    for (const Format& f : kFormats) {
      const Heads in{f, std::vector(size, round_to(Rational(3), f)),
                     std::vector(size, round_to(Rational(3), f))};
      Evaluation quickly(c, ids);
      const Tensors got = quickly.tensors({}, {in}, false, 1);
      // x c - y s vanishes where c = s, y c + x s where c = -s.
      const Lanes lane = lanes(c.pairing, 0, c.shape.pairs());
      const bool same = ((eighths % 8) + 8) % 4 == 1;
      const std::uint64_t bits =
          got.rotated[0].out.q[static_cast<std::size_t>(same ? lane.x : lane.y)];
      EXPECT_EQ(bits & ~sign_bit(f), 0U) << eighths << "/8 of a turn, " << f.name;
      expect_equal(got, evaluate(c, ids, {}, {in}, false, 1));
    }
  }
}

// What a bound that is too wide leaves open comes out the same.
TEST(QuickEvaluation, EqualsTheReferenceWhereItDecidesAll) {
  std::mt19937_64 random(kSeed);
  const Scheme& scheme = *std::find_if(schemes().begin(), schemes().end(),
                                       [](const Scheme& s) { return s.name == "mrope"; });
  const Case c = drawn_case(scheme, random);
  const Count count = check(c, positions(c), false, 0x1p60);
  std::cout << "seed " << kSeed << ": " << count.values << " values\n";
  EXPECT_EQ(count.decided, count.values);
  EXPECT_GT(count.values, 0U);
}

// Logits of numbers that a test writes itself.
struct Written {
  std::string name;
  int head_dim, rotary_dim;
  Format format;
  std::function<double(std::size_t)> q, k;
};

TEST(QuickEvaluation, LogitsAtTheEdgesOfTheirBound) {
  // The first three lanes of every head.
  const auto at = [](double a, double b, double c) {
    return [=](std::size_t i) {
      const std::size_t lane = i % 16;
      return lane == 0 ? a : lane == 1 ? b : lane == 2 ? c : 0.0;
    };
  };
  const auto sign = [](std::size_t i) { return i % 2 == 0 ? 1.0 : -1.0; };
  const std::vector<Written> every{
      {"zeros", 16, 12, binary32, [](auto) { return 0.0; }, [](auto) { return -0.0; }},
      {"one side zero", 16, 12, bfloat16, [](auto) { return 0.0; }, [](auto) { return 1.0; }},
      {"all cancels", 16, 12, binary64, [](auto) { return 1.0; }, sign},
      {"a tie of binary32", 16, 12, binary32, at(4, 4, 0), at(1, 0x1p-24, 0)},
      {"just above a tie of binary32", 16, 12, binary32, at(4, 4, 0x1p-60),
       at(1, 0x1p-24, 0x1p-60)},
      {"a tie of binary64", 16, 12, binary64, at(4, 4, 0), at(1, 0x1p-53, 0)},
      {"just above a tie of binary64", 16, 12, binary64, at(4, 4, 0x1p-60),
       at(1, 0x1p-53, 0x1p-60)},
      {"subnormals", 16, 12, binary64, [](auto) { return 0x1p-1074; }, [](auto) { return 1.0; }},
      {"small against large", 16, 12, binary64, [](std::size_t i) { return i < 8 ? 0x1p-1060 : 0; },
       [](auto) { return 0x1.23p1000; }},
      {"products that overflow", 16, 12, binary64, [](auto) { return 0x1.7p800; },
       [](auto) { return 0x1p800; }},
      {"overflow of binary16", 16, 12, binary16, [](auto) { return 60000.0; },
       [](auto) { return 50000.0; }},
      {"underflow of binary16", 16, 12, binary16, [](auto) { return 0x1p-24; }, sign},
      {"one pair, one lane passed", 9, 8, binary64, [](std::size_t i) { return 1.0 + i * 0x1p-9; },
       sign},
      {"a root that is rational", 64, 64, bfloat16, sign, sign},
      {"more lanes than the bound is for", 1100, 1100, binary32,
       [](std::size_t i) { return 1 + static_cast<double>(i % 64) * 0x1p-9; }, sign},
      {"as many lanes as it is for", 1024, 1024, binary64,
       [](std::size_t i) { return 1 + static_cast<double>(i % 97) * 0x1p-40; }, sign},
  };
  for (const Written& w : every) {
    SCOPED_TRACE(w.name);
    const Case c = plain_case(w.head_dim, w.rotary_dim, Json{{"rope_theta", "10000"}});
    const PositionTable ids = placed(3, {Rational(0), Rational(1), Rational(123456)});
    Heads in{w.format, {}, {}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(3 * 2 * w.head_dim); ++i)
      in.q.push_back(round_to(from_double(w.q(i)), w.format));
    for (std::size_t i = 0; i < static_cast<std::size_t>(3 * w.head_dim); ++i)
      in.k.push_back(round_to(from_double(w.k(i)), w.format));
    const auto index = index_of(3, 2);
    for (const quick::Kernels* kernels : quick::kernels()) {
      if (!kernels->supported()) continue;
      Evaluation quickly(c, ids, Means{kernels, 1});
      EXPECT_EQ(difference(bits_of(quickly.logits(in, index)), bits_of(logits(c, ids, in, index))),
                "")
          << kernels->name;
    }
  }
}

TEST(QuickEvaluation, HardlyALogitIsLeft) {
  Case c = case_from_json(Json{{"id", "many"}, {"model", "qwen3-vl-8b"}, {"sequence", "t64"}});
  const PositionTable ids = positions(c);
  std::vector<LogitIndex> index;
  for (std::int32_t q = 0; q < 64; ++q)
    for (std::int32_t k = 0; k <= q; ++k) index.push_back({q, k, k % c.shape.num_heads});
  const std::vector<Format> formats(std::begin(kFormats), std::end(kFormats));
  for (const Heads& in : inputs_of(c, ids.rows(), formats, false)) {
    std::vector<std::uint64_t> first;
    for (const quick::Kernels* kernels : quick::kernels()) {
      if (!kernels->supported()) continue;
      Evaluation quickly(c, ids, Means{kernels, 1});
      const auto bits = bits_of(quickly.logits(in, index));
      EXPECT_LE(quickly.count().decided, 2U) << in.format.name;
      if (first.empty()) first = bits;
      EXPECT_EQ(difference(bits, first), "") << in.format.name;
    }
  }
}

}  // namespace
}  // namespace plumbline::test
