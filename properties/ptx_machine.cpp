// SPDX-License-Identifier: Apache-2.0
// The interpreter of PTX that judges the CUDA kernels: its roundings, and what its opcodes mean.
#include <gtest/gtest.h>

#include <tuple>

#include "properties/cuda/ptx_opcodes.h"

namespace plumbline {
namespace {

// The interpreter's own roundings, against the nearest of all values.
TEST(PtxMachine, NarrowsToTheNearest) {
  struct Format16 {
    std::uint16_t (*narrow)(float);
    int fraction_bits, least;
  };
  for (const Format16& f :
       {Format16{ptx::to_binary16, 10, -14}, Format16{ptx::to_bfloat16, 7, -126}}) {
    const int infinity = (1 << 15) - (1 << f.fraction_bits);
    const auto value = [&](int code) {
      const int exponent = code >> f.fraction_bits, fraction = code & ((1 << f.fraction_bits) - 1);
      return exponent == 0 ? std::ldexp(fraction, f.least - f.fraction_bits)
                           : std::ldexp((1 << f.fraction_bits) + fraction,
                                        f.least + exponent - 1 - f.fraction_bits);
    };
    for (int code = 0; code < infinity; ++code) {
      const double low = value(code), high = value(code + 1), middle = (low + high) / 2;
      const auto at = [&](double x) { return int{f.narrow(static_cast<float>(x))}; };
      ASSERT_EQ(at(low), code);
      ASSERT_EQ(at(-low), code | 0x8000);
      const auto tie = static_cast<float>(middle);
      if (static_cast<double>(tie) != middle) continue;  // below binary32's subnormals
      ASSERT_EQ(at(middle), code % 2 == 0 ? code : code + 1);
      ASSERT_EQ(at(std::nextafter(tie, 0.0F)), tie == 0 ? 0 : code);
      ASSERT_EQ(at(std::nextafter(tie, HUGE_VALF)), code + 1);
    }
    ASSERT_EQ(f.narrow(HUGE_VALF), infinity);
    ASSERT_EQ(f.narrow(NAN), 0x7fff);
  }
  for (int code = 0; code < 0x7c00; ++code)
    ASSERT_EQ(ptx::to_binary16(ptx::from_binary16(static_cast<std::uint16_t>(code))), code);
}

// Short programs whose outcome the manual gives: shifts beyond the width, signs, fields, halves.
TEST(PtxMachine, MeansWhatTheManualSays) {
  const std::tuple<const char*, std::uint64_t, std::uint64_t> programs[] = {
      {"shl.b32 %r, %r, 32", 0xffffffff, 0},
      {"shr.s32 %r, %r, 40", 0x80000000, 0xffffffff},
      {"shr.u32 %r, %r, 31", 0x80000000, 1},
      {"shr.u64 %r, %r, 64", ~0ULL, 0},
      {"mul.wide.s32 %r, %r, -2", 0xffffffff, 2},
      {"mul.wide.u32 %r, %r, 4294967295", 0xffffffff, 0xfffffffe00000001},
      {"mad.lo.s32 %r, %r, %r, 1", 0x10000, 1},
      {"div.s32 %r, %r, 2", 0xfffffffd, 0xffffffff},
      {"abs.s64 %r, %r", 0x8000000000000000, 0x8000000000000000},
      {"neg.s64 %r, %r", 1, ~0ULL},
      {"bfi.b64 %r, %r, 5, 32, 32", 0x123456789, 0x2345678900000005},
      {"cvt.s64.s32 %r, %r", 0x80000000, 0xffffffff80000000},
      {"cvt.u64.u32 %r, %r", 0x180000000, 0x80000000},
      {"cvt.rzi.s64.f32 %r, %r", 0x7fc00000, 0x8000000000000000},
      {"cvt.rzi.s64.f32 %r, %r", 0xbfc00000, ~0ULL},
      {"cvt.rn.f32.s64 %r, %r", 0x1000001, 0x4b800000},
      {"cvt.rn.bf16x2.f32 %r, %r, 0f40000000", 0x3f800000, 0x3f804000},
      {"neg.f32 %r, %r", 0, 0x80000000},
      {"setp.eq.s32 %r, %r, -2", 0x1fffffffe, 1},
      {"setp.gt.u64 %r, %r, 5", ~0ULL, 1},
      {"setp.lt.u32 %r, %r, 5", 0xffffffff, 0},
      {"fma.rn.f32 %r, %r, %r, 0fBF800001", 0x3f800001, 0x34000001},
  };
  for (const auto& [line, in, out] : programs) {
    const std::string text =
        ".visible .entry f(\n.param .align 8 .b8 f_0[8]\n)\n{\n"
        "ld.param.u64 %r, [f_0];\n" +
        std::string(line) + ";\nst.global.u64 [0], %r;\nret;\n}\n";
    std::string parameter(8, '\0');
    std::memcpy(parameter.data(), &in, 8);
    std::string found;
    // The store's opcode is unknown on purpose: the outcome is read where it would be stored.
    try {
      const auto functions = ptx::parse(text);
      ptx::Machine machine(functions.at(0), parameter, [](std::uint64_t, std::size_t, bool) {});
    } catch (const std::runtime_error& error) {
      found = error.what();
    }
    EXPECT_NE(found.find("does not know: st.global.u64"), std::string::npos) << found;
    std::uint64_t result = 0;
    const std::string known = std::regex_replace(
        text, std::regex("st\\.global\\.u64 \\[0\\]"),
        "st.global.f64 [" + std::to_string(reinterpret_cast<std::uintptr_t>(&result)) + "]");
    const auto functions = ptx::parse(known);
    ptx::Machine machine(functions.at(0), parameter, [](std::uint64_t, std::size_t, bool) {});
    machine.run({});
    EXPECT_EQ(result, out) << line;
  }
}

}  // namespace
}  // namespace plumbline
