// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "fast/fast.h"

// Which views of memory the quick doors take: every layout whose outputs have bytes of their own,
// and none that would be read after it was written.
namespace plumbline::test {
namespace {

using fast::Storage;

constexpr std::uint64_t kSeed = 20261122;

fast::RotaryCase small(int head_dim, int heads, int kv_heads) {
  fast::RotaryCase c;
  c.spectra.resize(1);
  c.spectra[0].rotary_dim = head_dim;
  c.head_dim = c.rotary_dim = head_dim;
  c.num_heads = heads;
  c.num_key_value_heads = kv_heads;
  for (int i = 0; i < head_dim / 2; ++i) {
    c.axis_map.push_back(0);
    c.rung.push_back(i);
  }
  return c;
}

constexpr int kHeads = 4, kKvHeads = 2, kDim = 16;
constexpr std::ptrdiff_t kFused = (kHeads + 2 * kKvHeads) * kDim;  // q, k and v of one token

// q and k in place in two tensors of their own, with room.
struct Tensors {
  static constexpr std::ptrdiff_t kQ = kHeads * kDim, kK = kKvHeads * kDim;
  std::vector<float> data = std::vector<float>(16384, 1);
  float* at = data.data() + 4096;
  fast::InOut q{{at, kQ, kDim}, {at, kQ, kDim}};
  fast::InOut k{{at + 4096, kK, kDim}, {at + 4096, kK, kDim}};
};

struct Fault {
  const char *begins, *ends;
  void (*make)(Tensors&);
  int least_tokens = 1;
};
constexpr const char* kOwn = ": must be the input's own view or have no byte of it";
constexpr const char* kLarge = ": must keep the tensor within 2^56 bytes";
constexpr std::ptrdiff_t kHuge = std::ptrdiff_t{1} << 62;
constexpr Fault kFaults[] = {
    {"q output = ", kOwn, [](Tensors& t) { t.q.output.data = t.at + 1; }},
    {"q output = ", kOwn, [](Tensors& t) { t.q.input.data = t.at + 1; }},
    {"q output = ", kOwn, [](Tensors& t) { t.q.output.data = t.at + t.kQ; }, 2},
    {"q output = ", kOwn, [](Tensors& t) { t.q.output.data = t.at - t.kQ; }, 2},
    {"q output = ", kOwn, [](Tensors& t) { t.q.output.data = t.at + kDim; }},
    {"k output = ", kOwn, [](Tensors& t) { t.k.output.data = t.at + 4097; }},
    {"k output = ", ": must have no byte of the q output",
     [](Tensors& t) { t.k.output.data = t.at; }},
    {"k output = ", ": must have no byte of the q output",
     [](Tensors& t) { t.k.input.data = t.k.output.data = t.at + t.kQ - kDim; }},
    {"k output = ", ": must have no byte of the q output",
     [](Tensors& t) { t.k.output.data = t.at - 1; }},
    {"q output = ", ": must have no byte of the k input",
     [](Tensors& t) {
       t.q.output.data = t.at + 4096 - kDim;
       t.k.output.data = t.at + 8192;
     }},
    {"k output = ", ": must have no byte of the q input",
     [](Tensors& t) {
       t.k.output.data = t.at + kDim;
       t.q.output.data = t.at + 8192;
     }},
    {"q output token_stride = 4611686018427387904", kLarge,
     [](Tensors& t) { t.q.input.token_stride = kDim, t.q.output.token_stride = kHuge; }, 3},
    {"k input token_stride = -4611686018427387904", kLarge,
     [](Tensors& t) { t.k.input.token_stride = t.k.output.token_stride = -kHuge; }, 3},
    {"k output head_stride = 4611686018427387904", kLarge,
     [](Tensors& t) { t.k.output.head_stride = kHuge; }},
    {"q input head_stride = -9223372036854775808", kLarge,
     [](Tensors& t) { t.q.input.head_stride = PTRDIFF_MIN; }},
    {"q output head_stride = 15", ": must be at least head_dim in magnitude",
     [](Tensors& t) { t.q.input.head_stride = t.q.output.head_stride = kDim - 1; }},
    {"k output head_stride = 0", ": must be at least head_dim in magnitude",
     [](Tensors& t) { t.k.input.head_stride = t.k.output.head_stride = 0; }},
    {"k output token_stride = 15", ": must be at least head_dim in magnitude",
     [](Tensors& t) { t.k.input.token_stride = t.k.output.token_stride = kDim - 1; }, 2},
    {"k output token_stride = 17", ": rows of head_dim lanes overlap under these strides",
     [](Tensors& t) { t.k.input.token_stride = t.k.output.token_stride = kDim + 1; }, 2},
};

// Rows from the table and made on the fly take ways of their own.
TEST(FastViews, RefusesWhatWouldOverlap) {
  const fast::RotaryEmbedding embedding(small(kDim, kHeads, kKvHeads),
                                        {.ready_positions = 64, .kernel = nullptr});
  for (const Fault& fault : kFaults)
    for (const int tokens : {1, 3})
      for (const std::int64_t position : {5, 100}) {
        if (tokens < fault.least_tokens) continue;
        Tensors t;
        fault.make(t);
        const std::vector<std::int64_t> ids(static_cast<std::size_t>(tokens), position);
        std::string said = "accepted";
        try {
          embedding.rotate(Storage::f32, std::span<const std::int64_t>(ids), tokens, t.q, t.k);
        } catch (const std::invalid_argument& e) {
          said = e.what();
        }
        EXPECT_TRUE(said.starts_with(fault.begins) && said.ends_with(fault.ends))
            << said << "\ninstead of " << fault.begins << " .. " << fault.ends << "\nrow "
            << &fault - kFaults << " tokens " << tokens << " position " << position;
        EXPECT_EQ(std::count(t.data.begin(), t.data.end(), 1.0F),
                  static_cast<std::ptrdiff_t>(t.data.size()))
            << "refused, yet written";
      }
}

struct Layout {
  const char* name;
  int heads, kv_heads;
  // Offset of token 0 and head 0, and strides: input and output of q, then of k.
  std::ptrdiff_t of[4][3];
};
constexpr std::ptrdiff_t kT = 3;  // tokens
constexpr Layout kLayouts[] = {
    {"[T][q k v], in place",
     kHeads,
     kKvHeads,
     {{0, kFused, kDim}, {0, kFused, kDim}, {64, kFused, kDim}, {64, kFused, kDim}}},
    {"[T][q k v], copied to [T][q k]",
     kHeads,
     kKvHeads,
     {{0, kFused, kDim}, {1000, 96, kDim}, {64, kFused, kDim}, {1064, 96, kDim}}},
    {"[T][q k q' k'], copied to the other half",
     kHeads,
     kKvHeads,
     {{0, 192, kDim}, {96, 192, kDim}, {64, 192, kDim}, {160, 192, kDim}}},
    {"[T][head][q k v]", 4, 4, {{0, 192, 48}, {0, 192, 48}, {16, 192, 48}, {16, 192, 48}}},
    {"[head][q k v][T]",
     4,
     4,
     {{0, kDim, 9 * kDim}, {0, kDim, 9 * kDim}, {48, kDim, 9 * kDim}, {48, kDim, 9 * kDim}}},
    {"[head][T]",
     kHeads,
     kKvHeads,
     {{0, kDim, kT* kDim}, {0, kDim, kT* kDim}, {512, kDim, kT* kDim}, {512, kDim, kT* kDim}}},
    {"tokens backwards",
     kHeads,
     kKvHeads,
     {{256, -kFused, kDim}, {256, -kFused, kDim}, {64, kFused, kDim}, {64, kFused, kDim}}},
    {"heads backwards",
     kHeads,
     kKvHeads,
     {{48, kFused, -kDim}, {48, kFused, -kDim}, {64, kFused, kDim}, {64, kFused, kDim}}},
};

// Each accepted layout gives what tensors of their own give.
TEST(FastViews, TakesWhatDoesNotOverlap) {
  std::mt19937_64 random(kSeed);
  for (const Layout& layout : kLayouts)
    for (const int tokens : {1, 3})
      for (const fast::Kernel& kernel : fast::kernels()) {
        if (!kernel.supported() || kernel.phase != fast::Phase::exact) continue;
        const fast::RotaryEmbedding embedding(small(kDim, layout.heads, layout.kv_heads),
                                              {.ready_positions = 64, .kernel = &kernel});
        const std::vector<std::int64_t> ids{5, 6, 7};
        std::vector<float> data(2048), own(4096);
        for (float& x : data) x = static_cast<float>(random() % 1000) / 500 - 1;
        fast::InOut views[2], owns[2];
        const auto each = [&](const auto& visit) {
          for (int which = 0; which < 2; ++which)
            for (int token = 0; token < tokens; ++token)
              for (int head = 0; head < (which == 0 ? layout.heads : layout.kv_heads); ++head)
                for (int lane = 0; lane < kDim; ++lane) {
                  const auto at = [&](const std::ptrdiff_t(&v)[3]) {
                    return static_cast<std::size_t>(v[0] + token * v[1] + head * v[2] + lane);
                  };
                  visit(at(layout.of[2 * which]), at(layout.of[2 * which + 1]),
                        static_cast<std::size_t>((which * 3 + token) * 256 + head * kDim + lane));
                }
        };
        for (int which = 0; which < 2; ++which) {
          const auto &in = layout.of[2 * which], &out = layout.of[2 * which + 1];
          views[which] = {{data.data() + in[0], in[1], in[2]},
                          {data.data() + out[0], out[1], out[2]}};
          float* begin = own.data() + which * 3 * 256;
          owns[which] = {{begin, 256, kDim}, {begin, 256, kDim}};
        }
        each([&](std::size_t in, std::size_t, std::size_t alone) { own[alone] = data[in]; });
        const std::span<const std::int64_t> some(ids.data(), static_cast<std::size_t>(tokens));
        ASSERT_NO_THROW(embedding.rotate(Storage::f32, some, tokens, views[0], views[1]))
            << layout.name << " tokens " << tokens;
        embedding.rotate(Storage::f32, some, tokens, owns[0], owns[1]);
        std::size_t wrong = 0;
        each([&](std::size_t, std::size_t out, std::size_t alone) {
          wrong += data[out] != own[alone] ? 1U : 0U;
        });
        EXPECT_EQ(wrong, 0U) << layout.name << " tokens " << tokens << " kernel " << kernel.name;
      }
}

// Strides and places at random, where a set of bytes tells the truth: nothing that shares a byte is
// taken, and interleaved views are.
TEST(FastViews, NothingTakenSharesAByte) {
  std::mt19937_64 random(kSeed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const fast::Kernel& kernel = fast::kernels().back();  // baseline
  int taken = 0, interleaved = 0, cautious = 0, shared = 0;
  for (int trial = 0; trial < 200000; ++trial) {
    fast::RotaryPlan plan;
    plan.tokens = 1 + below(3);
    plan.head_dim = 2 + below(3);
    plan.rotary_dim = 2;
    plan.num_heads = plan.num_key_value_heads = 1 + below(3);
    plan.phase = kernel.phase;
    plan.cos_sin_cache.assign(static_cast<std::size_t>(plan.tokens) * 2, 0.5F);
    constexpr std::ptrdiff_t kMiddle = 512;
    std::vector<float> data(2 * kMiddle);
    std::vector<int> used(data.size());
    std::ptrdiff_t place[2], token[2], head[2], low[2] = {2048, 2048}, high[2] = {0, 0};
    const bool alike = below(2) == 0;
    for (int v = 0; v < 2; ++v) {
      place[v] = kMiddle + below(48);
      token[v] = v == 1 && alike ? token[0] : (below(25)) * (below(4) == 0 ? -1 : 1);
      head[v] = v == 1 && alike ? head[0] : (below(25)) * (below(4) == 0 ? -1 : 1);
      for (int t = 0; t < plan.tokens; ++t)
        for (int h = 0; h < plan.num_heads; ++h)
          for (int lane = 0; lane < plan.head_dim; ++lane) {
            const std::ptrdiff_t at = place[v] + t * token[v] + h * head[v] + lane;
            used[static_cast<std::size_t>(at)] |= 1 << v;
            low[v] = std::min(low[v], at);
            high[v] = std::max(high[v], at);
          }
    }
    if (place[0] == place[1]) continue;
    const bool shares = std::count(used.begin(), used.end(), 3) != 0;
    std::string said;
    try {
      fast::rotate(kernel, plan, Storage::f32, plan.num_heads,
                   {data.data() + place[0], token[0], head[0]},
                   {data.data() + place[1], token[1], head[1]}, fast::Direction::forward);
    } catch (const std::invalid_argument& e) {
      said = e.what();
    }
    if (said.find("stride") != std::string::npos) continue;
    if (shares) {
      ++shared;
      ASSERT_TRUE(said.starts_with("output = "))
          << "seed " << kSeed << " trial " << trial << ": '" << said << "'";
    } else if (said.empty()) {
      ++taken;
      if (low[0] <= high[1] && low[1] <= high[0]) ++interleaved;
    } else {
      ++cautious;
    }
  }
  std::cout << taken << " taken, of them " << interleaved << " interleaved; " << shared
            << " refused, and " << cautious << " apart yet refused\n";
  EXPECT_GT(interleaved, 1000);
  EXPECT_LT(cautious, interleaved);
}

}  // namespace
}  // namespace plumbline::test
