// SPDX-License-Identifier: Apache-2.0
// The rounding itself: against the machine's conversions, at ties, at the edges of every format,
// and under more precision.
#include <cmath>
#include <limits>

#include "properties/properties.h"

namespace plumbline::test {
namespace {

// Doubles of every kind, subnormals and extremes among them; RapidCheck's own never yields those.
rc::Gen<double> any_double() {
  return rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t seed) {
    std::uint64_t bits = seed * 0x9e3779b97f4a7c15U;
    if (seed % 3 == 0)
      bits = (bits & 0x800fffffffffffffU) |
             ((0x370U + (bits >> 52) % 0x90U) << 52);  // around binary32's range
    double value = 0;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    return std::isfinite(value) ? value : 1.0;
  });
}

RC_GTEST_PROP(Certification, RoundingToBinary32IsTheMachines, ()) {
  const double x = *any_double();
  const float machine = static_cast<float>(x);
  const double ours = decode_double(round_to(from_double(x), binary32), binary32);
  RC_ASSERT(ours == static_cast<double>(machine));
  const WorkingPrecision scope(128);
  const auto interval = round_to(enclose(from_double(x)), binary32);
  RC_ASSERT(interval.has_value());
  RC_ASSERT(decode_double(*interval, binary32) == static_cast<double>(machine));
}

// Every encoding of the 16-bit formats and every midpoint between neighbours, exhaustively: ties go
// to even.
TEST(Certification, SixteenBitFormatsRoundRightEverywhere) {
  const WorkingPrecision scope(128);
  for (const Format& f : {bfloat16, binary16}) {
    const std::uint64_t top = infinity_bits(f);
    for (std::uint64_t bits = 0; bits < top; ++bits) {
      const Rational value = decode(bits, f);
      ASSERT_EQ(round_to(value, f), bits);
      ASSERT_EQ(round_to(enclose(value), f).value(), bits);
      const Rational above = bits + 1 < top ? decode(bits + 1, f)
                                            : Rational(Integer(1) << static_cast<unsigned>(f.emax));
      const Rational middle = (value + above) / 2, whisker = (above - value) / 1024;
      const std::uint64_t even = bits % 2 == 0 ? bits : bits + 1;
      ASSERT_EQ(round_to(middle, f), even) << f.name << " above " << bits;
      ASSERT_EQ(round_to(enclose(middle), f).value(), even) << f.name << " above " << bits;
      ASSERT_EQ(round_to(Rational(middle - whisker), f), bits);
      ASSERT_EQ(round_to(Rational(middle + whisker), f), bits + 1);
      ASSERT_EQ(round_to(Rational(-middle - whisker), f), (bits + 1) | sign_bit(f));
    }
  }
}

// An enclosure that straddles a midpoint decides nothing, whatever its width.
TEST(Certification, AStraddledMidpointIsNotDecided) {
  const WorkingPrecision scope(200);
  for (const Format& f : kFormats) {
    const Rational one(1), next = decode(round_to(one, f) + 1, f), middle = (one + next) / 2;
    const Rational tiny(1, Integer(1) << 150U);
    const Interval straddle =
        hull(enclose(Rational(middle - tiny)), enclose(Rational(middle + tiny)));
    EXPECT_FALSE(round_to(straddle, f).has_value()) << f.name;
    const Interval around_zero = hull(enclose(Rational(-tiny)), enclose(tiny));
    EXPECT_FALSE(round_to(around_zero, f).has_value())
        << f.name << ": the sign of zero is not known";
  }
}

// What is never decided ends at the cap with a name, not with a guess.
TEST(Certification, TheLoopEndsAtItsCap) {
  unsigned highest = 0;
  const auto never = [&] {
    highest = std::max(highest, WorkingPrecision::bits());
    const Rational tiny(1, Integer(1) << (WorkingPrecision::bits() + 10));
    const Rational middle = 1 + Rational(1, 1 << 24);
    return hull(enclose(Rational(middle - tiny)), enclose(Rational(middle + tiny)));
  };
  EXPECT_THROW(certify(never, binary32, "a midpoint"), Unresolved);
  EXPECT_EQ(highest, kLastPrecision);
}

