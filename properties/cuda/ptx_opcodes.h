// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "properties/cuda/ptx_machine.h"

// The opcodes that the interpreter knows.
namespace plumbline::ptx {
namespace ops {

using I = Instruction;

// Wrapping integers; products and sums of floats round once, to nearest: the host's own operations
// without contraction.
template <class T>
auto wrapping(T a) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::make_unsigned_t<T>>(a);
  } else {
    return a;
  }
}
template <class T>
void add(Machine& m, const I& i) {
  m.set(i, static_cast<T>(wrapping(m.get<T>(i, 1)) + wrapping(m.get<T>(i, 2))));
}
template <class T>
void sub(Machine& m, const I& i) {
  m.set(i, static_cast<T>(wrapping(m.get<T>(i, 1)) - wrapping(m.get<T>(i, 2))));
}
template <class T>
void mul(Machine& m, const I& i) {
  m.set(i, static_cast<T>(wrapping(m.get<T>(i, 1)) * wrapping(m.get<T>(i, 2))));
}
template <class T, class Wide>
void mul_wide(Machine& m, const I& i) {
  m.set(i, static_cast<Wide>(Wide{m.get<T>(i, 1)} * Wide{m.get<T>(i, 2)}));
}
template <class T>
void mad(Machine& m, const I& i) {
  m.set(i, static_cast<T>(wrapping(m.get<T>(i, 1)) * wrapping(m.get<T>(i, 2)) +
                          wrapping(m.get<T>(i, 3))));
}
inline void fma(Machine& m, const I& i) {
  m.set(i, std::fma(m.get<float>(i, 1), m.get<float>(i, 2), m.get<float>(i, 3)));
}
inline void div_s32(Machine& m, const I& i) {
  const auto divisor = m.get<std::int32_t>(i, 2);
  if (divisor == 0) throw std::runtime_error("PTX: division by zero");
  m.set(i, static_cast<std::int32_t>(std::int64_t{m.get<std::int32_t>(i, 1)} / divisor));
}
template <class T>
void neg(Machine& m, const I& i) {
  if constexpr (std::is_integral_v<T>) {
    m.set(i, static_cast<T>(0 - wrapping(m.get<T>(i, 1))));
  } else {
    m.set(i, -m.get<T>(i, 1));
  }
}
inline void abs_s64(Machine& m, const I& i) {
  const auto x = m.get<std::uint64_t>(i, 1);
  m.set(i, x >> 63 != 0 ? 0 - x : x);
}
// Shifts clamp at the width.
template <class T>
void shl(Machine& m, const I& i) {
  const auto count = m.get<std::uint32_t>(i, 2);
  m.set(i, count >= 8 * sizeof(T) ? T{0} : static_cast<T>(m.get<T>(i, 1) << count));
}
template <class T>
void shr(Machine& m, const I& i) {
  const auto count = std::min<std::uint32_t>(m.get<std::uint32_t>(i, 2), 8 * sizeof(T));
  const T x = m.get<T>(i, 1);
  if (count == 8 * sizeof(T)) {
    m.set(i, static_cast<T>(std::is_signed_v<T> && x < 0 ? -1 : 0));
  } else {
    m.set(i, static_cast<T>(x >> count));
  }
}
template <class T>
void both(Machine& m, const I& i) {
  m.set(i, static_cast<T>(m.get<T>(i, 1) & m.get<T>(i, 2)));
}
template <class T>
void either(Machine& m, const I& i) {
  m.set(i, static_cast<T>(m.get<T>(i, 1) | m.get<T>(i, 2)));
}
// d = b with bits [position, position + length) from a.
inline void bfi_b64(Machine& m, const I& i) {
  const auto position = m.get<std::uint32_t>(i, 3) & 255U,
             length = m.get<std::uint32_t>(i, 4) & 255U;
  std::uint64_t mask = length >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << length) - 1;
  mask = position >= 64 ? 0 : mask << position;
  const std::uint64_t field = position >= 64 ? 0 : m.get<std::uint64_t>(i, 1) << position;
  m.set(i, (m.get<std::uint64_t>(i, 2) & ~mask) | (field & mask));
}
template <class T>
void selp(Machine& m, const I& i) {
  m.set(i, (m.get<std::uint64_t>(i, 3) & 1U) != 0 ? m.get<T>(i, 1) : m.get<T>(i, 2));
}
template <class T, class Holds>
void setp(Machine& m, const I& i) {
  m.set(i, std::uint64_t{Holds()(m.get<T>(i, 1), m.get<T>(i, 2))});
}
template <class T, class Half>
void mov(Machine& m, const I& i) {
  const Operand& to = i.operands.at(0);
  const Operand& from = i.operands.at(1);
  if (from.kind == Kind::vector) {  // the first lane is the lowest
    if (from.lanes.size() != 2) throw std::runtime_error("PTX: " + i.line);
    const auto low = static_cast<Half>(m.raw(from.lanes[0]));
    const auto high = static_cast<Half>(m.raw(from.lanes[1]));
    m.set(i, static_cast<T>(T{low} | T{high} << (8 * sizeof(Half))));
  } else if (to.kind == Kind::vector) {
    if (to.lanes.size() != 2) throw std::runtime_error("PTX: " + i.line);
    const T x = m.get<T>(from);
    m.put(to.lanes[0], static_cast<Half>(x));
    m.put(to.lanes[1], static_cast<Half>(x >> (8 * sizeof(Half))));
  } else {
    m.set(i, m.get<T>(from));
  }
}
template <class From, class To>
void convert(Machine& m, const I& i) {
  m.set(i, static_cast<To>(m.get<From>(i, 1)));
}
inline void cvt_f32_f16(Machine& m, const I& i) {
  m.set(i, from_binary16(m.get<std::uint16_t>(i, 1)));
}
template <std::uint16_t (*round)(float)>
void cvt_16(Machine& m, const I& i) {
  m.set(i, round(m.get<float>(i, 1)));
}
// The first source is the upper half.
template <std::uint16_t (*round)(float)>
void cvt_16x2(Machine& m, const I& i) {
  m.set(i, std::uint32_t{round(m.get<float>(i, 1))} << 16 | round(m.get<float>(i, 2)));
}
// Toward zero, saturated; NaN: the most negative (binary32 to 64-bit integers).
inline void cvt_rzi_s64_f32(Machine& m, const I& i) {
  const float x = m.get<float>(i, 1);
  using Limits = std::numeric_limits<std::int64_t>;
  m.set(i, std::isnan(x) || x < -0x1p63F ? Limits::min()
           : x >= 0x1p63F                ? Limits::max()
                                         : static_cast<std::int64_t>(x));
}
// Loaded values are extended to 64 bits by their type; a wider register keeps the extension.
template <class T>
std::uint64_t extended(T value) {
  if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) {
    return static_cast<std::uint64_t>(std::int64_t{value});
  } else {
    std::uint64_t raw = 0;
    std::memcpy(&raw, &value, sizeof value);
    return raw;
  }
}
template <class T, std::size_t count, bool global>
void load(Machine& m, const I& i) {
  const Operand& to = i.operands.at(0);
  const std::uint64_t at = m.address(i.operands.at(1));
  if (to.kind == Kind::vector ? to.lanes.size() != count : count != 1)
    throw std::runtime_error("PTX: " + i.line);
  if (global) m.check(at, count * sizeof(T), false);
  for (std::size_t n = 0; n < count; ++n) {
    T value;
    if constexpr (global) {
      std::memcpy(&value, reinterpret_cast<const void*>(at + n * sizeof(T)), sizeof value);
    } else {
      value = m.parameter<T>(at + n * sizeof(T));
    }
    m.put(count == 1 ? to.reg : to.lanes[n], extended(value));
  }
}
template <class T, std::size_t count>
void store(Machine& m, const I& i) {
  const Operand& from = i.operands.at(1);
  const std::uint64_t at = m.address(i.operands.at(0));
  if (from.kind == Kind::vector ? from.lanes.size() != count : count != 1)
    throw std::runtime_error("PTX: " + i.line);
  m.check(at, count * sizeof(T), true);
  for (std::size_t n = 0; n < count; ++n) {
    const T value = count == 1 ? m.get<T>(from) : static_cast<T>(m.raw(from.lanes[n]));
    std::memcpy(reinterpret_cast<void*>(at + n * sizeof(T)), &value, sizeof value);
  }
}

