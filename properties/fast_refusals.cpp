// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "fast/fast.h"
#include "fast/position_ids.h"

// What the quick doors are asked that has no answer, and the one line that says so.
namespace plumbline::test {
namespace {

using fast::Direction;
using fast::Phase;
using fast::Scaling;
using fast::Storage;

constexpr int kDim = 8;
constexpr double kInf = std::numeric_limits<double>::infinity();

fast::RotaryCase small(fast::Spectrum spectrum = {}) {
  fast::RotaryCase c;
  spectrum.rotary_dim = kDim;
  c.spectra.push_back(spectrum);
  c.head_dim = c.rotary_dim = kDim;
  c.num_heads = c.num_key_value_heads = 2;
  c.axis_map.assign(kDim / 2, 0);
  c.rung = {0, 1, 2, 3};
  return c;
}

std::string said_by(const std::function<void()>& act) {
  try {
    act();
    return "accepted";
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

TEST(FastRefusals, KnobsOfASpectrum) {
  struct Row {
    const char* wanted;
    void (*set)(fast::Spectrum&);
  };
  const auto yarn = [](fast::Spectrum& s) {
    s.scaling = Scaling::yarn;
    s.max_position_embeddings = 1024;
    s.factor = 4;
  };
  constexpr Row kRows[] = {
      {"log_freq_scale = 0: must be finite and above 0",
       [](fast::Spectrum& s) { s.log_freq_scale = 0; }},
      {"log_freq_scale = -1: must be finite and above 0",
       [](fast::Spectrum& s) { s.log_freq_scale = -1; }},
      {"log_freq_scale = nan: must be finite and above 0",
       [](fast::Spectrum& s) { s.log_freq_scale = std::nan(""); }},
      {"log_freq_scale = inf: must be finite and above 0",
       [](fast::Spectrum& s) { s.log_freq_scale = kInf; }},
      {"log_freq_scale = -inf: must be finite and above 0",
       [](fast::Spectrum& s) { s.log_freq_scale = -kInf; }},
      {"mscale = -1: must lie in [0, 1024]", [](fast::Spectrum& s) { s.mscale = -1; }},
      {"mscale_all_dim = -1: must lie in [0, 1024]",
       [](fast::Spectrum& s) { s.mscale_all_dim = -1; }},
  };
  for (const Row& row : kRows) {
    fast::Spectrum s;
    s.rotary_dim = kDim;
    yarn(s);
    row.set(s);
    EXPECT_EQ(said_by([&] { fast::inv_freq(s); }), row.wanted);
    EXPECT_EQ(said_by([&] { fast::inv_freq_f32(s); }), row.wanted);
    for (const Phase phase : {Phase::exact, Phase::f32})
      EXPECT_EQ(said_by([&] { fast::make_plan(small(s), {}, 0, phase, Storage::f32); }),
                row.wanted);
  }
}

// Any scale above 0 has an answer, unless a frequency above 1 grows beyond all bounds.
TEST(FastRefusals, ExtremeLogFreqScale) {
  fast::Spectrum s;
  s.rotary_dim = kDim;
  for (const double tiny : {1e-300, 5e-324, 1e-3}) {
    s.log_freq_scale = tiny;
    const auto exact = fast::inv_freq(s);
    const auto f32 = fast::inv_freq_f32(s);
    EXPECT_EQ(exact, (std::vector<double>{1, 0, 0, 0})) << tiny;
    EXPECT_EQ(f32, (std::vector<float>{1, 0, 0, 0})) << tiny;
  }
  s.log_freq_scale = 1e308;
  for (const double frequency : fast::inv_freq(s)) EXPECT_EQ(frequency, 1);
  s.log_freq_scale = 0x1p-11;
  s.scaling = Scaling::linear;
  s.factor = 0.5;
  const char* wanted = "log_freq_scale = 0.00048828125: must keep inv_freq finite";
  EXPECT_EQ(said_by([&] { fast::inv_freq(s); }), wanted);
  EXPECT_EQ(said_by([&] { fast::inv_freq_f32(s); }), wanted);
}

// Finite in binary64, and in binary32 before it is counted in turns.
TEST(FastRefusals, AFrequencyBeyondBinary32) {
  fast::Spectrum s;
  s.rotary_dim = 64;
  s.scaling = fast::Scaling::linear;
  s.factor = 0x1p-20;
  s.log_freq_scale = 0.15626;
  for (const bool turns : {false, true}) {
    s.turns = turns;
    EXPECT_EQ(std::isfinite(fast::inv_freq(s)[0]), true);
    if (turns)
      EXPECT_THROW(fast::inv_freq_f32(s), std::invalid_argument);
    else
      EXPECT_TRUE(std::isfinite(fast::inv_freq_f32(s)[0]));
  }
}

TEST(FastRefusals, WhatIsNoEnumerator) {
  const fast::RotaryCase c = small();
  const double at[] = {1};
  const auto plan = fast::make_plan(c, at, 1, Phase::exact, Storage::f32);
  const fast::Kernel& kernel = fast::kernels()[3];
  ASSERT_EQ(kernel.phase, Phase::exact);
  std::vector<float> data(64, 3);
  const fast::View q{data.data(), 16, kDim}, k{data.data() + 32, 16, kDim};
  const fast::ConstView q_in{q.data, 16, kDim}, k_in{k.data, 16, kDim};
  const fast::RotaryEmbedding embedding(c, {.ready_positions = 8, .kernel = nullptr});
  const auto rotate = [&](int tokens, Storage storage, Direction direction) {
    const std::vector<std::int32_t> ids(static_cast<std::size_t>(tokens), 1);
    return said_by([&] {
      embedding.rotate(storage, std::span<const std::int32_t>(ids), tokens, {q_in, q}, {k_in, k},
                       direction);
    });
  };
  const char* storage = "storage = 9: is not one of the four";
  const char* direction = "direction = 7: is neither forward nor adjoint";
  const auto no_storage = static_cast<Storage>(9);
  const auto no_direction = static_cast<Direction>(7);
  EXPECT_EQ(said_by([&] { fast::make_plan(c, at, 1, Phase::exact, no_storage); }), storage);
  EXPECT_EQ(said_by([&] { fast::make_plan(c, at, 1, static_cast<Phase>(9), Storage::f32); }),
            "phase = 9: is neither exact nor f32");
  EXPECT_EQ(said_by([&] { fast::rotate(kernel, plan, no_storage, 2, q_in, q, {}); }), storage);
  EXPECT_EQ(said_by([&] { fast::rotate(kernel, plan, Storage::f32, 2, q_in, q, no_direction); }),
            direction);
  for (const int tokens : {0, 1}) {
    EXPECT_EQ(rotate(tokens, no_storage, Direction::forward), storage) << tokens;
    EXPECT_EQ(rotate(tokens, Storage::f32, no_direction), direction) << tokens;
  }
  EXPECT_EQ(data, std::vector<float>(64, 3)) << "refused, yet written";
  const char* layout = "layout = 9: is not one of the three";
  const auto no_layout = static_cast<fast::PositionLayout>(9);
  const fast::PromptSegment text{2, 0, 0, 0, {}};
  std::int32_t out[8];
  EXPECT_EQ(said_by([&] { fast::axes_of(no_layout); }), layout);
  EXPECT_EQ(said_by([&] { fast::position_ids(no_layout, std::span(&text, 1), 0, out, 2); }),
            layout);
}

// A plan is a struct: its numbers may have been changed after its table was made.
TEST(FastRefusals, PlansThatContradictThemselves) {
  struct Row {
    const char* wanted;
    void (*change)(fast::RotaryPlan&);
  };
  constexpr Row kRows[] = {
      {"size of cos_sin_cache = 16: must be tokens * maps * rotary_dim",
       [](fast::RotaryPlan& p) { p.tokens = 8; }},
      {"size of cos_sin_cache = 16: must be tokens * maps * rotary_dim",
       [](fast::RotaryPlan& p) { p.tokens = 1; }},
      {"size of cos_sin_cache = 16: must be tokens * maps * rotary_dim",
       [](fast::RotaryPlan& p) { p.maps = 2; }},
      {"size of cos_sin_cache = 16: must be tokens * maps * rotary_dim",
       [](fast::RotaryPlan& p) { p.rotary_dim = 6; }},
      {"size of cos_sin_cache = 15: must be tokens * maps * rotary_dim",
       [](fast::RotaryPlan& p) { p.cos_sin_cache.pop_back(); }},
      {"tokens = -1: must not be negative", [](fast::RotaryPlan& p) { p.tokens = -1; }},
      {"maps = 0: must be 1 or num_key_value_heads", [](fast::RotaryPlan& p) { p.maps = 0; }},
      {"rotary_dim = 7: must be even and lie in [2, head_dim]",
       [](fast::RotaryPlan& p) { p.rotary_dim = 7; }},
      {"rotary_dim = 8: must be even and lie in [2, head_dim]",
       [](fast::RotaryPlan& p) { p.head_dim = 6; }},
      {"num_key_value_heads = 0: must be at least 1",
       [](fast::RotaryPlan& p) { p.num_key_value_heads = 0; }},
      {"num_heads = 3: must be a positive multiple of num_key_value_heads",
       [](fast::RotaryPlan& p) { p.num_heads = 3; }},
  };
  const double at[] = {1, 2};
  const fast::Kernel& kernel = fast::kernels()[3];
  for (const Row& row : kRows) {
    auto plan = fast::make_plan(small(), at, 2, Phase::exact, Storage::f32);
    row.change(plan);
    std::vector<float> data(1024);
    EXPECT_EQ(said_by([&] {
                fast::rotate(kernel, plan, Storage::f32, 2, {data.data(), 64, kDim},
                             {data.data(), 64, kDim}, Direction::forward);
              }),
              row.wanted);
  }
  auto wide = fast::make_plan(small(), at, 2, Phase::exact, Storage::f64);
  wide.tokens = 3;
  std::vector<double> data(1024);
  EXPECT_EQ(said_by([&] {
              fast::rotate(kernel, wide, Storage::f64, 2, {data.data(), 64, kDim},
                           {data.data(), 64, kDim}, Direction::forward);
            }),
            "size of cos_sin_cache_f64 = 16: must be tokens * maps * rotary_dim");
}

// Integers are told as they are, not as the nearest double.
TEST(FastRefusals, FarPositions) {
  const fast::RotaryEmbedding embedding(small(), {.ready_positions = 8, .kernel = nullptr});
  std::vector<float> data(64);
  const fast::InOut q{{data.data(), 16, kDim}, {data.data(), 16, kDim}};
  const fast::InOut k{{data.data() + 32, 16, kDim}, {data.data() + 32, 16, kDim}};
  constexpr std::int64_t kFar[] = {(std::int64_t{1} << 31) + 1, (std::int64_t{1} << 53) + 1,
                                   -(std::int64_t{1} << 31) - 1, INT64_MAX, INT64_MIN};
  for (const std::int64_t& p : kFar) {
    const std::string wanted =
        "position_ids = " + std::to_string(p) + ": must lie in [-2^31, 2^31]";
    const std::span<const std::int64_t> ids(&p, 1);
    EXPECT_EQ(said_by([&] { embedding.rotate(Storage::f32, ids, 1, q, k); }), wanted);
    EXPECT_EQ(said_by([&] { embedding.cos_sin(ids, 1); }), wanted);
  }
}

}  // namespace
}  // namespace plumbline::test