// A value so near a midpoint that the first precision cannot decide: the loop must go on and be
// right.
TEST(Certification, HardCasesAreDecidedByMorePrecision) {
  const Rational hair(1, Integer(1) << 700U);
  for (const Format& f : kFormats) {
    const Rational one(1), next = decode(round_to(one, f) + 1, f), middle = (one + next) / 2;
    for (const int side : {-1, 1}) {
      const auto value =
          certify([&] { return enclose(Rational(middle + side * hair)); }, f, "near a midpoint");
      EXPECT_EQ(value.bits, side < 0 ? round_to(one, f) : round_to(next, f)) << f.name;
      // Below the midpoint the closed enclosure ends on the tie, which itself goes down to the even
      // neighbour.
      EXPECT_GE(value.precision, side > 0 ? 512U : kFirstPrecision);
    }
  }
}

// More precision never changes a certified bit, and every enclosure contains the thinner one.
RC_GTEST_PROP(Certification, MorePrecisionChangesNothing, ()) {
  const auto p = *coordinate();
  const auto& model = *rc::gen::elementOf(models());
  Json normal;
  const ResolvedSpectrum spectrum(spectrum_from_json(model.spectrum, std::nullopt, normal));
  const int rung = *rc::gen::inRange(0, spectrum.rungs());
  const auto at = [&](unsigned bits) {
    const WorkingPrecision scope(bits);
    return cos_sin(Rational(p), spectrum.inv_freq(rung), spectrum.attention_factor());
  };
  const CosSin coarse = at(128), fine = at(1024);
  const WorkingPrecision scope(1024);
  RC_ASSERT(subset(fine.cos, coarse.cos));
  RC_ASSERT(subset(fine.sin, coarse.sin));
  for (const Format& f : kFormats) {
    const auto low = round_to(coarse.cos, f), high = round_to(fine.cos, f);
    RC_ASSERT(high.has_value());
    if (low) RC_ASSERT(*low == *high);
  }
}

TEST(Certification, DecimalTextIsExact) {
  EXPECT_EQ(parse_rational("0.3"), Rational(3, 10));
  EXPECT_EQ(parse_rational("-1.25e-2"), Rational(-1, 80));
  EXPECT_EQ(parse_rational("007"), Rational(7));
  EXPECT_EQ(parse_rational("6/4"), Rational(3, 2));
  EXPECT_EQ(to_decimal(Rational(3, 8)), "0.375");
  EXPECT_EQ(to_decimal(Rational(-5)), "-5");
  EXPECT_EQ(to_digits(Rational(1, 8), 2), "0.12");  // a tie goes to even
  EXPECT_EQ(to_digits(Rational(3, 8), 2), "0.38");
  EXPECT_EQ(to_digits(Rational(999, 1000), 2), "1.0");
  struct Row {
    Rational value;
    int digits;
    const char* text;
  };
  for (const Row& row :
       {Row{Rational(123456), 3, "1.23e5"}, Row{Rational(123456), 6, "123456"},
        Row{Rational(123456), 7, "123456.0"}, Row{Rational(-30000), 1, "-3e4"},
        Row{Rational(100), 3, "100"}, Row{Rational(100), 2, "1.0e2"},
        Row{Rational(99999, 10), 4, "1.000e4"}, Row{Rational(1, 8192), 2, "0.00012"}}) {
    EXPECT_EQ(to_digits(row.value, row.digits), row.text);
    const WorkingPrecision scope(128);
    EXPECT_EQ(to_digits(enclose(row.value), row.digits), row.text);
  }
  for (const char* bad :
       {"", "nan", "inf", "1e", "1e5000", "0x10", "1/0", "--1", "1.2.3", ".", "1e-5000", "1 "}) {
    EXPECT_THROW(parse_rational(bad), std::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace plumbline::test
