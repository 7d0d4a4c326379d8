// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "fast/position_ids.h"
#include "properties/properties.h"

// The quick position_ids against the reference's.
namespace plumbline::test {
namespace {

using fast::PositionLayout;

constexpr std::uint64_t kSeed = 20261122;

struct Row {
  const char* scheme;
  PositionLayout layout;
  const char* params;
  const char* step;  // positions from frame to frame, rounded down where each frame stands
};
constexpr Row kRows[] = {
    {"vanilla", PositionLayout::flat, "{}", ""},
    {"mrope", PositionLayout::grid, R"({"temporal_stride": 1})", ""},
    {"mrope", PositionLayout::grid, R"({"temporal_stride": 3})", "3"},
    {"mrope-qwen2vl", PositionLayout::grid, "{}", ""},
    {"mrope-qwen3vl", PositionLayout::grid, "{}", ""},
    {"mhrope", PositionLayout::grid, R"({"temporal_stride": 1})", ""},
    {"mrope-i", PositionLayout::spatial_reset, R"({"temporal_stride": 1})", ""},
    {"ilrope", PositionLayout::spatial_reset, R"({"temporal_stride": 2})", "2"},
    {"omnirope", PositionLayout::spatial_reset, R"({"temporal_stride": 1})", ""},
    {"mrope-abs-time", PositionLayout::grid,
     R"({"second_per_grid_t": "3/2", "tokens_per_second": 2})", "3"},
    {"mrope-abs-time", PositionLayout::grid,
     R"({"second_per_grid_t": "1/7", "tokens_per_second": 2})", "2/7"},
};

Sequence draw(std::mt19937_64& random) {
  Sequence out;
  for (auto n = random() % 6; n > 0; --n) {
    if (random() % 2 == 0) {
      out.push_back(Text{static_cast<std::int64_t>(random() % 9), {}});
      continue;
    }
    const Grid grid{1 + static_cast<std::int64_t>(random() % 4),
                    1 + static_cast<std::int64_t>(random() % 9),
                    1 + static_cast<std::int64_t>(random() % 9)};
    out.push_back(Visual{grid, grid.t == 1 ? Medium::image : Medium::video, 0});
  }
  return out;
}

class Prompt {
 public:
  Prompt(const Sequence& sequence, const std::string& step) {
    times_.reserve(sequence.size());
    for (const Segment& segment : sequence) {
      fast::PromptSegment s;
      if (const auto* text = std::get_if<Text>(&segment)) {
        s.text = static_cast<int>(text->length);
      } else {
        const Grid& g = std::get<Visual>(segment).grid;
        s.t = static_cast<int>(g.t), s.h = static_cast<int>(g.h), s.w = static_cast<int>(g.w);
        if (!step.empty()) {
          times_.emplace_back();
          for (int i = 0; i < s.t; ++i)
            times_.back().push_back(static_cast<std::int32_t>(floor(parse_rational(step) * i)));
          s.times = times_.back();
        }
      }
      segments.push_back(s);
    }
  }
  std::vector<fast::PromptSegment> segments;

