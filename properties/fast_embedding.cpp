// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <iostream>
#include <numeric>
#include <random>
#include <thread>

#include "fast/fast.h"
#include "properties/fast_support.h"
#include "properties/properties.h"
#include "reference/planes.h"
#include "tools/subject.h"

// RotaryEmbedding against make_plan, which shares neither its table nor its rows made on the fly:
// equal bits, for every scheme, preset, kernel and position.
namespace plumbline::test {
namespace {

using fast::Storage;

constexpr std::uint64_t kSeed = 20261122;

struct Subject {
  std::string name;
  fast::RotaryCase c;
};

bool turns_by_pairs(const Case& c) { return !has_planes(c) && allocation(c).partner.empty(); }

std::vector<Subject> every_case() {
  std::vector<Subject> out;
  for (const Scheme& scheme : schemes()) {
    const Case c = small_case(scheme, 24, {});
    if (!turns_by_pairs(c)) continue;
    out.push_back({std::string(scheme.name), rotary_case(c, allocation(c), positions(c).axes)});
  }
  for (const Model& m : models()) {
    const Case c = case_from_json(Json{{"id", m.name}, {"model", m.name}, {"sequence", "t1"}});
    out.push_back({m.name, rotary_case(c, allocation(c), positions(c).axes)});
  }
  return out;
}

std::vector<const fast::Kernel*> exact_kernels() {
  std::vector<const fast::Kernel*> out;
  for (const fast::Kernel& k : fast::kernels())
    if (k.supported() && k.phase == fast::Phase::exact) out.push_back(&k);
  return out;
}

// [axes][tokens]: in sequence, apart, far and negative.
std::vector<std::int64_t> draw_ids(std::mt19937_64& random, int axes, int tokens, bool far) {
  std::vector<std::int64_t> ids;
  for (int a = 0; a < axes; ++a) {
    const auto start = static_cast<std::int64_t>(random() % 1000);
    for (int t = 0; t < tokens; ++t) {
      const std::uint64_t r = random();
      ids.push_back(!far || r % 3 == 0 ? start + t / (1 + a)
                    : r % 3 == 1       ? static_cast<std::int64_t>(r % (1ULL << 32)) - (1LL << 31)
                                       : static_cast<std::int64_t>(r % (1ULL << 20)));
    }
  }
  return ids;
}

TEST(FastEmbedding, RowsMadeOnTheFlyEqualThePlan) {
  std::mt19937_64 random(kSeed);
  constexpr int kTokens = 150;
  std::size_t values = 0;
  for (const Subject& subject : every_case()) {
    const auto ids = draw_ids(random, subject.c.axes, kTokens, true);
    const std::vector<double> as_doubles(ids.begin(), ids.end());
    const auto plan =
        fast::make_plan(subject.c, as_doubles, kTokens, fast::Phase::exact, Storage::f32);
    for (const fast::Kernel* kernel : exact_kernels()) {
      const fast::RotaryEmbedding embedding(
          subject.c, {.ready_positions = 512, .table = false, .kernel = kernel});
      const std::vector<float> rows = embedding.cos_sin(ids, kTokens);
      ASSERT_EQ(rows.size(), plan.cos_sin_cache.size());
      ASSERT_EQ(std::memcmp(rows.data(), plan.cos_sin_cache.data(), rows.size() * sizeof(float)), 0)
          << subject.name << " kernel " << kernel->name << " seed " << kSeed;
      values += rows.size();
    }
  }
  std::cout << values << " entries compared\n";
}

struct Batch {
  std::vector<std::byte> q, k;
  bool operator==(const Batch&) const = default;
};

Batch draw_batch(std::mt19937_64& random, const fast::RotaryCase& c, Storage s, int tokens) {
  const std::size_t unit = s == Storage::f64 ? 8 : s == Storage::f32 ? 4 : 2;
  const auto make = [&](int heads) {
    std::vector<std::byte> out(static_cast<std::size_t>(tokens * heads * c.head_dim) * unit);
    for (std::size_t at = 0; at < out.size(); at += unit) {
      const double x = static_cast<double>(static_cast<std::int64_t>(random())) * 0x1p-62;
      const auto f = static_cast<float>(x);
      std::uint64_t bits;
      std::memcpy(&bits, &x, 8);
      if (unit != 8) bits = std::bit_cast<std::uint32_t>(f);
      if (s == Storage::bf16) bits >>= 16;
      if (s == Storage::f16) bits = (bits >> 16 & 0x83ffU) | 0x3c00U;
      std::memcpy(out.data() + at, &bits, unit);
    }
    return out;
  };
  return {make(c.num_heads), make(c.num_key_value_heads)};
}

fast::InOut in_place(std::vector<std::byte>& data, const fast::RotaryCase& c, int heads) {
  const std::ptrdiff_t token = std::ptrdiff_t{heads} * c.head_dim;
  return {{data.data(), token, c.head_dim}, {data.data(), token, c.head_dim}};
}

Batch by_plan(const fast::Kernel& kernel, const fast::RotaryCase& c, Batch batch, Storage s,
              const std::vector<double>& ids, int tokens, fast::Direction direction) {
  const auto plan = fast::make_plan(c, ids, tokens, fast::Phase::exact, s);
  for (auto* side : {&batch.q, &batch.k}) {
    const int heads = side == &batch.q ? c.num_heads : c.num_key_value_heads;
    const fast::InOut view = in_place(*side, c, heads);
    fast::rotate(kernel, plan, s, heads, view.input, view.output, direction);
  }
  return batch;
}

// Near and far positions, table or none, each integer type, one thread and three, more tokens than
// a block holds: the bits of the plan's way.
TEST(FastEmbedding, TensorsEqualThePlan) {
  std::mt19937_64 random(kSeed);
  std::size_t compared = 0;
  for (const Subject& subject : every_case()) {
    fast::RotaryCase c = subject.c;
    if (c.maps == 1) {
      c.num_heads = 6;
      c.num_key_value_heads = 2;
    }
    for (const fast::Kernel* kernel : exact_kernels()) {
      // No position is ready, some are, all that are near are.
      constexpr std::int64_t kReady[] = {0, 300, 2048};
      const fast::RotaryEmbedding embedding(c, {.ready_positions = kReady[subject.name.size() % 3],
                                                .kernel = kernel,
                                                .thread_bytes = 1});
      for (const Storage s : {Storage::f64, Storage::f32, Storage::bf16, Storage::f16}) {
        for (const bool far : {false, true}) {
          const int tokens = far ? 3 : 70;
          const auto ids = draw_ids(random, c.axes, tokens, far);
          const std::vector<double> doubles(ids.begin(), ids.end());
          const auto direction = far ? fast::Direction::adjoint : fast::Direction::forward;
          const Batch input = draw_batch(random, c, s, tokens);
          const Batch wanted = by_plan(*kernel, c, input, s, doubles, tokens, direction);
          const auto expect_equal = [&](const auto& positions, int threads, const char* what) {
            Batch got = input;
            embedding.rotate(s, std::span(std::as_const(positions)), tokens,
                             in_place(got.q, c, c.num_heads),
                             in_place(got.k, c, c.num_key_value_heads), direction, threads);
            EXPECT_TRUE(got == wanted) << subject.name << " kernel " << kernel->name << " storage "
                                       << static_cast<int>(s) << " far " << far << " " << what;
            ++compared;
          };
          expect_equal(ids, 1, "int64");
          expect_equal(ids, 3, "three threads");
          expect_equal(doubles, 1, "double");
          if (!far) expect_equal(std::vector<std::int32_t>(ids.begin(), ids.end()), 2, "int32");
        }
      }
    }
  }
  std::cout << compared << " batches compared\n";
}

// Rows of two to four axes, from the table: any axes in any lanes, one map and one for each KV
// head, widths that kernels may merge and widths that they may not. Now and then an axis stays
// where it was, as along the lines of an image.
TEST(FastEmbedding, RowsOfSeveralAxesEqualThePlan) {
  std::mt19937_64 random(kSeed);
  const Case base = case_from_json(Json{{"id", "g"}, {"model", "gemma-3-4b"}, {"sequence", "t1"}});
  fast::RotaryCase c = rotary_case(base, allocation(base), 1);
  c.num_heads = 6;
  c.num_key_value_heads = 2;
  for (const int rotary_dim : {32, 64, 96, 128, 160, 192, 256})
    for (const int maps : {1, 2})
      for (const bool neox : {true, false}) {
        c.axes = 2 + static_cast<int>(random() % 3);
        c.rotary_dim = rotary_dim;
        c.maps = maps;
        c.neox = neox;
        c.axis_map.clear();
        c.rung.clear();
        for (int i = 0; i < maps * rotary_dim / 2; ++i) {
          c.axis_map.push_back(random() % 16 == 0
                                   ? fast::kNoAxis
                                   : static_cast<std::uint8_t>(random() % unsigned(c.axes)));
          c.rung.push_back(i % (rotary_dim / 2));
        }
        for (fast::Kernel kernel : fast::kernels()) {
          if (!kernel.supported() || kernel.phase != fast::Phase::exact) continue;
          asked = kernel.rotate;
          if (random() % 2 == 0) kernel.rotate = ahead;
          const fast::RotaryEmbedding embedding(c, {.ready_positions = 1024, .kernel = &kernel});
          for (const Storage s : {Storage::f32, Storage::bf16, Storage::f16}) {
            const int tokens = 1 + static_cast<int>(random() % 70);
            std::vector<std::int64_t> ids;
            for (int i = 0; i < c.axes * tokens; ++i)
              ids.push_back(i % tokens > 0 && random() % 2 == 0
                                ? ids.back()
                                : static_cast<std::int64_t>(random() % 1024));
            const std::vector<double> doubles(ids.begin(), ids.end());
            const Batch input = draw_batch(random, c, s, tokens);
            const auto direction =
                random() % 2 == 0 ? fast::Direction::forward : fast::Direction::adjoint;
            Batch got = input;
            embedding.rotate(s, std::span(std::as_const(ids)), tokens,
                             in_place(got.q, c, c.num_heads),
                             in_place(got.k, c, c.num_key_value_heads), direction);
            EXPECT_TRUE(got == by_plan(kernel, c, input, s, doubles, tokens, direction))
                << kernel.name << " storage " << static_cast<int>(s) << " rotary_dim " << rotary_dim
                << " axes " << c.axes << " maps " << maps << " neox " << neox << " ahead "
                << (kernel.rotate == ahead);
          }
        }
      }
}

// Two tensors of different strides in one pass, not in place, with a batch too large for the table.
TEST(FastEmbedding, FractionsGapsAndLargeBatchesEqualThePlan) {
  std::mt19937_64 random(kSeed);
  const Case base = case_from_json(Json{{"id", "m"}, {"model", "qwen3-vl-8b"}, {"sequence", "t1"}});
  const fast::RotaryCase c = rotary_case(base, allocation(base), 3);
  const int tokens = 200;
  std::vector<double> ids(static_cast<std::size_t>(3 * tokens));
  for (double& p : ids) p = static_cast<double>(random() % 4000) / 8;
  const fast::Kernel& kernel = *exact_kernels().front();
  const fast::RotaryEmbedding embedding(c);
  const Batch input = draw_batch(random, c, Storage::f32, tokens);
  const Batch wanted =
      by_plan(kernel, c, input, Storage::f32, ids, tokens, fast::Direction::forward);
  const std::ptrdiff_t head = c.head_dim + 3;
  const std::ptrdiff_t q_token = head * c.num_heads + 5, k_token = head * c.num_key_value_heads;
  std::vector<float> q(static_cast<std::size_t>(q_token * tokens), 7),
      k(static_cast<std::size_t>(k_token * tokens), 7);
  fast::InOut q_view = in_place(const_cast<Batch&>(input).q, c, c.num_heads);
  fast::InOut k_view = in_place(const_cast<Batch&>(input).k, c, c.num_key_value_heads);
  q_view.output = {q.data(), q_token, head};
  k_view.output = {k.data(), k_token, head};
  embedding.rotate(Storage::f32, std::span<const double>(ids), tokens, q_view, k_view);
  for (const bool is_q : {true, false}) {
    const int heads = is_q ? c.num_heads : c.num_key_value_heads;
    const auto* want = reinterpret_cast<const float*>((is_q ? wanted.q : wanted.k).data());
    const std::vector<float>& got = is_q ? q : k;
    for (int t = 0; t < tokens; ++t)
      for (int h = 0; h < heads; ++h)
        for (int lane = 0; lane < c.head_dim; ++lane)
          ASSERT_EQ(got[static_cast<std::size_t>(t * (is_q ? q_token : k_token) + h * head + lane)],
                    *want++)
              << (is_q ? "q" : "k") << " token " << t << " head " << h << " lane " << lane;
  }
}

// Each calling thread keeps helpers of its own from call to call, as many as the last call asked
// for.
TEST(FastEmbedding, CallersDoNotDisturbEachOther) {
  const Case base = case_from_json(Json{{"id", "m"}, {"model", "qwen3-8b"}, {"sequence", "t1"}});
  const fast::RotaryCase c = rotary_case(base, allocation(base), 1);
  constexpr int kTokens = 150, kCallers = 3;
  const fast::RotaryEmbedding embedding(
      c, {.ready_positions = 512, .kernel = nullptr, .thread_bytes = std::size_t{1} << 14});
  std::mt19937_64 random(kSeed);
  const auto ids = draw_ids(random, c.axes, kTokens, true);
  const Batch input = draw_batch(random, c, Storage::f32, kTokens);
  const auto turned = [&](int threads) {
    Batch batch = input;
    embedding.rotate(Storage::f32, std::span<const std::int64_t>(ids), kTokens,
                     in_place(batch.q, c, c.num_heads), in_place(batch.k, c, c.num_key_value_heads),
                     fast::Direction::forward, threads);
    return batch;
  };
  const Batch wanted = turned(1);
  bool equal[kCallers] = {};
  {
    std::vector<std::jthread> callers;
    for (bool& mine : equal)
      callers.emplace_back([&] {
        mine = true;
        for (const int threads : {2, 3, 2, 1, 7, 2, 200}) mine = mine && turned(threads) == wanted;
      });
  }
  for (const bool one : equal) EXPECT_TRUE(one) << "seed " << kSeed;
}

TEST(FastEmbedding, RefusesWhatItCannotDo) {
  const Case base = case_from_json(Json{{"id", "m"}, {"model", "qwen3-8b"}, {"sequence", "t1"}});
  const fast::RotaryCase c = rotary_case(base, allocation(base), 1);
  const fast::RotaryEmbedding embedding(c, {.ready_positions = 64, .kernel = nullptr});
  std::vector<std::byte> q(static_cast<std::size_t>(c.num_heads * c.head_dim) * 4),
      k(static_cast<std::size_t>(c.num_key_value_heads * c.head_dim) * 4);
  const auto message = [&](auto ids, int tokens, int threads, bool no_data = false) {
    try {
      auto q_view = in_place(q, c, c.num_heads);
      if (no_data) q_view.output.data = nullptr;
      embedding.rotate(Storage::f32, std::span(std::as_const(ids)), tokens, q_view,
                       in_place(k, c, c.num_key_value_heads), fast::Direction::forward, threads);
      return std::string("accepted");
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
  };
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(message(Ids{5}, 1, 1), "accepted");
  EXPECT_EQ(message(Ids{5, 6}, 1, 1), "size of position_ids = 2: must be axes * tokens");
  EXPECT_EQ(message(Ids{}, -1, 1), "tokens = -1: must not be negative");
  EXPECT_EQ(message(Ids{5}, 1, 0), "threads = 0: must be at least 1");
  EXPECT_EQ(message(Ids{3000000000}, 1, 1), "position_ids = 3000000000: must lie in [-2^31, 2^31]");
  EXPECT_EQ(message(std::vector<double>{std::nan("")}, 1, 1),
            "position_ids = nan: must lie in [-2^31, 2^31]");
  EXPECT_EQ(message(Ids{5}, 1, 1, true), "q output = null: must point to data");
  EXPECT_EQ(message(Ids{}, 0, 1, true), "accepted") << "no tokens, nothing to point to";
  const fast::RotaryEmbedding::Options idle{.kernel = nullptr, .thread_bytes = 0};
  try {
    const fast::RotaryEmbedding none(c, idle);
    ADD_FAILURE() << "thread_bytes = 0 was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()), "thread_bytes = 0: must be at least 1");
  }
}

// A token whose row is in the table takes a shorter way: what is wrong with its views is told all
// the same.
TEST(FastEmbedding, LooksAtTheViewsOfOneToken) {
  const Case base = case_from_json(Json{{"id", "m"}, {"model", "qwen3-8b"}, {"sequence", "t1"}});
  const fast::RotaryCase c = rotary_case(base, allocation(base), 1);
  const fast::RotaryEmbedding embedding(c, {.ready_positions = 64, .kernel = nullptr});
  std::vector<std::byte> data[2] = {
      std::vector<std::byte>(static_cast<std::size_t>(c.num_heads * c.head_dim) * 4 + 8),
      std::vector<std::byte>(static_cast<std::size_t>(c.num_key_value_heads * c.head_dim) * 4 + 8)};
  struct Fault {
    const char* what;
    void (*make)(fast::InOut&);
  };
  constexpr Fault kFaults[] = {
      {" input = null: must point to data", [](fast::InOut& v) { v.input.data = nullptr; }},
      {" output = null: must point to data", [](fast::InOut& v) { v.output.data = nullptr; }},
      {": is not aligned to its element",
       [](fast::InOut& v) { v.input.data = static_cast<const std::byte*>(v.input.data) + 2; }},
      {": is not aligned to its element",
       [](fast::InOut& v) { v.output.data = static_cast<std::byte*>(v.output.data) + 1; }},
      {": is not aligned to its element",
       [](fast::InOut& v) {
         v.input.data = v.output.data = static_cast<std::byte*>(v.output.data) + 2;
       }},
      {" output head_stride = ",
       [](fast::InOut& v) { v.output.head_stride = v.input.head_stride -= 1; }},
      {" output head_stride = ", [](fast::InOut& v) { v.output.head_stride += 4; }},
  };
  for (const std::int64_t position : {5, 100}) {
    for (const Fault& fault : kFaults) {
      for (const int which : {0, 1}) {
        fast::InOut views[] = {in_place(data[0], c, c.num_heads),
                               in_place(data[1], c, c.num_key_value_heads)};
        fault.make(views[which]);
        const std::vector<std::int64_t> ids{position};
        std::string said = "accepted";
        try {
          embedding.rotate(Storage::f32, std::span<const std::int64_t>(ids), 1, views[0], views[1],
                           fast::Direction::forward, 1);
        } catch (const std::invalid_argument& e) {
          said = e.what();
        }
        EXPECT_EQ(said.front(), which == 0 ? 'q' : 'k') << said;
        EXPECT_NE(said.find(fault.what), std::string::npos) << said << ", not " << fault.what;
      }
    }
    // k in the last lanes of q.
    for (const std::ptrdiff_t lanes : {1, 2 * c.head_dim}) {
      std::vector<std::byte> room(data[0].size() + data[1].size());
      const fast::InOut q = in_place(room, c, c.num_heads);
      std::byte* inside = room.data() + (c.num_heads * std::ptrdiff_t{c.head_dim} - lanes) * 4;
      const fast::InOut k{{inside, 0, c.head_dim}, {inside, 0, c.head_dim}};
      const std::vector<std::int64_t> ids{position};
      EXPECT_THROW(embedding.rotate(Storage::f32, std::span<const std::int64_t>(ids), 1, q, k),
                   std::invalid_argument)
          << lanes << " lanes";
    }
  }
}

}  // namespace
}  // namespace plumbline::test
