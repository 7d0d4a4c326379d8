// SPDX-License-Identifier: Apache-2.0
#include "reference/parallel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace plumbline {
namespace {

// Later numbers are ready first.
void take_longer(std::size_t i, std::size_t count) {
  std::this_thread::sleep_for(std::chrono::microseconds(200 * ((count - i) % 7)));
}

TEST(Parallel, EachInOrderKeepsTheOrder) {
  for (const unsigned threads : {1U, 2U, 5U, 0U}) {
    for (const std::size_t count : {0U, 1U, 3U, 100U}) {
      std::vector<std::size_t> seen;
      each_in_order(
          count,
          [&](std::size_t i) -> std::function<void()> {
            take_longer(i, count);
            return [&, i] { seen.push_back(i); };
          },
          threads);
      ASSERT_EQ(seen.size(), count) << threads << " threads";
      for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(seen[i], i) << threads << " threads";
    }
  }
}

TEST(Parallel, TheLowestFailureEndsIt) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    for (const bool making : {true, false}) {
      std::vector<std::size_t> seen;
      const auto fail = [](std::size_t i) { throw std::runtime_error(std::to_string(i)); };
      std::string failure;
      try {
        each_in_order(
            50,
            [&](std::size_t i) -> std::function<void()> {
              take_longer(i, 50);
              if (making && i >= 20) fail(i);
              return [&, i] {
                if (i >= 20) fail(i);
                seen.push_back(i);
              };
            },
            threads);
      } catch (const std::runtime_error& e) {
        failure = e.what();
      }
      EXPECT_EQ(failure, "20") << threads << " threads, " << (making ? "making" : "using");
      EXPECT_EQ(seen.size(), 20U) << threads << " threads, " << (making ? "making" : "using");
    }
  }
}

}  // namespace
}  // namespace plumbline
