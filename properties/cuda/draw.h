// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumbline::test {

// splitmix64, so that a seed means the same everywhere.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  }
  // In [low, high].
  int number(int low, int high) {
    const auto count = static_cast<std::uint64_t>(std::int64_t{high} - low + 1);
    return static_cast<int>(low + static_cast<std::int64_t>(bits() % count));
  }
  bool coin() { return number(0, 1) == 1; }

 private:
  std::uint64_t state_;
};

}  // namespace plumbline::test