using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

}  // namespace ops

struct Opcode {
  const char* name;
  Machine::Handler handler;  // null: bra and ret
};

// One row an opcode; whatever a kernel may use.
inline const std::vector<Opcode>& opcodes() {
  using namespace ops;
  static const std::vector<Opcode> all = {
      {"bra", nullptr},
      {"bra.uni", nullptr},
      {"ret", nullptr},
      {"abs.s64", abs_s64},
      {"add.rn.f32", add<float>},
      {"add.rn.f64", add<double>},
      {"add.s32", add<s32>},
      {"add.s64", add<s64>},
      {"and.b32", both<u32>},
      {"and.b64", both<u64>},
      {"bfi.b64", bfi_b64},
      {"cvt.f32.f16", cvt_f32_f16},
      {"cvt.rn.bf16.f32", cvt_16<to_bfloat16>},
      {"cvt.rn.bf16x2.f32", cvt_16x2<to_bfloat16>},
      {"cvt.rn.f16.f32", cvt_16<to_binary16>},
      {"cvt.rn.f16x2.f32", cvt_16x2<to_binary16>},
      {"cvt.rn.f32.s64", convert<s64, float>},
      {"cvt.rzi.s64.f32", cvt_rzi_s64_f32},
      {"cvt.s64.s32", convert<s32, s64>},
      {"cvt.u16.u32", convert<u32, u16>},
      {"cvt.u32.u16", convert<u16, u32>},
      {"cvt.u32.u64", convert<u64, u32>},
      {"cvt.u64.u32", convert<u32, u64>},
      {"cvta.to.global.u64", convert<u64, u64>},
      {"div.s32", div_s32},
      {"fma.rn.f32", fma},
      {"ld.global.f32", load<u32, 1, true>},
      {"ld.global.f64", load<u64, 1, true>},
      {"ld.global.s32", load<s32, 1, true>},
      {"ld.global.u16", load<u16, 1, true>},
      {"ld.global.u32", load<u32, 1, true>},
      {"ld.global.u64", load<u64, 1, true>},
      {"ld.global.v2.f32", load<u32, 2, true>},
      {"ld.global.v2.u32", load<u32, 2, true>},
      {"ld.global.v4.f32", load<u32, 4, true>},
      {"ld.global.v4.u32", load<u32, 4, true>},
      {"ld.param.f32", load<u32, 1, false>},
      {"ld.param.s32", load<s32, 1, false>},
      {"ld.param.u32", load<u32, 1, false>},
      {"ld.param.u64", load<u64, 1, false>},
      {"ld.param.u8", load<u8, 1, false>},
      {"ld.param.v2.u32", load<u32, 2, false>},
      {"mad.lo.s32", mad<s32>},
      {"mad.lo.s64", mad<s64>},
      {"mov.b32", mov<u32, u16>},
      {"mov.b64", mov<u64, u32>},
      {"mov.f32", mov<u32, u16>},
      {"mov.u16", mov<u16, u8>},
      {"mov.u32", mov<u32, u16>},
      {"mov.u64", mov<u64, u32>},
      {"mul.lo.s32", mul<s32>},
      {"mul.lo.s64", mul<s64>},
      {"mul.rn.f32", mul<float>},
      {"mul.rn.f64", mul<double>},
      {"mul.wide.s32", mul_wide<s32, s64>},
      {"mul.wide.u32", mul_wide<u32, u64>},
      {"neg.f32", neg<float>},
      {"neg.f64", neg<double>},
      {"neg.s64", neg<s64>},
      {"or.b64", either<u64>},
      {"selp.b64", selp<u64>},
      {"selp.f32", selp<u32>},
      {"selp.f64", selp<u64>},
      {"setp.eq.b64", setp<u64, std::equal_to<>>},
      {"setp.eq.s16", setp<s16, std::equal_to<>>},
      {"setp.eq.s32", setp<s32, std::equal_to<>>},
      {"setp.eq.s64", setp<s64, std::equal_to<>>},
      {"setp.ge.s32", setp<s32, std::greater_equal<>>},
      {"setp.gt.s32", setp<s32, std::greater<>>},
      {"setp.gt.u64", setp<u64, std::greater<>>},
      {"setp.le.s32", setp<s32, std::less_equal<>>},
      {"setp.lt.s32", setp<s32, std::less<>>},
      {"setp.lt.s64", setp<s64, std::less<>>},
      {"setp.lt.u32", setp<u32, std::less<>>},
      {"setp.lt.u64", setp<u64, std::less<>>},
      {"shl.b32", shl<u32>},
      {"shl.b64", shl<u64>},
      {"shr.s32", shr<s32>},
      {"shr.u32", shr<u32>},
      {"shr.u64", shr<u64>},
      {"st.global.f32", store<u32, 1>},
      {"st.global.f64", store<u64, 1>},
      {"st.global.u16", store<u16, 1>},
      {"st.global.u32", store<u32, 1>},
      {"st.global.v2.f32", store<u32, 2>},
      {"st.global.v2.u32", store<u32, 2>},
      {"st.global.v4.f32", store<u32, 4>},
      {"st.global.v4.u32", store<u32, 4>},
      {"sub.rn.f32", sub<float>},
      {"sub.rn.f64", sub<double>},
      {"sub.s32", sub<s32>},
      {"sub.s64", sub<s64>},
  };
  return all;
}

inline Machine::Handler Machine::find(const Instruction& instruction) {
  for (const Opcode& one : opcodes()) {
    if (instruction.opcode == one.name) return one.handler;
  }
  throw std::runtime_error("PTX opcode that the interpreter does not know: " + instruction.line);
}

}  // namespace plumbline::ptx