 private:
  std::vector<std::vector<std::int32_t>> times_;
};

template <class Position>
void expect_equal(const Row& row, const Sequence& sequence) {
  const Json json{{"id", "p"},
                  {"scheme", row.scheme},
                  {"sequence", notation(sequence)},
                  {"params", parse_json(row.params)}};
  const PositionTable wanted = positions(case_from_json(json));
  const Prompt prompt(sequence, row.step);
  const auto tokens = static_cast<std::size_t>(fast::count_tokens(prompt.segments));
  ASSERT_EQ(tokens, wanted.rows());
  const int axes = fast::axes_of(row.layout);
  std::vector<Position> out(static_cast<std::size_t>(axes) * (tokens + 3), -7);
  const auto stride = static_cast<std::ptrdiff_t>(tokens + 3);
  const std::int64_t end = fast::position_ids(row.layout, prompt.segments, 0, out.data(), stride);
  for (int a = 0; a < axes; ++a) {
    const auto begin = static_cast<std::size_t>(a) * (tokens + 3);
    for (std::size_t t = 0; t < tokens; ++t)
      ASSERT_EQ(Rational(out[begin + t]), value_of(wanted.at(static_cast<std::size_t>(a), t)))
          << row.scheme << " \"" << notation(sequence) << "\" axis " << a << " token " << t;
    for (std::size_t t = tokens; t < tokens + 3; ++t) ASSERT_EQ(out[begin + t], -7);
  }
  ASSERT_EQ(Rational(end - static_cast<std::int64_t>(tokens)), value_of(wanted.rope_delta_cursor))
      << row.scheme << " \"" << notation(sequence) << '"';
}

TEST(FastPositions, EqualTheReference) {
  std::mt19937_64 random(kSeed);
  for (int n = 0; n < 200; ++n) {
    const Sequence sequence = draw(random);
    for (const Row& row : kRows) {
      expect_equal<std::int64_t>(row, sequence);
      expect_equal<std::int32_t>(row, sequence);
      if (HasFatalFailure()) FAIL() << "seed " << kSeed << " sequence " << n;
    }
  }
}

// The last int32 position, which nothing counts past: run under the sanitizers.
TEST(FastPositions, ReachTheLastInteger) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int32_t>::max();
  std::int32_t out[3 * 8];
  const fast::PromptSegment text{4, 0, 0, 0, {}}, grid{0, 1, 2, 4, {}};
  EXPECT_EQ(fast::position_ids(PositionLayout::flat, std::span(&text, 1), kLast - 3, out, 8),
            kLast + 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], kLast - 3 + i);
  EXPECT_EQ(fast::position_ids(PositionLayout::grid, std::span(&grid, 1), kLast - 3, out, 8),
            kLast + 1);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(out[16 + i], kLast - 3 + i % 4);
  // Text would go on beyond, but rows and columns count from 0.
  EXPECT_EQ(fast::position_ids(PositionLayout::spatial_reset, std::span(&grid, 1), kLast, out, 8),
            kLast + 4);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(out[i], kLast);
    EXPECT_EQ(out[16 + i], i % 4);
  }
  const fast::PromptSegment more[] = {grid, {1, 0, 0, 0, {}}};
  EXPECT_THROW(fast::position_ids(PositionLayout::spatial_reset, more, kLast, out, 9),
               std::invalid_argument);
}

TEST(FastPositions, RefuseWhatHasNoPositions) {
  const auto message = [](std::vector<fast::PromptSegment> prompt, std::int64_t start = 0,
                          std::ptrdiff_t stride = 64) {
    std::int32_t out[256];
    try {
      fast::position_ids(PositionLayout::grid, prompt, start, out, stride);
      return std::string("accepted");
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
  };
  const auto text = [](int n) { return fast::PromptSegment{n, 0, 0, 0, {}}; };
  const std::int32_t falling[] = {3, 2}, one[] = {0};
  EXPECT_EQ(message({}), "accepted");
  EXPECT_EQ(message({text(-1)}), "text = -1: must not be negative");
  EXPECT_EQ(message({{1, 1, 1, 1, {}}}), "text = 1: must be 0 in a visual segment");
  EXPECT_EQ(message({{0, 0, 3, 2, {}}}), "t, h, w = 0, 3, 2: must be all positive or all 0");
  EXPECT_EQ(message({{0, 1, 0, 1, {}}}), "t, h, w = 1, 0, 1: must be all positive or all 0");
  EXPECT_EQ(message({{0, 2, 1, 1, falling}}), "times = 2: must not decrease");
  EXPECT_EQ(message({{0, 2, 1, 1, one}}), "number of times = 1: must be t");
  EXPECT_EQ(message({{0, 1 << 20, 1 << 20, 1, {}}}),
            "t * h * w = 1048576 * 1048576 * 1: must not exceed 2^31 - 1");
  EXPECT_EQ(message({{0, 46341, 46341, 2, {}}}),
            "t * h * w = 46341 * 46341 * 2: must not exceed 2^31 - 1");
  EXPECT_EQ(message({text(65)}), "axis_stride = 64: must be at least the number of tokens");
  EXPECT_EQ(message({text(2)}, (std::int64_t{1} << 31) - 1),
            "position_ids = 2147483648: must not exceed 2^31 (int32: 2^31 - 1)");
}

}  // namespace
}  // namespace plumbline::test
