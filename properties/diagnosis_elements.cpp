// SPDX-License-Identifier: Apache-2.0
// Kernels with one element or lane that is left alone or is no number: what the probes say of them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "properties/diagnosis/diagnose.h"
#include "properties/mutants/mutant.h"

namespace plumbline::test {
namespace {

// The last element of q in memory.
std::byte* last_element(const laws::Call& call) {
  const auto last = static_cast<std::ptrdiff_t>(call.ids.rows() - 1) * call.q.out_strides.token +
                    (call.c.shape.num_heads - 1) * call.q.out_strides.head + call.c.shape.head_dim -
                    1;
  return call.q.out + last * call.format.bytes;
}

// That element keeps what lay there, every time or on the first call of an object alone.
TEST(DiagnosisElements, AnElementLeftAloneIsFoundInEveryFormat) {
  const Case c = case_from_json({{"model", "llama-2-7b"}});
  for (const Format& format : kFormats) {
    for (const bool always : {true, false}) {
      const auto make = [&] {
        laws::Subject subject = mutants::faultless();
        subject.rotate = [always, calls = std::make_shared<int>(0),
                          rotate = subject.rotate](const laws::Call& call) {
          std::byte* at = last_element(call);
          const std::vector<std::byte> before(at, at + call.format.bytes);
          rotate(call);
          if ((*calls)++ == 0 || always) std::copy(before.begin(), before.end(), at);
        };
        return subject;
      };
      const auto findings =
          diagnosis::probe_memory(make, {c, format, mutants::faultless().recipe(format)});
      ASSERT_EQ(findings.size(), 1U) << format.name << (always ? ", always" : ", at first");
      EXPECT_EQ(findings[0].what, "1 elements were not written") << format.name;
    }
  }
}

TEST(DiagnosisElements, EqualValuesAreToldFromOthersWhereverTheyLie) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = HUGE_VAL;
  const struct {
    double x, y, tolerance;
    bool alike;
  } kRows[] = {
      {1, 1, 0, true},
      {0.0, -0.0, 0, true},
      {1, 1.25, 0, false},
      {1, 1.25, 0.25, true},
      {1, 1.25, 0.125, false},
      {kNan, kNan, 0, true},
      {kNan, -kNan, 0.5, true},
      {kNan, 1, 0.5, false},
      {kNan, kInfinity, 0.5, false},
      {kInfinity, kInfinity, 0, true},
      {kInfinity, kInfinity, 0.5, true},
      {-kInfinity, -kInfinity, 0, true},
      {kInfinity, -kInfinity, 0.5, false},
      {kInfinity, std::numeric_limits<double>::max(), 0.5, false},
  };
  for (const auto& [x, y, tolerance, alike] : kRows) {
    EXPECT_EQ(diagnosis::alike(x, y, tolerance), alike) << x << " " << y << " " << tolerance;
    EXPECT_EQ(diagnosis::alike(y, x, tolerance), alike) << y << " " << x << " " << tolerance;
  }
}

// One element that is NaN or infinite in every call is wrong, but not for where it lies; one that
// is so in calls in place alone is.
TEST(DiagnosisElements, AnElementThatIsNoNumberIsNotAFaultOfAddressing) {
  const Case c = case_from_json(fitted_case(find_scheme("vanilla"), {16, 12, 2, 1}));
  for (const Format& format : kFormats) {
    const std::uint64_t infinity = infinity_bits(format);
    const std::uint64_t nan = infinity + (std::uint64_t{1} << (format.precision - 2));
    const diagnosis::Contract contract(c, format, mutants::faultless().recipe(format));
    for (const std::uint64_t bits : {infinity, infinity | sign_bit(format), nan}) {
      const auto make = [&](bool always) {
        laws::Subject subject = mutants::faultless();
        subject.rotate = [always, bits, rotate = subject.rotate](const laws::Call& call) {
          rotate(call);
          if (always || call.q.in == call.q.out)
            std::memcpy(last_element(call), &bits, static_cast<std::size_t>(call.format.bytes));
        };
        return subject;
      };
      for (const auto probe :
           {diagnosis::probe_memory, diagnosis::probe_in_place, diagnosis::probe_strides}) {
        const auto findings = probe([&] { return make(true); }, contract);
        EXPECT_TRUE(findings.empty()) << format.name << ", bits " << bits << ": "
                                      << findings.front().probe << ": " << findings.front().what;
      }
      const auto findings = diagnosis::probe_in_place([&] { return make(false); }, contract);
      ASSERT_EQ(findings.size(), 1U) << format.name << ", bits " << bits;
      EXPECT_EQ(findings[0].probe, "in place") << format.name << ", bits " << bits;
    }
  }
}

// A lane of q that is no number in every call is so in every one of these probes, and of none; one
// that is so in calls of one kind alone is found by the probe of that kind.
TEST(DiagnosisElements, ALaneThatIsNoNumberIsNotAFaultOfTheNumbersDrawn) {
  const Case c = case_from_json(fitted_case(find_scheme("vanilla"), {16, 12, 2, 1}));
  struct Kind {
    std::string probe;                                         // empty: none finds it
    std::function<bool(std::ptrdiff_t rows, double x)> holds;  // x: an element of the last row
  };
  const Kind kinds[] = {
      {"", [](auto, auto) { return true; }},
      {"drawn numbers", [](auto, double x) { return x != 0 && x != 1; }},
      {"one row alone", [](auto rows, auto) { return rows == 1; }},
      {"large numbers", [](auto, double x) { return std::abs(x) > 0x1p20; }},
  };
  for (const Format& format : kFormats) {
    const std::uint64_t infinity = infinity_bits(format);
    const std::uint64_t nan = infinity + (std::uint64_t{1} << (format.precision - 2));
    for (const std::uint64_t bits : {infinity, infinity | sign_bit(format), nan}) {
      for (const Kind& kind : kinds) {
        const auto make = [&] {
          laws::Subject subject = mutants::faultless();
          subject.rotate = [&, rotate = subject.rotate](const laws::Call& call) {
            const auto rows = static_cast<std::ptrdiff_t>(call.ids.rows()),
                       bytes = static_cast<std::ptrdiff_t>(call.format.bytes);
            std::uint64_t x = 0;
            if (rows > 0)
              std::memcpy(&x, call.q.in + (rows - 1) * call.q.in_strides.token * bytes,
                          call.format.bytes);
            rotate(call);
            if (!kind.holds(rows, decode_double(x, call.format))) return;
            for (std::ptrdiff_t row = 0; row < rows; ++row)
              std::memcpy(call.q.out + (row * call.q.out_strides.token + 5) * bytes, &bits,
                          call.format.bytes);
          };
          return subject;
        };
        std::vector<std::string> legal;
        const auto findings =
            diagnosis::probe_values(make, {c, format, mutants::faultless().recipe(format)}, legal);
        std::string seen;
        for (const auto& f : findings) seen += f.probe;
        // Binary16 has no such numbers.
        const bool without = kind.probe == kinds[3].probe && format.emax < 20;
        EXPECT_EQ(seen, without ? "" : kind.probe) << format.name << ", bits " << bits;
      }
    }
  }
}

}  // namespace
}  // namespace plumbline::test
