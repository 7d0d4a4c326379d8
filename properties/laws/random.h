// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace plumbline::laws {

// SplitMix64: the same numbers from the same seed on every machine and in every release, so that a
// case can be named by its seed. Source: Steele, Lea, Flood, OOPSLA 2014.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // A stream of its own for a name, so that adding a law or a scheme moves no other draw.
  Random stream(std::string_view name) const {
    std::uint64_t key = state_;
    for (const char letter : name)
      key = mix(key ^ static_cast<std::uint64_t>(static_cast<unsigned char>(letter)));
    return Random(key);
  }
  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15U); }
  // An integer of [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(next() % span);
  }
  bool chance(int numerator, int denominator) { return between(1, denominator) <= numerator; }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(next() % list.size())];
  }
  std::int64_t pick(std::initializer_list<std::int64_t> list) {
    return list.begin()[next() % list.size()];
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace plumbline::laws
