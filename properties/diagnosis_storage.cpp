// SPDX-License-Identifier: Apache-2.0
// The diagnosis of kernels whose arithmetic is right and whose stores are not: seen, and called by
// no name of the arithmetic.
#include <gtest/gtest.h>

#include <cstring>

#include "properties/diagnosis/diagnose.h"
#include "properties/mutants/mutant.h"

namespace plumbline::test {
namespace {

using diagnosis::Verdict;

// bfloat16 tensors turned in binary32; a store keeps the upper half of the bits, as `store` has it.
laws::Subject in_wide(std::uint32_t (*store)(std::uint32_t)) {
  laws::Subject out = mutants::faultless(parse_recipe("hf_f32"));
  out.rotate = [store, rotate = out.rotate](const laws::Call& call) {
    const std::size_t width = static_cast<std::size_t>(call.c.shape.head_dim),
                      rows = call.ids.rows();
    const auto each = [&](const laws::HeadView& v, const laws::Strides& s, int heads, auto&& take) {
      std::size_t i = 0;
      for (std::size_t row = 0; row < rows; ++row) {
        for (int head = 0; head < heads; ++head) {
          for (std::size_t lane = 0; lane < width; ++lane)
            take(v,
                 2 * (static_cast<std::ptrdiff_t>(row) * s.token + head * s.head +
                      static_cast<std::ptrdiff_t>(lane)),
                 i++);
        }
      }
    };
    std::vector<float> wide[2];
    laws::Call inner{call.c, call.ids, binary32, call.adjoint, {}, {}};
    for (const bool key : {false, true}) {
      const laws::HeadView& v = key ? call.k : call.q;
      const int heads = key ? call.c.shape.num_key_value_heads : call.c.shape.num_heads;
      wide[key].resize(rows * static_cast<std::size_t>(heads) * width);
      each(v, v.in_strides, heads,
           [&](const laws::HeadView& from, std::ptrdiff_t at, std::size_t i) {
             std::uint16_t half = 0;
             std::memcpy(&half, from.in + at, 2);
             const std::uint32_t bits = std::uint32_t{half} << 16;
             std::memcpy(&wide[key][i], &bits, 4);
           });
      auto* const data = reinterpret_cast<std::byte*>(wide[key].data());
      const laws::Strides dense{heads * call.c.shape.head_dim, call.c.shape.head_dim};
      (key ? inner.k : inner.q) = {data, data, dense, dense};
    }
    rotate(inner);
    for (const bool key : {false, true}) {
      const laws::HeadView& v = key ? call.k : call.q;
      const int heads = key ? call.c.shape.num_key_value_heads : call.c.shape.num_heads;
      each(v, v.out_strides, heads,
           [&](const laws::HeadView& to, std::ptrdiff_t at, std::size_t i) {
             std::uint32_t bits = 0;
             std::memcpy(&bits, &wide[key][i], 4);
             const auto half = static_cast<std::uint16_t>(store(bits) >> 16);
             std::memcpy(to.out + at, &half, 2);
           });
    }
  };
  return out;
}

TEST(DiagnosedStorage, AStoreThatCutsOffIsNoOtherBug) {
  struct Row {
    const char* name;
    std::uint32_t (*store)(std::uint32_t);
    bool right;
  };
  const Row kRows[] = {
      {"to nearest", [](std::uint32_t x) { return x + 0x7fff + (x >> 16 & 1); }, true},
      {"cut off", [](std::uint32_t x) { return x; }, false},
      {"away from zero", [](std::uint32_t x) { return x + 0xffff; }, false},
  };
  const auto among = diagnosis::contracts();
  for (const Row& row : kRows) {
    const diagnosis::Diagnosis d =
        diagnosis::diagnose([&] { return in_wide(row.store); }, among, bfloat16);
    EXPECT_TRUE(d.names.empty()) << row.name << ": " << d.line();
    if (row.right)
      EXPECT_TRUE(d.verdict == Verdict::right || d.verdict == Verdict::legal) << d.line();
    else
      EXPECT_EQ(d.verdict, Verdict::unnamed) << row.name;
  }
}

}  // namespace
}  // namespace plumbline::test
