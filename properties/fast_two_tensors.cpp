// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <random>

#include "fast/fast.h"
#include "properties/fast_support.h"

// q and k in one call, each in place or not, each with strides of its own: what a kernel without
// shorter ways makes of each alone, and nothing beside it. Kernels have shorter ways for the usual
// cases, and which of them runs must not show.
namespace plumbline::test {
namespace {

using fast::Storage;

constexpr std::uint64_t kSeed = 20261123;
constexpr int kDraws = 1000;

std::size_t unit_of(Storage s) { return s == Storage::f64 ? 8 : s == Storage::f32 ? 4 : 2; }

// One side of a tensor: bytes of its own and where the elements lie in them.
struct Side {
  std::vector<std::byte> bytes;
  std::ptrdiff_t token, head;
};

struct Drawn {
  fast::RotaryCase c;
  int tokens;
  Storage storage;
  fast::Direction direction;
  bool in_place[2];  // q, k
  Side input[2], output[2];
  std::vector<std::int64_t> ids;
  int heads(int which) const { return which == 0 ? c.num_heads : c.num_key_value_heads; }
  std::size_t unit() const { return unit_of(storage); }
  std::size_t at(const Side& side, int token, int head) const {
    return static_cast<std::size_t>(token * side.token + head * side.head) * unit();
  }
};

// Values between 1 and 2, so that no kernel's treatment of subnormals shows.
void fill(std::mt19937_64& random, Storage storage, std::vector<std::byte>& bytes) {
  const std::size_t unit = unit_of(storage);
  for (std::size_t i = 0; i < bytes.size(); i += unit) {
    const std::uint64_t r = random();
    std::uint64_t bits = (r >> 12) | 0x3ff0000000000000U;
    if (storage == Storage::f32) bits = (r >> 41) | 0x3f800000U;
    if (storage == Storage::bf16) bits = (r >> 57) | 0x3f80U;
    if (storage == Storage::f16) bits = (r >> 54) | 0x3c00U;
    std::memcpy(bytes.data() + i, &bits, unit);
  }
}

Drawn draw(std::mt19937_64& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Drawn d;
  constexpr int kDims[] = {2, 16, 30, 32, 64, 96, 100, 128, 160, 192, 256};
  d.c.rotary_dim = kDims[below(std::size(kDims))];
  d.c.head_dim = d.c.rotary_dim + (below(3) == 0 ? 2 * below(40) : 0);
  d.c.spectra.resize(1);
  d.c.spectra[0].rotary_dim = d.c.rotary_dim;
  d.c.num_key_value_heads = 1 + below(3);
  d.c.num_heads = d.c.num_key_value_heads * (1 + below(4));
  d.c.neox = below(2) == 0;
  d.c.axes = below(3) == 0 ? 3 : 1;
  d.c.maps = below(4) == 0 ? d.c.num_key_value_heads : 1;
  for (int i = 0; i < d.c.maps * d.c.rotary_dim / 2; ++i) {
    d.c.axis_map.push_back(static_cast<std::uint8_t>(below(d.c.axes)));
    d.c.rung.push_back(i / d.c.maps);
  }
  // A step of decoding has ways of its own.
  const bool decodes = below(4) == 0, plain = below(2) == 0;
  d.tokens = decodes ? 1 : 1 + below(80);
  d.storage = static_cast<Storage>(below(4));
  d.direction = static_cast<fast::Direction>(below(2));
  for (int i = 0; i < d.c.axes * d.tokens; ++i) d.ids.push_back(below(1100));
  // About the ends of the table; one position on all axes, or not.
  constexpr int kEnds[] = {-1, 0, 1023, 1024, 1099};
  if (decodes && below(2) == 0) d.ids[0] = kEnds[below(std::size(kEnds))];
  if (decodes && below(2) == 0) std::fill(d.ids.begin(), d.ids.end(), d.ids[0]);
  for (int which : {0, 1}) {
    d.in_place[which] = (decodes && plain) || below(2) == 0;
    for (Side* side : {&d.input[which], &d.output[which]}) {
      const int gap = below(2) == 0 ? 0 : below(40), wide = below(2) == 0 ? 0 : below(40);
      if (side == &d.output[which] && below(2) == 0) {
        // Often the same strides on both sides.
        side->token = d.input[which].token;
        side->head = d.input[which].head;
      } else if (below(3) == 0) {
        side->token = d.c.head_dim + gap;
        side->head = (d.tokens - 1) * side->token + d.c.head_dim + wide;
      } else {
        side->head = d.c.head_dim + gap;
        side->token = (d.heads(which) - 1) * side->head + d.c.head_dim + wide;
      }
      side->bytes.resize(d.at(*side, d.tokens - 1, d.heads(which) - 1) +
                         static_cast<std::size_t>(d.c.head_dim) * d.unit());
      fill(random, d.storage, side->bytes);
    }
    if (d.in_place[which]) d.output[which] = d.input[which];
  }
  return d;
}

// A kernel of the same arithmetic without shorter ways: vectors fuse what the others round.
const fast::Kernel& plain_kernel(const fast::Kernel& kernel) {
  const bool fuses = std::string_view(kernel.name).starts_with("avx");
  for (const fast::Kernel& k : fast::kernels())
    if (std::string_view(k.name) == (fuses ? "avx2" : "scalar")) return k;
  throw std::logic_error("there is no such kernel");
}

// Head by head through arrays of their own.
Side wanted(const Drawn& d, const fast::Kernel& kernel, const fast::RotaryPlan& plan, int which) {
  Side out = d.output[which];
  const std::size_t lanes = static_cast<std::size_t>(d.c.head_dim) * d.unit();
  const std::ptrdiff_t dim = d.c.head_dim, token = dim * d.heads(which);
  std::vector<std::byte> dense(static_cast<std::size_t>(d.tokens * d.heads(which)) * lanes);
  const auto each = [&](auto&& use) {
    for (int t = 0; t < d.tokens; ++t)
      for (int h = 0; h < d.heads(which); ++h)
        use(dense.data() + static_cast<std::size_t>(t * d.heads(which) + h) * lanes, t, h);
  };
  each([&](std::byte* at, int t, int h) {
    std::memcpy(at, d.input[which].bytes.data() + d.at(d.input[which], t, h), lanes);
  });
  fast::rotate(plain_kernel(kernel), plan, d.storage, d.heads(which), {dense.data(), token, dim},
               {dense.data(), token, dim}, d.direction);
  each([&](std::byte* at, int t, int h) {
    std::memcpy(out.bytes.data() + d.at(out, t, h), at, lanes);
  });
  return out;
}

TEST(FastTwoTensors, EachIsRotatedAsIfAlone) {
  std::mt19937_64 random(kSeed);
  int calls = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Drawn d = draw(random);
    const std::vector<double> at(d.ids.begin(), d.ids.end());
    const fast::RotaryPlan plan = fast::make_plan(d.c, at, d.tokens, fast::Phase::exact, d.storage);
    for (fast::Kernel kernel : fast::kernels()) {
      if (!kernel.supported() || kernel.phase != fast::Phase::exact) continue;
      const Side want[] = {wanted(d, kernel, plan, 0), wanted(d, kernel, plan, 1)};
      asked = kernel.rotate;
      const bool far = random() % 2 == 0;
      if (far) kernel.rotate = ahead;
      // Most positions, or all of them, are in the table.
      const fast::RotaryEmbedding embedding(
          d.c, {.ready_positions = random() % 2 == 0 ? 1024 : 1100, .kernel = &kernel});
      Drawn got = d;
      const auto view = [&](int which) {
        Side& in = got.in_place[which] ? got.output[which] : got.input[which];
        Side& out = got.output[which];
        return fast::InOut{{in.bytes.data(), in.token, in.head},
                           {out.bytes.data(), out.token, out.head}};
      };
      embedding.rotate(d.storage, std::span<const std::int64_t>(d.ids), d.tokens, view(0), view(1),
                       d.direction);
      ++calls;
      for (const int which : {0, 1}) {
        EXPECT_TRUE(got.output[which].bytes == want[which].bytes &&
                    got.input[which].bytes == d.input[which].bytes)
            << (which == 0 ? "q" : "k") << " seed " << kSeed << " draw " << i << " kernel "
            << kernel.name << " ahead " << far << " storage " << static_cast<int>(d.storage)
            << " neox " << d.c.neox << " rotary_dim " << d.c.rotary_dim << " head_dim "
            << d.c.head_dim << " axes " << d.c.axes << " maps " << d.c.maps << " tokens "
            << d.tokens << " heads " << d.heads(which) << " in place " << d.in_place[0]
            << d.in_place[1];
      }
    }
  }
  std::cout << calls << " calls compared\n";
}

}  // namespace
}  // namespace plumbline::test
