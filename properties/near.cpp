// SPDX-License-Identifier: Apache-2.0
// What large files are judged by, eight values at once, beside its rule in long double.
#include "golden/near.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>
#include <vector>

#include "golden/golden.h"
#include "reference/certify.h"

namespace plumbline::test {
namespace {

constexpr std::uint64_t kSeed = 20261123;

std::vector<std::byte> bytes_of(Dtype dtype, const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  for (const double x : values)
    bits.push_back(std::isfinite(x) ? round_to(Rational(x), format_of(dtype))
                   : std::isnan(x)  ? infinity_bits(format_of(dtype)) + 1
                                    : infinity_bits(format_of(dtype)));
  return tensor_of(format_of(dtype), {bits.size()}, bits).bytes;
}

long double allowed(double exact, double budget, const NearRule& rule) {
  const long double power = exact == 0 ? 0 : std::ldexp(1.0L, std::ilogb(exact));
  return std::min(
      {budget + rule.slope * power, rule.scale * power, static_cast<long double>(rule.limit)});
}

// One value at a time is put just within its own column's limit, just beyond it, or where nothing
// is near.
TEST(Near, EveryValueIsHeldToItsOwnColumn) {
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  const auto uniform = [&] { return std::ldexp(static_cast<double>(random() >> 11), -53); };
  int within = 0, beyond = 0;
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16})
    for (const std::size_t columns : {1, 2, 7, 8, 9, 16, 31, 64}) {
      const std::size_t rows = 1 + random() % 4, count = rows * columns;
      const double step = std::ldexp(1.0, 2 - format_of(dtype).precision);
      for (int sample = 0; sample < 80; ++sample) {
        // Limits of many steps, so that the candidate's own rounding does not matter.
        std::vector<double> budget(columns), exact(count);
        for (double& b : budget) b = step * (8 + 56 * uniform());
        NearRule rule{budget.data(), step * 4 * uniform(), 1, 1};
        if (sample % 4 == 1) rule.scale = step * 40;
        if (sample % 4 == 2) rule.limit = step * 20;
        for (double& x : exact) x = (random() % 2 == 0 ? 1 : -1) * (0.5 + 0.5 * uniform());
        if (sample % 8 == 3) exact[random() % count] = 0;
        const std::size_t at = random() % count;
        const long double most = allowed(exact[at], budget[at % columns], rule);
        std::vector<double> value = exact;
        for (const auto& [part, expected] : {std::pair<double, bool>{0, true},
                                             {0.8, true},
                                             {-0.8, true},
                                             {1.2, false},
                                             {-1.2, false},
                                             {HUGE_VAL, false},
                                             {std::nan(""), false}}) {
          if (exact[at] == 0 && part != 0 && std::isfinite(part)) continue;
          value[at] = exact[at] + part * static_cast<double>(most);
          if (std::isinf(part)) value[at] = part;
          // What the candidate's format keeps of the other values is within every limit.
          const std::vector<std::byte> given = bytes_of(dtype, value);
          EXPECT_EQ(all_near(bytes_of(Dtype::f64, exact).data(), dtype, given.data(), rows, columns,
                             rule),
                    expected)
              << info(dtype).name << ", " << columns << " columns, sample " << sample << ", value "
              << at << " at " << part << " of its limit";
          ++(expected ? within : beyond);
        }
      }
    }
  EXPECT_GT(within, 1000);
  EXPECT_GT(beyond, 1000);
}

}  // namespace
}  // namespace plumbline::test
