// SPDX-License-Identifier: Apache-2.0
#include "reference/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "reference/real.h"

namespace plumbline {

void each_on_all_cores(std::size_t count, const std::function<void(std::size_t)>& use,
                       unsigned threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    const ThreadCaches caches;
    while (!failed) {
      const std::size_t i = next++;
      if (i >= count) return;
      try {
        use(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        failed = true;
      }
    }
  };
  {
    // This thread is one of them, which also spares small jobs the threads.
    std::vector<std::jthread> pool;
    for (std::size_t i = 1; i < std::min<std::size_t>(threads, count); ++i) pool.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

void each_in_order(std::size_t count, const std::function<std::function<void()>(std::size_t)>& make,
                   unsigned threads) {
  std::mutex mutex;
  std::condition_variable moved;
  std::size_t turn = 0;
  bool failed = false;
  each_on_all_cores(
      count,
      [&](std::size_t i) {
        std::function<void()> use;
        std::exception_ptr failure;
        try {
          use = make(i);
        } catch (...) {
          failure = std::current_exception();
        }
        std::unique_lock lock(mutex);
        moved.wait(lock, [&] { return turn == i || failed; });
        if (failed) return;
        try {
          if (failure) std::rethrow_exception(failure);
          use();
          ++turn;
        } catch (...) {
          failed = true;
          moved.notify_all();
          throw;
        }
        moved.notify_all();
      },
      threads);
}

}  // namespace plumbline
