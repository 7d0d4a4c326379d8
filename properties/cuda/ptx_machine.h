// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string_view>

#include "properties/cuda/ptx.h"

// Executes PTX one thread at a time, for kernels whose threads do not talk. Every opcode has the
// meaning that the PTX manual gives it; one that is not in the table throws. Roundings to 16 bits
// are written here anew, so that they share no mistake with the kernels' own.
// Source: NVIDIA, Parallel Thread Execution ISA 9.0.
namespace plumbline::ptx {

// Where the thread stands; what "%tid.x" and its kin read.
struct Specials {
  std::uint32_t tid_x = 0, tid_y = 0, ntid_x = 1, ntid_y = 1;
  std::uint32_t ctaid_x = 0, ctaid_y = 0, nctaid_x = 1, nctaid_y = 1;
};

// x to nearest, ties to even, with `precision` bits of significand and exponents from `least`
// (normal numbers are at least 2^least) to `most` (below 2^(most + 1)); in the encoding with
// `precision` - 1 bits of fraction. NaN: 0x7fff.
inline std::uint16_t narrow(float x, int precision, int least, int most) {
  if (std::isnan(x)) return 0x7fff;
  const int fraction_bits = precision - 1;
  const std::uint32_t sign = std::signbit(x) ? 0x8000U : 0U;
  const std::uint32_t infinity = static_cast<std::uint32_t>(most - least + 2) << fraction_bits;
  const double size = std::abs(static_cast<double>(x));
  if (std::isinf(x)) return static_cast<std::uint16_t>(sign | infinity);
  const int exponent = size == 0 ? least : std::max(least, std::ilogb(size));
  // The count of units in the last place, which carries into the exponent by itself.
  const double units = std::nearbyint(std::ldexp(size, fraction_bits - exponent));
  const double code = std::ldexp(exponent - least, fraction_bits) + units;
  const auto bits = static_cast<std::uint32_t>(std::min(code, static_cast<double>(infinity)));
  return static_cast<std::uint16_t>(sign | bits);
}
inline std::uint16_t to_binary16(float x) { return narrow(x, 11, -14, 15); }
inline std::uint16_t to_bfloat16(float x) { return narrow(x, 8, -126, 127); }

inline float from_binary16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : static_cast<float>(sign * HUGE_VAL);
  }
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return static_cast<float>(sign * size);
}

class Machine {
 public:
  // Asked before each access to global memory; throws where it must not happen.
  using Access = std::function<void(std::uint64_t address, std::size_t bytes, bool write)>;

  // `parameters`: the kernel's argument, byte for byte.
  Machine(const Function& function, std::string parameters, Access access)
      : function_(function), parameters_(std::move(parameters)), access_(std::move(access)) {
    if (parameters_.size() != function.parameter_bytes)
      throw std::runtime_error("PTX: the kernel takes " + std::to_string(function.parameter_bytes) +
                               " bytes of parameters, not " + std::to_string(parameters_.size()));
    for (const Instruction& i : function.code) steps_.push_back({&i, find(i), target(i)});
  }

  // Instructions executed.
  std::uint64_t run(const Specials& specials) {
    specials_ = specials;
    registers_.assign(static_cast<std::size_t>(function_.registers), 0xa5a5a5a5a5a5a5a5U);
    std::uint64_t count = 0;
    for (std::size_t at = 0; at < steps_.size(); ++count) {
      const Step& step = steps_[at];
      const Instruction& i = *step.instruction;
      const bool skip =
          i.guard >= 0 && ((registers_[static_cast<std::size_t>(i.guard)] & 1U) != 0) == i.negated;
      if (step.handler == nullptr) {
        if (i.opcode == "ret") {
          if (!skip) return count;
          ++at;
        } else {
          at = skip ? at + 1 : step.target;
        }
        continue;
      }
      if (!skip) step.handler(*this, i);
      ++at;
    }
    throw std::runtime_error("PTX: a thread ran off the end of " + function_.name);
  }

  // How an opcode is executed; null for bra and ret. Throws for one that is unknown.
  using Handler = void (*)(Machine&, const Instruction&);
  static Handler find(const Instruction& instruction);

  // What handlers need.
  template <class T>
  T get(const Operand& o) const {
    return cast<T>(bits(o));
  }
  template <class T>
  T get(const Instruction& i, std::size_t n) const {
    return get<T>(i.operands.at(n));
  }
  template <class T>
  void set(const Instruction& i, T value) {
    const Operand& to = i.operands.at(0);
    if (to.kind != Kind::reg) throw std::runtime_error("PTX: no destination in " + i.line);
    put(to.reg, value);
  }
  // Bits of the value, the rest zero; signed types are stored as they are wide.
  template <class T>
  void put(int reg, T value) {
    std::uint64_t raw = 0;
    std::memcpy(&raw, &value, sizeof value);
    registers_[static_cast<std::size_t>(reg)] = raw;
  }
  std::uint64_t raw(int reg) const { return registers_[static_cast<std::size_t>(reg)]; }

  std::uint64_t address(const Operand& o) const {
    if (o.kind != Kind::address) throw std::runtime_error("PTX: no address in " + o.text);
    return (o.reg < 0 ? 0 : raw(o.reg)) + o.value;
  }
  template <class T>
  T parameter(std::uint64_t at) const {
    if (at % sizeof(T) != 0 || at + sizeof(T) > parameters_.size())
      throw std::runtime_error("PTX: stray read of a parameter");
    T value;
    std::memcpy(&value, parameters_.data() + at, sizeof value);
    return value;
  }
  void check(std::uint64_t at, std::size_t bytes, bool write) const { access_(at, bytes, write); }

 private:
  struct Step {
    const Instruction* instruction;
    Handler handler;
    std::size_t target;
  };

  template <class T>
  static T cast(std::uint64_t raw) {
    T value;
    std::memcpy(&value, &raw, sizeof value);
    return value;
  }

  std::uint64_t bits(const Operand& o) const {
    switch (o.kind) {
      case Kind::reg:
        return raw(o.reg);
      case Kind::immediate:
        return o.value;
      case Kind::symbol:
        return 0;  // the parameter block, whose addresses count from 0
      case Kind::special:
        return special(o.text);
      default:
        throw std::runtime_error("PTX operand: " + o.text);
    }
  }

  std::uint64_t special(std::string_view name) const {
    const std::pair<std::string_view, std::uint32_t> all[] = {
        {"%tid.x", specials_.tid_x},       {"%tid.y", specials_.tid_y},
        {"%ntid.x", specials_.ntid_x},     {"%ntid.y", specials_.ntid_y},
        {"%ctaid.x", specials_.ctaid_x},   {"%ctaid.y", specials_.ctaid_y},
        {"%nctaid.x", specials_.nctaid_x}, {"%nctaid.y", specials_.nctaid_y}};
    for (const auto& [known, value] : all) {
      if (known == name) return value;
    }
    throw std::runtime_error("PTX special register: " + std::string(name));
  }

  std::size_t target(const Instruction& i) const {
    if (!i.opcode.starts_with("bra")) return 0;
    const auto label = function_.labels.find(i.operands.at(0).text);
    if (label == function_.labels.end()) throw std::runtime_error("PTX label: " + i.line);
    return label->second;
  }

  const Function& function_;
  std::string parameters_;
  Access access_;
  std::vector<Step> steps_;
  std::vector<std::uint64_t> registers_;
  Specials specials_;
};

}  // namespace plumbline::ptx
