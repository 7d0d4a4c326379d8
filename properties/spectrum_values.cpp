// SPDX-License-Identifier: Apache-2.0
// Coverage, decay, layout and extension numbers against values worked out elsewhere in double
// precision or by hand, to every digit that is printed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "properties/properties.h"
#include "reference/coverage.h"
#include "reference/decay.h"
#include "reference/extension.h"
#include "reference/kernel_scan.h"
#include "reference/layout_metrics.h"

namespace plumbline {
namespace {

Case base_case(const std::string& scheme, const char* section = nullptr) {
  Json object{{"scheme", scheme},
              {"shape", {{"head_dim", 128}, {"rotary_dim", 128}}},
              {"spectrum", {{"base", 1000000}}}};
  if (section != nullptr) object["params"]["mrope_section"] = text_or_list(section);
  return case_from_json(object);
}

// `value` has the digits of `printed`: it is off by half a unit of its last digit at most.
void expect_digits(double value, const std::string& printed, const std::string& where) {
  const auto point = printed.find('.');
  const int decimals =
      point == std::string::npos ? 0 : static_cast<int>(printed.size() - point - 1);
  EXPECT_LE(std::abs(value - std::stod(printed)), 0.5 * std::pow(10, -decimals) * (1 + 1e-6))
      << where << ": got " << fmt::format("{:.12g}", value) << ", printed " << printed;
}

struct AxisRow {
  char letter;
  int count, first, last, hole;
  const char *shortest, *longest, *mean;
};
struct MapRow {
  const char *scheme, *section;
  std::vector<AxisRow> axes;
};

const std::vector<MapRow> kCoverage = {
    {"mrope",
     "16,24,24",
     {{'T', 16, 0, 15, 0, "6.28319", "160.114", "7.5"},
      {'H', 24, 16, 39, 0, "198.692", "28472.8", "27.5"},
      {'W', 24, 40, 63, 0, "35332.9", "5063256", "51.5"}}},
    {"mrope-i",
     "24,20,20",
     {{'T', 24, 0, 63, 2, "6.28319", "5063256", "34.0"},
      {'H', 20, 1, 58, 2, "7.79704", "1720600", "29.5"},
      {'W', 20, 2, 59, 2, "9.67564", "2135157", "30.5"}}},
    {"videorope",
     "16,24,24",
     {{'T', 17, 0, 63, 47, "6.28319", "5063256", "52.2353"},
      {'H', 24, 1, 47, 1, "7.79704", "160114", "24.0"},
      {'W', 23, 2, 46, 1, "9.67564", "129027", "24.0"}}},
    {"videorope-original",
     "16,24,24",
     {{'T', 16, 48, 63, 0, "198692", "5063256", "55.5"},
      {'H', 24, 0, 46, 1, "6.28319", "129027", "23.0"},
      {'W', 24, 1, 47, 1, "7.79704", "160114", "24.0"}}},
    {"mmrope",
     nullptr,
     {{'T', 16, 0, 57, 6, "6.28319", "1386532", "28.5"},
      {'H', 24, 2, 62, 3, "9.67564", "4080185", "32.0"},
      {'W', 24, 3, 63, 3, "12.0069", "5063256", "33.0"}}},
    {"mmrope-original",
     nullptr,
     {{'T', 16, 0, 51, 12, "6.28319", "379691", "25.5"},
      {'H', 24, 4, 61, 6, "14.8998", "3287985", "32.5"},
      {'W', 24, 6, 63, 6, "22.9446", "5063256", "34.5"}}},
};

TEST(SpectrumValues, CoverageOfEveryMap) {
  for (const MapRow& row : kCoverage) {
    const auto axes = coverage(base_case(row.scheme, row.section));
    ASSERT_EQ(axes.size(), row.axes.size()) << row.scheme;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const AxisRow& want = row.axes[i];
      const AxisCoverage& got = axes[i];
      const std::string where = std::string(row.scheme) + " " + want.letter;
      EXPECT_EQ(got.letter, want.letter) << where;
      EXPECT_EQ(got.channels.size(), static_cast<std::size_t>(want.count)) << where;
      EXPECT_EQ(got.channels.front(), want.first) << where;
      EXPECT_EQ(got.channels.back(), want.last) << where;
      EXPECT_EQ(got.hole, want.hole) << where;
      expect_digits(got.shortest, want.shortest, where);
      expect_digits(got.longest, want.longest, where);
      expect_digits(got.mean_channel, want.mean, where);
      EXPECT_EQ(got.monotone_range, got.longest / 2) << where;
      EXPECT_EQ(got.exponent_coverage, (want.last - want.first) / 63.0) << where;
      ASSERT_EQ(got.wavelengths.size(), got.channels.size()) << where;
      EXPECT_EQ(got.wavelengths.front(), got.shortest) << where;
      EXPECT_EQ(got.wavelengths.back(), got.longest) << where;
      int longer = 0;
      for (int k = want.first; k <= want.last; ++k) {
        const bool has =
            std::find(got.channels.begin(), got.channels.end(), k) != got.channels.end();
        longer += has && 2 * M_PI * std::pow(10, 6 * k / 64.0) > 32768 ? 1 : 0;
      }
      EXPECT_EQ(got.longer_than(32768), longer) << where;
    }
  }
}

struct DecayRow {
  const char *scheme, *section;
  char letter;
  std::vector<const char*> embedded, restricted, kernel;
};

const std::vector<std::int64_t> kOffsets = {1, 10, 100, 1000, 10000};
const std::vector<DecayRow> kDecay = {
    {"vanilla",
     nullptr,
     'T',
     {"31.663850", "21.288634", "13.532760", "12.500698", "5.517906"},
     {".974272", ".655035", ".416393", ".384637", ".169782"},
     {".978814", ".775471", ".586301", ".491121", ".311534"}},
    {"mrope",
     "16,24,24",
     'T',
     {"31.650513", "21.069561", "17.504028", "20.510930", "19.175399"},
     {".965647", ".326436", ".183163", ".474323", ".230119"},
     {".915346", ".110753", "-.111325", ".067025", ".024383"}},
    {"mrope",
     "16,24,24",
     'H',
     {"32.499190", "32.419249", "26.990140", "22.315530", "18.694007"},
     {".999963", ".996321", ".705992", ".291189", ".132666"},
     {".999941", ".994088", ".637704", ".266849", "-.025227"}},
    {"mrope",
     "16,24,24",
     'W',
     {"32.500000", "32.499999", "32.499865", "32.486534", "31.320267"},
     {"1.000000", "1.000000", ".999988", ".998835", ".891047"},
     {"1.000000", "1.000000", ".999981", ".998124", ".839729"}},
    {"mrope-i",
     "24,20,20",
     'T',
     {"31.951649", "27.492518", "25.456719", "24.324095", "21.798544"},
     {".966392", ".632896", ".571659", ".375552", ".185417"},
     {".973129", ".770944", ".625190", ".534231", ".307898"}},
    {"mrope-i",
     "24,20,20",
     'H',
     {"32.136440", "27.973632", "26.141167", "23.943254", "23.463778"},
     {".975425", ".653630", ".464559", ".381527", ".312097"},
     {".978574", ".744313", ".607004", ".386017", ".317531"}},
    {"mrope-i",
     "24,20,20",
     'W',
     {"32.262439", "29.256198", "24.596535", "25.994608", "23.561499"},
     {".983898", ".725079", ".406477", ".459858", ".181656"},
     {".985877", ".812063", ".518930", ".544493", ".309901"}},
    {"videorope-original",
     "16,24,24",
     'T',
     {"32.500000", "32.500000", "32.499997", "32.499720", "32.472079"},
     {"1.000000", "1.000000", "1.000000", ".999965", ".996515"},
     {"1.000000", "1.000000", ".999999", ".999911", ".991141"}},
    {"videorope-original",
     "16,24,24",
     'H',
     {"31.854193", "25.787026", "22.834826", "20.654608", "16.168200"},
     {".964344", ".549920", ".324664", ".386238", ".162622"},
     {".966025", ".686304", ".506069", ".291556", "-.026848"}},
};

Decay decay_of(const Case& c, const std::vector<std::int64_t>& offsets) {
  const FrequencyAllocation map = allocation(c);
  std::vector<ResolvedSpectrum> spectra;
  spectra.reserve(map.ladders.size());
  LadderPhasors phasors;
  for (const Ladder& ladder : map.ladders) {
    spectra.emplace_back(c.spectrum, ladder);
    phasors.push_back(std::make_shared<const Phasors>(spectra.back(), offsets));
  }
  return decay(map, phasors);
}

const AxisDecay& axis_of(const Decay& all, char letter) {
  for (const AxisDecay& one : all.axes) {
    if (one.letter == letter) return one;
  }
  throw std::logic_error(std::string("no axis ") + letter);
}

TEST(SpectrumValues, DecayCurvesInBothReadingsAndTheMeanKernel) {
  for (const DecayRow& row : kDecay) {
    const Decay all = decay_of(base_case(row.scheme, row.section), kOffsets);
    const AxisDecay& got = axis_of(all, row.letter);
    for (std::size_t i = 0; i < kOffsets.size(); ++i) {
      const std::string where = fmt::format("{} {} at {}", row.scheme, row.letter, kOffsets[i]);
      expect_digits(got.embedded[i], row.embedded[i], where + ", embedded");
      expect_digits(got.restricted[i], row.restricted[i], where + ", restricted");
      expect_digits(got.kernel[i], row.kernel[i], where + ", kernel");
      const double m = got.channels;
      // Four roundings below 1: of the kernel, the product, the sum and the value.
      EXPECT_NEAR(got.preference[i], (64 - m + m * got.kernel[i]) / 64, 4 * 0x1p-54) << where;
    }
  }
}

// Whole heads: every axis has the curve of one dimension. At offset 0 the closed forms are exact.
TEST(SpectrumValues, EveryAxisOfWholeHeadsHasTheCurveOfOneDimension) {
  const std::vector<std::int64_t> offsets{0, 1, 7, 100, 10000};
  const AxisDecay one = decay_of(base_case("vanilla"), offsets).axes.front();
  EXPECT_EQ(one.embedded[0], 32.5);
  EXPECT_EQ(one.restricted[0], 1);
  EXPECT_EQ(one.kernel[0], 1);
  const Decay heads = decay_of(base_case("mhrope"), offsets);
  ASSERT_EQ(heads.axes.size(), 3U);
  for (const AxisDecay& axis : heads.axes) {
    EXPECT_EQ(axis.embedded, one.embedded);
    EXPECT_EQ(axis.restricted, one.restricted);
    EXPECT_EQ(axis.kernel, one.kernel);
  }
}

// The paper's claim, where it holds and where it does not: chunked decays fastest on T up to 10^3
// in the embedded reading and up to 10^2 in the restricted one, and no further.
TEST(SpectrumValues, WhereTheChunkedMapDecaysFastestOnT) {
  const Decay all = decay_of(base_case("mrope", "16,24,24"), kOffsets);
  const bool fastest_embedded[] = {true, true, true, true, false};
  const bool fastest_restricted[] = {true, true, true, false, false};
  for (std::size_t i = 0; i < kOffsets.size(); ++i) {
    const auto lowest = [&](std::vector<double> AxisDecay::*curve) {
      const double t = (axis_of(all, 'T').*curve)[i];
      return t < (axis_of(all, 'H').*curve)[i] && t < (axis_of(all, 'W').*curve)[i];
    };
    EXPECT_EQ(lowest(&AxisDecay::embedded), fastest_embedded[i]) << kOffsets[i];
    EXPECT_EQ(lowest(&AxisDecay::restricted), fastest_restricted[i]) << kOffsets[i];
  }
}

// The scan by seed tables against a plain loop over the C library's cosine, away from zero.
TEST(SpectrumValues, TheScanFindsTheFirstNegativeKernelAndTheWidestDifference) {
  constexpr std::int64_t kLast = 3000;
  for (const char* scheme : {"mrope", "mrope-i", "videorope", "mmrope", "mhrope", "vanilla"}) {
    const Case c = base_case(scheme);
    const FrequencyAllocation map = allocation(c);
    const ResolvedSpectrum spectrum(c.spectrum);
    const SeedTables tables(spectrum, kLast);
    const KernelScan scan = scan_kernel(map, {&tables});
    const auto kernel = [&](Axis axis, std::int64_t offset) {
      double sum = 0;
      int count = 0, in = 0;
      while (map.count(in, axis) == 0) ++in;
      for (int k = 0; k < 64; ++k) {
        if (map.at(in, k).axis != axis) continue;
        sum += std::cos(static_cast<double>(offset) * std::pow(10, -6.0 * k / 64));
        ++count;
      }
      return sum / count;
    };
    for (const auto& axis : scan.axes) {
      std::optional<std::int64_t> first;
      for (std::int64_t d = 1; d <= kLast && !first; ++d) {
        if (kernel(axis.axis, d) < 0) first = d;
      }
      EXPECT_EQ(axis.first_negative, first) << scheme;
    }
    if (!scan.widest_at) continue;
    double widest = 0;
    for (std::int64_t d = 1; d <= kLast; ++d)
      widest = std::max(widest, std::abs(kernel(Axis::h, d) - kernel(Axis::w, d)));
    // 10^y, |y| < 6, is off by (6 ln 10 + 1) 2^-53 of itself, the angle by one rounding more, and a
    // mean of at most 64 cosines by 65 besides; twice for a difference.
    EXPECT_NEAR(scan.widest, widest, 2 * (16.0 * kLast + 65) * 0x1p-53) << scheme;
  }
}

TEST(SpectrumValues, PerTokenDistance) {
  const auto scalar = [](std::int64_t x) { return Coordinate(Rational(x)); };
  std::vector<Tuple> flat, late;
  for (std::int64_t i = 0; i < 9; ++i) flat.push_back({scalar(i)});
  for (std::int64_t i = 9; i < 14; ++i) late.push_back({scalar(i)});
  expect_digits(per_token_distance(late, flat), "2.222222", "scalars 0..8");
  std::vector<Tuple> grid, near, far;
  for (std::int64_t i = 0; i < 9; ++i) grid.push_back({scalar(i / 3), scalar(i % 3)});
  for (std::int64_t x = 3; x < 8; ++x) near.push_back({scalar(x), scalar(x)});
  for (std::int64_t x = 9; x < 14; ++x) far.push_back({scalar(x), scalar(x)});
  expect_digits(per_token_distance(near, grid), "0.661344", "3 x 3");
  expect_digits(per_token_distance(far, grid), "0.64145", "3 x 3, later");
  // Any circle about the text line is at one distance from each of its points.
  const BlockMetrics circle =
      block_metrics(base_case("circlerope-published"), Visual{{1, 3, 3}, Medium::image});
  EXPECT_EQ(circle.token_distance, 0);
}

// By hand from the formulas of the designs: [3 text, 1 x 2 x 4, 3 text].
TEST(SpectrumValues, LayoutMetrics) {
  const Visual block{{1, 2, 4}, Medium::image};
  const auto numbers = [](const std::vector<Coordinate>& list) {
    std::vector<double> out;
    for (const Coordinate& x : list) out.push_back(to_double(x));
    return out;
  };
  using Numbers = std::vector<double>;
  using Counts = std::vector<std::int64_t>;
  const BlockMetrics grid = block_metrics(base_case("mrope"), block);  // 3 .. (3, 4, 6), then 7
  EXPECT_EQ(to_double(grid.growth), 4);
  EXPECT_EQ(grid.tokens, 8);
  EXPECT_EQ(numbers(grid.gap_before), (Numbers{1, 1, 1}));
  EXPECT_EQ(numbers(grid.gap_after), (Numbers{4, 3, 1}));
  EXPECT_EQ(numbers(grid.asymmetry), (Numbers{-3, -2, 0}));
  EXPECT_EQ(grid.overlap, (Counts{0, 0, 0}));
  EXPECT_EQ(grid.injectivity_defect, 0);
  const BlockMetrics reset = block_metrics(base_case("mrope-i"), block);  // (3, 0..1, 0..3), then 7
  EXPECT_EQ(to_double(reset.growth), 4);
  EXPECT_EQ(numbers(reset.gap_before), (Numbers{1, -2, -2}));
  EXPECT_EQ(numbers(reset.gap_after), (Numbers{4, 6, 4}));
  // (3, 3..4, 2..5), then 4, 5, ...: floor(H / 2) = 1 and floor(W / 2) = 2 later ids are shared.
  const BlockMetrics diagonal = block_metrics(base_case("videorope"), block);
  EXPECT_EQ(to_double(diagonal.growth), 1);
  EXPECT_EQ(diagonal.overlap, (Counts{0, 1, 2}));
  EXPECT_EQ(numbers(diagonal.gap_after), (Numbers{1, 0, -1}));
  // A 2 x 2 grid of the literal defaults puts three of its four tokens on one point.
  const BlockMetrics circle =
      block_metrics(base_case("circlerope"), Visual{{1, 2, 2}, Medium::image});
  EXPECT_EQ(circle.injectivity_defect, 2);
}

// YaRN at base 10^6, 128 lanes, trained on 32768: the ramp runs from channel 23 to channel 40, so
// that the chunked map has T untouched, W fully interpolated and H mixed.
TEST(SpectrumValues, YarnsRampAgainstTheChunks) {
  const Case c = base_case("mrope", "16,24,24");
  for (const ExtensionMethod& method : extension_methods(4, 32768)) {
    const auto ratio = stretched(c.spectrum, Ladder{}, method.scaling);
    ASSERT_EQ(ratio.size(), 64U);
    for (std::size_t k = 0; k < 64; ++k) {
      const double i = static_cast<double>(k);
      double want = 0;
      if (method.name == "linear") want = 0.25;
      if (method.name == "ntk") want = std::pow(4, -2 * i / 126);
      if (method.name == "dynamic-ntk") want = std::pow(4 * 4 - 3, -2 * i / 126);
      if (method.name == "yarn") {
        const double ramp = std::min(1.0, std::max(0.0, (i - 23) / (40 - 23)));
        want = 1 - ramp + ramp / 4;
      }
      // At most 13^-2: ln 13 times twice the rounded exponent, and three roundings.
      EXPECT_NEAR(ratio[k], want, 9 * 0x1p-53) << method.name << " " << k;
    }
  }
}

}  // namespace
}  // namespace plumbline
